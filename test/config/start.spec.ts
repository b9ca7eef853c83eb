import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Module } from '@nestjs/common';
import { ConfigModule, registerAs } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import {
  AuthentikConfigError,
  AuthentikModule,
  type AuthentikOptions,
  type AuthentikOptionsFactory,
  authentikConfigFromEnv,
  InjectAuthentikOptions,
  type ResolvedAuthentikOptions,
} from 'nestjs-authentik';
import { describe, expect, it } from 'vitest';

const options: AuthentikOptions = {
  url: 'https://auth.example.com',
  applicationSlug: 'reports',
  clientId: 'reports-api',
  publicUrl: 'https://reports.example.com',
};

class Reader {
  constructor(@InjectAuthentikOptions() readonly resolved: ResolvedAuthentikOptions) {}
}

const start = async (module: Parameters<typeof Test.createTestingModule>[0]['imports']) => {
  const testing = await Test.createTestingModule({ imports: module ?? [], providers: [Reader] }).compile();
  const { resolved } = testing.get(Reader);
  await testing.close();
  return resolved;
};

describe('options come', () => {
  class Factory implements AuthentikOptionsFactory {
    createAuthentikOptions() {
      return options;
    }
  }

  @Module({ providers: [Factory], exports: [Factory] })
  class FactoryModule {}

  const config = registerAs('authentik', () => authentikConfigFromEnv({ ...environment }));
  const environment = {
    AUTHENTIK_URL: options.url,
    AUTHENTIK_APPLICATION_SLUG: options.applicationSlug,
    AUTHENTIK_CLIENT_ID: options.clientId,
    AUTHENTIK_PUBLIC_URL: options.publicUrl,
  };

  it.each([
    ['as they are', () => [AuthentikModule.forRoot(options)]],
    ['from a factory', () => [AuthentikModule.forRootAsync({ useFactory: () => Promise.resolve(options) })]],
    ['from a class', () => [AuthentikModule.forRootAsync({ useClass: Factory })]],
    ['from a provider', () => [AuthentikModule.forRootAsync({ imports: [FactoryModule], useExisting: Factory })]],
    ['from the environment', () => [AuthentikModule.forRoot(authentikConfigFromEnv(environment))]],
    [
      'from a namespace of @nestjs/config',
      () => [ConfigModule.forRoot({ load: [config] }), AuthentikModule.forRootAsync(config.asProvider())],
    ],
  ])('%s', async (_how, imports) => {
    expect(await start(imports())).toMatchObject({
      issuer: 'https://auth.example.com/application/o/reports/',
      clientId: 'reports-api',
      scopes: ['openid', 'profile', 'email', 'offline_access'],
    });
  });
});

describe('a bad configuration', () => {
  const mistakes = {
    url: 'auth.example.com',
    applicationSlug: 'my/reports',
    publicUrl: 'http://reports.example.com',
    scopes: ['groups'],
    timeoutMs: 1,
    clientID: 'reports-api',
  } as unknown as AuthentikOptions;

  it('stops the start with every mistake in one message, each with its remedy', async () => {
    const failure: unknown = await start([AuthentikModule.forRoot(mistakes)]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AuthentikConfigError);
    const { issues, message } = failure as AuthentikConfigError;
    expect(new Set(issues.map(({ option }) => option))).toEqual(
      new Set(['url', 'applicationSlug', 'clientId', 'publicUrl', 'scopes', 'timeoutMs', 'clientID']),
    );
    for (const { option, problem, remedy } of issues) {
      expect(remedy).not.toBe('');
      expect(message).toContain(`${option}: ${problem} ${remedy}`);
    }
  });

  it('ends the process with an exit code that is not 0', async () => {
    const app = fileURLToPath(new URL('bad-app.mjs', import.meta.url));
    const failure = (await promisify(execFile)(process.execPath, [app]).catch((error: unknown) => error)) as {
      code: number;
      stdout: string;
      stderr: string;
    };
    expect(failure.code).toBe(1);
    expect(`${failure.stdout}${failure.stderr}`).toContain(
      'clientId: is missing (AUTHENTIK_CLIENT_ID in the environment)',
    );
  });
});
