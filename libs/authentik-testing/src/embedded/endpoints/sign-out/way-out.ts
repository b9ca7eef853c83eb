import type { Provider } from '../../directory/entries.js';
import type { BrowserSession, WayOut } from '../../issued/records.js';
import type { World } from '../../wire/world.js';

/** Signs people out. */
export const INVALIDATION_FLOW = 'default-invalidation-flow';

/** Ends a visit at one application; as it comes, it does nothing but say so. */
export const PROVIDER_INVALIDATION_FLOW = 'default-provider-invalidation-flow';

/** What a stage came to, and the session that the browser has from then on. */
export interface Step {
  /** `again`: the next stage waits. `session-end`: a page that has no way on. `redirect`: to `to`. */
  readonly kind: 'again' | 'session-end' | 'redirect';
  readonly to: string;
  readonly provider: Provider | undefined;
  /** Undefined: none, its cookie is taken away. */
  readonly session: BrowserSession | undefined;
}

/** What a flow does that was opened by its address alone. */
export function freshWayOut(flow: string): WayOut {
  return { flow, stages: flow === INVALIDATION_FLOW ? ['user-logout'] : [] };
}

/** Does the next stage. A session that is signed out gives way to an anonymous one, which keeps what is left. */
export function takeStep({ issued, ends }: World, session: BrowserSession, flow: string): Step {
  const wayOut = session.wayOut?.flow === flow ? session.wayOut : freshWayOut(flow);
  const { provider, redirectTo } = wayOut;
  const [stage, ...left] = wayOut.stages;
  if (stage === 'user-logout') {
    ends.signOut(session);
    if (left.length === 0) return { kind: 'redirect', to: '/', provider, session: undefined };
    const anonymous = issued.newSession();
    anonymous.wayOut = { ...wayOut, stages: left };
    return { kind: 'again', to: '', provider, session: anonymous };
  }
  if (stage === 'session-end' && redirectTo === undefined) {
    // A page without a way on: the flow is never finished, and stays with the session.
    session.wayOut = wayOut;
    return { kind: 'session-end', to: '', provider, session };
  }
  if (provider !== undefined) ends.endVisit(session, provider);
  delete session.wayOut;
  return { kind: 'redirect', to: redirectTo ?? '/', provider, session };
}
