import { AuthentikConfigError } from 'nestjs-authentik';

import { BadPortError } from './port.js';

/** What to tell the person who starts the sample; `undefined` for a failure that only a developer can mend. */
export function startFailure(error: unknown): string | undefined {
  if (error instanceof AuthentikConfigError || error instanceof BadPortError) return error.message;
  const { code, port } = error as Partial<NodeJS.ErrnoException & { port: number }>;
  if (code === 'EADDRINUSE') {
    return `Port ${port} is taken, so the sample cannot listen there. Stop the program that has it, or set PORT to a free one.`;
  }
  if (code === 'EACCES' && port !== undefined) {
    return `Port ${port} is not for ordinary users, so the sample cannot listen there. Set PORT to one above 1023.`;
  }
  return undefined;
}
