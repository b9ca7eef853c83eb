import { errorPage } from '../../pages/error.page.js';
import { sessionEndPage } from '../../pages/sign-out.page.js';
import type { Habits } from '../../versions.js';
import { notFound, type Endpoint } from '../../wire/endpoint.js';
import { urlencode } from '../../wire/encoding.js';
import type { Exchange } from '../../wire/exchange.js';
import { descriptionOf, OAuthRefusal } from '../../wire/oauth-errors.js';
import { applicationOf } from '../discovery.js';
import { redirectToSignIn } from '../authorization/redirect-to-sign-in.js';
import { postLogoutRedirect } from './post-logout.js';
import { INVALIDATION_FLOW } from './way-out.js';

/** RP-initiated logout, one address an application; what it does differs much from version to version. */
export function endSession(habits: Habits): Endpoint {
  return {
    name: 'end-session',
    path: '/application/o/:slug/end-session/',
    csrfExempt: true,
    GET: habits.endSessionRunsFlow ? answer : showPage,
    ...(habits.endSessionByPost && { POST: answer }),
  };
}

/** Up to 2024.8 a page on which the person decides; no parameter counts. */
export const sessionEnd: Endpoint = {
  name: 'end-session',
  path: '/if/session-end/:slug/',
  GET: (exchange) => {
    const application = applicationOf(exchange);
    if (application === undefined) return notFound.GET?.(exchange);
    exchange.html(200, sessionEndPage(application));
  },
};

function showPage(exchange: Exchange): void | Promise<void> {
  const application = applicationOf(exchange);
  if (application?.provider === undefined) return notFound.GET?.(exchange);
  exchange.redirect(`/if/session-end/${application.slug}/`);
}

async function answer(exchange: Exchange): Promise<void> {
  const { habits, session } = exchange;
  if (habits.endSessionTrap && (session?.wayOut ?? session?.plan) !== undefined) {
    // The browser is in the middle of a flow: nothing is done, and nothing said, for unknown applications too.
    exchange.response.status(200).setHeader('Content-Type', 'text/html');
    exchange.response.end();
    return;
  }
  const provider = applicationOf(exchange)?.provider;
  if (provider === undefined) return notFound.GET?.(exchange);
  if (session?.user === undefined) {
    redirectToSignIn(exchange);
    return;
  }
  const parameters = new Map([...exchange.query, ...exchange.form]);
  try {
    const redirectTo = await postLogoutRedirect(exchange, provider, parameters);
    const flow = provider.invalidationFlow;
    session.wayOut = {
      flow,
      stages: flow === INVALIDATION_FLOW ? ['user-logout', 'session-end'] : ['session-end'],
      provider,
      ...(redirectTo !== undefined && { redirectTo }),
    };
    exchange.setSessionCookie(session);
    exchange.redirect(`/if/flow/${flow}/${parameters.size === 0 ? '' : `?${urlencode(parameters)}`}`);
  } catch (error) {
    if (!(error instanceof OAuthRefusal)) throw error;
    exchange.html(400, errorPage({ heading: 'Bad Request', text: descriptionOf(error.error) }));
  }
}
