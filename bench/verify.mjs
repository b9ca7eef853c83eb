import { startAuthentik } from './common/authentik.mjs';
import {
  createJose,
  createJoseByHand,
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
/** So few that a token is forgotten when its turn comes again. */
const cacheMaxEntries = 8;

/** What it costs to verify a token, remembered and not, beside a bare Map and beside `jose`. */
export const measureVerification = () => onOneCore(measureOn);

async function measureOn(cores) {
  const authentik = await startAuthentik();
  const likeItsOwn = await startAuthentik({ modulusLength: 4096 });
  try {
    return {
      title: 'Verifying a token, in process',
      note:
        `\`verifyToken()\` with 64 tokens in turn, each a fresh string as from the HTTP parser, ${rounds} rounds of ` +
        `${millisecondsEach} ms each in turn, ${cores}. What is not remembered is kept out by a cache that is too small. \`jose\` has ` +
        'its keys at hand, and checks issuer, audience, expiry and algorithm. By hand on top of it is the least that reads claims ' +
        'before the signature and remembers the token by its SHA-256. RSA keys have 2048 bits, and once 4096, as in the ' +
        'certificate that Authentik makes for itself.',
      rows: [
        ...(await remembered(authentik)),
        ...(await cold(authentik, 'RS256')),
        ...(await cold(likeItsOwn, 'RS256', 'RS256 with 4096 bits')),
        ...(await cold(authentik, 'ES256')),
      ],
    };
  } finally {
    await authentik.stop();
    await likeItsOwn.stop();
  }
}

async function remembered(authentik) {
  const [another, ...tokens] = await authentik.tokens(65);
  const [plain, afterLogout] = [
    await startTokenService(authentik.optionsOf('rs256')),
    await startTokenService(authentik.optionsOf('rs256')),
  ];
  for (const token of tokens) for (const service of [plain, afterLogout]) await service.tokens.verifyToken(token);
  // It counts here, whether Authentik takes it or not.
  await afterLogout.tokens.revokeToken(another).catch(() => undefined);
  const { reason } = await afterLogout.tokens.verifyToken(another).catch((error) => error);
  if (reason !== 'revoked') throw new Error(`A revoked token is refused as ${reason}.`);
  const ways = {
    map: createMapLookUp(tokens),
    ours: (token) => plain.tokens.verifyToken(token),
    afterLogout: (token) => afterLogout.tokens.verifyToken(token),
  };
  const found = await timeInTurn(ways, { next: freshCopies(tokens), rounds, millisecondsEach });
  await plain.close();
  await afterLogout.close();
  return [
    row('a Map, by SHA-256 of the token', found.map, { format: microseconds }),
    row('remembered', found.ours, { format: microseconds }),
    row('remembered, of the Map', ratios(found, 'ours', 'map'), { atMost: 1.5 }),
    row('remembered, while another token is revoked, of the Map', ratios(found, 'afterLogout', 'map'), { atMost: 1.5 }),
  ];
}

async function cold(authentik, algorithm, name = algorithm) {
  const options = authentik.optionsOf(algorithm.toLowerCase());
  const { tokens: service, close } = await startTokenService({ ...options, tokens: { cacheMaxEntries } });
  const tokens = await authentik.tokens(64, algorithm.toLowerCase());
  const ways = {
    jose: await createJose(options, algorithm),
    byHand: await createJoseByHand(options, algorithm, cacheMaxEntries),
    ours: (token) => service.verifyToken(token),
  };
  const found = await timeInTurn(ways, { next: freshCopies(tokens), rounds, millisecondsEach });
  await close();
  return [
    row(`${name}, \`jose\``, found.jose, { format: microseconds }),
    row(`${name}, not remembered`, found.ours, { format: microseconds }),
    row(`${name}, by hand, of \`jose\``, ratios(found, 'byHand', 'jose')),
    row(`${name}, not remembered, of \`jose\``, ratios(found, 'ours', 'jose'), { atMost: 1.1 }),
  ];
}
