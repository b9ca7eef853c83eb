import passport from 'passport';

type Decided = (error: unknown, user?: unknown, info?: unknown, status?: unknown) => void;
type Middleware = (request: object, response: object, next: (error?: unknown) => void) => void;

/** A strategy in Passport's registry, which is global to the process. */
export class RegisteredStrategy {
  constructor(private readonly name: string) {}

  /** @param decided told what the strategy has decided, instead of Passport's own answer */
  middleware(options: object, decided: Decided): Middleware {
    return passport.authenticate(this.name, options, decided as never) as Middleware;
  }

  remove(): void {
    passport.unuse(this.name);
  }
}
