import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';
import type { Browser } from './browser.js';

/** One answer of the flow executor. */
export interface ExecutorAnswer {
  readonly status: number;
  readonly location: string | null;
  /** Empty for a redirect. */
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Speaks to the flow executor as the script of the flow's page does.
 * @param page address of the page, with its query
 * @param answer what is posted; undefined only asks
 */
export async function execute(
  authentik: EmbeddedAuthentik,
  browser: Browser,
  page: string,
  answer?: unknown,
): Promise<ExecutorAnswer> {
  const { pathname, search } = new URL(page, authentik.url);
  const [, slug = ''] = /^\/if\/flow\/([^/]+)\/$/.exec(pathname) ?? [];
  const url = new URL(`/api/v3/flows/executor/${slug}/`, authentik.url);
  url.searchParams.set('query', search.slice(1));
  const response = await browser.request(url, {
    headers: { accept: 'application/json', ...(answer !== undefined && { 'content-type': 'application/json' }) },
    ...(answer !== undefined && { method: 'POST', body: JSON.stringify(answer) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    location: response.headers.get('location'),
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

/** Goes on as long as the executor redirects to itself. */
export async function settle(
  authentik: EmbeddedAuthentik,
  browser: Browser,
  page: string,
  answer: unknown,
): Promise<ExecutorAnswer> {
  let got = await execute(authentik, browser, page, answer);
  for (let step = 0; got.status === 302 && step < 10; step += 1) got = await execute(authentik, browser, page);
  return got;
}
