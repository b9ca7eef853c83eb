/** Whether a value is an array of strings only; an empty one is. */
export function isListOfTexts(value: unknown): value is readonly string[] {
  if (!Array.isArray(value)) return false;
  // Not `every()`: of a frozen list, as remembered users share them, V8 then asks for each entry by a slow way.
  for (const entry of value as readonly unknown[]) if (typeof entry !== 'string') return false;
  return true;
}
