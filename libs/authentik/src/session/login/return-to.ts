const longestCharacters = 2048;
// Browsers take a backslash for a slash, and leave tabs and line breaks out.
// eslint-disable-next-line no-control-regex -- those are what it is about
const treacherous = /[\\\u0000-\u0020\u007f]/u;

/**
 * Where a person goes after a sign-in, as a whole URL of our own: a path that somebody else may have written.
 * @param returnTo path with query; `undefined` for the front page
 * @param publicUrl our own origin
 * @returns `undefined` for what could lead anywhere else
 */
export function toReturnUrl(returnTo: unknown, publicUrl: string): string | undefined {
  if (returnTo === undefined) return `${publicUrl}/`;
  if (typeof returnTo !== 'string' || returnTo.length > longestCharacters) return undefined;
  if (!/^\/(?!\/)/u.test(returnTo) || treacherous.test(returnTo) || !URL.canParse(returnTo, publicUrl))
    return undefined;
  const url = new URL(returnTo, publicUrl);
  if (url.origin !== new URL(publicUrl).origin || !isPlainPath(url.pathname)) return undefined;
  return url.href;
}

/** Whether a path stays one when somebody on the way decodes it: a proxy, or a router of a single-page app. */
function isPlainPath(path: string): boolean {
  try {
    const decoded = decodeURIComponent(path);
    return !/^\/[/\\]/u.test(path) && !/^\/[/\\]/u.test(decoded) && !/[\\\p{Cc}]/u.test(decoded);
  } catch {
    return false;
  }
}
