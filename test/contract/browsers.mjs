// What happens in the browsers of a topic between its exchanges.
import { send } from './browser.mjs';

const executor = '/api/v3/flows/executor/default-authentication-flow/';

export class Browsers {
  /** Requests that a browser was sent away from to sign in first. */
  #sentToSignIn = new Map();
  #languages = new Map();

  constructor(world, port, grants) {
    this.world = world;
    this.port = port;
    this.grants = grants;
  }

  /**
   * What happened in a browser between two exchanges, as far as the second one tells: it is asked in another language,
   * or a sign-in that the first one demanded is done.
   */
  async before({ given = {}, request, response }, jar) {
    if (jar === undefined) return;
    const language = response.headers?.['content-language'];
    if (language !== undefined && given.signedInAs && language !== (this.#languages.get(jar) ?? 'en')) {
      await this.grants.signIn(given.signedInAs, jar, { ui_locales: language });
      this.#languages.set(jar, language);
    }
    const again = this.#sentToSignIn.get(jar) === request.path;
    if (again && given.signedInAs && !leadsToSignIn(response.headers?.location)) {
      await this.#signInAgain(jar, given.signedInAs);
      this.#sentToSignIn.delete(jar);
    }
  }

  /** Learns what an answer did to a browser. A signed-out one that has signed in is that person's from then on. */
  async after({ given = {}, request }, jar, answer) {
    if (jar === undefined) return;
    if (leadsToSignIn(answer.headers.location) && !leadsToSignIn(request.path))
      this.#sentToSignIn.set(jar, request.path);
    if (given.signedInAs !== null || !request.path.startsWith(executor)) return;
    const me = await send(this.port, { method: 'GET', path: '/api/v3/core/users/me/' }, jar);
    if (me.status !== 200) return;
    this.grants.adopt(JSON.parse(me.body).user.username, jar);
  }

  async #signInAgain(jar, username) {
    const ask = (answer) =>
      send(
        this.port,
        {
          method: answer === undefined ? 'GET' : 'POST',
          path: `${executor}?query=`,
          headers: { accept: 'application/json', 'content-type': 'application/json' },
          ...(answer !== undefined && { body: JSON.stringify(answer) }),
        },
        jar,
      );
    await ask();
    await ask({ uid_field: username });
    let answer = await ask({ password: this.world.password });
    while (answer.status === 302) answer = await ask();
  }
}

const leadsToSignIn = (location) =>
  /^\/(?:flows\/-\/default\/authentication|if\/flow\/default-authentication-flow)\//u.test(location ?? '');
