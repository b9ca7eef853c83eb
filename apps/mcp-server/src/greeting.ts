import { connectGuide } from './connect-guide.js';
import type { SampleAddresses } from './sample-addresses.js';

/** What the sample says in the terminal once it listens. */
export function greeting(addresses: SampleAddresses): string {
  const { startPage, mcpUrl, issuer, clientId } = addresses;
  const lines = [
    '',
    'The sample is ready.',
    `  Start page  ${startPage}`,
    `  MCP server  ${mcpUrl}`,
    `  REST API    ${startPage}api/public, api/me, api/team, api/admin`,
    `  Issuer      ${issuer}`,
    `  Client id   ${clientId}`,
    ...connectGuide(addresses).flatMap(({ client, where, text, next }) => [
      '',
      `${client}, ${where}:`,
      `  ${text}`,
      `  ${next}`,
    ]),
    '',
  ];
  return `${lines.join('\n')}\n`;
}
