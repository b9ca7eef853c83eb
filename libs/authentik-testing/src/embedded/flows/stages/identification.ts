import { launchUrlOf } from '../launch-url.js';
import { challengeOf, textField, type FieldError, type Stage, type StageOutcome, type StageRun } from '../stage.js';

/** Who is it? A name or an address. Whether the person exists is not told here. */
export const identification: Stage = {
  asks: () => true,
  show: (run) => challenge(run),
  submit: (run, answer) => {
    const { exchange, plan } = run;
    const name = textField(answer, 'uid_field');
    if (typeof name !== 'string') {
      return exchange.habits.nameErrorsOfForm
        ? challenge(run, { non_field_errors: [{ string: 'No identification data provided.', code: 'invalid' }] })
        : challenge(run, { uid_field: [name] });
    }
    const user = exchange.world.directory.findUser(name);
    plan.pendingUserIdentifier = name;
    if (user === undefined) delete plan.pendingUser;
    else plan.pendingUser = user;
    return { kind: 'next' };
  },
};

function challenge(run: StageRun, errors?: Readonly<Record<string, readonly FieldError[]>>): StageOutcome {
  const { exchange, query } = run;
  const { fullerChallenges, loginHint } = exchange.habits;
  const application = applicationThatWaits(run);
  const launchUrl = application && launchUrlOf(application);
  return challengeOf(
    run,
    'ak-stage-identification',
    {
      user_fields: ['email', 'username'],
      ...(fullerChallenges && { pending_user_identifier: (loginHint && query.get('login_hint')) || null }),
      password_fields: false,
      allow_show_password: false,
      ...(application !== undefined && { application_pre: application.name }),
      ...(fullerChallenges && launchUrl !== undefined && { application_pre_launch: launchUrl }),
      flow_designation: run.flow.designation,
      captcha_stage: null,
      primary_action: 'Log in',
      sources: [],
      show_source_labels: false,
      ...(fullerChallenges && { enable_remember_me: false, passkey_challenge: null }),
    },
    errors,
  );
}

/** The application that the authorization request behind `next` is for. */
function applicationThatWaits({ exchange, query }: StageRun) {
  const [path, parameters] = (query.get('next') ?? '').split('?', 2);
  if (path !== '/application/o/authorize/') return undefined;
  const clientId = new URLSearchParams(parameters).get('client_id') ?? '';
  return exchange.world.directory.providers.get(clientId)?.application;
}
