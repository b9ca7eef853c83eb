import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The cookie that tells one browser from another while people sign in. */
export class BrowserCookie {
  private readonly isSecure: boolean;
  private readonly name: string;

  constructor(publicUrl: string, sessionCookieName: string) {
    this.isSecure = publicUrl.startsWith('https:');
    const own = sessionCookieName.replace(/^__(?:Host|Secure)-/iu, '');
    this.name = `${this.isSecure ? '__Host-' : ''}${own}-login`;
  }

  /** What it says; `undefined` where there is none, or several that contradict each other. */
  read({ headers }: IncomingMessage): string | undefined {
    const values = new Set(
      (headers.cookie ?? '').split(';').flatMap((pair) => {
        const [name = '', value = ''] = pair.trim().split(/=(.*)/su);
        return name === this.name && /^[\w-]{43}$/u.test(value) ? [value] : [];
      }),
    );
    return values.size === 1 ? [...values][0] : undefined;
  }

  /** What it says, and where there is none a new one, for as long as the browser is open: all its tabs share it. */
  ensure(request: IncomingMessage, response: ServerResponse): string {
    const known = this.read(request);
    if (known !== undefined) return known;
    const value = randomBytes(32).toString('base64url');
    const secure = this.isSecure ? '; Secure' : '';
    response.appendHeader('Set-Cookie', `${this.name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure}`);
    return value;
  }
}
