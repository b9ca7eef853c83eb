// Sends requests to the server under test by the host name of the recordings, with the cookies of a browser.
import { request } from 'node:http';

const host = 'authentik.example';

/** @returns status, headers, cookies and body of one answer; redirects are not followed */
export function send(port, { method, path, headers = {}, body }, jar) {
  return new Promise((resolve, reject) => {
    const cookies = jar === undefined ? {} : { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') };
    const message = request(
      { port, host: '127.0.0.1', method, path, headers: { host, ...cookies, ...headers } },
      (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const setCookie = response.headers['set-cookie'] ?? [];
          for (const cookie of setCookie) {
            const [, name, value] = /^([^=]+)=([^;]*)/u.exec(cookie) ?? [];
            if (jar !== undefined && name !== undefined) jar.set(name, value);
          }
          resolve({
            status: response.statusCode,
            headers: response.headers,
            setCookie,
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      },
    );
    message.on('error', reject);
    message.end(body);
  });
}

const unescape = (text) =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
const attribute = (tag, name) => unescape(new RegExp(`\\b${name}="([^"]*)"`, 'u').exec(tag)?.[1] ?? '');

/**
 * Opens an authorization request and goes on as a person would, until the client is called back.
 * @returns the address of the client, or `undefined` where the way ends on a page
 */
export async function authorize(port, parameters, jar, { username, password }) {
  let path = `/application/o/authorize/?${new URLSearchParams(parameters)}`;
  let form;
  for (let step = 0; step < 12; step += 1) {
    const answer = await send(port, form ?? { method: 'GET', path }, jar);
    form = undefined;
    const { location } = answer.headers;
    if (location !== undefined) {
      const next = new URL(location, `http://${host}${path}`);
      if (next.host !== host) return next;
      path = next.pathname + next.search;
      continue;
    }
    const tag = /<form\b[^>]*>/u.exec(answer.body)?.[0];
    if (tag === undefined) return undefined;
    const fields = new URLSearchParams();
    for (const [input] of answer.body.matchAll(/<input\b[^>]*>/gu)) {
      const name = attribute(input, 'name');
      if (name === 'uid_field') fields.set(name, username);
      else if (name === 'password') fields.set(name, password);
      else if (name !== '') fields.set(name, attribute(input, 'value'));
    }
    const [, button] = /<button\b([^>]*)>/u.exec(answer.body) ?? [];
    if (button !== undefined && attribute(button, 'name') !== '')
      fields.set(attribute(button, 'name'), attribute(button, 'value'));
    path = new URL(attribute(tag, 'action') || path, `http://${host}${path}`).href.replace(`http://${host}`, '');
    form = {
      method: 'POST',
      path,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: fields.toString(),
    };
  }
  return undefined;
}
