/** On the machine that bars in µs are for, `jose` takes at most so long to verify an RS256 token, in µs. */
export const joseOfReference = 108;

/**
 * Times as they would be on that machine, each by how long `jose` took in its round; a faster machine gets nothing off.
 * @param values one for each round, in µs
 * @param joseValues what `jose` took for a sound RS256 token in the same rounds, in µs
 */
export const atReferencePace = (values, joseValues) =>
  values.map((value, round) => value / Math.max(1, joseValues[round] / joseOfReference));

export const paceNote =
  `Bars are for a machine on which \`jose\` takes up to ${joseOfReference} µs for a sound token. It is timed in the same ` +
  'rounds, and where it takes longer our time is shortened in proportion.';
