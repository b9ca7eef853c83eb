import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { toReturnUrl } from './return-to.js';

const publicUrl = 'https://reports.example.com';
const pieces = [
  '/',
  '\\',
  '%2f',
  '%5C',
  '%09',
  '\t',
  '\n',
  '.',
  '..',
  '@',
  ':',
  '?',
  '#',
  'evil.example',
  'https:',
  'a',
  ' ',
  '\u0000',
];

describe('where a sign-in may lead', () => {
  it('is our own origin or nowhere, whatever is written', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.webUrl(),
      fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => `/${parts.join('')}`),
    );
    fc.assert(
      fc.property(anything, (returnTo) => {
        const url = toReturnUrl(returnTo, publicUrl);
        if (url === undefined) return;
        expect(new URL(url).origin).toBe(publicUrl);
        expect(url.slice(publicUrl.length)).toMatch(/^\/(?![/\\])/u);
        // Nor anywhere else once it was kept, and is judged again.
        expect(toReturnUrl(url.slice(publicUrl.length), publicUrl)).toBe(url);
      }),
      { numRuns: 10_000 },
    );
  });

  it('is a path of ours as it was written', () => {
    const segment = fc.stringMatching(/^[\w~-]{1,12}$/u);
    const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((segments) => `/${segments.join('/')}`);
    fc.assert(fc.property(path, (returnTo) => toReturnUrl(returnTo, publicUrl) === `${publicUrl}${returnTo}`));
  });
});
