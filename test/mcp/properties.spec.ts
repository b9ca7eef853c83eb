import { McpController, Prompt, Resource, ResourceTemplate, Tool } from '@rekog/mcp-nest';
import * as fc from 'fast-check';
import { AllowedGroups, Authenticated, CurrentUser, RequiredScopes } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { type Attempt, attempts, body, json, usualHeaders } from './any-message.js';
import { type StartedApp, startMcpApp } from './app.js';
import { legacyPost, wireHeaders } from './wire.js';

/** Who ran what. */
const ran: { readonly handler: string; readonly username: string }[] = [];

/** A handler notes its caller, and says what nobody else may read. */
function disclose(handler: string, username: string): string {
  ran.push({ handler, username });
  return `secret of ${handler}`;
}

@McpController()
class CountedHandlers {
  @Tool({ name: 'for-all', description: 'For any signed-in user' })
  @Authenticated()
  forAll(@CurrentUser('username') username: string) {
    return { content: [{ type: 'text' as const, text: disclose('for-all', username) }] };
  }

  @Tool({ name: 'for-admins', description: 'For admins' })
  @AllowedGroups('authentik Admins')
  forAdmins(@CurrentUser('username') username: string) {
    return { content: [{ type: 'text' as const, text: disclose('for-admins', username) }] };
  }

  @Tool({ name: '__proto__', description: 'For admins, with a name that is none' })
  @AllowedGroups('authentik Admins')
  forPrototypes(@CurrentUser('username') username: string) {
    return { content: [{ type: 'text' as const, text: disclose('__proto__', username) }] };
  }

  @Tool({ name: 'for-writers', description: 'For engineers whose token may write' })
  @AllowedGroups('engineering')
  @RequiredScopes('reports:write')
  forWriters(@CurrentUser('username') username: string) {
    return { content: [{ type: 'text' as const, text: disclose('for-writers', username) }] };
  }

  @Prompt({ name: 'for-admins', description: 'For admins' })
  @AllowedGroups('authentik Admins')
  promptForAdmins(@CurrentUser('username') username: string) {
    const content = { type: 'text' as const, text: disclose('prompt', username) };
    return { messages: [{ role: 'user' as const, content }] };
  }

  @Resource({ uri: 'safe://strongroom', name: 'safe' })
  @AllowedGroups('authentik Admins')
  safe(@CurrentUser('username') username: string) {
    return { contents: [{ uri: 'safe://strongroom', text: disclose('safe', username) }] };
  }

  @ResourceTemplate({ uriTemplate: 'cabinet://drawers/{drawer}/{folder}', name: 'cabinet' })
  @AllowedGroups('authentik Admins')
  cabinet(@CurrentUser('username') username: string) {
    return { contents: [{ uri: 'cabinet://drawers/1/1', text: disclose('cabinet', username) }] };
  }
}

/** Written down a second time, and by hand: what each caller may run. */
const mayRun: Readonly<Record<string, readonly string[]>> = {
  nobody: [],
  garbage: [],
  bob: ['for-all'],
  // In the group, and with a token that lacks the scope.
  alice: ['for-all'],
  root: ['for-all', 'for-admins', '__proto__', 'prompt', 'safe', 'cabinet'],
};

let authentik: EmbeddedAuthentik;
let stateless: StartedApp;
let stateful: StartedApp;
/** Sessions that stand open, by whose they are. */
const sessions: Record<string, string> = {};
const credentials: Record<string, Record<string, string>> = {
  nobody: {},
  garbage: { authorization: 'Bearer garbage' },
};

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik({
    applications: [{ slug: 'mcp-server', scopeMappings: { 'reports:write': {} } }],
  });
  stateless = await startMcpApp(authentik, { controllers: [CountedHandlers] });
  stateful = await startMcpApp(authentik, { controllers: [CountedHandlers], mcp: { sessions: {} } });
  const scopes = ['openid', 'profile'];
  for (const user of ['bob', 'alice', 'root']) {
    credentials[user] = await authentik.bearer(user, { scopes });
    sessions[user] = await begin(user);
  }
});
afterAll(async () => {
  await stateless.app.close();
  await stateful.app.close();
  await authentik.stop();
});
beforeEach(() => {
  ran.length = 0;
});

