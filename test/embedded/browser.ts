/** A browser without JavaScript: keeps cookies, follows redirects of one host by hand, fills in forms. */
export class Browser {
  readonly #cookies = new Map<string, string>();

  /** @returns value of a cookie */
  cookie(name: string): string | undefined {
    return this.#cookies.get(name);
  }

  async request(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#cookies.size > 0)
      headers.set('cookie', [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';', 1);
      this.#cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    return response;
  }

  /**
   * Opens an authorization URL, signs in where asked, agrees where asked.
   * @returns the address that the client is sent to
   */
  async authorize(url: string | URL, person: { username: string; password: string }): Promise<URL> {
    let at = new URL(url);
    const { origin } = at;
    let response = await this.request(at);
    for (let hops = 0; hops < 10; hops += 1) {
      const location = response.headers.get('location');
      if (location !== null) {
        const next = new URL(location, at);
        if (next.origin !== origin) return next;
        at = next;
        response = await this.request(at);
      } else {
        const page = await response.text();
        const body = fields(page);
        if (body.has('uid_field')) body.set('uid_field', person.username);
        if (body.has('password')) body.set('password', person.password);
        if (body.has('token')) body.set('answer', 'agree');
        if (response.status !== 200 || body.size === 0)
          throw new Error(`No form on the page at ${at.pathname}: ${response.status} ${page}`);
        response = await this.request(at, { method: 'POST', body });
      }
    }
    throw new Error(`Still at ${at.href} after ten steps`);
  }
}

/** @returns the form fields of a page with their values */
export function fields(page: string): URLSearchParams {
  const inputs = [...page.matchAll(/<input\b[^>]*>/g)].map(([input]) => input);
  return new URLSearchParams(
    inputs.map((input): [string, string] => [attribute(input, 'name'), attribute(input, 'value')]),
  );
}

function attribute(input: string, name: string): string {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(input)?.[1] ?? '';
}
