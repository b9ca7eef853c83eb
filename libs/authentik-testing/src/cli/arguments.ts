import { parseArgs } from 'node:util';

/** What the command line asks for. */
export type CliRequest =
  | { readonly kind: 'help' }
  | { readonly kind: 'run'; readonly command: readonly string[] }
  | { readonly kind: 'mistake'; readonly message: string };

export const HELP = `Usage:
  nestjs-authentik-testing                        start an embedded Authentik, until Ctrl+C
  nestjs-authentik-testing -- <command> [args]    start it, and run a command that finds it in its environment

It is for development and tests only: in memory, on loopback, with new keys at each start.

The command gets AUTHENTIK_URL, AUTHENTIK_APPLICATION_SLUG and AUTHENTIK_CLIENT_ID, unless they are set. With
AUTHENTIK_URL set, nothing embedded is started and only the command runs.

Environment:
  AUTHENTIK_DEV_PORT        port to listen on (default 9000)
  AUTHENTIK_DEV_PASSWORD    one password for all users (default: a new one at each start)
  AUTHENTIK_DEV_VERSION     version of Authentik to answer as (default 2026.8)

Options:
  -h, --help                show this
`;

/** Reads the command line: options of ours stand before `--`, the command after it. */
export function parseCliArguments(argv: readonly string[]): CliRequest {
  const dashes = argv.indexOf('--');
  const own = dashes === -1 ? argv : argv.slice(0, dashes);
  try {
    const { values } = parseArgs({ args: [...own], options: { help: { type: 'boolean', short: 'h' } }, strict: true });
    if (values.help === true) return { kind: 'help' };
  } catch (error) {
    return { kind: 'mistake', message: error instanceof Error ? error.message : String(error) };
  }
  const command = dashes === -1 ? [] : argv.slice(dashes + 1);
  if (dashes !== -1 && command.length === 0) return { kind: 'mistake', message: 'There is no command after --.' };
  return { kind: 'run', command };
}
