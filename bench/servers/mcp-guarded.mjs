import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { McpController, Tool } from '@rekog/mcp-nest';
import { AllowedGroups, AuthentikModule } from 'nestjs-authentik';
import { connectMcp } from 'nestjs-authentik/mcp';

import { benchGroup } from '../common/bench-group.mjs';
import { decorate } from './decorate.mjs';

/** The same MCP server behind Authentik. */
export async function start({ port, ...options }) {
  class BenchTools {
    time() {
      return { now: Date.now() };
    }
  }
  const tool = Tool({ name: 'time', description: 'The time on the server' });
  decorate(BenchTools, [McpController()], { time: [tool, AllowedGroups(benchGroup)] });
  class BenchModule {}
  const authentik = AuthentikModule.forRoot({ ...options, publicUrl: `http://127.0.0.1:${port}`, logLevel: 'error' });
  decorate(BenchModule, [Module({ imports: [authentik], controllers: [BenchTools] })]);

  const app = await NestFactory.create(BenchModule, { logger: ['error'] });
  await connectMcp(app, { name: 'bench', version: '1.0.0' });
  await app.listen(port, '127.0.0.1');
}
