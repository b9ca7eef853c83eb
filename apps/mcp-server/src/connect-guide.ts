import type { SampleAddresses } from './sample-addresses.js';

/** How one MCP client is connected. */
export interface ConnectStep {
  readonly client: string;
  /** Where the text goes. */
  readonly where: string;
  /** To copy and paste. */
  readonly text: string;
  /** What comes after. */
  readonly next: string;
}

const NAME = 'authentik-sample';

/** Lines that connect well-known MCP clients. */
export function connectGuide({ mcpUrl, clientId }: SampleAddresses): readonly ConnectStep[] {
  const url = shellWord(mcpUrl);
  const id = shellWord(clientId);
  return [
    {
      client: 'Claude Code',
      where: 'in a terminal',
      text: `claude mcp add --transport http --client-id ${id} ${NAME} ${url}`,
      next: 'Then /mcp in Claude Code signs in.',
    },
    {
      client: 'VS Code',
      where: 'in .vscode/mcp.json',
      text: JSON.stringify({ servers: { [NAME]: { type: 'http', url: mcpUrl, oauth: { clientId } } } }),
      next: `Then start the server there. An older VS Code asks for a client id: ${clientId}, without a secret.`,
    },
    {
      client: 'Cursor',
      where: 'in .cursor/mcp.json',
      text: JSON.stringify({ mcpServers: { [NAME]: { url: mcpUrl, auth: { CLIENT_ID: clientId } } } }),
      next: 'Then sign in under Settings, MCP.',
    },
    {
      client: 'MCP Inspector',
      where: 'in a terminal, with Node 22.19 or later',
      text: `npx @modelcontextprotocol/inspector --tui --transport http --server-url ${url} --client-id ${id}`,
      next: 'In the browser instead: without --tui and --client-id; the client id goes into the OAuth settings there.',
    },
  ];
}

/** One word to a POSIX shell, whatever is in it. */
function shellWord(value: string): string {
  return /^[\w@%+=:,./-]+$/u.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
