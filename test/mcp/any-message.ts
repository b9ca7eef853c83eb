import * as fc from 'fast-check';

/** As JSON, so that a `__proto__` in it is a member like any other. */
type Json = string;
export const json = (value: unknown): Json => JSON.stringify(value) ?? 'null';
const object = (members: readonly (readonly [string, Json])[]): Json =>
  `{${members.map(([name, value]) => `${json(name)}:${value}`).join(',')}}`;

const anyJson = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc.constantFrom('1e999', '-0', '123456789012345678901234567890', '"\\ud800"', '{"__proto__":{"name":"for-admins"}}'),
);
const hostileName = fc.oneof(
  fc.constantFrom('for-all', 'for-admins', 'for-writers', '__proto__', 'constructor', 'toString', 'hasOwnProperty'),
  fc.constantFrom('FOR-ADMINS', 'for-admins ', 'for-admins\u0000', 'for-admins\u202e', ' for-admins', ''),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.integer({ min: 1, max: 60_000 }).map((length) => 'x'.repeat(length)),
);
const hostileUri = fc.oneof(
  fc.constantFrom(
    'safe://strongroom',
    'cabinet://drawers/1/1',
    'other://strongroom',
    'safe://strongroom?x=%E0',
    'SAFE://STRONGROOM',
  ),
  fc.constantFrom(
    'cabinet://drawers/%2e%2e/1',
    'cabinet://drawers//',
    '://',
    'strongroom',
    'safe://safe://strongroom',
    'x://',
  ),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.tuple(fc.string(), fc.string()).map(([drawer, folder]) => `cabinet://drawers/${drawer}/${folder}`),
  fc.string({ unit: 'binary' }),
);
const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('tools/call', 'tools/list', 'prompts/get', 'resources/read') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'initialize',
      'ping',
      'server/discover',
      'prompts/list',
      'resources/list',
      'resources/templates/list',
      'completion/complete',
      'logging/setLevel',
      'resources/subscribe',
      'subscriptions/listen',
      'notifications/initialized',
      'notifications/cancelled',
      'tasks/get',
    ),
  },
  { weight: 1, arbitrary: hostileName },
);
const envelope = json({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
});
const metadata = fc.oneof(
  { weight: 2, arbitrary: fc.constant('{"progressToken":1}') },
  { weight: 1, arbitrary: fc.constant(envelope) },
  { weight: 1, arbitrary: anyJson },
);
const mostly = (usual: fc.Arbitrary<Json>) =>
  fc.oneof({ weight: 19, arbitrary: usual }, { weight: 1, arbitrary: anyJson });

/** Each member may be missing, right, hostile or anything; one more may come, or come twice. */
const members = (known: Record<string, fc.Arbitrary<Json>>) => {
  const one = Object.entries(known).map(([name, value]) => value.map((text) => [[name, text] as const]));
  const none = fc.constant([]);
  const stray = fc
    .tuple(fc.constantFrom('__proto__', 'constructor', 'name', 'user', 'x'), anyJson)
    .map((member) => [member]);
  return fc
    .tuple(
      ...one.map((member) => fc.oneof({ weight: 19, arbitrary: member }, { weight: 1, arbitrary: none })),
      fc.oneof({ weight: 4, arbitrary: none }, { weight: 1, arbitrary: stray }),
    )
    .map((all) => object(all.flat()));
};
const nearlyValid = members({
  jsonrpc: mostly(fc.constant('"2.0"')),
  id: mostly(fc.oneof(fc.constant('7'), fc.string().map(json))),
  method: mostly(method.map(json)),
  params: mostly(
    members({
      name: mostly(hostileName.map(json)),
      uri: mostly(hostileUri.map(json)),
      arguments: mostly(fc.constant('{}')),
      _meta: metadata,
      notifications: fc.constant('{"toolsListChanged":true}'),
    }),
  ),
});
export const body = fc.oneof(
  { weight: 6, arbitrary: nearlyValid },
  { weight: 2, arbitrary: fc.array(nearlyValid, { maxLength: 3 }).map((all) => `[${all.join(',')}]`) },
  { weight: 1, arbitrary: anyJson },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);

export const usualHeaders = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
const oddHeaders = fc
  .record(
    {
      accept: fc.constantFrom('application/json', '*/*', 'text/html'),
      'content-type': fc.constantFrom('application/json; charset=utf-16', 'text/plain', 'x'),
      'mcp-protocol-version': fc.constantFrom('2026-07-28', '2025-11-25', '1999-01-01', 'x'),
      'mcp-method': fc.constantFrom('tools/call', 'tools/list', 'x'),
      'mcp-name': fc.constantFrom('for-all', 'for-admins', 'x'),
      'last-event-id': fc.constantFrom('x', '_GET_stream'),
    },
    { requiredKeys: [] },
  )
  .map((chosen) => ({ ...usualHeaders, ...chosen }));

export interface Attempt {
  /** Whose session it is sent in; a name that nobody has is an id that nobody has. */
  readonly session?: string | undefined;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Whether a value goes into a header as it is, and not over the limit that Node has for all of them. */
const fitsHeader = (value: string) => /^[\x21-\x7e]{1,1000}$/u.test(value);

/** Of the stateless era, which wants its headers to agree with its body: nothing would get far otherwise. */
const modern: fc.Arbitrary<Attempt> = fc
  .record({
    verb: method,
    name: hostileName,
    uri: hostileUri,
    id: mostly(fc.constant('7')),
    meta: mostly(fc.constant(envelope)),
  })
  .map(({ verb, name, uri, id, meta }) => {
    const target = verb === 'resources/read' ? uri : name;
    return {
      headers: {
        ...usualHeaders,
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': fitsHeader(verb) ? verb : 'x',
        ...(fitsHeader(target) && { 'mcp-name': target }),
      },
      body: object([
        ['jsonrpc', '"2.0"'],
        ['id', id],
        ['method', json(verb)],
        [
          'params',
          object([
            ['name', json(name)],
            ['uri', json(uri)],
            ['arguments', '{}'],
            ['_meta', meta],
          ]),
        ],
      ]),
    };
  });

const session = fc.constantFrom('root', 'root', 'root', 'bob', 'alice', 'x', undefined);
export const attempts: fc.Arbitrary<Attempt> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ session, headers: fc.constant(usualHeaders), body }) },
  { weight: 2, arbitrary: modern },
  { weight: 1, arbitrary: fc.record({ session, headers: oddHeaders, body }) },
);
