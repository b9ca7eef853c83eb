// Control characters forge lines and move cursors; bidi controls make a line read otherwise than it is.
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const longest = 500;

/** Text that may stand in one line of a log or on a page: nothing in it acts, and it has an end. */
export function printable(text: string): string {
  const shown = text.replace(unprintable, '\ufffd');
  return shown.length > longest ? `${shown.slice(0, longest)}…` : shown;
}
