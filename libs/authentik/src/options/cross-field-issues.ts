import type { ConfigIssue } from '../errors/index.js';
import { type AuthentikModuleExtras, authentikFeatures } from './module-extras.js';
import { sessionIssues } from './session-issues.js';
import { isAuthentikUrl, isLoopback, isOrigin } from './urls.js';

type Given = Readonly<Record<string, unknown>>;

/** Mistakes that no option makes alone. Looks only at options that have their shape; the others are named elsewhere. */
export function crossFieldIssues(given: Given, extras: Required<AuthentikModuleExtras>): ConfigIssue[] {
  return [
    ...plainHttp(given),
    ...otherPath(given),
    ...scopes(given),
    ...applications(given),
    ...redis(given),
    ...secretsNeeded(given),
    ...userInfoNeverAsked(given),
    ...features(extras),
    ...sessionIssues(given, extras),
  ];
}

const isInsecure = (address: string) => new URL(address).protocol === 'http:' && !isLoopback(address);
const pathOf = (address: string) => new URL(address).pathname.replace(/\/+$/u, '');

function plainHttp(given: Given): ConfigIssue[] {
  if (given['dangerouslyAllowHttp'] === true) return [];
  return ['url', 'internalUrl', 'publicUrl'].flatMap((option) => {
    const value = given[option];
    const hasShape = option === 'publicUrl' ? isOrigin(value) : isAuthentikUrl(value);
    return hasShape && isInsecure(value as string)
      ? [
          {
            option,
            problem: 'is plain http outside of this machine: tokens and keys could be read and changed on the way.',
            remedy: 'Use https; dangerouslyAllowHttp: true is for networks where nobody else can listen.',
          },
        ]
      : [];
  });
}

function otherPath({ url, internalUrl }: Given): ConfigIssue[] {
  if (!isAuthentikUrl(url) || !isAuthentikUrl(internalUrl)) return [];
  if (pathOf(url) === pathOf(internalUrl)) return [];
  return [
    {
      option: 'internalUrl',
      problem: 'has another path than url.',
      remedy: 'Authentik has one path, whoever asks (AUTHENTIK_WEB__PATH there): write the same in both.',
    },
  ];
}

function scopes(given: Given): ConfigIssue[] {
  const { scopes: names } = given;
  if (!Array.isArray(names) || names.length === 0) return [];
  const issues: ConfigIssue[] = [];
  if (!names.includes('openid')) {
    issues.push({
      option: 'scopes',
      problem: 'lacks openid, without which UserInfo answers 403.',
      remedy: 'Add "openid".',
    });
  }
  if (names.includes('groups')) {
    issues.push({
      option: 'scopes',
      problem: 'names groups, a scope that Authentik does not have.',
      remedy: 'Take it out and keep "profile": groups come with it.',
    });
  }
  if (Array.isArray(given['allowedGroups']) && !names.includes('profile')) {
    issues.push({
      option: 'allowedGroups',
      problem: 'can never be met, because scopes lacks profile, with which groups come.',
      remedy: 'Add "profile" to scopes.',
    });
  }
  return issues;
}

function applications(given: Given): ConfigIssue[] {
  const { trustedApplications } = given;
  if (!Array.isArray(trustedApplications)) return [];
  const seen = new Set<string>();
  return trustedApplications.flatMap((entry: unknown, index) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const { applicationSlug, clientId } = entry as Given;
    const repeated = [
      ...(seen.has(`slug ${String(applicationSlug)}`) || applicationSlug === given['applicationSlug']
        ? ['applicationSlug' as const]
        : []),
      ...(seen.has(`client ${String(clientId)}`) || clientId === given['clientId'] ? ['clientId' as const] : []),
      // What is missing is said elsewhere, and is nobody else's.
    ].filter((member) => (entry as Given)[member] !== undefined);
    seen.add(`slug ${String(applicationSlug)}`).add(`client ${String(clientId)}`);
    return repeated.map((member) => ({
      option: `trustedApplications.${index}.${member}`,
      problem: 'is that of another entry, or of the app itself.',
      remedy: 'Name each application once; an application has one provider, and a provider one client id.',
    }));
  });
}

function redis(given: Given): ConfigIssue[] {
  if (typeof given['redis'] !== 'object' || given['redis'] === null) return [];
  const { url, client } = given['redis'] as Given;
  const [hasUrl, hasClient] = [url, client].map((value) => value !== undefined && value !== null);
  const both: ConfigIssue[] =
    given['store'] === undefined
      ? []
      : [{ option: 'store', problem: 'is given beside redis, which may be two places.', remedy: 'Take one of them.' }];
  if (hasUrl !== hasClient) return both;
  return [
    ...both,
    {
      option: 'redis',
      problem: hasUrl ? 'has both url and client, which may be two servers.' : 'names no server.',
      remedy: hasUrl ? 'Take one of them.' : 'Write redis: { url: "redis://redis:6379" }, or leave redis out.',
    },
  ];
}

/** What cannot be asked of Authentik without a secret; a public client is told that no token is active. */
function secretsNeeded(given: Given): ConfigIssue[] {
  const { validation = 'local', acceptHs256 = false } = (given['tokens'] ?? {}) as Given;
  const trusted = Array.isArray(given['trustedApplications']) ? (given['trustedApplications'] as Given[]) : [];
  const lacking = [
    ...(given['clientSecret'] === undefined ? ['clientSecret'] : []),
    ...trusted.flatMap((entry, index) =>
      entry?.['clientSecret'] === undefined ? [`trustedApplications.${index}.clientSecret`] : [],
    ),
  ];
  if (validation === 'introspect' || validation === 'local+introspect') {
    return lacking.map((option) => ({
      option,
      problem: `is missing, and tokens.validation is ${validation}: Authentik tells only confidential clients about tokens.`,
      remedy: 'Copy "Client Secret" from the provider, or take validation: \'local\'.',
    }));
  }
  if (acceptHs256 === true && lacking.includes('clientSecret')) {
    return [
      {
        option: 'tokens.acceptHs256',
        problem: 'needs clientSecret, with which those tokens are signed.',
        remedy: 'Copy "Client Secret" from the provider, or choose a "Signing Key" there and leave this out.',
      },
    ];
  }
  return [];
}

/** With a secret, introspection is asked, and its answer is final. */
function userInfoNeverAsked(given: Given): ConfigIssue[] {
  const { dangerouslyAcceptUserInfo } = (given['tokens'] ?? {}) as Given;
  const trusted = Array.isArray(given['trustedApplications']) ? (given['trustedApplications'] as Given[]) : [];
  const hasSecret = [given, ...trusted].some((entry) => entry?.['clientSecret'] !== undefined);
  if (dangerouslyAcceptUserInfo !== true || !hasSecret) return [];
  return [
    {
      option: 'tokens.dangerouslyAcceptUserInfo',
      problem: 'is for apps without any clientSecret: with one, introspection judges, and UserInfo is never asked.',
      remedy: 'Leave it out.',
    },
  ];
}

function features({ features: opened }: Required<AuthentikModuleExtras>): ConfigIssue[] {
  const unknown = opened.filter((feature) => !authentikFeatures.includes(feature));
  return [
    ...unknown.map(() => ({
      option: 'features',
      problem: 'names a feature that does not exist.',
      remedy: `There are ${authentikFeatures.join(', ')}.`,
    })),
    ...(opened.includes('bearer') || opened.includes('session')
      ? []
      : [
          {
            option: 'features',
            problem: 'opens no door: nobody could prove who they are.',
            remedy: 'Add "bearer" or "session".',
          },
        ]),
  ];
}
