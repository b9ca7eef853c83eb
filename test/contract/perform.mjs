// Brings about what happened between what was granted and the request.
import { send } from './browser.mjs';

/** A sign-out as a person does it: by the link, and through the flow behind it. */
export async function signOut(port, jar) {
  await send(port, { method: 'GET', path: '/flows/-/default/invalidation/' }, jar);
  await send(port, { method: 'GET', path: '/if/flow/default-invalidation-flow/' }, jar);
}

/** @param grant what was granted before, for acts that go on with it */
export async function perform(act, given, { authentik, grants, port }, grant) {
  const username = given.user ?? given.signedInAs ?? 'alice';
  switch (act.kind) {
    case 'sign-out': {
      const jar = act.elsewhere ? new Map() : await grants.jar(username);
      if (act.elsewhere) await grants.signIn(username, jar);
      await signOut(port, jar);
      return;
    }
    case 'end-session': {
      const path = `/application/o/${grants.provider(given).application}/end-session/`;
      await send(port, { method: 'GET', path }, await grants.jar(username));
      return;
    }
    case 'delete-session':
      authentik.endSessions({ user: username });
      return;
    case 'delete-user':
      authentik.deleteUser(username);
      return;
    case 'deactivate':
      authentik.setUserActive(username, false);
      return;
    case 'reactivate':
      authentik.setUserActive(username, false);
      authentik.setUserActive(username, true);
      return;
    case 'leave': {
      const { groups } = authentik.users.find((user) => user.username === username);
      authentik.setGroups(
        username,
        groups.filter((group) => group !== act.group),
      );
      return;
    }
    case 'key':
      await authentik.rotateKeys(grants.provider(given).application, act.signing);
      return;
    case 'near-end':
    case 'refresh':
      if (act.kind === 'near-end') authentik.clock.advanceSeconds(untilNearEnd(grants.provider(given)));
      if (grant?.tokens?.refresh_token !== undefined) {
        grant.refreshed = await grants.refresh(given, grant.tokens.refresh_token);
      }
      if (act.kind === 'near-end') authentik.clock.advanceSeconds(-untilNearEnd(grants.provider(given)));
      return;
    default:
      throw new Error(`nobody can do ${act.kind}`);
  }
}

const secondsIn = { seconds: 1, minutes: 60, hours: 3600, days: 86_400, weeks: 604_800 };
const seconds = (duration) =>
  duration
    .split(';')
    .map((part) => part.split('='))
    .reduce((sum, [unit, amount]) => sum + secondsIn[unit] * Number(amount), 0);

/** Half of the threshold is left then. */
function untilNearEnd({ refresh_token_validity: validity = 'days=30', refresh_token_threshold: threshold = 'days=1' }) {
  return seconds(validity) - Math.min(seconds(threshold), seconds(validity)) / 2;
}
