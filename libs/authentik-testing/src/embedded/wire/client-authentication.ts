import { timingSafeEqual } from 'node:crypto';
import type { Provider } from '../directory/entries.js';
import type { Exchange } from './exchange.js';

/** What a caller says about itself. */
export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Basic wins over the form, even if it makes no sense; the word is case-sensitive. */
export function clientCredentials(exchange: Exchange): ClientCredentials {
  const header = exchange.header('authorization');
  if (header?.startsWith('Basic ') === true) {
    return basicCredentials(header.slice('Basic '.length), exchange.habits.decodesBasic);
  }
  return { clientId: exchange.form.get('client_id') ?? '', clientSecret: exchange.form.get('client_secret') ?? '' };
}

function basicCredentials(encoded: string, decodes: boolean): ClientCredentials {
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1) return { clientId: '', clientSecret: '' };
  const part = (raw: string) => (decodes ? percentDecoded(raw) : raw);
  return { clientId: part(text.slice(0, colon)), clientSecret: part(text.slice(colon + 1)) };
}

/** Decodes `%xx` and leaves `+`, and whatever is no escape, as it is. */
function percentDecoded(text: string): string {
  return text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

/** @returns whether this is the provider's stored secret */
export function isSecretOf(provider: Provider, secret: string): boolean {
  const [given, stored] = [Buffer.from(secret), Buffer.from(provider.clientSecret)];
  return given.length === stored.length && timingSafeEqual(given, stored);
}
