import { challengeOf, textField, type FieldError, type Stage, type StageOutcome, type StageRun } from '../stage.js';
import { enterDevice } from '../enter-device.js';

/** Which device is it? Its nine digits. */
export const deviceCode: Stage = {
  asks: () => true,
  show: (run) => challenge(run),
  submit: (run, answer) => {
    const code = textField(answer, 'code');
    if (typeof code !== 'string') return challenge(run, { code: [code] });
    const entry = enterDevice(run.exchange, run.session, code, [['query', run.exchange.query.get('query') ?? '']]);
    switch (entry.kind) {
      case 'flow':
        return { kind: 'leave', to: entry.to };
      case 'denied':
        return { kind: 'page', page: entry.page };
      default:
        return challenge(run, { code: [{ string: 'Invalid code', code: 'invalid' }] });
    }
  },
};

/** Lets the device in: that somebody got here is the agreement. Answering it ends the flow, and fails in doing so. */
export const deviceCodeFinish: Stage = {
  asks: () => false,
  show: (run) => {
    const { device } = run.plan;
    if (device === undefined || run.session.user === undefined) return { kind: 'crash' };
    device.user = run.session.user;
    return challengeOf(run, 'ak-provider-oauth2-device-code-finish', {});
  },
  submit: ({ session }) => {
    delete session.plan;
    return { kind: 'crash' };
  },
};

function challenge(run: StageRun, errors?: Readonly<Record<string, readonly FieldError[]>>): StageOutcome {
  return challengeOf(run, 'ak-provider-oauth2-device-code', {}, errors);
}
