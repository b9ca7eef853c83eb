import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type StartedApp, startMcpApp } from './app.js';
import { legacyPost, modernPost, wireHeaders } from './wire.js';

let authentik: EmbeddedAuthentik;
let server: StartedApp;
let bob: { authorization: string };

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  server = await startMcpApp(authentik, { mcp: { sessions: {} } });
  bob = await authentik.bearer('bob');
});
afterAll(async () => {
  await server.app.close();
  await authentik.stop();
});

const ask = (method: 'GET' | 'POST', headers: Record<string, string>, body?: object) =>
  fetch(server.url, {
    method,
    headers: { ...wireHeaders, ...bob, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

/** What a client of the era with sessions listens to. */
async function listenInSession(): Promise<Response> {
  const clientInfo = { name: 'test', version: '1' };
  const { body } = legacyPost('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
  const opened = await ask('POST', {}, body);
  await opened.text();
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
  await ask('POST', session, { jsonrpc: '2.0', method: 'notifications/initialized' });
  return ask('GET', session);
}

async function subscribe(): Promise<Response> {
  const notifications = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
  const { headers, body } = modernPost('subscriptions/listen', { notifications });
  return ask('POST', headers, body);
}

/** @returns what a stream has told once it tells of something */
async function hears(stream: Response, text: string): Promise<string> {
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  let seen = '';
  while (!seen.includes(text)) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: '' };
    if (done) throw new Error(`The stream ended without ${text}: ${seen}`);
    seen += value;
  }
  await reader?.cancel();
  return seen;
}

const rule = { allowedGroups: ['authentik Admins'] };
const description = 'A name that bob may not know';

describe.each([
  ['2025-11-25, in a session', listenInSession],
  ['2026-07-28', subscribe],
])('who listens, protocol %s', (_era, listen) => {
  it.each([
    [
      'tools',
      () => {
        server.capabilities.registerTool({ name: 'secret', description, handler: () => ({}) }, rule);
        server.capabilities.removeTool('secret');
      },
    ],
    [
      'prompts',
      () => {
        server.capabilities.registerPrompt(
          { name: 'secret', description, handler: () => Promise.resolve({ messages: [] }) },
          rule,
        );
        server.capabilities.removePrompt('secret');
      },
    ],
    [
      'resources',
      () => {
        server.capabilities.registerResource(
          { uri: 'secret://x', name: 'secret', description, handler: () => Promise.resolve({ contents: [] }) },
          rule,
        );
        server.capabilities.removeResource('secret://x');
      },
    ],
  ])('is told that the list of %s has changed, and not how', async (kind, change) => {
    const stream = await listen();
    expect(stream.status).toBe(200);
    change();
    expect(await hears(stream, `"notifications/${kind}/list_changed"`)).not.toContain('secret');
  });
});
