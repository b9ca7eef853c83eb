import { EventEmitter, once } from 'node:events';
import http, { type Server } from 'node:http';
import type { Socket } from 'node:net';

import { Ctx } from '@nestjs/microservices';
import { type McpContext, McpController, Tool } from '@rekog/mcp-nest';
import { AllowedGroups, Authenticated, type AuthentikOptions, type AuthentikUser, CurrentUser } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { currentUser } from 'nestjs-authentik/mcp';
import { decodeJwt } from 'jose';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { mcpClients } from '../harness/mcp-clients.js';
import { ran, type StartedApp, startMcpApp } from './app.js';
import { legacyPost, modernPost, wireHeaders } from './wire.js';

let waiting = 0;
const gate = new EventTarget();

@McpController()
class MeetingTools {
  /** Waits until two calls are in hand, so that both are in the session at once. */
  @Tool({ name: 'meet', description: 'Waits for another' })
  @Authenticated()
  async meet(@CurrentUser() user: AuthentikUser, @Ctx() context: McpContext) {
    waiting += 1;
    if (waiting < 2) await once(gate, 'open');
    else gate.dispatchEvent(new Event('open'));
    return { content: [{ type: 'text' as const, text: `${user.tokenId} ${currentUser(context)?.tokenId}` }] };
  }

  @Tool({ name: 'late-right', description: 'For a group that is taken away' })
  @AllowedGroups('engineering')
  lateRight() {
    ran.push('late-right');
    return { content: [] };
  }
}

let authentik: EmbeddedAuthentik;
let server: StartedApp;

async function start(sessions: { max?: number; idleSeconds?: number }, options: Partial<AuthentikOptions> = {}) {
  server = await startMcpApp(authentik, { controllers: [MeetingTools], mcp: { sessions }, options });
}
beforeEach(async () => {
  const applications = ['mcp-server', 'mobile'].map((slug) => ({ slug, clientId: slug }));
  authentik = await startEmbeddedAuthentik({ applications });
  waiting = 0;
  ran.length = 0;
});
afterEach(async () => {
  await server.app.close();
  await authentik.stop();
});

const tokenOf = (user: string, more: object = {}) => authentik.mintAccessToken({ user, ...more });
const send = async (token: string, body: object, id?: string) =>
  request(server.origin)
    .post('/mcp')
    .set({ ...wireHeaders, authorization: `Bearer ${token}`, ...(id !== undefined && { 'mcp-session-id': id }) })
    .send(body);

