import { runCli } from './cli/run.js';

process.exitCode = await runCli({ argv: process.argv.slice(2), env: process.env });
