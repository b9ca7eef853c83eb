// Replays one topic: brings about what was given, sends what was sent, compares what comes back.
import { actsOf } from './acts.mjs';
import { send } from './browser.mjs';
import { Browsers } from './browsers.mjs';
import { Circumstances } from './circumstances.mjs';
import { compareAnswer } from './compare.mjs';
import { Devices } from './devices.mjs';
import { compareNamed, compareOldToken, compareReceived, compareSignatures } from './facts.mjs';
import { Grants, tokenNames } from './grants.mjs';
import { messageOf } from './messages.mjs';
import { perform } from './perform.mjs';
import { Placeholders } from './placeholders.mjs';
import { administratorsAct, isFlowInterface, whyLeftOut } from './recordings.mjs';
import { appPasswordOf, jwtOfSource } from './world.mjs';

/** @param setting the world, its server, all topics, and the receiver of logout tokens */
export async function replayTopic(setting, topic, report) {
  const replay = new TopicReplay(setting, topic);
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

/** So was a scope. */
function scopeIn({ body, decoded }) {
  const { scope } = decoded?.access_token?.payload ?? {};
  return typeof scope === 'string' ? scope : typeof body?.scope === 'string' ? body.scope : undefined;
}

const isEndSession = ({ path }) => /\/end-session\//u.test(path);
const isToken = (kind) => tokenNames.includes(kind);

class TopicReplay {
  /** What was granted for an exchange, and for those that come after it. */
  #grants = new Map();
  /** Which grant a token is of. */
  #grantOf = new Map();
  #done = new Set();
  /** Browsers in the middle of a flow. */
  #leftOver = new WeakSet();

  constructor({ world, authentik, topics, receiver }, topic) {
    this.world = world;
    this.authentik = authentik;
    this.port = authentik.port;
    this.topics = topics;
    this.topic = topic;
    this.receiver = receiver;
    this.placeholders = new Placeholders(topic.shapes);
    this.grants = new Grants(world, authentik.port);
    this.browsers = new Browsers(world, authentik.port, this.grants);
    this.devices = new Devices(world, authentik, topic, this.grants);
    this.circumstances = new Circumstances(world, authentik, topic);
    // ID tokens of one second are equal byte for byte, and recorded ones are; no second may pass by chance.
    this.authentik.clock.freeze();
  }

  async exchange(exchange) {
    const { given = {}, request, response, facts = {} } = exchange;
    this.#setUp(given, exchange);
    await this.#act(exchange);
    const jar = await this.#jarOf(exchange);
    const act = administratorsAct(request);
    if (act === undefined) await this.#produceAll(exchange);
    const isFollowed = facts.received !== undefined || facts.userinfoAfterwards !== undefined;
    const grant = isFollowed ? await this.grants.used(this.#asked(exchange)) : undefined;

    const before = this.receiver.received.length;
    const differences = [];
    let answer;
    if (act !== undefined) {
      await perform({ kind: act }, given, this, undefined);
    } else {
      const message = messageOf(request, this.placeholders);
      await this.circumstances.bringAbout(exchange, () => send(this.port, message, jar));
      await this.browsers.before(exchange, jar);
      answer = await send(this.port, message, jar);
      await this.browsers.after(exchange, jar, answer);
      differences.push(...compareAnswer(response, answer, this.placeholders, { statusOnly: isFlowInterface(request) }));
      if (jar !== undefined && isEndSession(request) && answer.status === 302) this.#leftOver.add(jar);
    }
    if (facts.received !== undefined) {
      await this.authentik.logoutsSettled();
      const received = this.receiver.received.slice(before);
      compareReceived(facts.received, received, grant?.tokens?.access_token ?? '', this.placeholders, differences);
    }
    if (differences.length === 0) await this.#compareFacts(exchange, answer, jar, grant, differences);
    return differences;
  }

  /** What an administrator had set for this exchange. */
  #setUp(given, { request, response }) {
    const { authentik } = this;
    authentik.setDefaultApplication(given.brandDefaultApplication);
    const application = this.world.providers[given.provider]?.application;
    if (isEndSession(request) && application) {
      authentik.updateApplication(application, {
        invalidationFlow: given.invalidationFlow ?? 'default-provider-invalidation-flow',
      });
    }
    // Groups that the world does not have: other topics made them, and put the person in.
    const username = given.user ?? given.signedInAs ?? 'alice';
    const user = authentik.users.find((one) => one.username === username);
    const known = JSON.stringify([this.world.users, this.world.customScopes]);
    const told = response.decoded?.access_token?.payload?.groups ?? response.body?.groups ?? [];
    const unheardOf = told.filter?.((group) => typeof group === 'string' && !known.includes(`"${group}"`)) ?? [];
    if (user !== undefined && unheardOf.length > 0) {
      authentik.setGroups(username, [...new Set([...user.groups, ...unheardOf])]);
    }
  }

  /** Acts that are still to be done, after whatever has to be there before them. */
  async #act(exchange) {
    const { given = {}, request } = exchange;
    const learnt = this.#tokensIn(request).some(({ key }) => this.placeholders.isLearnt(key));
    const acts = actsOf(exchange, given.provider).filter(
      ({ kind, id }) => !this.#done.has(id) && !(kind === 'refresh' && learnt),
    );
    if (acts.length === 0) return;
    for (const other of this.#sharing(exchange, acts)) await this.#produceAll(other, { tokensOnly: true });
    const key = this.#tokensIn(request).find((one) => this.#grantOf.has(one.key))?.key;
    const grant = this.#grantOf.get(key) ?? this.#grants.get(given.after ?? exchange.name);
    for (const act of acts) {
      this.#done.add(act.id);
      await perform(act, given, this, grant);
    }
  }

  /** This exchange and later ones, whose tokens were granted before the same act. */
  #sharing(exchange, acts) {
    const from = this.topic.exchanges.indexOf(exchange);
    const ids = acts.map(({ id }) => id);
    const told = new Set();
    return this.topic.exchanges.slice(from).filter((other, index) => {
      const mine = actsOf(other, other.given?.provider).map(({ id }) => id);
      const sameAct = mine.some((id) => ids.includes(id)) && !acts.some(({ kind }) => kind === 'key');
      const samePeople =
        other.given?.provider === exchange.given?.provider && other.given?.user === exchange.given?.user;
      const ofBefore = samePeople && /\b(?:before|old|earlier)\b/u.test(other.name);
      // What an answer in between tells was not there before.
      const isTold = this.#tokensIn(other.request).some(({ key }) => told.has(key));
      for (const [key] of JSON.stringify(other.response).matchAll(/<\w+:\d+>/gu)) told.add(key);
      return !isTold && (index === 0 ? !acts.some(({ kind }) => kind === 'key') || ofBefore : sameAct || ofBefore);
    });
  }

  #tokensIn(request) {
    return [...JSON.stringify(request).matchAll(/<(\w+):\d+>/gu)]
      .map(([key, kind]) => ({ key, kind }))
      .filter(({ kind }) => isToken(kind));
  }

  async #produceAll(exchange, { tokensOnly = false } = {}) {
    const { name, request } = exchange;
    for (const { key, name: kind } of this.placeholders.unknownIn(JSON.stringify(request))) {
      if (tokensOnly && !isToken(kind)) continue;
      const value = /^(?:device|user)_code$/u.test(kind)
        ? await this.devices.produce({ kind, key }, exchange)
        : await this.#produce({ kind, key }, name, this.#asked(exchange), request);
      if (value === undefined) throw new Error(`what ${key} stands for cannot be brought about`);
      this.placeholders.bind(key, value);
    }
  }

  /** What was given, with what only the answers tell: the nonce, and the scope. */
  #asked({ name, given = {}, request, response }) {
    const keys = this.#tokensIn(request).map(({ key }) => key);
    const same = this.topic.exchanges.filter((other) =>
      keys.some((key) => JSON.stringify(other.request).includes(key)),
    );
    const scope =
      given.scope ??
      this.#scopeInWords(name, given) ??
      same.map((other) => other.given?.scope ?? scopeIn(other.response)).find(Boolean);
    const user = given.user ?? same.map((other) => other.given?.user).find(Boolean);
    const nonce = given.nonce ?? given.authorizationNonce ?? nonceIn(response);
    return {
      ...given,
      ...(scope !== undefined && { scope }),
      ...(user !== undefined && { user }),
      ...(nonce !== undefined && { nonce }),
    };
  }

  /** "… that has the api scope": one more of those that the provider has. */
  #scopeInWords(name, given) {
    const [, word] = /\bhas the (\w+) scope\b/u.exec(name) ?? [];
    if (word === undefined) return undefined;
    const found = this.grants.provider(given).scopes.find((scope) => scope === word || scope.endsWith(`/${word}`));
    return found && `openid profile email ${found}`;
  }

  /** The browser of a person: signed in, signed out, or none. */
  async #jarOf({ given = {}, request, response }) {
    const { signedInAs } = given;
    if (signedInAs === undefined) return undefined;
    const jar = await this.grants.jar(signedInAs);
    if (!isEndSession(request) || signedInAs === null) return jar;
    // An empty page says that a flow was left over in that browser (README of these versions); a redirect, that none was.
    const { title, text } = response.body ?? {};
    const isTrapped = response.status === 200 && !title && (text ?? []).length === 0;
    if (isTrapped && !this.#leftOver.has(jar)) {
      await perform({ kind: 'end-session' }, { ...given, user: signedInAs }, this, undefined);
      this.#leftOver.add(jar);
    }
    return !isTrapped && this.#leftOver.has(jar) ? this.grants.newJar(signedInAs) : jar;
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
      const code = before?.code ?? (await this.grants.code(given, request));
      this.#outlive(this.grants.provider(given).access_code_validity);
      return code;
    }
    if (!isToken(kind)) return undefined;
    if (before?.tokens !== undefined) return before.tokens[kind];
    const grant = await this.#granted(kind, name, given, request);
    this.#grantOf.set(key, grant);
    const validity = { access_token: 'access_token_validity', refresh_token: 'refresh_token_validity' }[kind];
    this.#outlive(validity && this.grants.provider(given)[validity]);
    const isOld = /\b(?:rotated|old|before|earlier)\b/u.test(name);
    return (isOld ? grant.tokens : (grant.refreshed ?? grant.tokens))?.[kind];
  }

  /** One grant for all that comes after the same; of it each kind of token is used once. */
  async #granted(kind, name, given, request) {
    // An assertion comes from the provider that this one trusts.
    const [trusted] = this.world.federation?.[this.grants.provider(given).application]?.trustsTokensOfProviders ?? [];
    const isAssertion = request.body?.client_assertion !== undefined;
    const from = isAssertion && trusted !== undefined ? { ...given, provider: trusted } : given;
    const root = given.after ?? name;
    let grant = this.#grants.get(root);
    if (grant === undefined || grant.used.has(kind)) {
      const username = given.user ?? 'alice';
      const user = this.authentik.users.find((one) => one.username === username);
      if (user !== undefined && !user.isActive) this.authentik.setUserActive(username, true);
      grant = { used: new Set(), tokens: (await this.grants.used(from))?.tokens };
      this.#grants.set(root, grant);
      this.#grants.set(name, grant);
    }
    grant.used.add(kind);
    return grant;
  }

  /** What lives for a second was recorded when it had ended. */
  #outlive(validity) {
    if (validity === 'seconds=1') this.authentik.clock.advanceSeconds(2);
  }

  /**
   * Brings about an exchange of another topic, written as `topic: name`, and what that one came after.
   * @returns its code and what was granted for it
   */
  async #referred(after, given) {
    const [, topicName, name] = /^([\w-]+): (.*)$/su.exec(after ?? '') ?? [];
    const exchange = this.topics.find(({ topic }) => topic === topicName)?.exchanges.find((one) => one.name === name);
    if (topicName === undefined || (topicName === this.topic.topic && exchange !== undefined)) return undefined;
    this.referred ??= new Map();
    if (exchange === undefined) {
      // Not recorded. What came before with a code can only have been its use.
      if (!this.referred.has(after)) this.referred.set(after, await this.grants.used(given));
      return this.referred.get(after);
    }
    if (!this.referred.has(after)) {
      const before = await this.#referred(exchange.given?.after, exchange.given ?? {});
      const code = before?.code ?? (await this.grants.code(exchange.given ?? {}, exchange.request));
      const own = new Placeholders({});
      for (const { key } of own.unknownIn(JSON.stringify(exchange.request))) own.bind(key, code);
      const answer = await send(this.port, messageOf(exchange.request, own));
      const tokens = answer.status === 200 ? JSON.parse(answer.body) : before?.tokens;
      this.referred.set(after, { code, tokens });
    }
    return this.referred.get(after);
  }

  async #compareFacts({ given = {}, request, facts = {} }, answer, jar, grant, differences) {
    const provider = this.world.providers[given.provider];
    const signed = Object.fromEntries(Object.entries(facts).filter(([name]) => isToken(name)));
    if (Object.keys(signed).length > 0) {
      await compareSignatures(signed, answer, await this.#keySet(provider), provider.client_secret, differences);
    }
    if (given.oldTokenVerifiesWithNewKeySet !== undefined) {
      const token = this.placeholders.get(this.#tokensIn(request)[0]?.key) ?? '';
      const keySet = await this.#keySet(provider);
      await compareOldToken(given.oldTokenVerifiesWithNewKeySet, token, keySet, differences);
    }
    if (facts.userinfoAfterwards !== undefined) {
      compareNamed(facts, await this.#afterwards(answer, jar, given, grant), differences);
    }
  }

  async #keySet({ application }) {
    const { body } = await send(this.port, { method: 'GET', path: `/application/o/${application}/jwks/` });
    return JSON.parse(body);
  }

  /** Goes to the end of the flow that an answer leads to, and looks at what holds then. */
  async #afterwards({ headers }, jar, given, { tokens } = {}) {
    const flow = /\/if\/flow\/([\w-]+)\//u.exec(headers.location ?? '')?.[1];
    const path = `/api/v3/flows/executor/${flow}/?query=`;
    let challenge = await send(this.port, { method: 'GET', path }, jar);
    for (let hops = 0; hops < 5 && challenge.status === 302; hops += 1) {
      challenge = await send(this.port, { method: 'GET', path }, jar);
    }
    const { component, to = null } = JSON.parse(challenge.body);
    const userinfo = await send(this.port, {
      method: 'GET',
      path: '/application/o/userinfo/',
      headers: { authorization: `Bearer ${tokens?.access_token}` },
    });
    const { client_id: clientId, redirect_uris: uris } = this.world.providers.confidential;
    const query = new URLSearchParams({
      client_id: clientId,
      redirect_uri: uris[0].url,
      response_type: 'code',
      scope: 'openid',
      prompt: 'none',
    });
    const { headers: back } = await send(this.port, { method: 'GET', path: `/application/o/authorize/?${query}` }, jar);
    return {
      flowChallenge: component,
      browserEndsAt: to,
      userinfoAfterwards: userinfo.status,
      refreshAfterwards: (await this.grants.refresh(given, tokens?.refresh_token ?? '')) === undefined ? 400 : 200,
      stillSignedIn: /[?&]code=/u.test(back.location ?? ''),
    };
  }
}
