/** The versions of a difference that has a content: where they are, and what differs between two of them. */
import type { Difference, PerRun } from './compare.ts';
import { compareContents, comparePrinted, compareSources, contentKind, type ContentDiff, type ContentKind } from './compare-contents.ts';
import type { PrintedStream } from './printed.ts';

/** Of the compared runs: what is stored under a digest (an artifact, a source file, a kept output), or what a task printed. */
export type ContentAddress = { readonly type: 'stored'; readonly digest: string } | { readonly type: 'printed'; readonly task: string; readonly stream: PrintedStream; /** From 0. */ readonly run: number };

export interface ComparedVersions {
  readonly name: string;
  readonly mediaType: string;
  readonly kind: ContentKind | 'source' | 'printed';
  readonly contents: PerRun<ContentAddress>;
  /** Bytes, where they are known. */
  readonly sizes: PerRun<number>;
}

/** By which one asks whether it is the same content. */
export function addressKey(address: ContentAddress): string {
  return address.type === 'stored' ? address.digest : `${address.run}/${address.stream}/${address.task}`;
}

/** `undefined`: the difference is its values, and there is no more to see. */
export function versionsOf(difference: Difference): ComparedVersions | undefined {
  switch (difference.type) {
    case 'artifact': {
      const { name, mediaType, digests, sizes } = difference;
      return { name, mediaType, kind: contentKind({ name, mediaType }), contents: stored(digests), sizes };
    }
    case 'output':
      return file(difference.path, difference.digests, difference.sizes);
    case 'input':
      return file(difference.path, difference.digests, []);
    case 'source':
      return { name: difference.path, mediaType: 'text/plain', kind: 'source', contents: stored(difference.contents), sizes: [] };
    case 'printed': {
      const { task, stream, changes } = difference;
      return { name: `${task} ${stream}`, mediaType: 'text/plain', kind: 'printed', contents: changes.map((_, run) => ({ type: 'printed', task, stream, run })), sizes: [] };
    }
    default:
      return undefined;
  }
}

function stored(digests: PerRun<string>): PerRun<ContentAddress> {
  return digests.map((digest) => (digest === undefined ? undefined : { type: 'stored', digest }));
}

const mediaTypes: readonly (readonly [RegExp, string])[] = [
  [/\.csv$/i, 'text/csv'],
  [/\.tsv$/i, 'text/tab-separated-values'],
  [/\.json$/i, 'application/json'],
  [/\.ipynb$/i, 'application/x-ipynb+json'],
  [/\.png$/i, 'image/png'],
  [/\.jpe?g$/i, 'image/jpeg'],
  [/\.gif$/i, 'image/gif'],
  [/\.webp$/i, 'image/webp'],
  [/\.svg$/i, 'image/svg+xml'],
  [/\.(txt|md|log|ya?ml|toml|ini|cfg|xml|html?|py|r|jl|sh|sql|tex|jsonl)$/i, 'text/plain'],
];

/** Of a file, which has no media type, by its name. */
function file(path: string, digests: PerRun<string>, sizes: PerRun<number>): ComparedVersions {
  const mediaType = mediaTypes.find(([pattern]) => pattern.test(path))?.[1] ?? 'application/octet-stream';
  return { name: path, mediaType, kind: contentKind({ name: path, mediaType }), contents: stored(digests), sizes };
}

/** `key`: the column by which rows of tables are matched; see `compareTables`. */
export function compareVersions({ name, mediaType, kind }: ComparedVersions, before: string, after: string, key?: string): ContentDiff {
  if (kind === 'source') return { type: 'lines', lines: compareSources(before, after) };
  if (kind === 'printed') return { type: 'lines', lines: comparePrinted(before, after) };
  return compareContents({ name, mediaType }, before, after, key);
}

/** Contents that are read without being asked for, to say in a few words what differs in them. */
const readAtOnce = { versions: 24, bytes: 1_000_000 };

/** Places of differences whose contents are worth reading for the overview: text of known and modest size. */
export function worthReading(differences: readonly Difference[]): readonly number[] {
  const found = differences.flatMap((difference, index): readonly number[] => {
    if (difference.type !== 'artifact' && difference.type !== 'output') return [];
    const { kind, sizes } = versionsOf(difference) ?? {};
    const readable = kind === 'notebook' || kind === 'table' || kind === 'text';
    return readable && sizes?.every((size) => size === undefined || size <= readAtOnce.bytes) === true ? [index] : [];
  });
  return found.slice(0, readAtOnce.versions);
}
