import type { Stage } from '../stage.js';

/** Second factors: nobody has one, so nobody is asked. */
export const mfaValidation: Stage = {
  asks: () => false,
  show: () => ({ kind: 'next' }),
  submit: () => ({ kind: 'next' }),
};

/** Signs in whom the flow has found. The session gets another key. */
export const userLogin: Stage = {
  asks: () => false,
  show: ({ exchange, session, plan }) => {
    if (plan.pendingUser === undefined) return { kind: 'denied' };
    exchange.setSessionCookie(exchange.world.issued.signIn(session, plan.pendingUser));
    return { kind: 'next' };
  },
  submit: (run) => userLogin.show(run),
};
