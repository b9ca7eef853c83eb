import { startAuthentik } from './common/authentik.mjs';
import { createJose, freshCopies, ratios, startTokenService, timeInTurn } from './common/in-process.mjs';
import { onOneCore } from './common/one-core.mjs';
import { microseconds, row } from './common/row.mjs';

const rounds = 21;
const millisecondsEach = 40;

/** What `jose` finds out only after the signature, so that we have to be well ahead of it. */
const judgedLateByJose = ['expired', 'otherIssuer'];
const kinds = ['garbage', 'algNone', 'otherAudience', 'unknownKey', ...judgedLateByJose];

/** What it costs to turn a bad token away, for which nobody has to look at a signature. */
export const measureRefusals = () => onOneCore(measureOn);

async function measureOn(cores) {
  const authentik = await startAuthentik();
  const options = authentik.optionsOf('rs256');
  const { tokens: service, close } = await startTokenService(options);
  try {
    // So that the keys are known, and not to be asked for again at once.
    await service.verifyToken((await authentik.tokens(1))[0]);
    const jose = await createJose(options, 'RS256');
    const rows = [];
    for (const kind of kinds) {
      const next = freshCopies(await authentik.broken(kind, 64));
      const ways = {
        jose: (token) => mustFail(jose(token)),
        ours: (token) => mustFail(service.verifyToken(token)),
      };
      const found = await timeInTurn(ways, { next, rounds, millisecondsEach });
      rows.push(row(`${kind}, \`jose\``, found.jose, { format: microseconds }));
      rows.push(row(kind, found.ours, { format: microseconds, atMost: 20 }));
      if (judgedLateByJose.includes(kind)) {
        rows.push(row(`${kind}, of \`jose\``, ratios(found, 'ours', 'jose'), { atMost: 0.25 }));
      }
    }
    return {
      title: 'Refusing a token, in process',
      note: `\`verifyToken()\` with 64 RS256 tokens in turn that are wrong in one way, ${rounds} rounds of ${millisecondsEach} ms each in turn, ${cores}.`,
      rows,
    };
  } finally {
    await close();
    await authentik.stop();
  }
}

async function mustFail(verifying) {
  try {
    await verifying;
  } catch {
    return;
  }
  throw new Error('A bad token was accepted.');
}
