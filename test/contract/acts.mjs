// The recorder's words for what happened between two exchanges, as acts that can be brought about.

/** One after the other; words that say nothing of an act give none. */
const words = [
  [/\bnear its end\b/u, { kind: 'near-end' }],
  [/\breactivat/u, { kind: 'reactivate' }],
  [/\bdeactivat/u, { kind: 'deactivate' }],
  [/\b(?:user|person|account)\b.*\bdeleted\b|\bdelete[sd] the (?:user|person|account)\b/u, { kind: 'delete-user' }],
  [/\bsession\b.*\bdeleted\b|\bdelete[sd]?\b.*\bsession/u, { kind: 'delete-session' }],
  [/\bother browser\b/u, { kind: 'sign-out', elsewhere: true }],
  [/\bsign-?out\b|\bsigned out\b|\blog-?out\b/u, { kind: 'sign-out' }],
  [/\bend-session\b/u, { kind: 'end-session' }],
  [/^(?:one|a|two) refresh(?:es)?$/u, { kind: 'refresh' }],
];

/** `second RSA key: refresh`: the provider has another key from then on. */
const keys = /\b(RSA|EC|no) key: /u;
const signings = { RSA: 'RS256', EC: 'ES256', no: 'HS256' };

/**
 * @returns acts that stand between what was granted and the request; `id` is the same for the same words
 */
export function actsOf({ name, given = {} }, provider) {
  const key = keys.exec(name);
  if (key !== null && !/\b(?:first|same|old) (?:RSA|EC) key: /u.test(name)) {
    const id = name.slice(0, key.index + key[0].length);
    return [{ kind: 'key', signing: signings[key[1]], id: `${provider}: ${id}` }];
  }
  const acts = [];
  if (given.removedFromGroup !== undefined) {
    acts.push({ kind: 'leave', group: given.removedFromGroup, id: `${given.user} leaves ${given.removedFromGroup}` });
  }
  const said =
    given.after ?? /\bafter (?:the )?(.+)$/u.exec(name)?.[1] ?? (/\bof a deactivated\b/u.test(name) ? name : '');
  if (/^[\w-]+: /u.test(said)) return acts;
  let id = '';
  for (const part of said.split(' and ')) {
    id = id === '' ? part : `${id} and ${part}`;
    const [, act] = words.find(([pattern]) => pattern.test(part)) ?? [];
    if (act !== undefined)
      acts.push({ kind: act.kind, elsewhere: act.elsewhere, id: `${given.user ?? given.signedInAs ?? ''}: ${id}` });
  }
  return acts;
}
