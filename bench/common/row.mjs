import { summary } from './statistics.mjs';

/**
 * One row of a report.
 * @param what in Markdown
 * @param values one for each round; their median is the figure, their quartiles the spread
 * @param options.format how a value is written
 * @param options.atMost bar that the figure has to stay under; or
 * @param options.atLeast bar that it has to reach; without either the row is there to compare with
 */
export function row(what, values, { format = ratio, atMost, atLeast } = {}) {
  const { middle, low, high } = summary(values);
  const bar = atMost === undefined ? atLeast : atMost;
  return {
    what,
    figure: format(middle),
    bar: bar === undefined ? '' : `${atMost === undefined ? '>=' : '<='} ${format(bar)}`,
    spread: values.length < 2 ? '' : `${format(low)} - ${format(high)}`,
    ...(bar !== undefined && { met: atMost === undefined ? middle >= atLeast : middle <= atMost }),
  };
}

export const ratio = (value) => value.toFixed(2);
export const microseconds = (value) => `${value.toFixed(1)} µs`;
export const milliseconds = (value) => `${value.toFixed(0)} ms`;
export const kilobytes = (value) => `${(value / 1000).toFixed(2)} KB`;
export const count = (value) => String(value);
