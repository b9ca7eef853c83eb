import { createReadStream } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';

import { startTokenService } from '../common/in-process.mjs';

/** A process that keeps verified tokens, one token service for each way to keep them. */
export async function start({ port: _port, files, warmUp, keepClaims, ...options }) {
  const tokens = { keepClaims, cacheMaxEntries: 1_000_000 };
  const { tokens: service } = await startTokenService({ ...options, tokens });
  const verifyAll = async (file) => {
    for await (const line of createInterface({ input: createReadStream(file) })) await service.verifyToken(line);
  };
  await verifyAll(warmUp);
  return {
    async bytes() {
      const before = await used();
      for (const file of files) await verifyAll(file);
      return (await used()) - before;
    },
  };
}

async function used() {
  for (let turn = 0; turn < 5; turn += 1) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
