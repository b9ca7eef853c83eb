import { htmlEscape } from 'escape-goat';
import { layout } from '../pages/layout.js';
import { AuthentikCrash } from '../wire/oauth-errors.js';
import type { Endpoint } from '../wire/endpoint.js';
import { BUFFER_ID, BUFFER_PATH, SKIP_BUFFER } from './authorization/redirect-to-sign-in.js';

/** Waits for another tab to sign in: goes on by itself with scripts, by the link without. */
export const policyBuffer: Endpoint = {
  name: 'policy-buffer',
  path: BUFFER_PATH,
  GET: (exchange) => {
    const id = exchange.query.get(BUFFER_ID) ?? '';
    const address = exchange.session?.buffered?.get(id);
    if (address === undefined) throw new AuthentikCrash('No request waits by that id.');
    const goOn = `${address}&${BUFFER_ID}=${id}`;
    exchange.html(
      200,
      layout(
        'Waiting for authentication...',
        htmlEscape`<h1>Waiting for authentication...</h1>
<p>You are already signing in in another tab. This page goes on once you are done there.</p>
<p><a href="${address}&${SKIP_BUFFER}=True">Sign in here instead</a></p>
` + waitingScript(goOn),
      ),
    );
  },
};

function waitingScript(address: string): string {
  const target = JSON.stringify(address).replaceAll('<', String.raw`\u003c`);
  return `<script>
const wait = async () => {
  const answer = await fetch('/api/v3/core/users/me/');
  if (answer.status < 400) location.replace(${target});
  else setTimeout(wait, 1000);
};
wait();
</script>`;
}
