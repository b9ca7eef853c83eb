/**
 * How often a request sends a header. Node keeps the first of several for those that may come once; which one is meant is
 * not for us to guess.
 * @param request as Node has it; one that does not tell what was sent, has sent nothing
 * @param name in lower case
 */
export function timesSent(request: object, name: string): number {
  // Express gives each request a hidden class of its own, for which V8 has no place of a property at hand: to ask for one by its
  // name costs twice as much then.
  const rawHeaders = (Reflect.get(request, 'rawHeaders') ?? []) as readonly string[];
  let sent = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const given = rawHeaders[index];
    // Mostly it is written as here, and to make another text of each costs more than to compare it.
    if (given?.length === name.length && (given === name || given.toLowerCase() === name)) sent += 1;
  }
  return sent;
}
