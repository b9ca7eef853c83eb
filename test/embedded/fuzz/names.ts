import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';

export type LoggedRequest = EmbeddedAuthentik['requests'][number];
export type EndpointName = LoggedRequest['endpoint'];
