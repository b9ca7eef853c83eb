import type { LoggerService } from '@nestjs/common';

/** What Nest's logger was given, line by line. */
export interface LogLines {
  /** `level message`. */
  readonly lines: string[];
  /** For the app that a test creates. Nest keeps one logger for the whole process: that of the newest app. */
  readonly logger: LoggerService;
}

/** @param context whose lines count, for example `Authentik`; default everybody's */
export function recordLog(context?: string): LogLines {
  const lines: string[] = [];
  const write =
    (level: string) =>
    (message: unknown, ...more: unknown[]) => {
      if (context === undefined || more.at(-1) === context) lines.push(`${level} ${String(message)}`);
    };
  const logger: LoggerService = {
    log: write('log'),
    error: write('error'),
    warn: write('warn'),
    debug: write('debug'),
    verbose: write('verbose'),
  };
  return { lines, logger };
}
