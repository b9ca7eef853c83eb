/** A request with a token or without. */
export const requestOf = (request, token) => ({
  ...request,
  headers: { ...request.headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
});

export const get = (path) => ({ method: 'GET', path });

/**
 * Both paths of a route of the server `nest`. Express tries one route after the other, and each that it passes costs
 * microseconds, as guards do: so every route stands twice, once as far from the beginning as the other time from the end.
 */
export const pathsOf = (name) => [`/${name}`, `/${name}Mirrored`];

/**
 * Checks a target before it is measured: a route that should be guarded and is not would win every race, and an MCP
 * call that is refused is HTTP 200 too.
 */
export async function check(target, token) {
  const { name, server, request, needsToken, expected = '' } = target;
  const response = await fetch(server.origin + request.path, requestOf(request, token));
  const text = await response.text();
  if (response.status !== 200 || !text.includes(expected)) {
    throw new Error(`${name} answers ${response.status}: ${text}`);
  }
  const bare = await fetch(server.origin + request.path, requestOf(request));
  await bare.body?.cancel();
  if (bare.ok === needsToken) throw new Error(`${name} without a token answers ${bare.status}.`);
}
