import { htmlEscape } from 'escape-goat';
import type { AuthentikStanding } from 'nestjs-authentik';

import { connectGuide } from './connect-guide.js';
import type { SampleAddresses } from './sample-addresses.js';

/** Who may do what, as the decorators of the tools and the API say it. */
const rights: readonly (readonly [what: string, kind: string, who: string])[] = [
  ['server-time', 'tool', 'anybody who is signed in'],
  ['whoami', 'tool', 'anybody who is signed in'],
  ['team-report', 'tool', 'engineering'],
  ['purge-records', 'tool', 'authentik Admins'],
  ['sample://handbook', 'resource', 'engineering'],
  ['audit', 'prompt', 'authentik Admins'],
  ['/api/public', 'REST', 'anybody'],
  ['/api/me', 'REST', 'anybody who is signed in'],
  ['/api/team', 'REST', 'engineering'],
  ['/api/admin', 'REST', 'authentik Admins'],
];

const style = `
:root { color-scheme: light dark; --page: #f3f5f8; --card: #fff; --text: #1a1f27; --quiet: #57606f; --line: #d5dae3;
  --accent: #b93c0b; --code: #eef1f6; }
@media (prefers-color-scheme: dark) { :root { --page: #13151a; --card: #1d2128; --text: #ebedf1; --quiet: #a5adba;
  --line: #3a414d; --accent: #f58a5b; --code: #272c35; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem 1rem; background: var(--page); color: var(--text); font: 1rem/1.55 system-ui, sans-serif; }
main { max-width: 56rem; margin: 0 auto; }
h1 { margin: 0 0 0.25rem; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 0 0 0.75rem; font-size: 1.2rem; }
h3 { margin: 1.25rem 0 0.25rem; font-size: 1rem; }
p { margin: 0 0 0.75rem; }
section { margin-top: 1.25rem; padding: 1.25rem 1.5rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 0.75rem; }
.quiet { color: var(--quiet); }
h3 .quiet { font-weight: 400; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.4rem 1.25rem; margin: 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font: 0.9em/1.5 ui-monospace, monospace; }
pre { margin: 0 0 0.25rem; padding: 0.75rem 1rem; background: var(--code); border-radius: 0.5rem; white-space: pre-wrap;
  overflow-wrap: anywhere; user-select: all; }
table { width: 100%; margin-bottom: 0.75rem; border-collapse: collapse; }
th, td { padding: 0.4rem 0.75rem 0.4rem 0; border-bottom: 1px solid var(--line); text-align: left; }
td:first-child { overflow-wrap: anywhere; }
th { color: var(--quiet); font-weight: 600; }
tr:last-child td { border-bottom: 0; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
@media (max-width: 32rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 0.5rem; } section { padding: 1rem; } }
`;

/** How it stands with Authentik, as far as the app has noticed. */
function inWords({ status, reason, since }: AuthentikStanding): string {
  return status === 'up'
    ? 'up'
    : `${status} since ${since?.toISOString() ?? 'a while'}: ${reason ?? 'no reason known'}`;
}

/** The page at `/`. Plain HTML; whatever comes from the configuration is escaped. */
export function startPage(addresses: SampleAddresses, standing: AuthentikStanding): string {
  const { mcpUrl, clientId, issuer } = addresses;
  const clients = connectGuide(addresses).map(
    ({ client, where, text, next }) => htmlEscape`<h3>${client} <span class="quiet">${where}</span></h3>
<pre><code>${text}</code></pre>
<p class="quiet">${next}</p>`,
  );
  const rows = rights.map(
    ([what, kind, who]) => htmlEscape`<tr><td><code>${what}</code></td><td>${kind}</td><td>${who}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Authentik sample</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<h1>Authentik sample</h1>
<p class="quiet">An MCP server and a REST API. Groups in Authentik decide who may do what.</p>

<section>
<h2>Where everything is</h2>
<dl>
<dt>MCP server</dt><dd><code>${htmlEscape(mcpUrl)}</code></dd>
<dt>Client id</dt><dd><code>${htmlEscape(clientId)}</code></dd>
<dt>Authentik</dt><dd><code>${htmlEscape(issuer)}</code></dd>
<dt>Standing</dt><dd>${htmlEscape(inWords(standing))}</dd>
<dt>Metadata</dt><dd><a href="/.well-known/oauth-protected-resource/mcp">/.well-known/oauth-protected-resource/mcp</a></dd>
<dt>For anybody</dt><dd><a href="/api/public">/api/public</a></dd>
</dl>
</section>

<section>
<h2>Connect a client</h2>
<p>The client sends you to Authentik to sign in, and comes back with what your groups admit.</p>
${clients.join('\n')}
</section>

<section>
<h2>Who may do what</h2>
<table>
<thead><tr><th scope="col">What</th><th scope="col">Kind</th><th scope="col">Who</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
<p class="quiet">A tool, resource or prompt that your groups do not admit is not listed for you, and answers as one that does not exist.</p>
</section>
</main>
</body>
</html>
`;
}
