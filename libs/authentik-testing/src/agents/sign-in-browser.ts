import { parseSetCookie } from 'cookie';
import { AuthentikTestingError } from '../embedded/errors.js';
import { formOf } from './form.js';

/** Where Authentik sends the browser in the end, and what is posted there (`response_mode=form_post`). */
export interface Return {
  readonly url: URL;
  readonly form?: URLSearchParams;
}

/** Pages and redirects that a sign-in may take, with room to spare. */
const MAX_STEPS = 15;

/** A browser without JavaScript, for Authentik's pages alone. It keeps their cookies, so the next sign-in asks nothing. */
export class SignInBrowser {
  readonly #cookies = new Map<string, string>();

  /**
   * Opens an authorization URL, signs in where asked, agrees where asked.
   * @returns what Authentik sends the client
   * @throws {AuthentikTestingError} Authentik shows an error, or refuses the person
   */
  async authorize(
    authorizationUrl: URL,
    person: { readonly username: string; readonly password: string },
  ): Promise<Return> {
    const isAuthentik = (url: URL) => url.origin === authorizationUrl.origin;
    let url = authorizationUrl;
    let form: URLSearchParams | undefined;
    let asked = false;
    for (let step = 0; step < MAX_STEPS; step += 1) {
      const response = await this.#request(url, form);
      const location = response.headers.get('location');
      if (location !== null) {
        url = new URL(location, url);
        form = undefined;
        if (!isAuthentik(url)) return { url };
        continue;
      }
      const page = await response.text();
      const shown = formOf(page);
      if (response.status !== 200 || shown === undefined) throw refused(url, response.status, page);
      url = new URL(shown.action ?? url.href, url);
      form = shown.fields;
      if (!isAuthentik(url)) return { url, form };
      if (form.has('uid_field') || form.has('password')) {
        if (asked) throw refused(url, response.status, page);
        asked = true;
        form.set('uid_field', person.username);
        form.set('password', person.password);
      } else {
        form.set('answer', 'agree');
      }
    }
    throw refused(url, 302, '');
  }

  async #request(url: URL, form: URLSearchParams | undefined): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form && { method: 'POST', body: form }),
    });
    for (const header of response.headers.getSetCookie()) {
      const { name, value } = parseSetCookie(header) ?? {};
      if (name !== undefined) this.#cookies.set(name, value ?? '');
    }
    return response;
  }
}

/** The page's own words say why; neither query nor fields are shown, for they hold secrets. */
function refused(url: URL, status: number, page: string): AuthentikTestingError {
  const words = [/<h1>([^<]*)<\/h1>/u, /role="alert">([^<]*)</u, /<h1>[^<]*<\/h1>\s*<p>([^<]*)/u]
    .flatMap((pattern) => pattern.exec(page)?.[1] ?? [])
    .join(': ');
  return new AuthentikTestingError(
    'ERR_AUTHENTIK_TESTING_SIGN_IN',
    `The embedded Authentik did not let the sign-in through. It answered ${status} at ${url.pathname}${words && ` ("${words}")`}. Check the client, its redirect URIs, its bindings, and the person.`,
  );
}
