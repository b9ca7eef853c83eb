import { randomInt } from 'node:crypto';
import type { EmbeddedClock } from '../clock.js';
import type { Provider } from '../directory/entries.js';
import { ExpiringMap, type Expiring } from './expiring-map.js';
import type { DeviceCode } from './device-code.js';

/** Letters, digits and punctuation: clients have to percent-encode it. */
const DEVICE_CODE_CHARACTERS = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('');
const DEVICE_CODE_LENGTH = 128;
const USER_CODE_DIGITS = 9;
/** The job that removes expired codes runs once an hour. */
const CLEAN_UP_SECONDS = 3600;

/** How many requests an address may make. */
const REQUESTS_PER_HOUR = 20;

/** Devices that wait, and how often each address asked. */
export class DeviceCodes {
  readonly #byDeviceCode: ExpiringMap<DeviceCode>;
  readonly #byUserCode: ExpiringMap<DeviceCode>;
  readonly #asked: ExpiringMap<Expiring & { readonly atMs: number[] }>;

  constructor(private readonly clock: EmbeddedClock) {
    this.#byDeviceCode = new ExpiringMap(clock);
    this.#byUserCode = new ExpiringMap(clock);
    this.#asked = new ExpiringMap(clock);
  }

  issue(provider: Provider, scopes: readonly string[]): DeviceCode {
    const validUntilMs = this.clock.nowMs() + provider.accessCodeValiditySeconds * 1000;
    const device: DeviceCode = {
      deviceCode: randomFrom(DEVICE_CODE_CHARACTERS, DEVICE_CODE_LENGTH),
      userCode: randomFrom('0123456789', USER_CODE_DIGITS),
      provider,
      scopes,
      validUntilMs,
      expiresAtMs: validUntilMs + CLEAN_UP_SECONDS * 1000,
    };
    this.#byDeviceCode.set(device.deviceCode, device);
    this.#byUserCode.set(device.userCode, device);
    return device;
  }

  byDeviceCode(deviceCode: string): DeviceCode | undefined {
    return this.#byDeviceCode.get(deviceCode);
  }

  byUserCode(userCode: string): DeviceCode | undefined {
    return this.#byUserCode.get(userCode);
  }

  delete({ deviceCode, userCode }: DeviceCode): void {
    this.#byDeviceCode.delete(deviceCode);
    this.#byUserCode.delete(userCode);
  }

  isExpired({ validUntilMs }: DeviceCode): boolean {
    return validUntilMs <= this.clock.nowMs();
  }

  /** Counts a request of an address. @returns false for one too many within an hour; those do not count */
  mayAsk(address: string): boolean {
    const now = this.clock.nowMs();
    const within = (this.#asked.get(address)?.atMs ?? []).filter((atMs) => atMs > now - 3_600_000);
    if (within.length >= REQUESTS_PER_HOUR) return false;
    this.#asked.set(address, { atMs: [...within, now], expiresAtMs: now + 3_600_000 });
    return true;
  }
}

function randomFrom(characters: string, length: number): string {
  return Array.from({ length }, () => characters.charAt(randomInt(characters.length))).join('');
}
