import type { StoredToken } from '../../issued/records.js';
import { OAuthRefusal } from '../../wire/oauth-errors.js';
import type { GrantRequest, TokenResponse } from './grant-request.js';
import { tokenResponse } from './token-response.js';

/** Refreshes: always with the full scope of the original grant, the claims as they are now, and without the nonce. */
export async function refreshTokenGrant({ exchange, provider }: GrantRequest): Promise<TokenResponse> {
  const { form, habits, world } = exchange;
  const value = form.get('refresh_token') ?? '';
  const stored = world.issued.tokens.get(value);
  if (
    stored?.kind !== 'refresh' ||
    stored.grant.provider !== provider ||
    (stored.revoked && !races(stored, world.clock.nowMs())) ||
    !stored.grant.user.isActive
  ) {
    throw new OAuthRefusal('invalid_grant');
  }
  checkScope(form.get('scope') ?? '', stored, new Set(provider.scopeMappings.keys()));
  const remainingSeconds = (stored.expiresAtMs - world.clock.nowMs()) / 1000;
  const stays =
    habits.refreshTokenThreshold &&
    provider.refreshTokenThresholdSeconds > 0 &&
    remainingSeconds > provider.refreshTokenThresholdSeconds;
  // Replaced before anything is awaited, so that of two refreshes at once one fails.
  if (!stays) {
    stored.revoked = true;
    stored.replacedAtMs ??= world.clock.nowMs();
  }
  const { nonce: _, ...grant } = stored.grant;
  return tokenResponse(exchange, grant, !stays);
}

/** Whether it was replaced so shortly before that a server with several workers would not have seen it yet. */
function races({ grant, replacedAtMs = 0 }: StoredToken, nowMs: number): boolean {
  // A clock that was put back makes no race.
  const agoMs = nowMs - replacedAtMs;
  return agoMs >= 0 && agoMs < grant.provider.refreshRaceMs;
}

/** Names that the provider doesn't have count for nothing; of the others none may be new, and `offline_access` must be there. */
function checkScope(scope: string, { grant }: StoredToken, attached: ReadonlySet<string>): void {
  const asked = scope.split(' ').filter((name) => attached.has(name));
  if (asked.length === 0) return;
  if (!asked.includes('offline_access') || asked.some((name) => !grant.scopes.includes(name))) {
    throw new OAuthRefusal('invalid_scope');
  }
}
