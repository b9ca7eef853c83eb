// Devices of a topic: codes that were handed out in requests that were not recorded, and the people who agreed.
import { send } from './browser.mjs';

const askedFor = /^Redirecting to (.*)$/u;

export class Devices {
  /** Each with its codes, the kind of its provider, and which of its placeholders are bound. */
  #made = [];

  constructor(world, { port, clock }, topic, grants) {
    this.world = world;
    this.port = port;
    this.clock = clock;
    this.topic = topic;
    this.grants = grants;
  }

  /** @returns the value for a `<device_code:n>` or `<user_code:n>` that no recorded answer gave */
  async produce({ kind, key }, exchange) {
    return kind === 'user_code' ? this.#userCode(key, exchange) : this.#deviceCode(key, exchange);
  }

  async #userCode(key, exchange) {
    const provider = this.#providerOfUserCode(exchange);
    const waiting = this.#made.find((device) => device.provider === provider && device.userKey === undefined);
    const device = waiting ?? (await this.#make(provider, undefined));
    device.userKey = key;
    return device.user_code;
  }

  /** The challenge after it names the application; of an expired code, only what lives so short can be. */
  #providerOfUserCode(exchange) {
    const { exchanges } = this.topic;
    for (const { response } of exchanges.slice(exchanges.indexOf(exchange), exchanges.indexOf(exchange) + 3)) {
      const application = askedFor.exec(response.body?.flow_info?.title ?? '')?.[1];
      if (application !== undefined) return this.#kindOf(application);
    }
    const waits = this.#made.findLast(({ userKey }) => userKey === undefined);
    return exchange.given?.provider ?? waits?.provider ?? 'device';
  }

  #kindOf(application) {
    return Object.keys(this.world.providers).find((kind) => this.world.providers[kind].application === application);
  }

  async #deviceCode(key, exchange) {
    const provider = exchange.given?.provider ?? 'device';
    const agreed = exchange.response.status === 200;
    const waiting = this.#made.find((device) => device.provider === provider && device.deviceKey === undefined);
    const device = waiting ?? (await this.#make(provider, this.#scopeOf(key)));
    device.deviceKey = key;
    if (agreed && waiting === undefined) await this.#agree(device, exchange.given?.user ?? 'alice');
    if (!agreed && /expired/u.test(exchange.name)) this.#outlive(provider);
    return device.device_code;
  }

  /** What is granted in the end was asked for in the beginning. */
  #scopeOf(key) {
    const polls = this.topic.exchanges.filter(({ request }) => request.body?.device_code === key);
    return polls.map(({ response }) => response.body?.scope).find((scope) => scope !== undefined);
  }

  #outlive(kind) {
    const { access_code_validity: validity } = this.world.providers[kind];
    if (validity === 'seconds=1') this.clock.advanceSeconds(2);
  }

  async #make(kind, scope = 'openid profile email offline_access') {
    const { client_id: clientId } = this.world.providers[kind];
    const answer = await send(this.port, {
      method: 'POST',
      path: '/application/o/device/',
      // An address of its own, out of the throttle's sight.
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-forwarded-for': `192.0.2.${this.#made.length}`,
      },
      body: new URLSearchParams({ client_id: clientId, ...(scope !== '' && { scope }) }).toString(),
    });
    if (answer.status !== 200) throw new Error(`no device code for ${kind}: ${answer.status} ${answer.body}`);
    const device = { ...JSON.parse(answer.body), provider: kind };
    this.#made.push(device);
    return device;
  }

  /** Somebody opens the complete link; that the flow is gone through is the agreement. */
  async #agree({ user_code: code }, username) {
    const jar = await this.grants.jar(username);
    const { headers } = await send(this.port, { method: 'GET', path: `/device?code=${code}` }, jar);
    const [, slug, query] = /^\/if\/flow\/([^/]+)\/\?(.*)$/u.exec(headers.location ?? '') ?? [];
    const path = `/api/v3/flows/executor/${slug}/?${new URLSearchParams({ query })}`;
    await send(this.port, { method: 'GET', path, headers: { accept: 'application/json' } }, jar);
  }
}
