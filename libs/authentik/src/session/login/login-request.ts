import type { IncomingMessage } from 'node:http';

import { LoginError } from '../../errors/index.js';
import { queryOf } from '../request-query.js';
import type { SessionPaths } from '../session-paths.js';
import { toReturnUrl } from './return-to.js';

const longestCharacters = 8 * 1024;
/** What an app may ask Authentik for. */
const prompts = new Set(['none', 'login', 'consent']);
/** A name or an address, for the first field of the sign-in page. */
const hint = /^[^\p{Cc}<>]{1,255}$/u;

/** What may stand in the query of the login route. */
export interface Wishes {
  /** A URL of our own. */
  readonly returnTo: string;
  readonly prompt?: string;
  readonly loginHint?: string;
}

const malformed = (why: string) => new LoginError('invalid_request', `The query of the login route ${why}.`);

/** @throws {LoginError} something in the query is not acceptable */
export function readLoginRequest(request: IncomingMessage, publicUrl: string, paths: SessionPaths): Wishes {
  const { url = '' } = request;
  if (url.length > longestCharacters) throw malformed(`has more than ${longestCharacters} characters`);
  const query = new URLSearchParams(queryOf(url));
  const one = (name: string): string | undefined => {
    const values = query.getAll(name);
    if (values.length > 1) throw malformed(`has more than one ${name}`);
    return values[0];
  };
  const returnTo = toReturnUrl(one('returnTo'), publicUrl);
  if (returnTo === undefined) {
    throw new LoginError(
      'invalid_return_to',
      'returnTo is not a path of this app: one "/" at its front, 2048 characters.',
    );
  }
  const prompt = one('prompt');
  if (prompt !== undefined && !prompts.has(prompt))
    throw malformed(`has a prompt that is not ${[...prompts].join(', ')}`);
  const loginHint = one('login_hint');
  if (loginHint !== undefined && !hint.test(loginHint)) throw malformed('has a login_hint that is no name');
  // Back to the login would be round and round.
  const isOurs = [paths.login, paths.callback].includes(new URL(returnTo).pathname);
  return {
    returnTo: isOurs ? `${publicUrl}/` : returnTo,
    ...(prompt !== undefined && { prompt }),
    ...(loginHint !== undefined && { loginHint }),
  };
}
