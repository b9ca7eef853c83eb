import { AuthentikTestingError } from '../embedded/errors.js';
import { personFor } from './person.js';
import { SignInBrowser, type Return } from './sign-in-browser.js';
import type { LoginOptions } from './login-options.js';

/** What is used of a response of supertest. */
interface AgentResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** What is used of a request of supertest: it is sent when it is awaited. */
interface AgentRequest extends PromiseLike<AgentResponse> {
  redirects(count: number): AgentRequest;
  type(contentType: string): AgentRequest;
  send(body: string): AgentRequest;
}

/** What is used of supertest's `agent()`. */
export interface LoginAgent {
  readonly jar: object;
  get(path: string): AgentRequest;
  post(path: string): AgentRequest;
}

/** The browser of an agent, and who signed in with it: they are asked nothing again. */
const browsers = new WeakMap<LoginAgent, { readonly username: string; readonly browser: SignInBrowser }>();

/** App, Authentik, app. */
export async function loginWithAgent(
  agent: LoginAgent,
  username: string,
  { path = '/auth/login', ...options }: LoginOptions,
): Promise<void> {
  const started = await agent.get(path).redirects(0);
  const location = started.headers['location'];
  if (started.status < 300 || started.status > 399 || location === undefined || !URL.canParse(location)) {
    throw new AuthentikTestingError(
      'ERR_AUTHENTIK_TESTING_SIGN_IN',
      `GET ${path} answered ${started.status} without a redirect to Authentik. Pass the \`path\` where the app's login begins.`,
    );
  }
  const authorizationUrl = new URL(location);
  const person = personFor(username, authorizationUrl, options);
  const last = browsers.get(agent);
  // Somebody else has a browser of their own; in the old one Authentik would let the first person through again.
  const browser = last?.username === username ? last.browser : new SignInBrowser();
  const back = await browser.authorize(authorizationUrl, person);
  browsers.set(agent, { username, browser });
  const { status } = await deliver(agent, back);
  if (status >= 400) {
    throw new AuthentikTestingError(
      'ERR_AUTHENTIK_TESTING_SIGN_IN',
      `Authentik signed '${username}' in, but the app's callback ${back.url.pathname} answered ${status}. Its log says why.`,
    );
  }
}

/** The agent speaks to one server only, so path and query are what counts. */
function deliver(agent: LoginAgent, { url, form }: Return): AgentRequest {
  const path = `${url.pathname}${url.search}`;
  return form === undefined
    ? agent.get(path).redirects(0)
    : agent.post(path).redirects(0).type('form').send(form.toString());
}
