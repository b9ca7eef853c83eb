import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const npm = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
const kinds = ['module', 'commonjs'] as const;

let folder: string;
let tarballs: string[];

/** The ten lines as a reader copies them; only the address is that of the test. */
function tenLines(): string {
  const section = readme.slice(readme.indexOf('## An API in ten lines'));
  const code = /```ts\n(.*?)```/su.exec(section)?.[1] ?? '';
  return code.replace("url: 'https://auth.example.com'", "url: process.env['AUTHENTIK_URL'] ?? ''");
}

const main = `import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { startEmbeddedAuthentik } from 'nestjs-authentik-testing';

async function main(): Promise<void> {
  const authentik = await startEmbeddedAuthentik({ applications: [{ slug: 'reports', clientId: 'reports-api' }] });
  process.env['AUTHENTIK_URL'] = authentik.url;
  const { AppModule } = await import('./app.module.js');
  const app = await NestFactory.create(AppModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()) + '/reports';
  const nobody = await fetch(url);
  const alice = await fetch(url, { headers: await authentik.bearer('alice') });
  const bob = await fetch(url, { headers: await authentik.bearer('bob') });
  console.log(
    JSON.stringify({
      version: process.version,
      nobody: nobody.status,
      challenge: nobody.headers.get('www-authenticate'),
      alice: await alice.json(),
      bob: bob.status,
    }),
  );
  await app.close();
  await authentik.stop();
}

void main();
`;

async function createProject(type: (typeof kinds)[number]): Promise<void> {
  const project = join(folder, type);
  await mkdir(join(project, 'src'), { recursive: true });
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2022',
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    skipLibCheck: true,
    types: ['node'],
    rootDir: 'src',
    outDir: 'dist',
  };
  await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type }));
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
  await writeFile(join(project, 'src/app.module.ts'), tenLines());
  await writeFile(join(project, 'src/main.ts'), main);
  // What \`nest new\` gives, and then what the manual says.
  const generated = ['@nestjs/common@12', '@nestjs/core@12', '@nestjs/platform-express@12', 'reflect-metadata', 'rxjs'];
  const compiler = ['typescript@6', '@types/node@20'];
  await run('npm', ['install', ...npm, ...generated, ...compiler, ...tarballs], { cwd: project });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packages-'));
  for (const library of ['authentik', 'authentik-testing']) {
    await run('npm', ['pack', '--pack-destination', folder, '--loglevel=error'], { cwd: join(root, 'libs', library) });
  }
  tarballs = (await readdir(folder)).filter((name) => name.endsWith('.tgz')).map((name) => join(folder, name));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true }));
  await run('npm', ['install', ...npm, 'node20@npm:node@20.19', 'node24@npm:node@24'], { cwd: folder });
  await Promise.all(kinds.map(createProject));
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Of a page in Markdown, as links name them. */
const headings = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gmu)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/gu, '')
      .replaceAll(' ', '-'),
  );

const installed = (name: string) => join(folder, 'module/node_modules', name);

describe.each(kinds)('a fresh project of type %s', (type) => {
  it('compiles the ten lines of the manual', { timeout: 60_000 }, async () => {
    await run(join(folder, type, 'node_modules/.bin/tsc'), ['-p', '.'], { cwd: join(folder, type) });
    expect(existsSync(join(folder, type, 'dist/main.js'))).toBe(true);
  });

  it.each([
    ['20.19', 'node20'],
    ['24', 'node24'],
  ])('runs them on Node %s', { timeout: 60_000 }, async (version, name) => {
    const program = join(folder, 'node_modules', name, 'bin/node');
    const { stdout } = await run(program, ['dist/main.js'], { cwd: join(folder, type) });
    expect(JSON.parse(stdout)).toEqual({
      version: expect.stringMatching(new RegExp(`^v${version}\\.`, 'u')) as unknown,
      nobody: 401,
      challenge: expect.stringContaining('Bearer scope="openid profile email"') as unknown,
      alice: { reports: [], for: 'alice' },
      bob: 403,
    });
  });
});

