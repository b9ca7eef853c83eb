// Replays one topic: brings about what was given, sends what was sent, compares what comes back.
import { authorize, send } from './browser.mjs';
import { compareAnswer } from './compare.mjs';
import { Placeholders } from './placeholders.mjs';
import { isFlowInterface, whyLeftOut } from './recordings.mjs';
import { appPasswordOf, jwtOfSource } from './world.mjs';

const defaultScope = 'openid profile email';
const tokenNames = ['access_token', 'refresh_token', 'id_token'];

export async function replayTopic(world, authentik, topics, topic, report) {
  const replay = new TopicReplay(world, authentik, topics, topic);
  for (const exchange of topic.exchanges) {
    const reason = whyLeftOut(topic, exchange);
    if (reason !== undefined) {
      report({ topic: topic.topic, name: exchange.name, leftOut: reason });
      continue;
    }
    let differences;
    try {
      differences = await replay.exchange(exchange);
    } catch (error) {
      differences = [error instanceof Error ? error.message : String(error)];
    }
    report({ topic: topic.topic, name: exchange.name, differences });
  }
}

/** The words of the recorder: "code unknown" is a value that the server has never seen. */
function isUnknownTo(kind, name) {
  const word = kind === 'code' ? 'code' : 'token';
  return new RegExp(`\\b${word},? unknown\\b|\\bunknown ${word}\\b`, 'u').test(name);
}

/** A nonce that comes back was asked for. */
function nonceIn(response) {
  return /"nonce":"([^"<]+)"/u.exec(JSON.stringify(response))?.[1];
}

class TopicReplay {
  #jars = new Map();
  /** What was granted for an exchange, and for those that come after it. */
  #grants = new Map();

  constructor(world, authentik, topics, topic) {
    this.world = world;
    this.clock = authentik.clock;
    this.port = authentik.port;
    this.topics = topics;
    this.topic = topic;
    this.placeholders = new Placeholders(topic.shapes);
  }

  async exchange({ name, given = {}, request, response }) {
    const jar = await this.#jarOf(given);
    for (const { key, name: kind } of this.placeholders.unknownIn(JSON.stringify(request))) {
      const nonce = given.nonce ?? given.authorizationNonce ?? nonceIn(response);
      const asked = { ...given, ...(nonce !== undefined && { nonce }) };
      const value = await this.#produce({ kind, key }, name, asked, request);
      if (value === undefined) throw new Error(`what ${key} stands for cannot be brought about`);
      this.placeholders.bind(key, value);
    }
    const answer = await send(this.port, messageOf(request, this.placeholders), jar);
    return compareAnswer(response, answer, this.placeholders, { statusOnly: isFlowInterface(request) });
  }

  /** The browser of a person: signed in, signed out, or none. */
  async #jarOf({ signedInAs, provider }) {
    if (signedInAs === undefined) return undefined;
    if (signedInAs === null) {
      if (!this.#jars.has(null)) this.#jars.set(null, new Map());
      return this.#jars.get(null);
    }
    return this.#signedIn(signedInAs, provider);
  }

