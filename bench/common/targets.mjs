/** The request of a target, with a token or without. */
export const requestOf = ({ request }, token) => ({
  ...request,
  headers: { ...request.headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
});

export const get = (path) => ({ method: 'GET', path });

/**
 * Checks a target before it is measured: a route that should be guarded and is not would win every race, and an MCP
 * call that is refused is HTTP 200 too.
 */
export async function check(target, token) {
  const { name, server, request, needsToken, expected = '' } = target;
  const response = await fetch(server.origin + request.path, requestOf(target, token));
  const text = await response.text();
  if (response.status !== 200 || !text.includes(expected)) {
    throw new Error(`${name} answers ${response.status}: ${text}`);
  }
  const bare = await fetch(server.origin + request.path, requestOf(target));
  await bare.body?.cancel();
  if (bare.ok === needsToken) throw new Error(`${name} without a token answers ${bare.status}.`);
}
