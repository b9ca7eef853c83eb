import type { IncomingMessage } from 'node:http';

import type { Session } from 'express-session';

import type { SessionWithRecord } from '../store/session-record.js';

/** A request as express-session leaves it. */
export interface SessionRequest extends IncomingMessage {
  session?: (Session & SessionWithRecord) | null;
  sessionID?: string;
  /** Express: whether the connection is https, proxies that are trusted included. */
  secure?: boolean;
}

/** Gives the browser a new session with a new id; what the old one held is gone. */
export const regenerate = (session: Session): Promise<void> => called((done) => session.regenerate(done));

export const save = (session: Session): Promise<void> => called((done) => session.save(done));

export const destroy = (session: Session): Promise<void> => called((done) => session.destroy(done));

function called(call: (done: (error?: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}
