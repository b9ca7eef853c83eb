import { classifyInboundRequest } from '@modelcontextprotocol/server';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { obviousEra } from './protocol-era.js';

const versions = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28', '2027-01-01', '', 'x', '1'];
const protocolVersion = fc.option(fc.constantFrom(...versions), { nil: undefined });

const meta = fc.record(
  {
    'io.modelcontextprotocol/protocolVersion': fc.constantFrom<unknown>('2026-07-28', '2025-11-25', 1, null),
    'io.modelcontextprotocol/clientCapabilities': fc.constantFrom<unknown>({}, 1),
    'io.modelcontextprotocol/clientInfo': fc.constant({ name: 'c', version: '1' }),
    progressToken: fc.constantFrom<unknown>(1, 'a', {}),
  },
  { requiredKeys: [] },
);
const params = fc.oneof(
  fc.record({ name: fc.string(), arguments: fc.object(), _meta: fc.oneof(meta, fc.jsonValue()) }, { requiredKeys: [] }),
  fc.jsonValue(),
);
const nearlyMessage = fc.record(
  {
    jsonrpc: fc.constantFrom<unknown>('2.0', '2.0', '2.0', '1.0', 2),
    id: fc.oneof(fc.integer(), fc.string(), fc.constantFrom<unknown>(null, 1.5, 2 ** 60, {}, true)),
    method: fc.constantFrom<unknown>('tools/call', 'initialize', 'ping', '', 1, null),
    params,
    result: fc.jsonValue(),
    error: fc.constantFrom<unknown>({ code: 1, message: '' }, {}),
    extra: fc.constant(1),
  },
  { requiredKeys: [] },
);
const body = fc.oneof({ weight: 20, arbitrary: nearlyMessage }, { weight: 1, arbitrary: fc.jsonValue() });

describe('the era of a message', () => {
  it('is never another one than the SDK finds', () => {
    let known = 0;
    fc.assert(
      fc.property(body, protocolVersion, (message, version) => {
        const era = obviousEra({ body: message, protocolVersion: version });
        if (era === undefined) return;
        known += 1;
        const { kind } = classifyInboundRequest({
          httpMethod: 'POST',
          body: message,
          ...(version !== undefined && { protocolVersionHeader: version }),
        });
        expect(kind === 'legacy' ? 'legacy' : 'modern').toBe(era);
      }),
      { numRuns: 20_000 },
    );
    expect(known).toBeGreaterThan(1_000);
  });

  it.each([
    [undefined, 'legacy'],
    ['2025-11-25', 'legacy'],
    ['2026-07-28', 'modern'],
  ])('is plain for a call of today with the header %s', (version, era) => {
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'time', arguments: {} } };
    expect(obviousEra({ body: call, protocolVersion: version })).toBe(era);
  });
});
