/**
 * How often a request sends a header. Node keeps the first of several for those that may come once; which one is meant is
 * not for us to guess.
 * @param name in lower case
 * @param rawHeaders names and values in turn, as `IncomingMessage` has them
 */
export function timesSent(name: string, rawHeaders: readonly string[] = []): number {
  let sent = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const given = rawHeaders[index];
    if (given?.length === name.length && given.toLowerCase() === name) sent += 1;
  }
  return sent;
}
