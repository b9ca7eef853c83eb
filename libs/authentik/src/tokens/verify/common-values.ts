import { LRUCache } from 'lru-cache';

import type { AuthentikClaims } from '../../protocol/claims.types.js';
import { isListOfTexts } from '../../protocol/list-of-texts.js';

/** What all tokens of one application say alike. */
const ofApplication = ['iss', 'aud', 'azp', 'scope', 'acr', 'amr', 'groups'];
/** What the tokens of one person say alike, besides: a client fetches a new one every few minutes. */
const ofPerson = ['sub', 'sid', 'email', 'name', 'preferred_username', 'given_name', 'family_name', 'nickname'];
const names = [...ofApplication, ...ofPerson];

type Value = string | readonly string[];

/** Keeps one copy of what many remembered tokens say, where each of them came with its own. */
export class CommonValues {
  private readonly texts = new LRUCache<string, string>({ max: 200 });
  private readonly lists = new LRUCache<string, readonly string[]>({ max: 200 });
  /** What the last token of each person said, in the order of the names. */
  private readonly people = new LRUCache<string, (Value | undefined)[]>({ max: 1_000 });

  /**
   * Puts the copies that there are into claims that nobody else has seen yet, and keeps what they say besides.
   * @param claims of a token that was proved
   */
  share(claims: AuthentikClaims): void {
    const own = claims as Record<string, unknown>;
    let person = this.people.get(claims.sub);
    if (person === undefined) this.people.set(claims.sub, (person = names.map(() => undefined)));
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index] as string;
      const value = own[name];
      if (value === undefined) continue;
      // Mostly the last token of the same person has said it.
      const last = person[index];
      if (last !== undefined && isSame(last, value)) own[name] = last;
      else if (isValue(value)) {
        own[name] = person[index] = index < ofApplication.length ? (this.copyOf(value) ?? this.keep(value)) : value;
      }
    }
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

function isSame(last: Value, value: unknown): boolean {
  if (typeof last === 'string' || !Array.isArray(value)) return last === value;
  if (last.length !== value.length) return false;
  for (let index = 0; index < last.length; index += 1) if (last[index] !== value[index]) return false;
  return true;
}
