import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

import type { AuthentikUser } from '../protocol/user.js';
import { guardedRequest } from '../rules/guarded-request.js';
import { authenticatedUser } from '../rules/request-authentication.js';

/**
 * The user, or one field of it: `@CurrentUser() user: AuthentikUser`, `@CurrentUser('groups') groups: string[]`.
 * `undefined` on a public handler. On HTTP handlers and MCP handlers alike.
 */
export const CurrentUser = createParamDecorator<keyof AuthentikUser | undefined>(
  (field: keyof AuthentikUser | undefined, context: ExecutionContext) => {
    const user = authenticatedUser(guardedRequest(context).request);
    return field === undefined ? user : user?.[field];
  },
);
