import type { Response } from 'express';
import { errorPage } from '../pages/error.page.js';
import { AuthentikTestingError, UnknownNameError } from '../errors.js';
import { ENDPOINT_NAMES, type EndpointName } from '../wire/endpoint.js';

/**
 * Ways to be ill. `down`: no connection. `slow`: answers late. `error500`: an HTML page with status 500. `garbage`: status
 * 200 and JSON that breaks off. `drop`: the connection ends in the middle of the answer.
 */
export type RequestFaultKind = 'down' | 'slow' | 'error500' | 'garbage' | 'drop';

/** What `fault()` takes: an illness, or a change of all keys, which is done at once and stays. */
export type FaultKind = RequestFaultKind | 'rotateKeys';

const FAULT_KINDS: readonly FaultKind[] = ['down', 'slow', 'error500', 'garbage', 'drop', 'rotateKeys'];

/** How far a fault reaches. */
export interface FaultOptions {
  /** Default: all endpoints. */
  readonly endpoint?: EndpointName;
  /** How many requests it hits before it is over. Default: until `clearFaults()`. */
  readonly times?: number;
  /** For `slow`: how late, in milliseconds. Default 2000. */
  readonly delayMs?: number;
}

interface ActiveFault extends FaultOptions {
  readonly kind: RequestFaultKind;
  remaining: number;
}

/**
 * A fault that would never be felt hides what a test is about, so it is a mistake.
 * @throws {AuthentikTestingError} no such endpoint or kind, or a number that makes no sense
 */
export function checkFault(kind: FaultKind, { endpoint, times, delayMs }: FaultOptions): void {
  if (!FAULT_KINDS.includes(kind)) throw new UnknownNameError('fault', kind, FAULT_KINDS);
  if (endpoint !== undefined && !ENDPOINT_NAMES.includes(endpoint))
    throw new UnknownNameError('endpoint', endpoint, ENDPOINT_NAMES);
  const mistake =
    kind === 'rotateKeys' && (endpoint ?? times ?? delayMs) !== undefined
      ? '`rotateKeys` is done at once and for all endpoints. Leave the options out; `rotateKeys(applicationSlug)` is for one application.'
      : times !== undefined && !(Number.isInteger(times) && times > 0)
        ? `\`times\` is ${times}. Give a whole number from 1, or leave it out for a fault until \`clearFaults()\`.`
        : delayMs !== undefined && !(delayMs >= 0)
          ? `\`delayMs\` is ${delayMs}. Give milliseconds from 0.`
          : undefined;
  if (mistake !== undefined) throw new AuthentikTestingError('ERR_AUTHENTIK_TESTING_CONFIG', mistake);
}

/** The faults that are switched on. */
export class Faults {
  #active: ActiveFault[] = [];
  readonly #waiting = new Set<() => void>();

  add(kind: RequestFaultKind, options: FaultOptions): void {
    this.#active.push({ ...options, kind, remaining: options.times ?? Number.POSITIVE_INFINITY });
  }

  /** Switches all off, and lets waiting requests go on. */
  clear(): void {
    this.#active = [];
    for (const goOn of this.#waiting) goOn();
  }

  /**
   * Lets a request feel the faults on its endpoint.
   * @returns false if the answer is made (or will never be)
   */
  async apply(endpoint: EndpointName, response: Response): Promise<boolean> {
    const fault = this.#active.find(
      (candidate) => candidate.remaining > 0 && (candidate.endpoint === undefined || candidate.endpoint === endpoint),
    );
    if (fault === undefined) return true;
    fault.remaining -= 1;
    switch (fault.kind) {
      case 'down':
        response.socket?.destroy();
        return false;
      case 'slow':
        await this.#wait(fault.delayMs ?? 2000);
        return !response.destroyed;
      case 'error500':
        response
          .status(500)
          .set('Content-Type', 'text/html; charset=utf-8')
          .end(errorPage({ heading: 'Server Error' }));
        return false;
      case 'garbage':
        response.status(200).setHeader('Content-Type', 'application/json');
        response.end('{"issuer": "http');
        return false;
      default:
        // 'drop'
        response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '4096' });
        response.write('{"issuer": "http', () => response.socket?.destroy());
        return false;
    }
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const goOn = () => {
        clearTimeout(timer);
        this.#waiting.delete(goOn);
        resolve();
      };
      const timer = setTimeout(goOn, delayMs);
      this.#waiting.add(goOn);
    });
  }
}
