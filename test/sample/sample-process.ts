import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const main = 'apps/mcp-server/dist/main.js';

/** The last thing that the sample says when it is ready. */
const ready = 'npx @modelcontextprotocol/inspector';

/** How a process ended, with all that it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A built program of this repository in a process of its own. */
export class SampleProcess {
  private stdout = '';
  private stderr = '';
  readonly ended: Promise<Ended>;

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = once(child, 'close').then(([code, signal]: unknown[]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** @param environment all that it gets besides `PATH`: what the machine has set must not leak into a test */
  static spawn(environment: Record<string, string>, args: readonly string[] = [main]): SampleProcess {
    const env = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1', ...environment };
    return new SampleProcess(spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** What it has said so far. */
  get output(): string {
    return this.stdout;
  }

  /** @throws {Error} it ended before it was ready */
  async untilReady(): Promise<void> {
    const said = new Promise<void>((resolve) => {
      const look = () => this.stdout.includes(ready) && this.stdout.endsWith('\n\n') && resolve();
      this.child.stdout?.on('data', look);
      look();
    });
    const ended = this.ended.then(({ code, stderr }) => {
      throw new Error(`The process ended with ${code} before it was ready: ${stderr}`);
    });
    await Promise.race([said, ended]);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async stop(): Promise<void> {
    this.signal('SIGTERM');
    await this.ended;
  }
}
