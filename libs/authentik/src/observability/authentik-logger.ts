import { Inject, Injectable, Logger } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../authentik.constants.js';
import { type AuthentikLogLevel, authentikLogLevels, type ResolvedAuthentikOptions } from '../options/index.js';
import { printable } from './printable.js';

/** Nest's logger under one name, quieter by `logLevel`, and unable to write what acts on a terminal. */
@Injectable()
export class AuthentikLogger {
  private readonly logger = new Logger('Authentik');
  private readonly threshold: number;

  constructor(@Inject(AUTHENTIK_OPTIONS) options: Pick<ResolvedAuthentikOptions, 'logLevel'>) {
    this.threshold = authentikLogLevels.indexOf(options.logLevel);
  }

  /** Whether a line of this level would be written; for lines that cost something to put together. */
  writes(level: AuthentikLogLevel): boolean {
    return authentikLogLevels.indexOf(level) <= this.threshold;
  }

  error(line: string): void {
    this.write('error', line);
  }

  warn(line: string): void {
    this.write('warn', line);
  }

  log(line: string): void {
    this.write('log', line);
  }

  debug(line: string): void {
    this.write('debug', line);
  }

  private write(level: AuthentikLogLevel, line: string): void {
    if (this.writes(level)) this.logger[level](printable(line));
  }
}
