import type { EmbeddedAuthentik } from 'nestjs-authentik-testing';
import semver from 'semver';
import type { Evidence } from '../../../libs/authentik-testing/src/embedded/versions.js';

/** Every version that the lines are held to, and its full name. */
export const VERSIONS = {
  '2024.8': '2024.8.3',
  '2025.2': '2025.2.3',
  '2025.10': '2025.10.0',
  '2026.5.0-rc1': '2026.5.0-rc1',
  '2026.5': '2026.5.0',
  '2026.8': '2026.8.0',
} as const;

export type Version = keyof typeof VERSIONS;

/** One statement of a line, with what holds where it does not apply. */
export interface Statement {
  /** Stands in the title of its tests and in COMPATIBILITY.md. */
  readonly what: string;
  /** Semver range of versions that it applies to. Default: all. */
  readonly versions?: string;
  /** `none`: nothing was read, recorded or documented; the emulator's own choice. */
  readonly evidence: Evidence | 'none';
  /** Fails if the statement does not hold. */
  readonly holds: (authentik: EmbeddedAuthentik) => Promise<void>;
  /** Fails unless the opposite holds; needed wherever `versions` leaves one out. */
  readonly otherwise?: (authentik: EmbeddedAuthentik) => Promise<void>;
}

/** Lines of the behaviour reference, by their number. */
export type Lines = Readonly<Record<number, readonly Statement[]>>;

/** @returns whether a statement applies to a version */
export function appliesTo({ versions }: Pick<Statement, 'versions'>, version: Version): boolean {
  return versions === undefined || semver.satisfies(VERSIONS[version], versions, { includePrerelease: true });
}
