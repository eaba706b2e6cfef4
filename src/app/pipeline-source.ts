/**
 * The pipeline file as it is on disk now.
 *
 * To parse 5000 tasks takes a quarter of a second, so what was understood of a file without mistakes is kept, in memory
 * and in `.runweave/cache/`, together with everything that was asked for it: it holds as long as the text and all
 * answers are the same. What parses is loaded when it does not: that takes a tenth of a run that has nothing to do.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { JsonObject } from '../model/json.ts';
import { digestOf } from '../fingerprint/file-digests.ts';
import { fileStamp } from '../fingerprint/held-still.ts';
import { disk } from './disk.ts';
import { version } from './installation.ts';
import type { Disk } from '../definition/disk.ts';
import type * as Parser from '../definition/load-pipeline.ts';
import type { LoadedPipeline } from '../definition/load-pipeline.ts';
import { packPipeline, unpackPipeline, type PackedPipeline } from './packed-pipeline.ts';

export interface PipelineSource {
  /** As it was read last. */
  readonly loaded: () => LoadedPipeline;
  /** Never rejects: a file that is missing or can't be read is a diagnostic like any other mistake. */
  readonly read: () => Promise<LoadedPipeline>;
  /** Whether the file is the one that was read last, as far as its size and times say. */
  readonly isAsRead: () => boolean;
  /** Of what was read last: another whenever anything of it is. */
  readonly key: () => string;
  /** For a file that may be edited soon: loads what parses it. */
  readonly prepare: () => Promise<void>;
  /** For the next process. */
  readonly save: () => void;
}

interface Understood {
  /** Of the text, the values set from outside, the place of the file and this build. */
  readonly key: string;
  readonly variables: Readonly<Record<string, string | null>>;
  readonly files: Readonly<Record<string, boolean>>;
  /** As far as something is wrong because of it: what is there, and goes, makes no mistake of the file. */
  readonly missing: readonly string[];
  readonly loaded: LoadedPipeline;
}

/** As JSON. */
type Saved = Omit<Understood, 'loaded'> & { readonly packed: PackedPipeline };

/** What has been read. `store` is `.runweave`. */
export async function openPipelineSource(file: string, set: JsonObject | undefined, environment: Readonly<Record<string, string | undefined>>, store: string): Promise<PipelineSource> {
  const cacheFile = path.join(store, 'cache', `pipeline-${path.basename(file)}.json`);
  let known: Understood | undefined;
  let parser: typeof Parser | undefined;
  let last: LoadedPipeline | undefined;
  let stamp = '';
  let isSaved = false;

  const holds = ({ key, variables, files, missing }: Omit<Understood, 'loaded'>, now: string): boolean =>
    key === now &&
    Object.entries(variables).every(([name, value]) => (environment[name] ?? null) === value) &&
    Object.entries(files).every(([name, exists]) => disk.fileExists(name) === exists) &&
    !missing.some(disk.exists);

  const readSaved = (now: string): Understood | undefined => {
    try {
      const { packed, ...asked } = JSON.parse(readFileSync(cacheFile, 'utf8')) as Saved;
      return holds(asked, now) && packed.order.length === packed.tasks.length ? { ...asked, loaded: unpackPipeline(packed) } : undefined;
    } catch {
      return undefined;
    }
  };

  const load = ({ loadPipeline }: typeof Parser, text: string, key: string): Understood => {
    const variables: Record<string, string | null> = {};
    const files: Record<string, boolean> = {};
    const missing: string[] = [];
    const asked = new Proxy(environment, {
      getOwnPropertyDescriptor: (target, name) => {
        if (typeof name === 'string') variables[name] = target[name] ?? null;
        return Reflect.getOwnPropertyDescriptor(target, name);
      },
    });
    const remembered: Disk = {
      fileExists: (name) => (files[name] = disk.fileExists(name)),
      exists: (name) => {
        const found = disk.exists(name);
        if (!found) missing.push(name);
        return found;
      },
    };
    const loaded = loadPipeline({ file, text, environment: asked, disk: remembered, ...(set !== undefined && { set }) });
    return { key, variables, files, missing, loaded };
  };

  /** `undefined`: what parses it is not loaded. */
  const readNow = (): LoadedPipeline | undefined => {
    const now = fileStamp(file);
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      stamp = now;
      return unreadable(file, error as NodeJS.ErrnoException);
    }
    const key = digestOf(JSON.stringify([digestOf(text), set, file, build()]));
    if (known === undefined || !holds(known, key)) {
      // Where there is a parser, it was looked for already.
      const saved = known === undefined && parser === undefined ? readSaved(key) : undefined;
      const understood = saved ?? (parser && load(parser, text, key));
      if (understood === undefined) return undefined;
      isSaved = saved !== undefined;
      known = understood;
    }
    stamp = now;
    return known.loaded;
  };

  const prepare = async (): Promise<void> => {
    parser ??= await import('../definition/load-pipeline.ts');
  };
  const read = async (): Promise<LoadedPipeline> => {
    let now = readNow();
    while (now === undefined) {
      await prepare();
      now = readNow();
    }
    return (last = now);
  };

  const first = await read();
  return {
    loaded: () => last ?? first,
    read,
    isAsRead: () => fileStamp(file) === stamp,
    prepare,
    key: () => (known === undefined ? '' : digestOf(JSON.stringify([known.key, known.variables, known.files, known.missing]))),
    save: () => {
      if (isSaved || known === undefined) return;
      isSaved = true;
      const { loaded, ...rest } = known;
      const packed = packPipeline(loaded);
      if (packed === undefined) return;
      try {
        mkdirSync(path.dirname(cacheFile), { recursive: true });
        const temporary = `${cacheFile}.${process.pid}.tmp`;
        writeFileSync(temporary, JSON.stringify({ ...rest, packed } satisfies Saved));
        renameSync(temporary, cacheFile);
      } catch {
        // Only a cache: without it the file is parsed again.
      }
    },
  };
}

/** Another version, or another build of the same, may understand a file in another way. */
function build(): string {
  const entry = process.argv[1] ?? '';
  return `${version} ${entry} ${statSync(entry, { throwIfNoEntry: false })?.mtimeMs ?? 0}`;
}

function unreadable(file: string, error: NodeJS.ErrnoException): LoadedPipeline {
  const message = error.code === 'ENOENT' ? 'the pipeline file does not exist' : `the pipeline file cannot be read: ${error.message}`;
  const nowhere = { line: 0, character: 0 };
  const diagnostic: Diagnostic = { code: 'unreadable-file', severity: 'error', message, file, range: { start: nowhere, end: nowhere } };
  const folder = path.dirname(file);
  return { graph: { name: path.basename(folder), file, folder, tasks: [], diagnostics: [diagnostic] } };
}
