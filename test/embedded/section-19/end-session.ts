import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { expect } from 'vitest';
import { Browser } from '../browser.js';
import { CALLBACK, signInForCode } from '../client.js';
import type { Lines } from './line.js';
import { grantOf } from './world.js';

/** A client that is registered to be come back to after the end. */
export const LEAVING = {
  client_id: 'leaving',
  redirect_uri: CALLBACK,
  bye: 'https://leaving.example/bye',
};

/** Asks for the end of a visit in a browser that is signed in. */
export async function endVisit(
  authentik: EmbeddedAuthentik,
  parameters: Record<string, string | undefined> = {},
  init: RequestInit = {},
) {
  const browser = new Browser();
  await signInForCode(authentik, {}, 'dave', browser);
  const url = new URL(`/application/o/${LEAVING.client_id}/end-session/`, authentik.url);
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  const response = await browser.request(url, init);
  const location = response.headers.get('location');
  const [, flow] = /^\/if\/flow\/([a-z-]+)\//.exec(location ?? '') ?? [];
  return { browser, url, response, location, flow };
}

/** @returns where the flow of an ended visit leads to; undefined if it ends on a page */
async function whereTo(authentik: EmbeddedAuthentik, parameters: Record<string, string | undefined>) {
  const { browser, response, flow } = await endVisit(authentik, parameters);
  if (flow === undefined) return { status: response.status, to: undefined };
  const step = await browser.request(`${authentik.url}/api/v3/flows/executor/${flow}/`);
  const challenge = (await step.json()) as { component: string; to?: string };
  return { status: response.status, to: challenge.component === 'xak-flow-redirect' ? challenge.to : undefined };
}

const idTokenOf = async (authentik: EmbeddedAuthentik, client_id = LEAVING.client_id) =>
  String((await grantOf(authentik, { client_id, redirect_uri: CALLBACK }))['id_token']);

/** Lines on the end of a visit that a client asks for. */
export const endSessionLines: Lines = {
  28: [
    {
      what: 'end-session leads back to a registered logout URI, with `state` appended',
      versions: '>=2026.5.0-rc1',
      evidence: 'recorded',
      holds: async (authentik) => {
        const id_token_hint = await idTokenOf(authentik);
        const asked = { id_token_hint, post_logout_redirect_uri: LEAVING.bye };
        expect(await whereTo(authentik, asked)).toEqual({ status: 302, to: LEAVING.bye });
        const withState = await whereTo(authentik, { ...asked, state: 'st 1' });
        expect(withState.to).toBe(`${LEAVING.bye}?state=st%201`);
      },
      otherwise: async (authentik) => {
        const asked = { id_token_hint: await idTokenOf(authentik), post_logout_redirect_uri: LEAVING.bye };
        expect(await whereTo(authentik, asked)).toEqual({ status: 302, to: undefined });
      },
    },
    {
      what: 'it needs a sound `id_token_hint` for that, and an exact match; anything else is a 400 page',
      versions: '>=2026.5.0',
      evidence: 'source',
      holds: async (authentik) => {
        const [own, foreign] = [await idTokenOf(authentik), await idTokenOf(authentik, 'mcp-server')];
        for (const [id_token_hint, post_logout_redirect_uri] of [
          [undefined, LEAVING.bye],
          [foreign, LEAVING.bye],
          ['not-a-token', LEAVING.bye],
          [own, `${LEAVING.bye}/`],
          [own, `${LEAVING.bye}?x=1`],
          [own, CALLBACK],
        ]) {
          const { response, location } = await endVisit(authentik, { id_token_hint, post_logout_redirect_uri });
          expect([post_logout_redirect_uri, response.status, location]).toEqual([post_logout_redirect_uri, 400, null]);
          expect(response.headers.get('content-type')).toMatch(/^text\/html/);
        }
        authentik.clock.advanceSeconds(2 * 3600);
        // That the hint is over by now does not matter.
        const late = await whereTo(authentik, { id_token_hint: own, post_logout_redirect_uri: LEAVING.bye });
        authentik.clock.reset();
        expect(late.to).toBe(LEAVING.bye);
      },
      otherwise: async (authentik) => {
        for (const id_token_hint of [undefined, 'not-a-token']) {
          const { status } = await whereTo(authentik, { id_token_hint, post_logout_redirect_uri: LEAVING.bye });
          expect(status).toBe(302);
        }
      },
    },
    {
      what: 'an address that is not registered is never led to',
      evidence: 'recorded',
      holds: async (authentik) => {
        const id_token_hint = await idTokenOf(authentik);
        const { to } = await whereTo(authentik, { id_token_hint, post_logout_redirect_uri: 'https://evil.example/' });
        expect(to).toBeUndefined();
      },
    },
  ],
};
