import { IsInt, Max, Min, registerDecorator, type ValidationOptions } from 'class-validator';

/** What a check says of a value that fails it, and what to write instead. */
export const say = (message: string, remedy: string): ValidationOptions => ({ message, context: { remedy } });
export const flag = (remedy: string) => say('is neither true nor false.', remedy);

export function Check(name: string, test: (value: unknown) => boolean, options: ValidationOptions): PropertyDecorator {
  return (target, propertyName) => {
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: String(propertyName),
      options,
      validator: { validate: test },
    });
  };
}

/** A whole number within these bounds, both included. */
export const whole = (min: number, max: number) => {
  const options = say(`is not a whole number from ${min} to ${max}.`, 'Leave it out for the default.');
  return (target: object, propertyName: string) => {
    for (const decorate of [IsInt(options), Min(min, options), Max(max, options)]) decorate(target, propertyName);
  };
};

export const decorateAll =
  (...decorators: PropertyDecorator[]): PropertyDecorator =>
  (target, propertyName) => {
    for (const decorate of decorators) decorate(target, propertyName);
  };
