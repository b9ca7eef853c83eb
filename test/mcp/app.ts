import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  type INestApplication,
  type ModuleMetadata,
  UseFilters,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type McpContext, McpController, Prompt, Resource, ResourceTemplate, Tool } from '@rekog/mcp-nest';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  AllowedGroups,
  AuthentikModule,
  type AuthentikOptions,
  type AuthentikUser,
  CurrentUser,
  Public,
} from 'nestjs-authentik';
import { connectMcp, currentUser, type McpCapabilities, type McpOptions } from 'nestjs-authentik/mcp';
import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';
import { of } from 'rxjs';
import { z } from 'zod';

import { freePort } from '../harness/free-port.js';
import { firstContact } from '../harness/first-contact.js';

/** What ran; a handler that must not run is asserted by its absence here. */
export const ran: string[] = [];

const text = (value: unknown) => ({ content: [{ type: 'text' as const, text: JSON.stringify(value) }] });
const resource = (uri: string) => ({ contents: [{ uri, text: 'classified' }] });

/** A filter of an app that turns every exception into an answer of its own. */
@Catch()
class TalkativeFilter implements ExceptionFilter<Error> {
  catch(error: Error, host: ArgumentsHost): unknown {
    return host.getType() === 'rpc' ? of(text(`caught: ${error.message}`)) : undefined;
  }
}

@McpController()
export class OpenTools {
  @Tool({
    name: 'anyone',
    description: 'For any signed-in user',
    parameters: z.object({ note: z.string().optional() }),
  })
  anyone(@Payload() parameters: { note?: string }, @Ctx() context: McpContext, @CurrentUser() user: AuthentikUser) {
    ran.push('anyone');
    return text({ decorated: user.username, fromContext: currentUser(context)?.username, ...parameters });
  }

  @Tool({ name: 'team-report', description: 'For engineering' })
  @AllowedGroups('engineering')
  teamReport(@CurrentUser('groups') groups: string[]) {
    ran.push('team-report');
    return text({ groups });
  }

  @Tool({ name: 'filtered', description: 'For admins, behind a filter that talks' })
  @AllowedGroups('authentik Admins')
  @UseFilters(TalkativeFilter)
  filtered() {
    ran.push('filtered');
    return text('done');
  }

  @Resource({ uri: 'notes://engineering', name: 'notes' })
  @AllowedGroups('engineering')
  notes() {
    ran.push('notes');
    return resource('notes://engineering');
  }

  @Resource({ uri: 'vault://admins', name: 'vault' })
  @AllowedGroups('authentik Admins')
  @UseFilters(TalkativeFilter)
  vault() {
    ran.push('vault');
    return resource('vault://admins');
  }

  @ResourceTemplate({ uriTemplate: 'person://people/{id}', name: 'person' })
  @AllowedGroups('authentik Admins')
  person() {
    ran.push('person');
    return resource('person://people/1');
  }

  @Prompt({ name: 'retrospective', description: 'For engineering' })
  @AllowedGroups('engineering')
  retrospective() {
    ran.push('retrospective');
    return { messages: [{ role: 'user' as const, content: { type: 'text' as const, text: 'Look back.' } }] };
  }
}

/** The rule stands at the class; one handler lifts it, one replaces it. */
@McpController()
@AllowedGroups('authentik Admins')
export class AdminTools {
  @Tool({ name: 'purge-records', description: 'For admins' })
  purgeRecords() {
    ran.push('purge-records');
    return text('purged');
  }

  @Tool({ name: 'lifted', description: 'For any token of the endpoint' })
  @Public()
  lifted() {
    ran.push('lifted');
    return text('lifted');
  }

  @Tool({ name: 'replaced', description: 'For engineering instead' })
  @AllowedGroups('engineering')
  replaced() {
    ran.push('replaced');
    return text('replaced');
  }
}

export interface StartedApp {
  readonly app: INestApplication;
  /** URL of the MCP endpoint. */
  readonly url: string;
  readonly origin: string;
  readonly capabilities: McpCapabilities;
}

export interface AppShape {
  readonly mcp?: Partial<McpOptions>;
  readonly providers?: ModuleMetadata['providers'];
  readonly controllers?: ModuleMetadata['controllers'];
  readonly globalGuards?: boolean;
  readonly options?: Partial<AuthentikOptions>;
  /** Without the tools above. */
  readonly bare?: boolean;
  /** Before the start. */
  readonly configureMcp?: (capabilities: McpCapabilities) => void;
  /** Between creation and start, where an app has its say. */
  readonly configure?: (app: INestApplication) => void | Promise<void>;
}

/** Starts the app on a free port, in front of an Authentik that may be down. */
export async function startMcpApp(
  authentik: Pick<EmbeddedAuthentik, 'url'>,
  shape: AppShape = {},
): Promise<StartedApp> {
  const origin = `http://localhost:${await freePort()}`;
  const testing = await Test.createTestingModule({
    imports: [
      AuthentikModule.forRoot({
        url: authentik.url,
        applicationSlug: 'mcp-server',
        clientId: 'mcp-server',
        publicUrl: origin,
        globalGuards: shape.globalGuards ?? false,
        ...shape.options,
      }),
    ],
    controllers: [...(shape.bare === true ? [] : [OpenTools, AdminTools]), ...(shape.controllers ?? [])],
    providers: shape.providers ?? [],
  }).compile();
  const app = testing.createNestApplication({ logger: ['error', 'fatal'] });
  const capabilities = await connectMcp(app, { name: 'reports', version: '1.0.0', ...shape.mcp });
  shape.configureMcp?.(capabilities);
  await shape.configure?.(app);
  await app.listen(Number(new URL(origin).port));
  await firstContact(app);
  return { app, capabilities, origin, url: `${origin}${shape.mcp?.path ?? '/mcp'}` };
}
