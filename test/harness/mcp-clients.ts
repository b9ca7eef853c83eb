import * as v2 from '@modelcontextprotocol/client';
import * as v1 from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as V1Transport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { OAuthClientProvider as V1Provider } from '@modelcontextprotocol/sdk/client/auth.js';

import { type Credentials, signIn } from './sign-in.js';

/** The part of an MCP client that the tests use, the same for all of them. */
export interface McpClient {
  listTools(): Promise<{ tools: { name: string; _meta?: Record<string, unknown> | undefined }[] }>;
  listPrompts(): Promise<{ prompts: { name: string }[] }>;
  listResources(): Promise<{ resources: { uri: string }[] }>;
  listResourceTemplates(): Promise<{ resourceTemplates: { uriTemplate: string }[] }>;
  callTool(parameters: { name: string; arguments?: Record<string, unknown> }): Promise<unknown>;
  readResource(parameters: { uri: string }): Promise<unknown>;
  getPrompt(parameters: { name: string }): Promise<unknown>;
  close(): Promise<void>;
}

/** What a caller may want of a call besides its result. */
export interface CallOptions {
  readonly onprogress?: (progress: { progress: number }) => void;
  /** Gives the call up. */
  readonly signal?: AbortSignal;
}

/** A client that signs in by itself. */
export interface SignedInClient extends McpClient {
  /** Calls, and where the SDK asks for another sign-in, brings back its code and calls again, as host applications do. */
  callSteppingUp(parameters: { name: string; arguments?: Record<string, unknown> }): Promise<unknown>;
  /** How often its user has signed in. */
  readonly signIns: number;
}

/** A real client of one SDK and protocol era. */
export interface McpClientKind {
  readonly name: string;
  readonly era: '2025-11-25' | '2026-07-28';
  /** Calls a tool, with options that the SDKs take in different places. */
  call(client: McpClient, name: string, options: CallOptions): Promise<unknown>;
  /** Connects with the URL of the server alone, signing in on the way, and again when a call asks for more scopes. */
  connect(url: string, clientId: string, credentials: Credentials): Promise<SignedInClient>;
  /** Connects with a token. */
  connectWithToken(url: string, accessToken: string): Promise<McpClient>;
}

/** Keeps in memory what a host application would keep on disk, and signs in instead of opening a browser. */
class HeadlessProvider implements v2.OAuthClientProvider {
  readonly redirectUrl = 'http://localhost:33333/callback';
  readonly clientMetadata = { client_name: 'test', redirect_uris: [this.redirectUrl] };
  callback: URL | undefined;
  authorizationUrl: URL | undefined;
  signIns = 0;
  private savedTokens: v2.StoredOAuthTokens | undefined;
  private verifier = '';

  constructor(
    private readonly clientId: string,
    private readonly credentials: Credentials,
  ) {}

  clientInformation(): { client_id: string } {
    return { client_id: this.clientId };
  }
  tokens(): v2.StoredOAuthTokens | undefined {
    return this.savedTokens;
  }
  saveTokens(tokens: v2.StoredOAuthTokens): void {
    this.savedTokens = tokens;
  }
  async redirectToAuthorization(url: URL): Promise<void> {
    this.authorizationUrl = url;
    this.signIns += 1;
    this.callback = await signIn(url, this.credentials);
  }
  /** What the last sign-in brought; it is good for one use. */
  takeCode(): string {
    const code = this.callback?.searchParams.get('code') ?? '';
    this.callback = undefined;
    return code;
  }
  saveCodeVerifier(verifier: string): void {
    this.verifier = verifier;
  }
  codeVerifier(): string {
    return this.verifier;
  }
}

interface OAuthTransport {
  finishAuth(code: string): Promise<void>;
}

/** The dance of a host application: refused, signed in, connected. */
async function connectBySigningIn<Transport extends OAuthTransport>(
  provider: HeadlessProvider,
  openTransport: () => Transport,
  openClient: () => McpClient & { connect(transport: Transport): Promise<void> },
): Promise<SignedInClient> {
  const refused = openTransport();
  const refusal = await openClient()
    .connect(refused)
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  if (provider.callback === undefined) throw new Error('The client was not asked to sign in.', { cause: refusal });
  await refused.finishAuth(provider.takeCode());
  const client = openClient();
  const transport = openTransport();
  await client.connect(transport);
  const callSteppingUp: SignedInClient['callSteppingUp'] = async (parameters) => {
    try {
      return await client.callTool(parameters);
    } catch (error) {
      if (provider.callback === undefined) throw error;
      await transport.finishAuth(provider.takeCode());
      return client.callTool(parameters);
    }
  };
  return Object.defineProperty(Object.assign(client, { callSteppingUp }), 'signIns', {
    get: () => provider.signIns,
  }) as McpClient as SignedInClient;
}

function version2(era: McpClientKind['era'], options?: v2.ClientOptions): McpClientKind {
  const open = () => new v2.Client({ name: 'test', version: '1' }, options);
  return {
    name: `SDK 2.x, protocol ${era}`,
    era,
    call: (client, name, callOptions) => (client as v2.Client).callTool({ name, arguments: {} }, callOptions),
    connect(url, clientId, credentials) {
      const provider = new HeadlessProvider(clientId, credentials);
      const transport = () => new v2.StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
      return connectBySigningIn(provider, transport, open as never);
    },
    async connectWithToken(url, accessToken) {
      const client = open();
      const authProvider = { token: () => Promise.resolve(accessToken) };
      await client.connect(new v2.StreamableHTTPClientTransport(new URL(url), { authProvider }));
      return client;
    },
  };
}

const version1: McpClientKind = {
  name: 'SDK 1.x, protocol 2025-11-25',
  era: '2025-11-25',
  call: (client, name, options) => (client as v1.Client).callTool({ name, arguments: {} }, undefined, options),
  connect(url, clientId, credentials) {
    const provider = new HeadlessProvider(clientId, credentials);
    const authProvider = provider as unknown as V1Provider;
    const transport = () => new V1Transport(new URL(url), { authProvider });
    return connectBySigningIn(provider, transport, () => new v1.Client({ name: 'test', version: '1' }));
  },
  async connectWithToken(url, accessToken) {
    const client = new v1.Client({ name: 'test', version: '1' });
    const requestInit = { headers: { Authorization: `Bearer ${accessToken}` } };
    await client.connect(new V1Transport(new URL(url), { requestInit }));
    return client;
  },
};

/** The official clients: both SDK lines, both protocol eras. */
export const mcpClients: readonly [McpClientKind, McpClientKind, McpClientKind] = [
  version2('2025-11-25'),
  version2('2026-07-28', { versionNegotiation: { mode: { pin: '2026-07-28' } } }),
  version1,
];
