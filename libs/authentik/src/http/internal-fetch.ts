/**
 * Makes a `fetch` that knows another way to one server: a request for `url` connects to `internalUrl`, and still asks
 * for the host and scheme of `url`. Authentik derives its issuer and endpoints from these, so they stay those that
 * tokens and browsers know. Needs `undici` itself: the `fetch` of Node sets the `Host` header on its own.
 * @param url address that the server is known by; requests for other origins go where they say
 * @param internalUrl address where it is reached
 */
export function createInternalFetch(url: string, internalUrl: string): typeof fetch {
  const { origin: publicOrigin, host, protocol } = new URL(url);
  const { origin } = new URL(internalUrl);
  const forwarded = { host, 'x-forwarded-proto': protocol.slice(0, -1), 'x-forwarded-host': host };
  const loading = once(async () => {
    const { Agent, fetch: send } = await import('undici');
    const dispatcher = new Agent().compose(
      (dispatch) => (options, handler) =>
        dispatch(
          String(options.origin) === publicOrigin
            ? { ...options, origin, headers: { ...(options.headers as Record<string, string>), ...forwarded } }
            : options,
          handler,
        ),
    );
    return { send, dispatcher };
  });
  return (async (input: string, init: RequestInit = {}) => {
    const { send, dispatcher } = await loading();
    // The same shapes, declared twice: once by undici and once by Node's types.
    return send(input, { ...(init as unknown as Parameters<typeof send>[1]), dispatcher });
  }) as typeof fetch;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