describe.each(['nestjs-authentik', 'nestjs-authentik-testing'])('the package %s', (name) => {
  const files = (at = ''): string[] =>
    readdirSync(join(installed(name), at), { withFileTypes: true }).flatMap((entry) => {
      if (entry.name === 'node_modules') return [];
      return entry.isDirectory() ? files(join(at, entry.name)) : [join(at, entry.name)];
    });

  it('holds what runs, its types and its manual, and nothing of the workshop', async () => {
    expect(files()).toEqual(expect.arrayContaining(['package.json', 'README.md', 'dist/index.js', 'dist/index.d.ts']));
    expect(
      files().filter(
        (file) =>
          !/^(?:package\.json|(?:README|COMPATIBILITY)\.md|bin\/|docs\/.*\.md$|dist\/.*\.(?:js|js\.map|d\.ts)$)/u.test(
            file,
          ),
      ),
    ).toEqual([]);
    expect(files().filter((file) => /\.spec\./u.test(file))).toEqual([]);
    for (const file of files()) expect(await readFile(join(installed(name), file), 'utf8')).not.toContain(root);
  });

  it('has a manual whose links lead somewhere, in the package or in the web', async () => {
    const pages = files().filter((file) => file.endsWith('.md'));
    const texts = new Map<string, string>();
    for (const page of pages) texts.set(page, await readFile(join(installed(name), page), 'utf8'));
    const links = [...texts].flatMap(([page, text]) =>
      [...text.matchAll(/\]\(([^)\s]+)\)/gu)].map(([, target = '']) => ({ page, target })),
    );
    expect(links.length).toBeGreaterThan(0);
    const dead = links.filter(({ page, target }) => {
      if (target.startsWith('https://')) return false;
      const [path = '', heading] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      const text = texts.get(file) ?? '';
      return !files().includes(file) || (heading !== undefined && !headings(text).includes(heading));
    });
    expect(dead).toEqual([]);
  });

  it('is ESM, with one default condition for each entry, and keeps its docs in the types', async () => {
    const manifest = JSON.parse(await readFile(join(installed(name), 'package.json'), 'utf8')) as {
      type: string;
      exports: Record<string, string | object>;
    };
    expect(manifest.type).toBe('module');
    for (const entry of Object.values(manifest.exports)) {
      if (typeof entry === 'object') expect(Object.keys(entry)).toEqual(['types', 'default']);
    }
    const types = files().filter((file) => file.endsWith('.d.ts'));
    const texts = await Promise.all(types.map((file) => readFile(join(installed(name), file), 'utf8')));
    expect(texts.join('')).toContain('@throws');
  });
});

/** What a program in the ESM project prints, as JSON. */
const ask = async (code: string) => {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], {
    cwd: join(folder, 'module'),
  });
  return JSON.parse(stdout) as unknown;
};

describe('nestjs-authentik', () => {
  it('is a few files, and what they define is called as in the source', async () => {
    const dist = installed('nestjs-authentik/dist');
    const files = (await readdir(dist, { recursive: true })).filter((file) => file.endsWith('.js'));
    expect(files.length).toBeLessThan(20);
    // Nest and our logs speak of a class by its name, which a bundler changes where two are alike.
    const texts = await Promise.all(files.map((file) => readFile(join(dist, file), 'utf8')));
    const classes = texts.join('\n').match(/\bclass [\w$]+/gu) ?? [];
    expect(classes).toContain('class AuthentikAuthGuard');
    expect(classes.filter((name) => name.includes('$'))).toEqual([]);
  });

  it('loads nothing of what it may never need', async () => {
    const code = `
      await import('nestjs-authentik');
      const { createRequire } = await import('node:module');
      const loaded = Object.keys(createRequire(process.cwd() + '/x').cache);
      const late = ['class-validator', '@rekog/mcp-nest', '@modelcontextprotocol'];
      console.log(JSON.stringify(late.filter((name) => loaded.some((file) => file.includes('/' + name + '/')))));
    `;
    expect(await ask(code)).toEqual([]);
  });

  it('needs its optional peers for MCP only, and names the one that is missing', async () => {
    expect(existsSync(installed('@rekog/mcp-nest'))).toBe(false);
    const message = await ask(
      `console.log(JSON.stringify(await import('nestjs-authentik/mcp').then(() => '', ({ message }) => message)));`,
    );
    expect(message).toMatch(
      /Cannot find package '(?:@rekog\/mcp-nest|@modelcontextprotocol\/server|@nestjs\/microservices)/u,
    );
  });
});

describe('the examples', () => {
  it.each(readdirSync(join(root, 'examples')))('%s passes its own tests', { timeout: 240_000 }, async (name) => {
    const project = join(folder, name);
    await cp(join(root, 'examples', name), project, { recursive: true });
    // The packed libraries stand in for the published ones.
    await run('npm', ['install', ...npm, ...tarballs], { cwd: project });
    const { stdout } = await run('npm', ['test'], { cwd: project, env: { ...process.env, NO_COLOR: '1', CI: 'true' } });
    expect(stdout).toMatch(/Tests {2}[1-9]\d* passed/u);
  });
});