/** What the endpoint answered; a stream without an end is let go. */
async function send(app: StartedApp, caller: string, attempt: Attempt): Promise<[number, string]> {
  const id = attempt.session === undefined ? undefined : (sessions[attempt.session] ?? attempt.session);
  const inSession = id === undefined || app === stateless ? {} : { 'mcp-session-id': id };
  const headers = { ...attempt.headers, ...inSession, ...credentials[caller] };
  const response = await fetch(app.url, { method: 'POST', headers, body: attempt.body });
  if (attempt.body.includes('subscriptions/listen')) {
    await response.body?.cancel();
    return [response.status, ''];
  }
  return [response.status, await response.text()];
}

async function begin(user: string): Promise<string> {
  const clientInfo = { name: 'test', version: '1' };
  const { body: message } = legacyPost('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo,
  });
  const headers = { ...wireHeaders, ...credentials[user] };
  const response = await fetch(stateful.url, { method: 'POST', headers, body: JSON.stringify(message) });
  await response.text();
  return response.headers.get('mcp-session-id') ?? '';
}

describe.each([
  ['without sessions', () => stateless],
  ['with sessions', () => stateful],
] as const)('any message of anybody, %s', (_how, app) => {
  it.each(Object.keys(mayRun))(
    'is no fault of the server, and runs nothing that %s may not run',
    async (caller) => {
      const allowed = mayRun[caller] ?? [];
      await fc.assert(
        fc.asyncProperty(attempts, async (attempt) => {
          ran.length = 0;
          const [status, answer] = await send(app(), caller, attempt);
          expect(status).toBeLessThan(500);
          if (allowed.length === 0) expect(status).toBe(401);
          for (const { handler, username } of ran) {
            expect(username).toBe(caller);
            expect(allowed).toContain(handler);
          }
          for (const [, handler] of answer.matchAll(/secret of ([\w-]+)/gu)) expect(allowed).toContain(handler);
        }),
        { numRuns: 500 },
      );
    },
    60_000,
  );

  it('does reach each handler for who may, or the property above would say nothing', async () => {
    const reached = new Set<string>();
    const allowed = mayRun['root'] ?? [];
    for (const attempt of fc.sample(attempts, { numRuns: 2000, seed: 1 })) {
      ran.length = 0;
      await send(app(), 'root', attempt);
      for (const { handler } of ran) reached.add(handler);
      if (reached.size === allowed.length) break;
    }
    expect([...reached].toSorted()).toEqual(allowed.toSorted());
  }, 60_000);
});

// The SDK takes what says its encoding, and we what says nothing more than JSON; see single-answer.ts.
const byTheSdk = (attempt: Attempt): Attempt => ({
  ...attempt,
  headers: { ...attempt.headers, 'content-type': 'application/json; charset=utf-8' },
});

/** All of an answer that is no stream. */
const whole = async (attempt: Attempt) => {
  ran.length = 0;
  const headers = { ...attempt.headers, ...credentials['root'] };
  const response = await fetch(stateless.url, { method: 'POST', headers, body: attempt.body });
  const isStream = response.headers.get('content-type') === 'text/event-stream';
  const text = isStream ? await response.body?.cancel() : await response.text();
  const { date: _date, ...others } = Object.fromEntries(response.headers);
  return { status: response.status, headers: others, text, ran: [...ran] };
};

describe('a message without a session', () => {
  const initialize = fc.constantFrom('2025-11-25', '2024-11-05', '1999-01-01', 7).map((protocolVersion) => {
    const clientInfo = { name: 'test', version: '1' };
    return json(legacyPost('initialize', { protocolVersion, capabilities: {}, clientInfo }).body);
  });
  const call = fc
    .constantFrom('for-all', 'for-admins', 'nowhere')
    .map((name) => json(legacyPost('tools/call', { name }).body));
  const negotiated = fc
    .record(
      {
        accept: fc.constantFrom(
          'application/json',
          'text/event-stream',
          '*/*',
          'text/event-stream;q=1,application/json',
        ),
        'mcp-protocol-version': fc.constantFrom('2026-07-28', '2025-11-25', '2024-11-05', '1999-01-01', 'x', ''),
      },
      { requiredKeys: [] },
    )
    .map((chosen) => ({ ...usualHeaders, ...chosen }));
  const messages = fc.record({ headers: negotiated, body: fc.oneof(initialize, call, body) });

  it('gets from us what the SDK would answer', async () => {
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(attempts, messages), async (attempt) => {
        // Of nothing body-parser makes an object, before anybody else sees it.
        fc.pre(attempt.headers['content-type'] === 'application/json' && attempt.body !== '');
        const ours = await whole(attempt);
        expect(ours).toEqual(await whole(byTheSdk(attempt)));
        if (ours.status === 200) answered += 1;
      }),
      { numRuns: 1500 },
    );
    expect(answered).toBeGreaterThan(200);
  }, 60_000);
});
