import type { readRecordings, Topic } from './recordings.mjs';

export interface Outcome {
  readonly topic: string;
  readonly name: string;
  readonly leftOut?: string;
  readonly differences?: readonly string[];
}

export function replayOn(
  recordings: ReturnType<typeof readRecordings>,
  topic: Topic,
  report: (outcome: Outcome) => void,
): Promise<void>;