/** Opens a session. */
async function begin(token: string): Promise<string> {
  const { body } = legacyPost('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  });
  const response = await send(token, body);
  expect(response.status).toBe(200);
  const id = response.headers['mcp-session-id'] as string;
  await send(token, { jsonrpc: '2.0', method: 'notifications/initialized' }, id);
  return id;
}

const list = legacyPost('tools/list').body;
const call = (name: string) => legacyPost('tools/call', { name, arguments: {} }).body;
const notFound = { jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null };

describe('a session', () => {
  it('is of the person who opened it, whatever token they come with; for others it is not there', async () => {
    await start({});
    const id = await begin(await tokenOf('alice'));
    expect((await send(await tokenOf('alice'), list, id)).status).toBe(200);
    for (const [token, session] of [
      [await tokenOf('bob'), id],
      [await tokenOf('alice'), 'unknown'],
      [await tokenOf('alice'), `${id}0`],
    ] as const) {
      const response = await send(token, list, session);
      expect(response.status).toBe(404);
      expect(response.body).toEqual(notFound);
    }
    expect((await request(server.origin).post('/mcp').set('mcp-session-id', id).send(list)).status).toBe(401);
    const stream = await request(server.origin)
      .get('/mcp')
      .set({ accept: 'text/event-stream', authorization: `Bearer ${await tokenOf('bob')}`, 'mcp-session-id': id });
    expect(stream.status).toBe(404);
    const end = await request(server.origin)
      .delete('/mcp')
      .set({ authorization: `Bearer ${await tokenOf('bob')}`, 'mcp-session-id': id });
    expect(end.status).toBe(404);
    expect((await send(await tokenOf('alice'), list, id)).status).toBe(200);
  });

  it('is of a person within an issuer, for another may give the same sub to somebody else', async () => {
    await start({}, { trustedApplications: [{ applicationSlug: 'mobile', clientId: 'mobile' }] });
    const [own, mobile] = [await tokenOf('alice'), await tokenOf('alice', { application: 'mobile' })];
    expect(decodeJwt(mobile).sub).toBe(decodeJwt(own).sub);
    expect(decodeJwt(mobile).iss).not.toBe(decodeJwt(own).iss);
    const [ownId, mobileId] = [await begin(own), await begin(mobile)];
    for (const [token, id, status] of [
      [own, ownId, 200],
      [mobile, mobileId, 200],
      [own, mobileId, 404],
      [mobile, ownId, 404],
    ] as const) {
      expect((await send(token, list, id)).status).toBe(status);
    }
  });

  it('judges each message by its own token, even two at once', async () => {
    await start({});
    const [first, second] = [await tokenOf('alice'), await tokenOf('alice')];
    const id = await begin(first);
    const answers = await Promise.all(
      [first, second].map((token, index) => send(token, { ...call('meet'), id: index + 1 }, id)),
    );
    const seen = answers.map(({ text }) => /"text":"(\w+) (\w+)"/u.exec(text)?.slice(1, 3));
    expect(new Set(seen.flat()).size).toBe(2);
    for (const pair of seen) expect(pair?.[0]).toBe(pair?.[1]);
  });

  it('lists for each of many messages at once what its own token admits', async () => {
    await start({});
    const [wide, narrow] = [await tokenOf('alice'), await tokenOf('alice', { claims: { groups: [] } })];
    const id = await begin(wide);
    const messages = Array.from({ length: 40 }, (_, index) => ({ token: index % 2 === 0 ? wide : narrow, index }));
    const answers = await Promise.all(
      messages.map(async ({ token, index }) => ({
        token,
        listed: await send(token, { ...list, id: index }, id),
        called: await send(token, { ...call('late-right'), id: `call-${index}` }, id),
      })),
    );
    for (const { token, listed, called } of answers) {
      expect(listed.text.includes('late-right')).toBe(token === wide);
      expect(called.text.includes('Unknown tool')).toBe(token === narrow);
    }
    expect(ran).toHaveLength(20);
  });

  it('takes a right away with the next token that lacks it', async () => {
    await start({});
    const id = await begin(await tokenOf('alice'));
    expect((await send(await tokenOf('alice'), list, id)).text).toContain('late-right');
    const without = await tokenOf('alice', { claims: { groups: [] } });
    expect((await send(without, list, id)).text).not.toContain('late-right');
    expect((await send(without, call('late-right'), id)).text).toContain('Unknown tool: late-right');
    expect(ran).toEqual([]);
    await send(await tokenOf('alice'), call('late-right'), id);
    expect(ran).toEqual(['late-right']);
  });

  it('ends with DELETE', async () => {
    await start({});
    const token = await tokenOf('alice');
    const id = await begin(token);
    const end = await request(server.origin)
      .delete('/mcp')
      .set({ authorization: `Bearer ${token}`, 'mcp-session-id': id });
    expect(end.status).toBe(200);
    expect((await send(token, list, id)).status).toBe(404);
  });

  it('that has ended makes room for another', async () => {
    await start({ max: 2 });
    const token = await tokenOf('alice');
    const kept = await begin(token);
    for (let turn = 0; turn < 3; turn += 1) {
      const id = await begin(token);
      await request(server.origin)
        .delete('/mcp')
        .set({ authorization: `Bearer ${token}`, 'mcp-session-id': id });
    }
    await begin(token);
    expect((await send(token, list, kept)).status).toBe(200);
  });

  it('may be idle for longer than a timer can wait', async () => {
    await start({ idleSeconds: 60 * 24 * 3600 });
    const token = await tokenOf('alice');
    const id = await begin(token);
    expect((await send(token, list, id)).status).toBe(200);
  });

  it('ends when it was idle for long enough, and not while a stream of it is open', async () => {
    await start({ idleSeconds: 1 });
    const token = await tokenOf('alice');
    const [idle, watched] = [await begin(token), await begin(token)];
    const stream = await fetch(server.url, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${token}`, 'mcp-session-id': watched },
    });
    expect(stream.status).toBe(200);
    await expect
      .poll(async () => (await send(token, list, idle)).status, { interval: 1_200, timeout: 8_000 })
      .toBe(404);
    expect((await send(token, list, watched)).status).toBe(200);
    await stream.body?.cancel();
  });

  it('is not kept by somebody who left while it was found out who asks', async () => {
    const steps = new EventEmitter();
    let isHeld = false;
    const mapUser = async (user: AuthentikUser) => {
      if (isHeld) {
        const released = once(steps, 'released');
        steps.emit('asked');
        await released;
      }
      return user;
    };
    await start({ idleSeconds: 1 }, { mapUser });
    const token = await tokenOf('alice');
    const id = await begin(token);
    isHeld = true;
    const connected = once(server.app.getHttpServer() as Server, 'connection') as Promise<[Socket]>;
    const asked = once(steps, 'asked');
    const stream = http.get(server.url, {
      agent: false,
      headers: { accept: 'text/event-stream', authorization: `Bearer ${token}`, 'mcp-session-id': id },
    });
    stream.on('error', () => undefined);
    const [[socket]] = await Promise.all([connected, asked]);
    const left = new Promise((resolve) => socket.once('close', resolve));
    stream.destroy();
    await left;
    isHeld = false;
    steps.emit('released');
    await expect.poll(async () => (await send(token, list, id)).status, { interval: 1_200, timeout: 8_000 }).toBe(404);
  });

  it('makes room by ending the longest idle one of who has the most', async () => {
    await start({ max: 3 });
    const [alice, bob] = [await tokenOf('alice'), await tokenOf('bob')];
    const own = await begin(bob);
    const [first, second] = [await begin(alice), await begin(alice)];
    await send(alice, list, first);
    const third = await begin(alice);
    expect((await send(alice, list, second)).status).toBe(404);
    for (const id of [first, third]) expect((await send(alice, list, id)).status).toBe(200);
    expect((await send(bob, list, own)).status).toBe(200);
  });

  it('does not keep the app from closing', async () => {
    await start({});
    const token = await tokenOf('alice');
    const id = await begin(token);
    const stream = await fetch(server.url, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${token}`, 'mcp-session-id': id },
    });
    const ended = stream.text().then(
      () => 'ended',
      () => 'ended',
    );
    await server.app.close();
    expect(await ended).toBe('ended');
    await start({});
  });

  it('is nothing to the stateless era', async () => {
    await start({});
    const { headers, body } = modernPost('tools/list');
    const response = await request(server.origin)
      .post('/mcp')
      .set({ ...wireHeaders, ...headers, authorization: `Bearer ${await tokenOf('alice')}` })
      .send(body);
    expect(response.status).toBe(200);
    expect(response.headers['mcp-session-id']).toBeUndefined();
  });
});

it.each(mcpClients)('$name works with sessions as without', async (kind) => {
  await start({});
  const client = await kind.connectWithToken(server.url, await tokenOf('alice'));
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('team-report');
  await client.callTool({ name: 'team-report', arguments: {} });
  expect(ran).toEqual(['team-report']);
  await client.close();
});
