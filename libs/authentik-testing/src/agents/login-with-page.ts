import { AuthentikTestingError } from '../embedded/errors.js';
import { SESSION_COOKIE } from '../embedded/wire/exchange.js';
import { personFor } from './person.js';
import type { LoginOptions } from './login-options.js';

/** What is used of a Playwright page. */
export interface LoginPage {
  goto(url: string): Promise<unknown>;
  url(): string;
  locator(selector: string): LoginLocator;
  waitForURL(condition: (url: URL) => boolean, options?: { readonly timeout?: number }): Promise<void>;
  context(): { clearCookies(options: { readonly name: string }): Promise<void> };
}

interface LoginLocator {
  count(): Promise<number>;
  fill(value: string): Promise<void>;
  click(): Promise<void>;
}

/** Pages of Authentik that a login may show: sign-in, consent, and the form of `form_post`. */
const MAX_PAGES = 5;
/** So long a page that asks nothing may take to go on by itself. */
const goesOnMs = 3000;

/** Walks a real browser through Authentik's pages, by their fields and buttons. */
export async function loginWithPage(
  page: LoginPage,
  username: string,
  { path = '/auth/login', ...options }: LoginOptions,
): Promise<void> {
  // Or else Authentik would let through whoever signed in before.
  await page.context().clearCookies({ name: SESSION_COOKIE });
  await page.goto(path);
  const start = new URL(page.url());
  const person = personFor(username, start, options);
  const isBack = () => new URL(page.url()).origin !== start.origin;
  // Between two pages there is nothing to be seen, and pages that post by themselves ask nothing.
  const goesOn = () =>
    page
      .waitForURL((url) => url.origin !== start.origin, { timeout: goesOnMs })
      .then(
        () => true,
        async () => (await page.locator('button[value=agree], form[action]').count()) > 0,
      );
  let asked = false;
  for (let shown = 0; shown < MAX_PAGES && !isBack(); shown += 1) {
    if ((await page.locator('input[name=password]').count()) > 0 && !asked) {
      asked = true;
      await page.locator('input[name=uid_field]').fill(person.username);
      await page.locator('input[name=password]').fill(person.password);
      await page.locator('button[type=submit]').click();
    } else if ((await page.locator('button[value=agree]').count()) > 0) {
      await page.locator('button[value=agree]').click();
    } else if ((await page.locator('form[action]').count()) > 0) {
      // `form_post`: the page posts to the app by itself.
      await page.waitForURL((url) => url.origin !== start.origin);
    } else if (!(await goesOn())) {
      break;
    }
  }
  // A page that posts by itself may have gone on while it was looked at.
  if (isBack()) return;
  throw new AuthentikTestingError(
    'ERR_AUTHENTIK_TESTING_SIGN_IN',
    `The browser stayed at ${new URL(page.url()).pathname} of the embedded Authentik. Check the client, its redirect URIs, its bindings, and the person.`,
  );
}
