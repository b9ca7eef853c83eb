import { TokenGrantError } from '../errors/index.js';

/**
 * The usual slips of callers who give something else for a token. Says nothing of what it holds.
 * @returns a sentence for the operator, with a space before it; empty where there is none
 */
export function slipOf(token: unknown): string {
  if (typeof token !== 'string')
    return ` Expected was its text, and ${token === null ? 'null' : typeof token} was given.`;
  if (token === '') return ' Expected was its text, and an empty one was given.';
  return /^bearer\s/iu.test(token) ? ' Expected was the token alone, without "Bearer" before it.' : '';
}

/**
 * For what is sent to Authentik, which would say of such a token that it is used up, or forget it without a word.
 * @param method that was called
 * @throws {TokenGrantError} `invalid_request`
 */
export function checkForm(method: string, token: unknown): void {
  const slip = slipOf(token);
  if (slip !== '') throw notSent(method, `What it was given is no token.${slip}`);
}

/** @param problem what is wrong with the arguments, and what was expected */
export const notSent = (method: string, problem: string): TokenGrantError =>
  new TokenGrantError('invalid_request', `${method}() sent nothing to Authentik. ${problem}`);
