/**
 * The pipeline file as it is on disk now.
 *
 * To parse 5000 tasks takes a quarter of a second, so what was understood of a file without mistakes is kept, in memory
 * and in `.runweave/cache/`, together with everything that was asked for it: it holds as long as the text and all
 * answers are the same.
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
import { loadPipeline, type LoadedPipeline } from '../definition/load-pipeline.ts';
import { packPipeline, unpackPipeline, type PackedPipeline } from './packed-pipeline.ts';

export interface PipelineSource {
  /** Never throws: a file that is missing or can't be read is a diagnostic like any other mistake. */
  readonly read: () => LoadedPipeline;
  /** Whether the file is the one that was read last, as far as its size and times say. */
  readonly isAsRead: () => boolean;
  /** Of what was read last: another whenever anything of it is. */
  readonly key: () => string;
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

/** `store` is `.runweave`. */
export function createPipelineSource(file: string, set: JsonObject | undefined, environment: Readonly<Record<string, string | undefined>>, store: string): PipelineSource {
  const cacheFile = path.join(store, 'cache', `pipeline-${path.basename(file)}.json`);
  let known: Understood | undefined;
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

  const load = (text: string, key: string): Understood => {
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

  return {
    read: () => {
      stamp = fileStamp(file);
      let text: string;
      try {
        text = readFileSync(file, 'utf8');
      } catch (error) {
        return unreadable(file, error as NodeJS.ErrnoException);
      }
      const key = digestOf(JSON.stringify([digestOf(text), set, file, build()]));
      if (known !== undefined && holds(known, key)) return known.loaded;
      const saved = known === undefined ? readSaved(key) : undefined;
      isSaved = saved !== undefined;
      known = saved ?? load(text, key);
      return known.loaded;
    },
    isAsRead: () => fileStamp(file) === stamp,
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
