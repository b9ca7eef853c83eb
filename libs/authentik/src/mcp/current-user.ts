import type { McpContext } from '@rekog/mcp-nest';

import type { AuthentikUser } from '../protocol/user.js';
import { authenticatedUser } from '../rules/request-authentication.js';

/**
 * The user of an MCP message, where there is no parameter to decorate with `@CurrentUser()`.
 * @param context what mcp-nest gives a handler as `@Ctx()`
 * @returns `undefined` when the message did not come through an endpoint of `connectMcp()`
 */
export function currentUser(context: McpContext): AuthentikUser | undefined {
  const request = context.getRawRequest();
  return typeof request === 'object' && request !== null ? authenticatedUser(request) : undefined;
}
