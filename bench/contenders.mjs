const get = (path) => ({ method: 'GET', path });
const call = {
  method: 'POST',
  path: '/mcp',
  headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'time', arguments: {} } }),
};

/**
 * What is measured against what; the first route of a group is what the others are compared with. `needsToken` and
 * `expected` are checked before the measurement: a route that should be guarded and is not would win every race, and
 * an MCP call that is refused is HTTP 200 too.
 */
export const groups = [
  {
    title: 'A route of Nest',
    routes: [
      { name: 'no guard', server: 'nest', request: get('/open'), needsToken: false },
      { name: 'a guard that does nothing', server: 'nest', request: get('/nothing'), needsToken: false },
      { name: '`@AllowedGroups`', server: 'nest', request: get('/groups'), needsToken: true },
      { name: 'by hand: guard with `jose`', server: 'nest', request: get('/jose'), needsToken: true },
      {
        name: 'by hand: Passport bearer strategy with `jose`',
        server: 'nest',
        request: get('/passport'),
        needsToken: true,
      },
    ],
  },
  {
    title: 'A route of Express',
    routes: [
      { name: 'no check', server: 'express', request: get('/open'), needsToken: false },
      { name: 'by hand: middleware with `jose`', server: 'express', request: get('/jose'), needsToken: true },
    ],
  },
  {
    title: 'MCP `tools/call`',
    routes: [
      { name: '`@rekog/mcp-nest` alone', server: 'mcp-alone', request: call, needsToken: false, expected: 'now' },
      {
        name: '`connectMcp()` and `@AllowedGroups`',
        server: 'mcp-guarded',
        request: call,
        needsToken: true,
        expected: 'now',
      },
      {
        name: 'by hand: middleware with `jose`',
        server: 'mcp-by-hand',
        request: call,
        needsToken: true,
        expected: 'now',
      },
    ],
  },
];
