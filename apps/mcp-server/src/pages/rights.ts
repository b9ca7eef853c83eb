import type { AuthentikUser } from 'nestjs-authentik';

/** What one may do here, and who may. */
interface Right {
  readonly what: string;
  readonly kind: 'tool' | 'resource' | 'prompt' | 'REST' | 'page';
  /** The group that it is for; absent for anybody who is signed in. */
  readonly group?: string;
}

/** As the decorators of the tools, the API and the pages say it. */
const rights: readonly Right[] = [
  { what: 'server-time', kind: 'tool' },
  { what: 'whoami', kind: 'tool' },
  { what: 'team-report', kind: 'tool', group: 'engineering' },
  { what: 'purge-records', kind: 'tool', group: 'authentik Admins' },
  { what: 'sample://handbook', kind: 'resource', group: 'engineering' },
  { what: 'audit', kind: 'prompt', group: 'authentik Admins' },
  { what: '/api/me', kind: 'REST' },
  { what: '/api/team', kind: 'REST', group: 'engineering' },
  { what: '/api/admin', kind: 'REST', group: 'authentik Admins' },
  { what: '/account', kind: 'page' },
  { what: '/admin', kind: 'page', group: 'authentik Admins' },
];

/** Who may do what, for anybody to read. */
export const rightsOfAll = [
  ...rights.map(({ what, kind, group }) => ({ what, kind, who: group ?? 'anybody who is signed in' })),
  { what: '/api/public', kind: 'REST', who: 'anybody' },
];

/** What one person may do, and why not the rest. */
export function rightsOf({ groups }: AuthentikUser): { what: string; may: boolean; why: string }[] {
  return rights.map(({ what, group }) => {
    if (group === undefined) return { what, may: true, why: 'Anybody who is signed in may.' };
    const may = groups.includes(group);
    return { what, may, why: may ? `You are in ${group}.` : `You are not in ${group}.` };
  });
}