  async #signedIn(username, provider) {
    if (!this.#jars.has(username)) {
      const jar = new Map();
      this.#jars.set(username, jar);
      // By an application that everybody may use.
      void provider;
      const { client_id: clientId, redirect_uris: uris } = this.world.providers.confidential;
      await authorize(
        this.port,
        { client_id: clientId, redirect_uri: uris[0].url, response_type: 'code', scope: 'openid', state: 'sign-in' },
        jar,
        { username, password: this.world.password },
      );
    }
    return this.#jars.get(username);
  }

  async #produce({ kind, key }, name, given, request) {
    if (isUnknownTo(kind, name)) return this.placeholders.invent(kind);
    // Named after whose it is: `<app_password:alice-app>`.
    const [, owner] = /:(\w+)-app>$/u.exec(key) ?? [];
    if (kind === 'app_password') return appPasswordOf(owner);
    if (kind === 'jwt') return jwtOfSource(name);
    if (/^base64_of_\w+_colon_app_password$/u.test(kind)) {
      return Buffer.from(`${owner}:${appPasswordOf(owner)}`).toString('base64');
    }
    const before = await this.#referred(given.after, given);
    if (kind === 'code') {
      const code = before?.code ?? (await this.#code(given, request));
      this.#outlive(this.#provider(given).access_code_validity);
      return code;
    }
    if (!tokenNames.includes(kind)) return undefined;
    if (before?.tokens !== undefined) return before.tokens[kind];
    // An assertion comes from the provider that this one trusts.
    const [trusted] = this.world.federation?.[this.#provider(given).application]?.trustsTokensOfProviders ?? [];
    const isAssertion = request.body?.client_assertion !== undefined;
    const from = isAssertion && trusted !== undefined ? { ...given, provider: trusted } : given;
    const root = given.after ?? name;
    let grant = this.#grants.get(root);
    if (grant === undefined || grant.used.has(kind)) {
      grant = { used: new Set(), tokens: await this.#grant(from) };
      this.#grants.set(root, grant);
      this.#grants.set(name, grant);
    }
    grant.used.add(kind);
    const validity = { access_token: 'access_token_validity', refresh_token: 'refresh_token_validity' }[kind];
    this.#outlive(validity && this.#provider(given)[validity]);
    return grant.tokens?.[kind];
  }

  /** What lives for a second was recorded when it had ended. */
  #outlive(validity) {
    if (validity === 'seconds=1') this.clock.advanceSeconds(2);
  }

  /**
   * Brings about an exchange of another topic, written as `topic: name`, and what that one came after.
   * @returns its code and what was granted for it
   */
  async #referred(after, given) {
    const [, topicName, name] = /^([\w-]+): (.*)$/su.exec(after ?? '') ?? [];
    const exchange = this.topics.find(({ topic }) => topic === topicName)?.exchanges.find((one) => one.name === name);
    if (topicName === undefined || topicName === this.topic.topic) return undefined;
    this.referred ??= new Map();
    if (exchange === undefined) {
      // Not recorded. What came before with a code can only have been its use.
      if (!this.referred.has(after)) this.referred.set(after, await this.#used(given));
      return this.referred.get(after);
    }
    if (!this.referred.has(after)) {
      const before = await this.#referred(exchange.given?.after, exchange.given ?? {});
      const code = before?.code ?? (await this.#code(exchange.given ?? {}, exchange.request));
      const own = new Placeholders({});
      for (const { key } of own.unknownIn(JSON.stringify(exchange.request))) own.bind(key, code);
      const answer = await send(this.port, messageOf(exchange.request, own));
      const tokens = answer.status === 200 ? JSON.parse(answer.body) : before?.tokens;
      this.referred.set(after, { code, tokens });
    }
    return this.referred.get(after);
  }

  #provider(given) {
    return this.world.providers[given.provider ?? 'confidential'];
  }

  async #code(given, request) {
    const provider = this.#provider(given);
    const username = given.user ?? given.signedInAs ?? 'alice';
    const asked = request?.body?.redirect_uri;
    const strict = provider.redirect_uris.filter(({ matching_mode: mode }) => mode === 'strict').map(({ url }) => url);
    const redirectUri = strict.includes(asked) ? asked : (strict[0] ?? asked);
    const parameters = {
      client_id: provider.client_id,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: given.scope ?? defaultScope,
      state: 'st-123',
      ...((given.nonce ?? given.authorizationNonce) !== undefined && {
        nonce: given.nonce ?? given.authorizationNonce,
      }),
      ...given.authorization,
    };
    for (const [name, value] of Object.entries(parameters)) if (value === null) delete parameters[name];
    const jar = await this.#signedIn(username, given.provider);
    const callback = await authorize(this.port, parameters, jar, { username, password: this.world.password });
    // Of a hybrid request it comes in the fragment.
    return (
      callback &&
      (new URLSearchParams(`${callback.search.slice(1)}&${callback.hash.slice(1)}`).get('code') ?? undefined)
    );
  }

  async #grant(given) {
    return (await this.#used(given))?.tokens;
  }

  /** A code, and what it was redeemed for. */
  async #used(given) {
    const provider = this.#provider(given);
    const code = await this.#code({ ...given, scope: given.scope ?? `${defaultScope} offline_access` }, {});
    if (code === undefined) return undefined;
    const strict = provider.redirect_uris.find(({ matching_mode: mode }) => mode === 'strict');
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: strict?.url ?? '',
      client_id: provider.client_id,
      ...(provider.client_type === 'confidential' && { client_secret: provider.client_secret }),
    });
    const answer = await send(this.port, {
      method: 'POST',
      path: '/application/o/token/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: body.toString(),
    });
    return { code, tokens: answer.status === 200 ? JSON.parse(answer.body) : undefined };
  }
}

/** A request as it is sent, with the values for its placeholders. */
function messageOf({ method, path, headers = {}, bodyKind, body }, placeholders) {
  const filled = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, placeholders.fill(value)]));
  const message = { method, path: placeholders.fill(path, encodeURIComponent), headers: filled };
  if (bodyKind === undefined || body === undefined || body === null) {
    if (method !== 'GET' && method !== 'HEAD') message.headers['content-length'] ??= '0';
    return message;
  }
  if (bodyKind === 'form') {
    const pairs = Array.isArray(body) ? body : Object.entries(body);
    message.body = new URLSearchParams(
      pairs.map(([name, value]) => [name, placeholders.fill(String(value))]),
    ).toString();
    message.headers['content-type'] ??= 'application/x-www-form-urlencoded';
  } else if (bodyKind === 'json') {
    message.body = placeholders.fill(JSON.stringify(body));
    message.headers['content-type'] ??= 'application/json';
  } else message.body = placeholders.fill(String(body));
  message.headers['content-length'] = String(Buffer.byteLength(message.body));
  return message;
}
