// Codes and tokens that were given: brought about by a person in a browser, as they were.
import { authorize, send } from './browser.mjs';

export const tokenNames = ['access_token', 'refresh_token', 'id_token'];
const defaultScope = 'openid profile email';

/** Only strict ones that a browser may be sent to. */
const usable = ({ matching_mode: mode, redirect_uri_type: type, url }) =>
  mode === 'strict' && type !== 'logout' && !/^(?:javascript|data|vbscript):/iu.test(url);

export class Grants {
  /** Browsers by person; `null` is one that is signed out. */
  #jars = new Map([[null, new Map()]]);

  constructor(world, port) {
    this.world = world;
    this.port = port;
  }

  provider({ provider: kind = 'confidential' }) {
    const provider = this.world.providers[kind];
    if (provider === undefined) throw new Error(`there is no provider of the kind '${kind}'`);
    return provider;
  }

  /** The browser of a person, signed in when it is new. */
  async jar(username) {
    if (!this.#jars.has(username)) await this.newJar(username);
    return this.#jars.get(username);
  }

  /** Another browser takes the place of the one before. */
  async newJar(username) {
    const jar = new Map();
    this.#jars.set(username, jar);
    await this.signIn(username, jar);
    return jar;
  }

  /** A signed-out browser in which somebody has signed in is that person's from then on. */
  adopt(username, jar) {
    this.#jars.set(username, jar);
    this.#jars.set(null, new Map());
  }

  /** By an application that everybody may use. */
  signIn(username, jar, more = {}) {
    const { client_id: clientId, redirect_uris: uris } = this.world.providers.confidential;
    return authorize(
      this.port,
      {
        client_id: clientId,
        redirect_uri: uris[0].url,
        response_type: 'code',
        scope: 'openid',
        state: 'sign-in',
        ...more,
      },
      jar,
      { username, password: this.world.password },
    );
  }

  async code(given, request) {
    const provider = this.provider(given);
    const username = given.user ?? given.signedInAs ?? 'alice';
    const asked = request?.body?.redirect_uri;
    const strict = provider.redirect_uris.filter(usable).map(({ url }) => url);
    const parameters = {
      client_id: provider.client_id,
      redirect_uri: strict.includes(asked) ? asked : (strict[0] ?? asked),
      response_type: 'code',
      scope: given.scope ?? defaultScope,
      state: 'st-123',
      nonce: given.nonce ?? given.authorizationNonce ?? null,
      ...given.authorization,
    };
    for (const [name, value] of Object.entries(parameters)) if (value === null) delete parameters[name];
    const callback = await authorize(this.port, parameters, await this.jar(username), {
      username,
      password: this.world.password,
    });
    // Of a hybrid request it comes in the fragment.
    return (
      callback &&
      (new URLSearchParams(`${callback.search.slice(1)}&${callback.hash.slice(1)}`).get('code') ?? undefined)
    );
  }

  /** A code, and what it was redeemed for. */
  async used(given) {
    const provider = this.provider(given);
    const code = await this.code({ ...given, scope: given.scope ?? `${defaultScope} offline_access` }, {});
    if (code === undefined) return undefined;
    const uri = provider.redirect_uris.find(usable)?.url ?? '';
    const tokens = await this.#ask(provider, { grant_type: 'authorization_code', code, redirect_uri: uri });
    return { code, tokens };
  }

  refresh(given, refreshToken) {
    return this.#ask(this.provider(given), { grant_type: 'refresh_token', refresh_token: refreshToken });
  }

  async #ask(provider, fields) {
    const answer = await send(this.port, {
      method: 'POST',
      path: '/application/o/token/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        ...fields,
        client_id: provider.client_id,
        ...(provider.client_type === 'confidential' && { client_secret: provider.client_secret }),
      }).toString(),
    });
    return answer.status === 200 ? JSON.parse(answer.body) : undefined;
  }
}
