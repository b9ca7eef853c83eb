import { randomUUID } from 'node:crypto';
import { SCOPE_DESCRIPTIONS } from '../../directory/scope-mappings.js';
import { words } from '../../pages/words.js';
import {
  challengeOf,
  pendingUserFields,
  textField,
  type FieldError,
  type Stage,
  type StageOutcome,
  type StageRun,
} from '../stage.js';

/**
 * Asks whether the application may have what it wants. Who agreed to the same scopes within four weeks is not asked
 * again; agreeing to others replaces what was agreed to.
 */
export const consent: Stage = {
  asks: (run) => {
    const remembered = rememberedScopes(run);
    const asked = scopesOf(run);
    return remembered?.length !== asked.length || asked.some((scope) => !remembered.includes(scope));
  },
  show: (run) => (consent.asks(run) ? challenge(run) : { kind: 'next' }),
  submit: (run, answer) => {
    if (!consent.asks(run)) return { kind: 'next' };
    return submitToken(run, answer, () => {
      const provider = run.plan.application?.provider;
      if (run.session.user !== undefined && provider !== undefined) {
        run.exchange.world.issued.rememberConsent(run.session.user, provider, scopesOf(run));
      }
    });
  },
};

/** Asks each time and remembers nothing: added where a request wants consent of a flow that does not ask. */
export const consentAlways: Stage = {
  asks: () => true,
  show: (run) => challenge(run),
  submit: (run, answer) => submitToken(run, answer, () => undefined),
};

function submitToken(run: StageRun, answer: Readonly<Record<string, unknown>>, agreed: () => void): StageOutcome {
  const token = textField(answer, 'token');
  if (typeof token !== 'string') return challenge(run, { token: [token] });
  if (token !== run.plan.consentToken) {
    const error = { string: 'Invalid consent token, re-showing prompt', code: 'invalid' };
    return challenge(run, run.exchange.habits.tellsConsentToken ? { token: [error] } : undefined);
  }
  agreed();
  return { kind: 'next' };
}

function challenge(run: StageRun, errors?: Readonly<Record<string, readonly FieldError[]>>): StageOutcome {
  const { exchange, plan } = run;
  const token = randomUUID();
  plan.consentToken = token;
  const remembered = plan.stages[0] === 'consent' ? rememberedScopes(run) : undefined;
  const asked = scopesOf(run);
  return challengeOf(
    run,
    'ak-stage-consent',
    {
      ...pendingUserFields(run),
      ...(plan.application !== undefined && {
        header_text: words(exchange.locale).aboutToSignIn(plan.application.name),
      }),
      permissions: permissions(asked.filter((scope) => remembered?.includes(scope) ?? true)),
      additional_permissions: permissions(
        remembered === undefined ? [] : asked.filter((scope) => !remembered.includes(scope)),
      ),
      token,
    },
    errors,
  );
}

/** What the person reads. */
function permissions(scopes: readonly string[]) {
  return scopes.map((id) => ({ name: SCOPE_DESCRIPTIONS[id] ?? '', id }));
}

/** What is asked for, by what the provider has. */
function scopesOf({ plan }: StageRun): readonly string[] {
  const asked = plan.parameters?.scopes ?? plan.device?.scopes ?? [];
  return asked.filter((scope) => plan.application?.provider?.scopeMappings.has(scope) ?? false).toSorted();
}

function rememberedScopes({ exchange, session, plan }: StageRun): readonly string[] | undefined {
  const provider = plan.application?.provider;
  return session.user && provider && exchange.world.issued.rememberedConsent(session.user, provider);
}
