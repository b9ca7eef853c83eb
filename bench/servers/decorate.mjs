import 'reflect-metadata';

/**
 * Decorators for a class of plain JavaScript.
 * @param methods for each method its decorators, outermost first
 */
export function decorate(target, classDecorators, methods = {}) {
  for (const [name, decorators] of Object.entries(methods)) {
    const descriptor = Object.getOwnPropertyDescriptor(target.prototype, name);
    for (const decorator of decorators.toReversed()) decorator(target.prototype, name, descriptor);
  }
  for (const decorator of classDecorators.toReversed()) decorator(target);
  return target;
}
