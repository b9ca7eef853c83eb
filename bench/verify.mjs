import { startAuthentik } from './common/authentik.mjs';
import {
  createJose,
  createMapLookUp,
  freshCopies,
  ratios,
  startTokenService,
  timeInTurn,
} from './common/in-process.mjs';
import { onOneCore } from './common/one-core.mjs';
import { microseconds, row } from './common/row.mjs';

const rounds = 15;
/** Long enough for several garbage collections: one takes as much as forty tokens, and falls to the one or the other. */
const millisecondsEach = 500;

/** What it costs to verify a token, remembered and not, beside a bare Map and beside `jose`. */
export const measureVerification = () => onOneCore(measureOn);

async function measureOn(cores) {
  const authentik = await startAuthentik();
  try {
    return {
      title: 'Verifying a token, in process',
      note:
        `\`verifyToken()\` with 64 tokens in turn, each a fresh string as from the HTTP parser, ${rounds} rounds of ` +
        `${millisecondsEach} ms each in turn, ${cores}. What is not remembered is kept out by a cache that is too small. \`jose\` has ` +
        'its keys at hand, and checks issuer, audience, expiry and algorithm.',
      rows: [
        ...(await remembered(authentik)),
        ...(await cold(authentik, 'RS256')),
        ...(await cold(authentik, 'ES256')),
      ],
    };
  } finally {
    await authentik.stop();
  }
}

async function remembered(authentik) {
  const { tokens: service, close } = await startTokenService(authentik.optionsOf('rs256'));
  const tokens = await authentik.tokens(64);
  for (const token of tokens) await service.verifyToken(token);
  const ways = { map: createMapLookUp(tokens), ours: (token) => service.verifyToken(token) };
  const found = await timeInTurn(ways, { next: freshCopies(tokens), rounds, millisecondsEach });
  await close();
  return [
    row('a Map, by SHA-256 of the token', found.map, { format: microseconds }),
    row('remembered', found.ours, { format: microseconds }),
    row('remembered, of the Map', ratios(found, 'ours', 'map'), { atMost: 1.5 }),
  ];
}

async function cold(authentik, algorithm) {
  const options = authentik.optionsOf(algorithm.toLowerCase());
  const { tokens: service, close } = await startTokenService({ ...options, tokens: { cacheMaxEntries: 8 } });
  const tokens = await authentik.tokens(64, algorithm.toLowerCase());
  const ways = { jose: await createJose(options, algorithm), ours: (token) => service.verifyToken(token) };
  const found = await timeInTurn(ways, { next: freshCopies(tokens), rounds, millisecondsEach });
  await close();
  return [
    row(`${algorithm}, \`jose\``, found.jose, { format: microseconds }),
    row(`${algorithm}, not remembered`, found.ours, { format: microseconds }),
    row(`${algorithm}, not remembered, of \`jose\``, ratios(found, 'ours', 'jose'), { atMost: 1.1 }),
  ];
}
