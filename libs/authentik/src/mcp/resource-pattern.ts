/** Longest URI that is compared with patterns, in characters: a pattern with several paths takes long for more. */
const longestUri = 2000;

const withoutScheme = (uri: string) => (uri.includes('://') ? (uri.split('://', 2)[1] ?? '') : uri);
const withoutQuery = (uri: string) => uri.split('?', 1)[0] ?? '';
const literally = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\/]/gu, String.raw`\$&`);

/**
 * Whether a URI may be taken for a resource or a template: as mcp-nest compares them, and not as RFC 6570 has it. It
 * looks past scheme, letter case, a last slash and, for a template, the query.
 */
export class ResourcePattern {
  private readonly pattern: RegExp;

  constructor(
    readonly type: 'resource' | 'resource-template',
    /** URI or URI template, as it is declared. */
    readonly name: string,
  ) {
    const path = withoutScheme(name)
      .replaceAll(/\{\?[^}]+\}/gu, '')
      .split(/(\{\w+\*?\})/u)
      .map((part) => (/^\{\w+\*?\}$/u.test(part) ? (part.endsWith('*}') ? '.+' : '[^/]+') : literally(part)))
      .join('');
    this.pattern = new RegExp(`^${path}/?$`, 'isu');
  }

  fits(uri: string): boolean {
    if (uri.length > longestUri) return false;
    const path = withoutScheme(uri);
    return this.pattern.test(this.type === 'resource' ? path : withoutQuery(path));
  }
}
