import { copyFileSync, cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// The manual is that of the repository, and so are the pages that it links to.
copyFileSync(here('../../README.md'), here('README.md'));
rmSync(here('docs'), { recursive: true, force: true });
cpSync(here('../../docs'), here('docs'), { recursive: true });
