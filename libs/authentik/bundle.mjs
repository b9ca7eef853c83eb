import { fileURLToPath } from 'node:url';

import { build } from 'rolldown';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// The library is shipped as a few files: an app opens and links each module of its own, and 130 of
// them took most of the time of importing us. What is loaded later stays a file of its own.
await build({
  input: { index: here('src/index.ts'), 'mcp/index': here('src/mcp/index.ts') },
  platform: 'node',
  tsconfig: here('tsconfig.lib.json'),
  // Every package stays the app's own copy; the helpers that compiled decorators call come along.
  external: /^(?!@oxc-project\/runtime\/)(node:|@?[\w-]+(\/|$))/,
  output: {
    dir: here('dist'),
    chunkFileNames: 'chunks/[name].js',
    sourcemap: true,
  },
});
