import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { McpController, McpStrategy, StreamableHttpTransport, Tool } from '@rekog/mcp-nest';

import { decorate } from './decorate.mjs';

/**
 * An MCP server of mcp-nest alone, open to everybody.
 * @param middleware what stands before it
 */
export async function start({ port }, ...middleware) {
  class BenchTools {
    time() {
      return { now: Date.now() };
    }
  }
  decorate(BenchTools, [McpController()], { time: [Tool({ name: 'time', description: 'The time on the server' })] });
  class BenchModule {}
  decorate(BenchModule, [Module({ controllers: [BenchTools] })]);

  const app = await NestFactory.create(BenchModule, { logger: ['error'] });
  for (const before of middleware) app.use(before);
  const transport = new StreamableHttpTransport({ endpoint: '/mcp' });
  const strategy = new McpStrategy({
    name: 'bench',
    version: '1.0.0',
    transports: [transport],
    httpAdapter: app.getHttpAdapter(),
    logging: { level: ['error'] },
  });
  app.connectMicroservice({ strategy }, { inheritAppConfig: true });
  await app.startAllMicroservices();
  await app.listen(port, '127.0.0.1');
}
