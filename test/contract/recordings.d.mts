export interface Topic {
  readonly topic: string;
  readonly exchanges: readonly { readonly name: string }[];
}

export function readRecordings(folder: string): { readonly world: unknown; readonly topics: readonly Topic[] };
