import type { Credentials } from './sign-in.js';

/** What a browser shows. */
export interface Shown {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
}

const attribute = (tag: string, name: string) => new RegExp(`\\b${name}="([^"]*)"`, 'u').exec(tag)?.[1];
const unescape = (text: string) => text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");

/** A browser without JavaScript: keeps cookies, by host as browsers do, and posts forms. Real ones are in Chromium. */
export class FormBrowser {
  private readonly cookies = new Map<string, string>();

  /** One exchange, as a navigation of its own. Redirects are not followed. */
  async exchange(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers({ accept: 'text/html', 'sec-fetch-site': 'same-origin' });
    new Headers(init.headers).forEach((value, name) => headers.set(name, value));
    headers.set('cookie', [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (cookie.split(';')[0] ?? '').split(/=(.*)/su);
      if (value === '' || /expires=thu, 01 jan 1970|max-age=0/iu.test(cookie)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  /** Goes somewhere, and on to where it is redirected. */
  async open(url: string | URL, init: RequestInit = {}): Promise<Shown> {
    let at = new URL(url);
    let response = await this.exchange(at, init);
    for (let step = 0; step < 15; step += 1) {
      const location = response.headers.get('location');
      if (location === null) {
        return { url: at, status: response.status, headers: response.headers, html: await response.text() };
      }
      await response.body?.cancel();
      at = new URL(location, at);
      response = await this.exchange(at);
    }
    throw new Error(`Redirected 15 times, last to ${at.origin}${at.pathname}.`);
  }

  /** Posts the form of a page, with what is filled in. */
  submit({ html, url }: Shown, filled: Record<string, string> = {}): Promise<Shown> {
    const form = /<form\b[^>]*>/u.exec(html)?.[0];
    if (form === undefined) throw new Error(`No form at ${url.origin}${url.pathname}.`);
    const fields = new URLSearchParams();
    for (const [input] of html.matchAll(/<input\b[^>]*>/gu)) {
      const name = attribute(input, 'name');
      if (name !== undefined) fields.set(name, filled[name] ?? unescape(attribute(input, 'value') ?? ''));
    }
    return this.open(new URL(unescape(attribute(form, 'action') ?? url.href), url), { method: 'POST', body: fields });
  }

  /** Where the page goes on by itself. */
  static refreshOf({ html }: Shown): string | undefined {
    const content = /<meta http-equiv="refresh" content="\d+; url=([^"]*)"/u.exec(html)?.[1];
    return content === undefined ? undefined : unescape(content);
  }

  /** Signs in from the app's own address on. @returns what it shows then */
  async signIn(origin: string, { username, password }: Credentials, path = '/auth/login?returnTo=/me'): Promise<Shown> {
    let shown = await this.open(origin + path);
    for (let step = 0; step < 5 && shown.html.includes('name="uid_field"'); step += 1) {
      shown = await this.submit(shown, { uid_field: username, password });
    }
    // Authentik before 2024.12 never leads to the client at once: a page of the flow does, by its script or its button.
    if (shown.html.includes('value="continue"')) shown = await this.submit(shown);
    return shown;
  }
}
