import { LRUCache } from 'lru-cache';

import type { AuthentikClaims } from '../../protocol/claims.types.js';
import { isListOfTexts } from '../../protocol/list-of-texts.js';

type Value = string | readonly string[];

/** All names at once, so that V8 knows the place of each. */
const nothing = {
  // What all tokens of one application say alike.
  iss: undefined,
  aud: undefined,
  azp: undefined,
  scope: undefined,
  acr: undefined,
  amr: undefined,
  groups: undefined,
  // What the tokens of one person say alike besides, and their user has: a client fetches a new one every few minutes.
  sub: undefined,
  sid: undefined,
  email: undefined,
  name: undefined,
  preferred_username: undefined,
  given_name: undefined,
  family_name: undefined,
};

/** What a token said of these that was a text or a list of texts. */
type Said = Record<keyof typeof nothing, Value | undefined>;

/** Keeps one copy of what many remembered tokens say, where each of them came with its own. */
export class CommonValues {
  private readonly texts = new LRUCache<string, string>({ max: 200 });
  private readonly lists = new LRUCache<string, readonly string[]>({ max: 200 });
  /** What the last token of each person said. */
  private readonly people = new LRUCache<string, Said>({ max: 1_000 });

  /**
   * @param sharesOfPerson whether what only the tokens of one person say alike is shared too: a quarter of what is kept of
   * a token where its claims are dropped, and little beside them
   */
  constructor(private readonly sharesOfPerson: boolean) {}

  /**
   * Puts the copies that there are into claims that nobody else has seen yet, and keeps what they say besides.
   * @param claims of a token that was proved
   */
  share(claims: AuthentikClaims): void {
    const own = claims as Partial<Record<keyof Said, unknown>>;
    let last = this.people.get(claims.sub);
    if (last === undefined) this.people.set(claims.sub, (last = { ...nothing }));
    // Each by its name, and compared here: a loop would look every name up, and a call for each costs as much as all else,
    // for every token that is not remembered.
    if (own.iss !== undefined)
      own.iss = own.iss === last.iss ? last.iss : ((last.iss = this.one(own.iss, last.iss)) ?? own.iss);
    if (own.aud !== undefined)
      own.aud = own.aud === last.aud ? last.aud : ((last.aud = this.one(own.aud, last.aud)) ?? own.aud);
    if (own.azp !== undefined)
      own.azp = own.azp === last.azp ? last.azp : ((last.azp = this.one(own.azp, last.azp)) ?? own.azp);
    if (own.scope !== undefined)
      own.scope = own.scope === last.scope ? last.scope : ((last.scope = this.one(own.scope, last.scope)) ?? own.scope);
    if (own.acr !== undefined)
      own.acr = own.acr === last.acr ? last.acr : ((last.acr = this.one(own.acr, last.acr)) ?? own.acr);
    if (own.amr !== undefined)
      own.amr = own.amr === last.amr ? last.amr : ((last.amr = this.one(own.amr, last.amr)) ?? own.amr);
    if (own.groups !== undefined)
      own.groups =
        own.groups === last.groups ? last.groups : ((last.groups = this.one(own.groups, last.groups)) ?? own.groups);
    if (this.sharesOfPerson) shareOfPerson(own, last);
  }

  /** The copy that all have, of a text or a list of texts. Mostly the last token of the same person has said it. */
  private one(value: unknown, last: Value | undefined): Value | undefined {
    if (isSame(last, value)) return last;
    if (typeof value === 'string') return this.texts.get(value) ?? this.keepText(value);
    return isListOfTexts(value) ? this.oneList(value) : undefined;
  }

  private keepText(value: string): string {
    this.texts.set(value, value);
    return value;
  }

  private oneList(value: readonly string[]): readonly string[] {
    // As JSON, in which no two lists are written alike.
    const name = JSON.stringify(value);
    const known = this.lists.get(name);
    // Nobody may change what others have too.
    if (known === undefined) this.lists.set(name, Object.freeze(value));
    return known ?? value;
  }
}

function shareOfPerson(own: Partial<Record<keyof Said, unknown>>, last: Said): void {
  if (own.sub !== undefined) own.sub = (last.sub = latest(own.sub, last.sub)) ?? own.sub;
  if (own.sid !== undefined) own.sid = (last.sid = latest(own.sid, last.sid)) ?? own.sid;
  if (own.email !== undefined) own.email = (last.email = latest(own.email, last.email)) ?? own.email;
  if (own.name !== undefined) own.name = (last.name = latest(own.name, last.name)) ?? own.name;
  if (own.preferred_username !== undefined) {
    last.preferred_username = latest(own.preferred_username, last.preferred_username);
    own.preferred_username = last.preferred_username ?? own.preferred_username;
  }
  if (own.given_name !== undefined)
    own.given_name = (last.given_name = latest(own.given_name, last.given_name)) ?? own.given_name;
  if (own.family_name !== undefined)
    own.family_name = (last.family_name = latest(own.family_name, last.family_name)) ?? own.family_name;
}

/** The copy that the last token of the person came with, of a text or a list of texts. */
function latest(value: unknown, last: Value | undefined): Value | undefined {
  if (isSame(last, value)) return last;
  return typeof value === 'string' || isListOfTexts(value) ? value : undefined;
}

function isSame(last: Value | undefined, value: unknown): boolean {
  if (last === undefined || typeof last === 'string') return last === value;
  if (!Array.isArray(value) || last.length !== value.length) return false;
  for (let index = 0; index < last.length; index += 1) if (last[index] !== value[index]) return false;
  return true;
}
