import { clientAnswer, errorPageOf, errorRedirectOf } from '../../endpoints/authorization/answer.js';
import { AuthorizationPageError, AuthorizationRedirectError } from '../../endpoints/authorization/parameters.js';
import { words } from '../../pages/words.js';
import type { Stage } from '../stage.js';

/** The end of an authorization: the browser goes back to the client, with what it asked for. */
export const authorizationAnswer: Stage = {
  asks: () => false,
  show: async ({ exchange, session, plan }) => {
    const { parameters, application } = plan;
    if (parameters === undefined || session.user === undefined) return { kind: 'crash' };
    // Whatever comes now, the flow is over.
    delete session.plan;
    try {
      const answer = await clientAnswer(exchange, parameters, session, session.user);
      if (answer.kind === 'redirect') return { kind: 'leave', to: answer.to };
      return {
        kind: 'challenge',
        challenge: {
          component: 'ak-stage-autosubmit',
          url: answer.url,
          // What has no value is left out.
          attrs: Object.fromEntries([...answer.fields].filter(([, value]) => value !== '')),
          title: `${words(exchange.locale).redirectingTo(application?.name ?? '')}...`,
        },
      };
    } catch (error) {
      if (error instanceof AuthorizationRedirectError) {
        const to = errorRedirectOf(error);
        return to === undefined ? { kind: 'page', page: errorPageOf('Bad Request') } : { kind: 'leave', to };
      }
      if (error instanceof AuthorizationPageError) return { kind: 'crash' };
      throw error;
    }
  },
  submit: (run) => authorizationAnswer.show(run),
};
