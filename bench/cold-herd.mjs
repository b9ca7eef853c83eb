import { startAuthentik } from './common/authentik.mjs';
import { startTokenService } from './common/in-process.mjs';
import { count, row } from './common/row.mjs';

const callers = 500;

/** How often Authentik is asked when an app that has just started gets many requests at once. */
export async function measureColdHerd() {
  const authentik = await startAuthentik();
  const { tokens: service, close } = await startTokenService(authentik.optionsOf('rs256'));
  try {
    const tokens = await authentik.tokens(callers);
    const before = authentik.authentik.requests.length;
    const users = await Promise.all(tokens.map((token) => service.verifyToken(token)));
    const calls = authentik.authentik.requests.slice(before).map(({ endpoint }) => endpoint);
    const ofKeys = calls.filter((endpoint) => endpoint === 'jwks').length;
    return {
      title: 'An app that has just started',
      note: `${callers} requests with distinct tokens at once, ${users.length} of them accepted.`,
      rows: [
        row('calls for the keys', [ofKeys], { format: count, atMost: 1 }),
        row('calls for anything else: discovery', [calls.length - ofKeys], { format: count, atMost: 1 }),
      ],
    };
  } finally {
    await close();
    await authentik.stop();
  }
}
