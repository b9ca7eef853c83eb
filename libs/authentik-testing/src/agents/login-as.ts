import { AuthentikTestingError } from '../embedded/errors.js';
import type { LoginOptions } from './login-options.js';
import { loginWithAgent, type LoginAgent } from './login-with-agent.js';
import { loginWithPage, type LoginPage } from './login-with-page.js';

/**
 * Signs somebody in as they would themselves: through the app's login, Authentik's pages, and the app's callback. What the
 * agent or the page does next, it does signed in.
 *
 *     const agent = request.agent(app.getHttpServer());
 *     await loginAs(agent, 'alice');
 *     await agent.get('/auth/me').expect(200);
 *
 * An agent is signed in at Authentik, too: the next login of the same person asks for nothing. A page is asked each time.
 * @param target a `request.agent()` of supertest, or a `Page` of Playwright
 * @throws {AuthentikTestingError} the login does not lead to an embedded Authentik, Authentik lets nobody through, or the
 * app's callback fails
 * @throws {UnknownNameError} no such user
 */
export async function loginAs(
  target: LoginAgent | LoginPage,
  username: string,
  options: LoginOptions = {},
): Promise<void> {
  if ('goto' in target) return loginWithPage(target, username, options);
  if ('jar' in target) return loginWithAgent(target, username, options);
  throw new AuthentikTestingError(
    'ERR_AUTHENTIK_TESTING_CONFIG',
    '`loginAs` takes `request.agent(app.getHttpServer())`, which keeps cookies, or a Playwright page.',
  );
}
