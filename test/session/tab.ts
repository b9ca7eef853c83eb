import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';

import { Browser } from '../embedded/browser.js';
import { type Answer, AppBrowser, type Asking } from './app-browser.js';

/** What a browser sends that goes to a page. */
export const toPage = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'sec-fetch-mode': 'navigate' };

/** Somebody with a browser, which has cookies of the app and of Authentik. */
export class Person {
  readonly atApp = new AppBrowser();
  readonly atAuthentik = new Browser();

  constructor(
    private readonly authentik: EmbeddedAuthentik,
    readonly username = 'alice',
  ) {}

  /** Goes to a page of the app. */
  visit(url: string | URL, headers: Readonly<Record<string, string>> = toPage): Promise<Answer> {
    return this.atApp.request(url, { headers });
  }

  /** Asks the app for data, as a script of one of its pages does. */
  ask(url: string | URL, asking: Asking = {}): Promise<Answer> {
    const headers = { accept: 'application/json', 'sec-fetch-site': 'same-origin', ...asking.headers };
    return this.atApp.request(url, { ...asking, headers });
  }

  /** Begins to sign in: where the app sends the browser. */
  async begin(appUrl: string, query = ''): Promise<URL> {
    const { location, status, text } = await this.visit(`${appUrl}/auth/login${query}`);
    if (location === undefined) throw new Error(`No redirect: ${status} ${text}`);
    return new URL(location);
  }

  /** Signs in at Authentik: where it sends the browser back to. */
  async back(authorizationUrl: URL): Promise<URL> {
    return this.atAuthentik.authorize(authorizationUrl, {
      username: this.username,
      password: this.authentik.password,
    });
  }

  /** Signs in from the beginning to the end. */
  async signIn(appUrl: string, query = ''): Promise<Answer> {
    return this.visit(await this.back(await this.begin(appUrl, query)));
  }
}
