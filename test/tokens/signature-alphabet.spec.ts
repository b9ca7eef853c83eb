import * as fc from 'fast-check';
import { AuthentikTokenService, TokenVerificationError } from 'nestjs-authentik';
import { startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { describe, expect, it, onTestFinished } from 'vitest';

import { startBrowserApp } from '../session-logout/app.js';

/** What decoders of base64 pass over. */
const passedOver = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\f', '\r', '='), minLength: 1, maxLength: 4 });

/** @param isAsLong whether as many characters of the signature are left out */
function written(accessToken: string, what: string, share: number, isAsLong: boolean): string {
  const begin = accessToken.lastIndexOf('.') + 1;
  const place = begin + Math.round(share * (accessToken.length - begin));
  const left = isAsLong ? Math.max(begin, place - what.length) : place;
  return accessToken.slice(0, left) + what + accessToken.slice(isAsLong ? left + what.length : place);
}

/** The signature in the alphabet of base64, which is as long. */
function inBase64(accessToken: string): string {
  const begin = accessToken.lastIndexOf('.') + 1;
  return accessToken.slice(0, begin) + accessToken.slice(begin).replaceAll('-', '+').replaceAll('_', '/');
}

describe.each([
  { signing: 'RS256', modulusLength: 2048 },
  { signing: 'RS256', modulusLength: 4096 },
  { signing: 'ES256', modulusLength: 2048 },
] as const)('a sound $signing token (RSA of $modulusLength bits)', ({ signing, modulusLength }) => {
  it('is refused with anything in its signature that decoders pass over, its key at hand or not', async () => {
    const authentik = await startEmbeddedAuthentik({
      applications: [{ slug: 'mcp-server', clientId: 'mcp-server', clientType: 'public', signing }],
      modulusLength,
    });
    onTestFinished(() => authentik.stop());
    const app = await startBrowserApp(authentik.url);
    onTestFinished(() => app.close());
    const tokens = app.get(AuthentikTokenService);
    const reasonOf = (accessToken: string) =>
      tokens.verifyToken(accessToken).then(
        () => 'accepted',
        (error: unknown) => (error instanceof TokenVerificationError ? error.reason : error),
      );

    const first = await authentik.mintAccessToken({ user: 'alice' });
    if (signing === 'RS256') expect(first.split('.')[2]).toHaveLength(Math.ceil(modulusLength / 6));
    expect(await reasonOf(`${first} `)).toBe('malformed');
    // Its key is at hand from now on.
    expect(await reasonOf(await authentik.mintAccessToken({ user: 'alice' }))).toBe('accepted');
    let accessToken = first;
    while (inBase64(accessToken) === accessToken) accessToken = await authentik.mintAccessToken({ user: 'alice' });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(passedOver, share, fc.boolean(), async (what, place, isAsLong) => {
        const reason = await reasonOf(written(accessToken, what, place, isAsLong));
        expect(isAsLong ? ['malformed', 'signature'] : ['malformed']).toContain(reason);
      }),
      { numRuns: 300 },
    );
    expect(await reasonOf(inBase64(accessToken))).toBe('malformed');
    expect(await reasonOf(accessToken)).toBe('accepted');
  });
});
