import { startEmbeddedAuthentik } from 'nestjs-authentik-testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runCli } from '../../libs/authentik-testing/src/cli/run.js';
import { fullVersion, HABITS, habitsOf, type Habit } from '../../libs/authentik-testing/src/embedded/versions.js';

describe('versions of Authentik', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each([
    ['2024.8', '2024.8.3'],
    ['2025.2', '2025.2.3'],
    ['2025.10', '2025.10.0'],
    ['2026.5.0-rc1', '2026.5.0-rc1'],
    ['2026.5', '2026.5.0'],
    ['2026.8', '2026.8.0'],
    ['2024.8.5', '2024.8.5'],
  ])('%s is %s', async (version, full) => {
    const authentik = await startEmbeddedAuthentik({ version });
    await authentik.stop();
    expect(authentik.version).toBe(full);
  });

  it.each([
    ['2025.2', undefined, '2025.2.3'],
    ['', undefined, '2026.8.0'],
    ['2025.2', '2025.10', '2025.10.0'],
  ])('are by AUTHENTIK_DEV_VERSION=%s and option %s: %s', async (inEnvironment, version, full) => {
    vi.stubEnv('AUTHENTIK_DEV_VERSION', inEnvironment);
    const authentik = await startEmbeddedAuthentik(version === undefined ? {} : { version });
    await authentik.stop();
    expect(authentik.version).toBe(full);
  });

  it('are 2026.8.0 when nothing is said', async () => {
    const authentik = await startEmbeddedAuthentik();
    await authentik.stop();
    expect(authentik.version).toBe('2026.8.0');
  });

  it.each([
    // As text, 2025.10 would come before 2025.2.
    ['scopeClaim', '2025.8.4', false],
    ['scopeClaim', '2025.10', true],
    ['scopeClaim', '2025.10.0-rc1', false],
    ['redirectUriModes', '2024.8.4', false],
    ['redirectUriModes', '2024.8.5', true],
    ['redirectUriModes', '2024.10.2', false],
    ['redirectUriModes', '2024.10.3', true],
    ['jti', '2026.2.9', false],
    ['jti', '2026.5.0-rc1', true],
    ['grantTypes', '2026.5.0-rc1', false],
    ['grantTypes', '2026.5', true],
    ['grantTypes', '2027.2', true],
    ['learnsFirstRedirectUri', '2025.12.4', true],
    ['learnsFirstRedirectUri', '2025.12.5', false],
    ['learnsFirstRedirectUri', '2026.2', true],
    ['learnsFirstRedirectUri', '2026.5', false],
  ] as const satisfies readonly (readonly [Habit, string, boolean])[])(
    'compare: %s in %s is %s',
    (habit, version, has) => {
      expect(habitsOf(version)[habit]).toBe(has);
    },
  );

  it('to come are answered as the newest one', () => {
    expect(habitsOf('2031.12.7')).toEqual(habitsOf('2026.8'));
    expect(Object.keys(habitsOf('2026.8'))).toEqual(Object.keys(HABITS));
  });

  it.each(['', 'latest', '2026', 'v2026.8', '2026.8.x', '2026.8; rm'])('are not what %j says', async (version) => {
    expect(() => fullVersion(version)).toThrow('is not a version of Authentik. Write it as 2026.8');
    await expect(startEmbeddedAuthentik({ version })).rejects.toMatchObject({ code: 'ERR_AUTHENTIK_TESTING_CONFIG' });
  });
});

describe('AUTHENTIK_DEV_VERSION', () => {
  afterEach(() => vi.restoreAllMocks());

  /** The exit code tells the status of a path that only some versions have. */
  const asks = `fetch(process.env.AUTHENTIK_URL + '/.well-known/oauth-authorization-server/application/o/mcp-server/')
    .then((answer) => process.exit(answer.status === 200 ? 10 : answer.status === 404 ? 20 : 30))`;
  const run = (version: string | undefined) =>
    runCli({
      argv: ['--', process.execPath, '-e', asks],
      env: {
        PATH: process.env['PATH'],
        AUTHENTIK_DEV_PORT: '0',
        ...(version !== undefined && { AUTHENTIK_DEV_VERSION: version }),
      },
    });

  it.each([
    [undefined, 10],
    ['', 10],
    ['2025.10', 10],
    ['2025.2', 20],
    ['2024.8', 20],
  ])('%j starts that one', async (version, code) => {
    vi.spyOn(console, 'log').mockReturnValue();
    expect(await run(version)).toBe(code);
  });

  it('that is none ends the start with a word on how to write it', async () => {
    const error = vi.spyOn(console, 'error').mockReturnValue();
    expect(await run('newest')).toBe(1);
    expect(error).toHaveBeenCalledWith(expect.stringContaining("'newest' is not a version of Authentik. Write it as"));
  });
});
