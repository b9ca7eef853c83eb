import { hash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import { AUTHENTIK_STORE } from '../../authentik.constants.js';
import { LoginError } from '../../errors/index.js';
import type { KeyValueStore } from '../../stores/key-value-store.js';

/** How long somebody may take to sign in. */
export const pendingLoginSeconds = 600;

/**
 * So many sign-ins can be pending, and no more: anybody may begin one. Who begins one when all places are taken, takes
 * the place of somebody else at random.
 */
const places = 20_000;
/** So many are looked at for a free one. */
const attempts = 8;

/** What is remembered of a sign-in while the person is at Authentik. */
export interface PendingLogin {
  readonly nonce: string;
  readonly codeVerifier: string;
  /** A URL of our own. */
  readonly returnTo: string;
}

interface Kept extends PendingLogin {
  readonly state: string;
  readonly browser: string;
}

const digest = (value: string) => hash('sha256', value, 'base64url');
const isSame = (kept: string, shown: string) => timingSafeEqual(Buffer.from(kept), Buffer.from(digest(shown)));
const now = () => Math.floor(Date.now() / 1000);
const keyOf = (place: string) => `login:${place}`;

/** Sign-ins that have begun: each is of one browser, and can be finished once. */
@Injectable()
export class PendingLogins {
  constructor(@Inject(AUTHENTIK_STORE) private readonly values: KeyValueStore) {}

  /**
   * Begins one.
   * @param browser what the browser's cookie says
   * @returns the `state` for the authorization request
   * @throws {AuthentikUnavailableError} the store is away
   */
  async add(login: PendingLogin, browser: string): Promise<string> {
    let state = '';
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const place = randomInt(places).toString(36);
      state = `${place}.${now().toString(36)}.${randomBytes(24).toString('base64url')}`;
      const kept: Kept = { ...login, state: digest(state), browser: digest(browser) };
      const value = JSON.stringify(kept);
      if (await this.values.compareAndSet(keyOf(place), undefined, value, pendingLoginSeconds)) break;
      if (attempt === attempts) await this.values.set(keyOf(place), value, pendingLoginSeconds);
    }
    return state;
  }

  /**
   * Takes one for the last time. A wrong `state`, or the right one from another browser, leaves it alone.
   * @throws {LoginError} there is none that is of this browser
   * @throws {AuthentikUnavailableError} the store is away
   */
  async take(state: string, browser: string | undefined): Promise<PendingLogin> {
    const [, place, begun] = /^([\da-z]{1,4})\.([\da-z]{1,9})\.[\w-]{32}$/u.exec(state) ?? [];
    if (place === undefined || begun === undefined) throw no('wrong_state', 'The state is none of ours.');
    const value = await this.values.get(keyOf(place));
    const kept = value === undefined ? undefined : (JSON.parse(value) as Kept);
    if (value === undefined || kept === undefined || !isSame(kept.state, state)) throw unknown(begun);
    if (browser === undefined || !isSame(kept.browser, browser)) {
      throw no('other_browser', 'The sign-in was begun in another browser, or its cookie is gone.');
    }
    // Of two who finish at once, one takes it.
    if ((await this.values.take(keyOf(place))) !== value) throw unknown(begun);
    return kept;
  }
}

const no = (reason: LoginError['reason'], message: string) => new LoginError(reason, message);

/** What the state says of its age is not proved, and decides no more than the words. */
function unknown(begun: string): LoginError {
  const age = now() - Number.parseInt(begun, 36);
  if (!(age >= 0)) return no('wrong_state', 'The state is none of ours.');
  return age >= pendingLoginSeconds
    ? no('login_expired', `The sign-in took longer than ${pendingLoginSeconds} seconds.`)
    : no('login_replayed', 'The sign-in was finished already, or was never begun here.');
}
