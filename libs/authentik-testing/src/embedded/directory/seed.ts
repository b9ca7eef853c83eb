import type { EmbeddedApplicationOptions, EmbeddedUserOptions } from './options.js';
import type { RedirectUri } from './redirect-uris.js';

const strict = (url: string): RedirectUri => ({ matchingMode: 'strict', url });
const regex = (url: string): RedirectUri => ({ matchingMode: 'regex', url });

/** Loopback with any port and path, for native clients: Authentik itself has no loopback rule. */
export const LOOPBACK_REDIRECT_URI = regex(String.raw`http://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?(/.*)?`);

/** Callbacks of hosted MCP clients. */
export const MCP_CLIENT_REDIRECT_URIS: readonly RedirectUri[] = [
  strict('https://claude.ai/api/mcp/auth_callback'),
  strict('https://claude.com/api/mcp/auth_callback'),
  strict('https://chatgpt.com/connector_platform_oauth_redirect'),
  regex(String.raw`https://chatgpt\.com/connector/oauth/[A-Za-z0-9_-]+`),
  strict('http://localhost:8787/callback'),
  strict('https://www.cursor.com/agents/mcp/oauth/callback'),
  strict('cursor://anysphere.cursor-mcp/oauth/callback'),
  // The loopback entry matches these too; only as URLs of their own do they open CORS to the Inspector's page.
  strict('http://localhost:6274/oauth/callback'),
  strict('http://127.0.0.1:6276/oauth/callback'),
  strict('http://127.0.0.1:33418/'),
  strict('https://vscode.dev/redirect'),
  strict('https://insiders.vscode.dev/redirect'),
];

/** Where clients of an application may be sent if it does not say. */
export const DEFAULT_REDIRECT_URIS: readonly RedirectUri[] = [LOOPBACK_REDIRECT_URI, ...MCP_CLIENT_REDIRECT_URIS];

/** Attached to an application that does not say. */
export const DEFAULT_SCOPES: readonly string[] = ['openid', 'profile', 'email', 'offline_access'];

/** There is one application, with one public client, when none is given. */
export const DEFAULT_APPLICATIONS: readonly EmbeddedApplicationOptions[] = [
  { slug: 'mcp-server', name: 'MCP server', clientId: 'mcp-server', clientType: 'public' },
];

/** These people are there when nobody is given. */
export const DEFAULT_USERS: readonly EmbeddedUserOptions[] = [
  { username: 'alice', name: 'Alice Archer', groups: ['engineering', 'mcp-users'] },
  { username: 'bob', name: 'Bob Baker', groups: ['mcp-users'] },
  { username: 'root', name: 'Root Rooter', groups: ['authentik Admins', 'mcp-users'] },
  { username: 'mallory', name: 'Mallory Moss', groups: [] },
];
