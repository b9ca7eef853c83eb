/**
 * Does something while another thread does what was begun before, such as checking a signature. First the promises that
 * are due have their turn, for what was begun may need a few of them until it leaves this thread.
 * @param work may be done in vain; what it throws comes out of the returned function only
 * @returns gives what `work` gave, and does it then where it has not been done; it is done once
 */
export function meanwhile<T>(work: () => T): () => T {
  let outcome: { readonly result: T } | { readonly error: unknown } | undefined;
  const run = () => {
    try {
      return { result: work() };
    } catch (error) {
      return { error };
    }
  };
  void afterPromises(() => {
    outcome ??= run();
  });
  return () => {
    outcome ??= run();
    if ('error' in outcome) throw outcome.error;
    return outcome.result;
  };
}

async function afterPromises(run: () => void): Promise<void> {
  // Node runs its ticks after the promises only for what a promise has asked for.
  await Promise.resolve();
  process.nextTick(run);
}
