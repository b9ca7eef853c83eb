import { LRUCache } from 'lru-cache';

import type { AuthentikClaims } from '../../protocol/claims.types.js';

/** What all tokens of one application say alike. */
const ofApplication = ['iss', 'aud', 'azp', 'scope', 'acr', 'amr', 'groups'];
/** What the tokens of one person say alike, besides: a client fetches a new one every few minutes. */
const ofPerson = ['sub', 'sid', 'email', 'name', 'preferred_username', 'given_name', 'family_name', 'nickname'];

type Value = string | readonly string[];

/** Keeps one copy of what many remembered tokens say, where each of them came with its own. */
export class CommonValues {
  private readonly texts = new LRUCache<string, string>({ max: 200 });
  private readonly lists = new LRUCache<string, readonly string[]>({ max: 200 });
  private readonly people = new LRUCache<string, Map<string, Value>>({ max: 1_000 });

  /**
   * Puts the copies into claims that nobody else has seen yet.
   * @returns the same claims
   */
  share(claims: AuthentikClaims): AuthentikClaims {
    const own = claims as Record<string, unknown>;
    let person = this.people.get(claims.sub);
    if (person === undefined) this.people.set(claims.sub, (person = new Map()));
    for (const name of ofApplication) this.shareOne(name, own, person, true);
    for (const name of ofPerson) this.shareOne(name, own, person, false);
    return claims;
  }

  private shareOne(name: string, own: Record<string, unknown>, person: Map<string, Value>, withOthers: boolean): void {
    const value = own[name];
    if (!isValue(value)) return;
    const last = person.get(name);
    // Mostly the last token of the same person has said it.
    if (last !== undefined && isSame(last, value)) {
      own[name] = last;
      return;
    }
    const copy = withOthers ? this.copyOf(value) : value;
    own[name] = copy;
    person.set(name, copy);
  }

  private copyOf(value: Value): Value {
    if (typeof value === 'string') {
      const known = this.texts.get(value);
      if (known === undefined) this.texts.set(value, value);
      return known ?? value;
    }
    // As JSON, in which no two lists are written alike.
    const written = JSON.stringify(value);
    const known = this.lists.get(written);
    if (known !== undefined) return known;
    // Nobody may change what others have too.
    this.lists.set(written, Object.freeze(value));
    return value;
  }
}

const isValue = (value: unknown): value is Value =>
  typeof value === 'string' || (Array.isArray(value) && value.every((entry) => typeof entry === 'string'));

function isSame(left: Value, right: Value): boolean {
  if (typeof left === 'string' || typeof right === 'string') return left === right;
  return left.length === right.length && left.every((entry, index) => entry === right[index]);
}
