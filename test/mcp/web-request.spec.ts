import { once } from 'node:events';
import { type IncomingMessage, request as send } from 'node:http';
import { json } from 'node:stream/consumers';

import type { ServerContext } from '@modelcontextprotocol/server';
import {
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  RequestTimeoutException,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { Ctx } from '@nestjs/microservices';
import { type McpContext, McpController, Tool } from '@rekog/mcp-nest';
import { Authenticated } from 'nestjs-authentik';
import { type EmbeddedAuthentik, startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { throwError, timeout } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type StartedApp, startMcpApp } from './app.js';
import { legacyPost, modernPost, wireHeaders } from './wire.js';

const events = new EventTarget();

/** mcp-nest has no accessor for the SDK's own context. */
const requestOf = (context: McpContext): Request => {
  const { http } = context.getArgByIndex(4) as ServerContext;
  if (http?.req === undefined) throw new Error('There is no web request.');
  return http.req;
};

const text = (value: unknown) => ({ content: [{ type: 'text' as const, text: JSON.stringify(value) }] });

@McpController()
class CuriousTools {
  @Tool({ name: 'look', description: 'Tells what it sees of its request' })
  @Authenticated()
  async look(@Ctx() context: McpContext) {
    const request = requestOf(context);
    return text({
      isRequest: request instanceof Request,
      method: request.method,
      url: request.url,
      agent: request.headers.get('User-Agent'),
      isAborted: request.signal.aborted,
      id: ((await request.clone().json()) as { id: unknown }).id,
      size: (await request.text()).length,
      isUsed: request.bodyUsed,
    });
  }

  @Tool({ name: 'linger', description: 'Waits until its client has left' })
  @Authenticated()
  async linger(@Ctx() context: McpContext) {
    const { signal } = requestOf(context);
    events.dispatchEvent(new Event('begun'));
    await once(signal, 'abort');
    events.dispatchEvent(new Event('left'));
    return text('nobody reads this');
  }

  @Tool({ name: 'patient', description: 'Waits until nobody waits for it' })
  @Authenticated()
  async patient(@Ctx() context: McpContext) {
    const { signal } = (context.getArgByIndex(4) as ServerContext).mcpReq;
    await Promise.all([once(signal, 'abort'), once(requestOf(context).signal, 'abort')]);
    events.dispatchEvent(new Event('given up'));
    return text('nobody reads this');
  }

  @Tool({ name: 'who', description: 'Tells whom the SDK takes for the caller' })
  @Authenticated()
  who(@Ctx() context: McpContext) {
    const { http } = context.getArgByIndex(4) as ServerContext;
    return text(http?.authInfo?.clientId ?? null);
  }

  @Tool({ name: 'large', description: 'Answers at length' })
  @Authenticated()
  large() {
    return text('ä'.repeat(1_000_000));
  }
}

/** As apps have one for all that they answer over HTTP. */
@Injectable()
class Impatience implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    const giveUp = { each: 100, with: () => throwError(() => new RequestTimeoutException()) };
    return context.getType() === 'http' ? next.handle().pipe(timeout(giveUp)) : next.handle();
  }
}

/** Leaves its findings where the SDK's own `requireBearerAuth` does. */
@Injectable()
class Introduction implements CanActivate {
  canActivate(context: ExecutionContext): true {
    const auth = { token: 'of the app', clientId: 'app', scopes: [] };
    if (context.getType() === 'http') Object.assign(context.switchToHttp().getRequest<object>(), { auth });
    return true;
  }
}

let authentik: EmbeddedAuthentik;
let impatient: StartedApp;
let server: StartedApp;
let authorization: string;

beforeAll(async () => {
  authentik = await startEmbeddedAuthentik();
  server = await startMcpApp(authentik, { controllers: [CuriousTools] });
  impatient = await startMcpApp(authentik, {
    controllers: [CuriousTools],
    providers: [
      { provide: APP_INTERCEPTOR, useClass: Impatience },
      { provide: APP_GUARD, useClass: Introduction },
    ],
  });
  authorization = `Bearer ${await authentik.mintAccessToken({ user: 'alice' })}`;
});
afterAll(async () => {
  await server.app.close();
  await impatient.app.close();
  await authentik.stop();
});

const answerOf = async (response: Response): Promise<unknown> => {
  const { result } = (await response.json()) as { result: { content: { text: string }[] } };
  return JSON.parse(result.content[0]?.text ?? '');
};

describe.each([
  ['2025-11-25', legacyPost],
  ['2026-07-28', modernPost],
] as const)('a tool that is called in protocol %s', (_era, toMessage) => {
  const call = async (name: string, init: RequestInit = {}, { url } = server) => {
    const { headers, body } = toMessage('tools/call', { name });
    return fetch(url, {
      method: 'POST',
      headers: { ...wireHeaders, ...headers, authorization, 'user-agent': 'curious/1' },
      body: JSON.stringify(body),
      ...init,
    });
  };

  it('finds the web request that the SDK promises', async () => {
    expect(await answerOf(await call('look'))).toEqual({
      isRequest: true,
      method: 'POST',
      url: server.url,
      agent: 'curious/1',
      isAborted: false,
      id: 7,
      size: JSON.stringify(toMessage('tools/call', { name: 'look' }).body).length,
      isUsed: true,
    });
  });

  it('hears that its client has left, and the server goes on', async () => {
    const [begun, left] = [once(events, 'begun'), once(events, 'left')];
    const leave = new AbortController();
    const outcome = call('linger', { signal: leave.signal }).catch((error: unknown) => error);
    await begun;
    leave.abort();
    await left;
    expect(await outcome).toMatchObject({ name: 'AbortError' });
    expect(await answerOf(await call('look'))).toMatchObject({ isAborted: false });
  });

  it('hears that the app has answered in its place', async () => {
    const givenUp = once(events, 'given up');
    expect((await call('patient', {}, impatient)).status).toBe(408);
    await givenUp;
    expect((await call('look', {}, impatient)).status).toBe(200);
  });

  it('finds the whole URL of a request that names it', async () => {
    const { headers, body } = toMessage('tools/call', { name: 'look' });
    const { port } = new URL(server.url);
    const message = send({
      host: 'localhost',
      port,
      path: server.url,
      method: 'POST',
      headers: { ...wireHeaders, ...headers, authorization },
    });
    message.end(JSON.stringify(body));
    const [response] = (await once(message, 'response')) as [IncomingMessage];
    expect(await json(response)).toMatchObject({
      result: { content: [{ text: expect.stringContaining(`"url":"${server.url}"`) as string }] },
    });
  });

  it('finds what a guard of the app has found out about its caller', async () => {
    expect(await answerOf(await call('who'))).toBeNull();
    expect(await answerOf(await call('who', {}, impatient))).toBe('app');
  });

  it('may answer at length', async () => {
    const response = await call('large');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await answerOf(response)).toHaveLength(1_000_000);
  });
});
