// What an administrator changed for an exchange, as its `given` and the words of its name say.
import { send } from './browser.mjs';

export class Circumstances {
  #bound = new Set();
  #asked = new Set();

  constructor(world, authentik, topic) {
    this.world = world;
    this.authentik = authentik;
    this.topic = topic;
  }

  async bringAbout({ name, given = {}, request }, repeat) {
    this.#bindings(name, given);
    this.#deviceFlow(given, request);
    await this.#learnedRedirectUri(name, given, request);
    const [, times] = /^(\d+) requests from this address$/u.exec(given.before ?? '') ?? [];
    for (let sent = 0; sent < Number(times ?? 0); sent += 1) await repeat();
  }

  /** "negated binding to alice, bob asks", "disabled binding to …", "policy …": for this exchange alone. */
  #bindings(name, { provider: kind }) {
    const provider = this.world.providers[kind];
    if (provider?.application === undefined || provider.application === null) return;
    const [, manner, target] = /^(negated |disabled )?binding to ([\w-]+)/u.exec(name) ?? [];
    const policy = /^(?:failing )?policy\b/u.test(name);
    if (target === undefined && !policy && !this.#bound.has(kind)) return;
    let bindings = (this.world.bindings ?? []).filter(({ application }) => application === provider.application);
    if (policy) bindings = [{ policy: () => false }];
    else if (target !== undefined) {
      const whom = this.world.users[target] === undefined ? { group: target } : { username: target };
      bindings = [{ ...whom, negate: manner === 'negated ', enabled: manner !== 'disabled ' }];
    }
    this.authentik.updateApplication(provider.application, { bindings });
    this.#bound.add(kind);
  }

  /** The flow is the one that browsers of this topic are seen in. */
  #deviceFlow({ brandHasDeviceFlow: has }, { path }) {
    if (has === undefined && !path.startsWith('/device')) return;
    const seen = this.topic.exchanges
      .map(({ request }) => /^\/api\/v3\/flows\/executor\/((?!default-)[^/]+)\//u.exec(request.path)?.[1])
      .find((slug) => slug !== undefined);
    this.authentik.setDeviceCodeFlow(has === true ? (seen ?? 'rec-device-code') : undefined);
  }

  /** "learned list …" of a provider without redirect URIs: it was asked for another one before. */
  async #learnedRedirectUri(name, { provider: kind }, { path }) {
    const provider = this.world.providers[kind];
    if (provider?.redirect_uris.length !== 0) return;
    const first = !this.#asked.has(kind);
    this.#asked.add(kind);
    if (!first || !/\blearned\b/u.test(name)) return;
    const parameters = new URLSearchParams(path.split('?')[1]);
    parameters.set('redirect_uri', this.world.providers.confidential.redirect_uris[0].url);
    await send(this.authentik.port, { method: 'GET', path: `/application/o/authorize/?${parameters}` });
  }
}
