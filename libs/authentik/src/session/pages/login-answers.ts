import type { LoginFailure } from '../../errors/index.js';

/** What a person is told, and how it leaves. */
export interface LoginAnswer {
  readonly status: number;
  readonly title: string;
  readonly text: string;
  /** Whether another attempt makes sense. */
  readonly again: boolean;
  readonly retryAfterSeconds?: number;
}

const later = { again: true, retryAfterSeconds: 5 };

/** The one table from failure to words. Nothing that came with the request is in it. */
export const loginAnswers: Readonly<Record<LoginFailure, LoginAnswer>> = {
  login_expired: {
    status: 410,
    title: 'That took too long',
    text: 'The sign-in has expired. Nothing happened; sign in again.',
    again: true,
  },
  login_replayed: {
    status: 409,
    title: 'Already used',
    text: 'This sign-in was finished before, and works once. If you are not signed in, do it again.',
    again: true,
  },
  login_denied: {
    status: 403,
    title: 'Sign-in was denied',
    text: 'The sign-in was cancelled, or your account may not use this application. Ask whoever runs it for access.',
    again: true,
  },
  login_refused: {
    status: 403,
    title: 'You cannot come in',
    text: 'This application did not let your account in. Ask whoever runs it.',
    again: true,
  },
  login_required: {
    status: 401,
    title: 'Not signed in',
    text: 'You are not signed in, or your session has ended. Sign in.',
    again: true,
  },
  login_failed: {
    status: 502,
    title: 'Sign-in failed',
    text: 'The sign-in server refused this application. This is not your mistake: tell whoever runs it.',
    again: true,
  },
  wrong_state: {
    status: 400,
    title: 'Not a sign-in of ours',
    text: 'This address does not belong to a sign-in that was begun here. Sign in from the beginning.',
    again: true,
  },
  other_browser: {
    status: 403,
    title: 'Begun elsewhere',
    text: 'This sign-in was begun in another browser, or cookies are blocked. Sign in in this one, with cookies allowed.',
    again: true,
  },
  not_allowed: {
    status: 403,
    title: 'Not for your account',
    text: 'You are signed in at the sign-in server, but in none of the groups that this application is for. Ask whoever runs it for access.',
    again: true,
  },
  invalid_request: {
    status: 400,
    title: 'Not understood',
    text: 'The address is not complete, or has too much in it. Sign in from the beginning.',
    again: true,
  },
  invalid_return_to: {
    status: 400,
    title: 'Not an address of ours',
    text: 'The page to go to after the sign-in must be one of this site. Sign in from the beginning.',
    again: true,
  },
  invalid_response: {
    status: 502,
    title: 'Sign-in failed',
    text: 'The answer of the sign-in server cannot be trusted, so nobody was signed in. Tell whoever runs this application.',
    again: true,
  },
  too_many_requests: {
    status: 429,
    title: 'Too many attempts',
    text: 'Somebody at your address tried very often. Wait a minute and try again.',
    again: false,
  },
  authentik_unavailable: {
    status: 503,
    title: 'Sign-in is not possible now',
    text: 'The sign-in server cannot be reached. Try again in a moment.',
    ...later,
  },
  sessions_unavailable: {
    status: 503,
    title: 'Sign-in is not possible now',
    text: 'This application cannot remember anybody at the moment. Try again shortly.',
    ...later,
  },
};

export const isLoginFailure = (word: string): word is LoginFailure => Object.hasOwn(loginAnswers, word);
