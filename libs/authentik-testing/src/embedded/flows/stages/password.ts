import {
  challengeOf,
  pendingUserFields,
  textField,
  type FieldError,
  type Stage,
  type StageOutcome,
  type StageRun,
} from '../stage.js';

/** After so many wrong passwords the flow ends. */
const MAX_FAILED_ATTEMPTS = 5;

const INVALID: FieldError = { string: 'Invalid password', code: 'invalid' };

/** The password of the person who was named; one text for a wrong one and for nobody. */
export const password: Stage = {
  asks: () => true,
  show: (run) => challenge(run),
  submit: (run, answer) => {
    const { plan } = run;
    const given = passwordField(answer);
    const error = typeof given !== 'string' ? given : isRight(run, given) ? undefined : INVALID;
    if (error === undefined) return { kind: 'next' };
    plan.failedAttempts += 1;
    if (plan.failedAttempts >= MAX_FAILED_ATTEMPTS) return { kind: 'denied', message: INVALID.string };
    return challenge(run, { password: [error] });
  },
};

/** Spaces count in a password; but spaces alone are none. */
function passwordField(answer: Readonly<Record<string, unknown>>): string | FieldError {
  const checked = textField(answer, 'password');
  return typeof checked === 'string' ? String(answer['password']) : checked;
}

function isRight({ plan: { pendingUser } }: StageRun, given: string): boolean {
  return pendingUser !== undefined && pendingUser.isActive && pendingUser.password === given;
}

function challenge(run: StageRun, errors?: Readonly<Record<string, readonly FieldError[]>>): StageOutcome {
  return challengeOf(run, 'ak-stage-password', { ...pendingUserFields(run), allow_show_password: false }, errors);
}
