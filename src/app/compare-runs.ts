/** Runs to be compared, read from their records, with the contents that a difference is looked at by. Both hosts use it. */
import { readFile, stat } from 'node:fs/promises';
import { digestOf } from '../fingerprint/file-digests.ts';
import { keptFolder } from '../fingerprint/kept-folder.ts';
import { objectFile, readKeptSmall } from '../fingerprint/kept-objects.ts';
import type { Digest } from '../model/fingerprint.ts';
import type { RunState } from '../model/run-state.ts';
import { compareRuns, type Comparison } from '../query/compare.ts';
import { compareTimelines, type Timelines } from '../query/compare-timelines.ts';
import type { ContentAddress } from '../query/compared-versions.ts';
import { printedBy } from '../query/printed.ts';
import { objectPath, readArtifact } from '../recording/artifacts.ts';
import { groupBy } from '../model/group-by.ts';
import { readMakers } from '../store/read-makers.ts';

/** More is not looked into: a page holds both sides and what differs at once. */
const largest = 20_000_000;

export type Content =
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  /** It is of none of these runs, was never kept, or is no longer there. */
  | { readonly type: 'missing' }
  | { readonly type: 'too-large'; readonly size: number };

export interface ComparedRuns {
  readonly comparison: Comparison;
  readonly timelines: Timelines;
  readonly content: (address: ContentAddress) => Promise<Content>;
}

/** A run, and the `.runweave` that its record is in: what it made and used is kept there. */
export interface RunInStore {
  readonly store: string;
  readonly state: RunState;
}

/** The first run is what the others are compared with. They may be of different folders. */
export async function openComparison(runs: readonly RunInStore[]): Promise<ComparedRuns> {
  const states = runs.map(({ state }) => state);
  const makers = new Map(await Promise.all([...groupBy(runs, ({ store }) => store)].map(async ([store, of]) => [store, await readMakers(store, of.map(({ state }) => state))] as const)));
  const comparison = compareRuns(states, (task, run) => makers.get(runs[run]?.store ?? '')?.(task));
  const compared = comparison.tasks.flatMap((task) => task.states.flatMap((state, run) => (state === undefined ? [] : [{ state, store: runs[run]?.store ?? '' }])));
  const artifacts = new Map(compared.flatMap(({ state }) => state.artifacts.map((artifact) => [artifact.digest as string, artifact.content] as const)));
  /** Digest → where a run that names it keeps its contents. */
  const stores = new Map<string, Set<string>>();
  for (const { state, store } of compared) {
    for (const digest of [...Object.values(state.sources ?? {}), ...state.outputs.map((output) => output.digest), ...state.artifacts.map((artifact) => artifact.digest), ...Object.values(state.fingerprint?.inputs ?? {})]) {
      const known = stores.get(digest);
      if (known === undefined) stores.set(digest, new Set([store]));
      else known.add(store);
    }
  }
  return {
    comparison,
    timelines: compareTimelines(states),
    content: async (address) => {
      if (address.type === 'printed') {
        const state = comparison.tasks.find(({ id }) => id === address.task)?.states[address.run];
        return state === undefined ? { type: 'missing' } : { type: 'data', bytes: Buffer.from(printedBy(state, address.stream).text) };
      }
      const digest = address.digest as Digest;
      for (const store of stores.get(digest) ?? []) {
        const inline = artifacts.get(digest);
        if (inline !== undefined && inline.type !== 'reference') return present(await readArtifact(store, digest, inline));
        // Outputs are kept apart from artifacts: deleting them loses nothing but time.
        const found = (await readFound(objectPath(store, digest), digest)) ?? (isDigest(digest) ? await readKept(keptFolder(store), digest) : undefined);
        if (found !== undefined) return found;
      }
      return { type: 'missing' };
    },
  };
}

function present(bytes: Uint8Array | undefined): Content {
  return bytes === undefined ? { type: 'missing' } : { type: 'data', bytes };
}

/** What is recorded may come from anybody, and the digest becomes a path. */
function isDigest(digest: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(digest);
}

async function readKept(kept: string, digest: Digest): Promise<Content | undefined> {
  const small = readKeptSmall(kept, digest);
  return small === undefined ? readFound(objectFile(kept, digest), digest) : present(small);
}

async function readFound(file: string | undefined, digest: Digest): Promise<Content | undefined> {
  if (file === undefined) return undefined;
  try {
    const { size } = await stat(file);
    if (size > largest) return { type: 'too-large', size };
    const bytes = await readFile(file);
    // A task may have written to it.
    return digestOf(bytes) === digest ? { type: 'data', bytes } : undefined;
  } catch {
    return undefined;
  }
}
