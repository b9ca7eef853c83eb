import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * The HTTP request that brought the message in hand. In a session mcp-nest binds its handlers once a request, so two
 * messages at once would be judged by the token of the later one.
 */
export const currentRequest = new AsyncLocalStorage<object>();
