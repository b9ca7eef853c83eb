import { once } from 'node:events';

import express from 'express';

import { createMiddleware } from './by-hand.mjs';

const answer = (_request, response) => response.json({ hello: 'world' });

/** The same route without Nest. */
export async function start({ port, ...options }) {
  const app = express();
  app.get('/open', answer);
  app.get('/jose', createMiddleware(options), answer);
  await once(app.listen(port, '127.0.0.1'), 'listening');
}
