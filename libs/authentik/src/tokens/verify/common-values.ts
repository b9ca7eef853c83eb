import { LRUCache } from 'lru-cache';

import type { AuthentikClaims } from '../../protocol/claims.types.js';

/** What all tokens of one application say alike. */
const textsOfApplication = ['iss', 'aud', 'azp', 'scope', 'acr'] as const;
const listsOfApplication = ['aud', 'amr', 'groups'] as const;
/** What the tokens of one person say alike: a client fetches a new one every few minutes. */
const textsOfPerson = [
  'sub',
  'sid',
  'email',
  'name',
  'preferred_username',
  'given_name',
  'family_name',
  'nickname',
] as const;

type Texts = Partial<Record<(typeof textsOfPerson)[number], string>>;

/** Keeps one copy of what many remembered tokens say, where each of them came with its own. */
export class CommonValues {
  private readonly texts = new LRUCache<string, string>({ max: 200 });
  private readonly lists = new LRUCache<string, readonly string[]>({ max: 200 });
  private readonly people = new LRUCache<string, Texts>({ max: 1_000 });

  /**
   * Puts the copies into claims that nobody else has seen yet.
   * @returns the same claims
   */
  share(claims: AuthentikClaims): AuthentikClaims {
    const own = claims as Record<string, unknown>;
    for (const name of textsOfApplication) {
      const value = own[name];
      if (typeof value === 'string') own[name] = this.text(value);
    }
    for (const name of listsOfApplication) {
      const value = own[name];
      if (isTexts(value)) own[name] = this.list(value);
    }
    this.sharePerson(claims.sub, own);
    return claims;
  }

  private text(value: string): string {
    const known = this.texts.get(value);
    if (known !== undefined) return known;
    this.texts.set(value, value);
    return value;
  }

  private list(values: readonly string[]): readonly string[] {
    // As JSON, in which no two lists are written alike.
    const written = JSON.stringify(values);
    let list = this.lists.get(written);
    // Frozen, for nobody may change what others have too.
    if (list === undefined) this.lists.set(written, (list = Object.freeze(values)));
    return list;
  }

  private sharePerson(sub: string, own: Record<string, unknown>): void {
    const known = this.people.get(sub);
    const texts: Texts = known ?? {};
    for (const name of textsOfPerson) {
      const value = own[name];
      if (typeof value !== 'string') continue;
      if (texts[name] === value) own[name] = texts[name];
      else texts[name] = value;
    }
    if (known === undefined) this.people.set(sub, texts);
  }
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string');
