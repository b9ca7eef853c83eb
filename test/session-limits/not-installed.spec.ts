import { startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { expect, it, vi } from 'vitest';

import { startBrowserApp } from '../session-logout/app.js';

vi.mock('@nestjs/throttler', () => {
  throw new Error("Cannot find package '@nestjs/throttler'");
});

it('an app without @nestjs/throttler does not start, unless it limits nothing', async () => {
  const authentik = await startEmbeddedAuthentik();
  await expect(startBrowserApp(authentik.url)).rejects.toThrow('npm install @nestjs/throttler');
  const unlimited = { maxLoginsPerMinute: 0, maxCallbacksPerMinute: 0, maxLogoutTokensPerMinute: 0 };
  const app = await startBrowserApp(authentik.url, { session: unlimited });
  await app.close();
  await authentik.stop();
});
