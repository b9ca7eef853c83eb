import type { IncomingMessage, ServerResponse } from 'node:http';

import { htmlEscape } from 'escape-goat';

import { printable } from '../../observability/printable.js';
import { pageHeaders, sessionPage, wantsPage } from './session-page.js';

/** An answer for a person and for a program. */
export interface Answer {
  readonly status: number;
  readonly title: string;
  readonly text: string;
  /** What the person can do about it. */
  readonly action?: { readonly label: string; readonly href: string };
  /** Stable word. */
  readonly error: string;
  readonly retryAfterSeconds?: number;
}

/** Headers of everything that the routes of browsers answer. */
export function setPageHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(pageHeaders)) response.setHeader(name, value);
  response.setHeader('Vary', 'Accept, Cookie');
}

/** A page for a browser, `{ error, error_description }` for a program. */
export function answer(request: IncomingMessage, response: ServerResponse, said: Answer): void {
  // Nobody is there any more.
  if (response.headersSent || response.destroyed) return;
  setPageHeaders(response);
  if (said.retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(said.retryAfterSeconds));
  if (wantsPage(request)) send(response, said.status, 'text/html; charset=utf-8', toPage(said));
  else sendJson(response, said.status, { error: said.error, error_description: said.text });
}

function toPage({ title, text, action, error }: Answer): string {
  const link =
    action === undefined
      ? ''
      : htmlEscape`<p class="actions"><a class="button" href="${action.href}">${action.label}</a></p>`;
  return sessionPage(title, htmlEscape`<h1>${title}</h1><p>${printable(text)}</p><p class="quiet">${error}</p>` + link);
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, 'application/json; charset=utf-8', JSON.stringify(body));
}

/** Sends a browser on. The address that it comes from, with a code in it, stays between us. */
export function redirect(response: ServerResponse, location: string): void {
  setPageHeaders(response);
  response.setHeader('Location', location);
  response.statusCode = 303;
  response.end();
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}
