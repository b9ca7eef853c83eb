import type { Provider } from '../directory/entries.js';
import type { StageName } from '../issued/flow-plan.js';
import type { World } from '../wire/world.js';

/** A flow that the server has. */
export interface Flow {
  readonly slug: string;
  /** `%(app)s` stands for the application that it is about. */
  readonly title: string;
  readonly designation: 'authentication' | 'authorization' | 'stage_configuration';
  /** Only for people who are signed in. */
  readonly needsUser: boolean;
  /** What it always asks; whoever plans it may add to that. */
  readonly stages: readonly StageName[];
}

/** The flow that signs people in. */
export const AUTHENTICATION_FLOW: Flow = {
  slug: 'default-authentication-flow',
  title: 'Welcome to authentik!',
  designation: 'authentication',
  needsUser: false,
  stages: ['identification', 'password', 'mfa-validation', 'user-login'],
};

const authorizationFlow = (consent: Provider['consent'], stages: readonly StageName[]): Flow => ({
  slug: `default-provider-authorization-${consent}-consent`,
  title: 'Redirecting to %(app)s',
  designation: 'authorization',
  needsUser: true,
  stages,
});

/** The two flows that an authorization may go through. */
export const AUTHORIZATION_FLOWS: Readonly<Record<Provider['consent'], Flow>> = {
  implicit: authorizationFlow('implicit', []),
  explicit: authorizationFlow('explicit', ['consent']),
};

/** @returns the flow in which people type the code of a device, if the brand has one */
export function deviceCodeFlow({ brand }: World): Flow | undefined {
  const slug = brand.deviceCodeFlow;
  if (slug === undefined) return undefined;
  return { slug, title: 'Device code', designation: 'stage_configuration', needsUser: true, stages: [] };
}

/** @returns the flow of that slug, if there is one */
export function flowOf(slug: string, world: World): Flow | undefined {
  const device = deviceCodeFlow(world);
  const flows = [AUTHENTICATION_FLOW, AUTHORIZATION_FLOWS.implicit, AUTHORIZATION_FLOWS.explicit];
  return [...flows, ...(device === undefined ? [] : [device])].find((flow) => flow.slug === slug);
}

/** @returns where the page of a flow is */
export function flowPagePath({ slug }: Pick<Flow, 'slug'>): string {
  return `/if/flow/${slug}/`;
}
