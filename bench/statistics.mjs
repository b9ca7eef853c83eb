/** Value below which a share of the values lies, interpolated. */
function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const rest = position - below;
  return sorted[below] + rest * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
}

export const median = (values) => quantile(values, 0.5);
export const quartiles = (values) => [quantile(values, 0.25), quantile(values, 0.75)];
