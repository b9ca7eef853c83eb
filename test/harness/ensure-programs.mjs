// First step of `npm test`: the programs that tests start themselves. On a Debian machine where we may, they are
// installed; elsewhere the one command to type is printed.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/** Names that a program goes by, and Debian's package of it. */
const programs = [
  { names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'], debianPackage: 'chromium' },
  { names: ['redis-server'], debianPackage: 'redis-server' },
  { names: ['curl'], debianPackage: 'curl' },
];

const isOnPath = (name) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

const missing = () => programs.filter(({ names }) => !names.some(isOnPath)).map((program) => program.debianPackage);

const packages = missing();
if (packages.length > 0) {
  const asRoot = process.getuid?.() === 0 ? '' : 'sudo ';
  const command = `${asRoot}apt-get update && ${asRoot}apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (asRoot !== '' || !isOnPath('apt-get')) {
    console.error(
      `The tests start ${packages.join(' and ')} themselves and did not find them. Install them:\n\n  ${command}\n`,
    );
    process.exit(1);
  }
  console.log(`Installing ${packages.join(' and ')} for the tests.`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Debian's packages start their services; the tests start their own on a free port.
  const { status } = spawnSync('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'inherit'], env });
  if (status !== 0 || missing().length > 0) {
    console.error(`That did not work. Install them yourself:\n\n  ${command}\n`);
    process.exit(1);
  }
}
