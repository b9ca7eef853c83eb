import type { BrowserSession } from '../issued/records.js';
import type { FlowPlan } from '../issued/flow-plan.js';
import type { Exchange } from '../wire/exchange.js';
import type { Flow } from './flow.js';

/** What a stage has to go on. */
export interface StageRun {
  readonly exchange: Exchange;
  readonly session: BrowserSession;
  readonly flow: Flow;
  readonly plan: FlowPlan;
  /** Query of the flow's page: scripts send it along as `query`. */
  readonly query: ReadonlyMap<string, string>;
}

/** One mistake in what was sent, as the framework words it. */
export interface FieldError {
  readonly string: string;
  readonly code: string;
}

/** What somebody is asked or told: JSON for scripts, and what pages are made of. */
export type Challenge = Readonly<Record<string, unknown>> & { readonly component: string };

/** How a stage ends, or goes on. */
export type StageOutcome =
  /** Somebody has to answer this. */
  | { readonly kind: 'challenge'; readonly challenge: Challenge }
  /** Done; the next stage follows. */
  | { readonly kind: 'next' }
  /** The flow ends, or another one begins, at this address. */
  | { readonly kind: 'leave'; readonly to: string }
  /** A whole page, as an endpoint without a flow would show it. */
  | { readonly kind: 'page'; readonly page: string }
  /** The flow ends with a refusal. */
  | { readonly kind: 'denied'; readonly message?: string }
  /** The server fails on its own code. */
  | { readonly kind: 'crash' };

/** One step of a flow. */
export interface Stage {
  /** @returns whether somebody has something to answer; if not, showing it is all it needs */
  asks(run: StageRun): boolean;
  /** What a script gets that asks where it is. */
  show(run: StageRun): StageOutcome | Promise<StageOutcome>;
  /** What becomes of an answer. */
  submit(run: StageRun, answer: Readonly<Record<string, unknown>>): StageOutcome | Promise<StageOutcome>;
}

/** A picture for everybody: people have none of their own here. */
const AVATAR = `data:image/svg+xml;base64,${Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle cx="32" cy="32" r="32" fill="#c3c9d4"/></svg>',
).toString('base64')}`;

/** @returns a challenge with what every one of them has, and what is wrong with the last answer */
export function challengeOf(
  run: StageRun,
  component: string,
  fields: Readonly<Record<string, unknown>>,
  errors?: Readonly<Record<string, readonly FieldError[]>>,
): { readonly kind: 'challenge'; readonly challenge: Challenge } {
  const { exchange, flow, plan, query } = run;
  const next = query.get('next');
  const { fullerChallenges } = exchange.habits;
  return {
    kind: 'challenge',
    challenge: {
      flow_info: {
        title: flow.title.replace('%(app)s', plan.application?.name ?? ''),
        background: '/static/dist/assets/images/flow_background.jpg',
        ...(fullerChallenges && { background_themed_urls: null }),
        cancel_url: `/flows/-/cancel/${
          fullerChallenges && next !== undefined ? `?${new URLSearchParams({ next }).toString()}` : ''
        }`,
        layout: 'stacked',
      },
      component,
      ...(errors !== undefined && { response_errors: errors }),
      ...fields,
    },
  };
}

/** @returns whose turn it is: as typed, where somebody has typed a name */
export function pendingUserFields({ plan, session }: StageRun): Readonly<Record<string, unknown>> {
  return {
    pending_user: plan.pendingUserIdentifier ?? plan.pendingUser?.username ?? session.user?.username ?? '',
    pending_user_avatar: AVATAR,
  };
}

/** @returns a text that was sent, trimmed; or what is wrong with it */
export function textField(answer: Readonly<Record<string, unknown>>, name: string): string | FieldError {
  const value = answer[name];
  if (value === undefined) return { string: 'This field is required.', code: 'required' };
  if (value === null) return { string: 'This field may not be null.', code: 'null' };
  if (typeof value !== 'string' && typeof value !== 'number') return { string: 'Not a valid string.', code: 'invalid' };
  const text = String(value).trim();
  return text === '' ? { string: 'This field may not be blank.', code: 'blank' } : text;
}
