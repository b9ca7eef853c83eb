import type { AuthentikVersion } from 'nestjs-authentik-testing';

/** The versions that every client is tried against. */
export const VERSIONS: readonly AuthentikVersion[] = [
  '2024.8',
  '2025.2',
  '2025.10',
  '2026.5.0-rc1',
  '2026.5',
  '2026.8',
];
