import { performance } from 'node:perf_hooks';

/**
 * Measures in the server how long each request takes, from its event to the end of its answer.
 * @returns the question `times`: path to the times since it was last asked, in microseconds
 */
export function timeRequests(server) {
  let times = {};
  let isMeasuring = false;
  server.prependListener('request', ({ url }, response) => {
    if (!isMeasuring) return;
    const before = performance.now();
    response.once('finish', () => {
      (times[url] ??= []).push((performance.now() - before) * 1000);
    });
  });
  return {
    times() {
      const answer = times;
      times = {};
      isMeasuring = true;
      return answer;
    },
  };
}
