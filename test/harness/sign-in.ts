/** Somebody who can sign in at Authentik. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const attribute = (tag: string, name: string) => new RegExp(`\\b${name}="([^"]*)"`, 'u').exec(tag)?.[1];
const unescape = (text: string) => text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");

/**
 * Goes from an authorization URL to the client's redirect URI as a browser without JavaScript does: follows redirects,
 * keeps cookies, fills in the form it is shown.
 * @returns the redirect to the client, which is not fetched
 */
export async function signIn(authorizationUrl: URL, { username, password }: Credentials): Promise<URL> {
  const redirectUri = new URL(authorizationUrl.searchParams.get('redirect_uri') ?? '');
  const isCallback = (url: URL) => url.origin === redirectUri.origin && url.pathname === redirectUri.pathname;
  const cookies = new Map<string, string>();
  let url = authorizationUrl;
  let init: RequestInit = {};
  for (let step = 0; step < 15; step += 1) {
    const headers = { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (cookie.split(';')[0] ?? '').split(/=(.*)/su);
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location !== null) {
      url = new URL(location, url);
      if (isCallback(url)) return url;
      init = {};
      continue;
    }
    const html = await response.text();
    const form = /<form\b[^>]*>/u.exec(html)?.[0];
    if (form === undefined) throw new Error(`No form at ${url.href} (${response.status}): ${html.slice(0, 500)}`);
    const fields = new URLSearchParams();
    for (const [input] of html.matchAll(/<input\b[^>]*>/gu)) {
      const name = attribute(input, 'name');
      if (name === undefined) continue;
      const filled = name === 'uid_field' ? username : name === 'password' ? password : undefined;
      fields.set(name, filled ?? unescape(attribute(input, 'value') ?? ''));
    }
    url = new URL(unescape(attribute(form, 'action') ?? url.href), url);
    init = { method: 'POST', body: fields };
  }
  throw new Error('The sign-in went on for 15 steps.');
}
