import { Payload } from '@nestjs/microservices';
import { McpController, Prompt, Resource, Tool } from '@rekog/mcp-nest';
import { AllowedGroups, type AuthentikUser, CurrentUser } from 'nestjs-authentik';
import { z } from 'zod';

import { RecordsService } from './records.service.js';

const reportParameters = z.object({ week: z.number().int().min(1).max(53).describe('ISO week of the year') });

/** What MCP clients find at `/mcp`. Who may not use something does not see it either. */
@McpController()
export class SampleTools {
  constructor(private readonly records: RecordsService) {}

  @Tool({ name: 'server-time', description: 'The time on the server', annotations: { readOnlyHint: true } })
  serverTime() {
    return { now: new Date().toISOString() };
  }

  @Tool({ name: 'whoami', description: 'Who you are to this server', annotations: { readOnlyHint: true } })
  whoami(@CurrentUser() { username, name, email, groups }: AuthentikUser) {
    return { username, name, email, groups };
  }

  @Tool({
    name: 'team-report',
    description: 'What engineering did in a week',
    parameters: reportParameters,
    annotations: { readOnlyHint: true },
  })
  @AllowedGroups('engineering')
  teamReport(@Payload() { week }: z.infer<typeof reportParameters>, @CurrentUser('name') name: string) {
    return { week, for: name, features: 3, fixes: 2, outages: 0 };
  }

  @Tool({
    name: 'purge-records',
    description: 'Deletes all records',
    annotations: { destructiveHint: true, idempotentHint: true },
  })
  @AllowedGroups('authentik Admins')
  purgeRecords() {
    return { deleted: this.records.purge() };
  }

  @Resource({ uri: 'sample://handbook', name: 'handbook', mimeType: 'text/markdown' })
  @AllowedGroups('engineering')
  handbook() {
    const handbook = '# Handbook\n\nShip on Tuesdays, never on Fridays.\n';
    return { contents: [{ uri: 'sample://handbook', mimeType: 'text/markdown', text: handbook }] };
  }

  @Prompt({ name: 'audit', description: 'Looks the records over before a purge' })
  @AllowedGroups('authentik Admins')
  audit() {
    const request = `There are ${this.records.count} records. Which of them must be kept by law?`;
    return { messages: [{ role: 'user' as const, content: { type: 'text' as const, text: request } }] };
  }
}
