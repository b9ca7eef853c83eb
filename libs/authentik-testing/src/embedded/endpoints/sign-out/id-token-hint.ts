import { compactDecrypt, compactVerify } from 'jose';
import type { Provider } from '../../directory/entries.js';

/** @returns whether this provider signed it, for itself and as this issuer; that it is over by now does not matter */
export async function isSoundHint(hint: string, provider: Provider, issuer: string | undefined): Promise<boolean> {
  try {
    const [signingKey, encryptionKey] = await Promise.all([provider.signingKey, provider.encryptionKey]);
    const signed =
      encryptionKey === undefined
        ? hint
        : new TextDecoder().decode((await compactDecrypt(hint, await encryptionKey.decryptionKey())).plaintext);
    const { payload } =
      signingKey === undefined
        ? await compactVerify(signed, new TextEncoder().encode(provider.clientSecret), { algorithms: ['HS256'] })
        : await compactVerify(signed, signingKey.keys.publicKey, { algorithms: [signingKey.alg] });
    const claims = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
    return claims['iss'] === issuer && [claims['aud']].flat().includes(provider.clientId);
  } catch {
    return false;
  }
}
