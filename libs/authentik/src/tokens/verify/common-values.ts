import { LRUCache } from 'lru-cache';

import type { AuthentikClaims } from '../../protocol/claims.types.js';
import { isListOfTexts } from '../../protocol/list-of-texts.js';

/** What all tokens of one application say alike. */
const ofApplication = ['iss', 'aud', 'azp', 'scope', 'acr', 'amr', 'groups'];
/** What the tokens of one person say alike, besides: a client fetches a new one every few minutes. */
const ofPerson = ['sub', 'sid', 'email', 'name', 'preferred_username', 'given_name', 'family_name', 'nickname'];

type Value = string | readonly string[];

/**
 * Keeps one copy of what many remembered tokens say, where each of them came with its own. A token takes copies before
 * anybody has proved it, for they say the same; only a proved one is learned from.
 */
export class CommonValues {
  private readonly texts = new LRUCache<string, string>({ max: 200 });
  private readonly lists = new LRUCache<string, readonly string[]>({ max: 200 });
  private readonly people = new LRUCache<string, Map<string, Value>>({ max: 1_000 });

  /**
   * Puts the copies that there are into claims that nobody else has seen yet.
   * @returns whether there is something to {@link learn}
   */
  share(claims: AuthentikClaims): boolean {
    const own = claims as Record<string, unknown>;
    const person = this.people.get(claims.sub);
    let hasNews = person === undefined;
    for (const name of ofApplication) if (this.shareOne(name, own, person, true)) hasNews = true;
    for (const name of ofPerson) if (this.shareOne(name, own, person, false)) hasNews = true;
    return hasNews;
  }

  /** Keeps what these claims say, for the tokens that come after. @param claims of a token that was proved */
  learn(claims: AuthentikClaims): void {
    const own = claims as Readonly<Record<string, unknown>>;
    let person = this.people.get(claims.sub);
    if (person === undefined) this.people.set(claims.sub, (person = new Map()));
    for (const name of ofApplication) {
      const value = own[name];
      if (isValue(value)) person.set(name, this.copyOf(value) ?? this.keep(value));
    }
    for (const name of ofPerson) {
      const value = own[name];
      if (isValue(value)) person.set(name, value);
    }
  }

  /** @returns whether it says what nobody has said before */
  private shareOne(
    name: string,
    own: Record<string, unknown>,
    person: ReadonlyMap<string, Value> | undefined,
    withOthers: boolean,
  ): boolean {
    const value = own[name];
    if (!isValue(value)) return false;
    // Mostly the last token of the same person has said it.
    const last = person?.get(name);
    if (last !== undefined && isSame(last, value)) {
      own[name] = last;
      return false;
    }
    const copy = withOthers ? this.copyOf(value) : undefined;
    if (copy !== undefined) own[name] = copy;
    return true;
  }

  private copyOf(value: Value): Value | undefined {
    // Lists as JSON, in which no two are written alike.
    return typeof value === 'string' ? this.texts.get(value) : this.lists.get(JSON.stringify(value));
  }

  private keep(value: Value): Value {
    if (typeof value === 'string') this.texts.set(value, value);
    // Nobody may change what others have too.
    else this.lists.set(JSON.stringify(value), Object.freeze(value));
    return value;
  }
}

const isValue = (value: unknown): value is Value => typeof value === 'string' || isListOfTexts(value);

function isSame(left: Value, right: Value): boolean {
  if (typeof left === 'string' || typeof right === 'string') return left === right;
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}
