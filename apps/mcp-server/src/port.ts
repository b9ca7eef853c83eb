/** `PORT` is set to something that is no port. */
export class BadPortError extends Error {}

/**
 * The port to listen on: `PORT`, by default 3000.
 * @throws {BadPortError} not a number from 1 to 65535
 */
export function portFromEnv(environment: NodeJS.ProcessEnv = process.env): number {
  const text = environment['PORT']?.trim() ?? '';
  if (text === '') return 3000;
  const port = Number(text);
  if (!/^\d+$/u.test(text) || port < 1 || port > 65_535) {
    throw new BadPortError(`PORT is "${text}", which is no port. Set it to a number from 1 to 65535.`);
  }
  return port;
}
