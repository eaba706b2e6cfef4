/**
 * The artifact proxy, `mlflow-artifacts`: files that the client uploads go into the record, and stay readable while the
 * task runs.
 *
 * An upload is a file below the attempt's scratch already. Who records it takes it away; so it gets a second name
 * (a hard link: no second copy of the bytes) from which it is read back.
 *
 * Where a path leads in the record:
 *
 *   <experiment>/<run>/artifacts/<path>             <path>, or <label>/<path> of a child run
 *   <experiment>/models/<model>/artifacts/<path>    <name of the model>/<path>, as `log_model` of 2.x has it below its run
 *   anything else                                   mlflow/<path>
 */
import { constants, rmSync } from 'node:fs';
import { copyFile, link, rm, stat } from 'node:fs/promises';
import type { JsonObject } from '../../model/json.ts';
import type { CollectedAttempt, ServiceRequest, ServiceResponse } from '../service.ts';
import { artifactPath } from './artifact-path.ts';
import type { Budget } from './budget.ts';
import type { Fields } from './fields.ts';
import { missing, Refusal, invalid } from './refusal.ts';
import type { Routes } from './routes.ts';
import { artifactRoot, type Run } from './run.ts';
import type { Runs } from './runs.ts';
import type { Telling } from './telling.ts';

interface StoredFile {
  readonly file: string;
  readonly size: number;
}

/** The folder of a path is what it may also be: names in it, with their size, or undefined for a folder. */
type Folder = Map<string, StoredFile | Folder>;

/** Of the model whose folder this is: its name and the run that made it. */
export type ModelOwner = (modelId: string) => { readonly name: string; readonly run: Run | undefined } | undefined;

export interface Artifacts {
  /** Requests below `/api/2.0/mlflow-artifacts/`; `path` is what comes after. */
  readonly handle: (request: ServiceRequest, path: string) => Promise<ServiceResponse>;
  readonly routes: Routes;
  /** Entries of a folder, with paths below `root`. */
  readonly list: (root: string, path: string) => readonly JsonObject[];
  /** Nobody reads them any more. */
  readonly close: () => void;
}

export interface ArtifactsContext {
  readonly attempt: CollectedAttempt;
  readonly runs: Runs;
  readonly telling: Telling;
  readonly modelOwner: ModelOwner;
  readonly budget: Budget;
}

const ok: ServiceResponse = { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' };

export function createArtifacts({ attempt, runs, telling, modelOwner, budget }: ArtifactsContext): Artifacts {
  const root: Folder = new Map();
  let files = 0;

  const nameInRecord = (path: string): string => {
    const model = /^[^/]+\/models\/([^/]+)\/artifacts\/(.+)$/.exec(path);
    const owner = model === null ? undefined : modelOwner(model[1] ?? '');
    if (owner !== undefined) return owner.run === undefined ? `${owner.name}/${model?.[2] ?? ''}` : telling.artifactName(owner.run, `${owner.name}/${model?.[2] ?? ''}`);
    const ofRun = /^[^/]+\/([^/]+)\/artifacts\/(.+)$/.exec(path);
    const run = ofRun === null ? undefined : runs.get(ofRun[1] ?? '');
    return run === undefined ? `mlflow/${path}` : telling.artifactName(run, ofRun?.[2] ?? '');
  };

  const upload = async (request: ServiceRequest, path: string): Promise<ServiceResponse> => {
    if (path === '') throw invalid('Invalid path: it names no file');
    budget.text(path);
    const uploaded = await request.bodyAsFile();
    files += 1;
    const kept = `${attempt.scratch}.mlflow-${files}`;
    await link(uploaded, kept).catch(() => copyFile(uploaded, kept, constants.COPYFILE_FICLONE));
    const { size } = await stat(kept);
    let before: StoredFile | undefined;
    try {
      // Only now: other requests were served while this one was received.
      before = put(root, path, { file: kept, size });
    } catch (error) {
      await Promise.all([removeQuietly(uploaded), removeQuietly(kept)]);
      throw error;
    }
    attempt.report({ type: 'artifact', file: uploaded, name: nameInRecord(path) });
    if (before !== undefined) await removeQuietly(before.file);
    return ok;
  };

  const download = (path: string): ServiceResponse => {
    const found = entryOf(root, path);
    if (found === undefined || found instanceof Map) throw missing(`No such artifact: '${path}'`);
    return {
      status: 200,
      headers: { 'content-type': 'application/octet-stream', 'content-disposition': 'attachment', 'x-content-type-options': 'nosniff' },
      body: { file: found.file, size: found.size },
    };
  };

  const remove = async (path: string): Promise<ServiceResponse> => {
    const found = entryOf(root, path);
    if (found === undefined) return ok;
    const slash = path.lastIndexOf('/');
    const parent = entryOf(root, path.slice(0, Math.max(0, slash)));
    if (path === '') root.clear();
    else if (parent instanceof Map) parent.delete(path.slice(slash + 1));
    for (const { file } of filesOf(found)) await removeQuietly(file);
    return ok;
  };

  const list: Artifacts['list'] = (base, path) => {
    const at = [base, path].filter((part) => part !== '').join('/');
    const found = entryOf(root, at);
    if (!(found instanceof Map)) return [];
    return [...found]
      .map(([name, entry]) => ({ path: path === '' ? name : `${path}/${name}`, is_dir: entry instanceof Map, ...(!(entry instanceof Map) && { file_size: entry.size }) }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  };

  return {
    list,
    close: () => {
      for (const { file } of filesOf(root)) removeNow(file);
      root.clear();
    },
    handle: async (request, path) => {
      if (path === 'artifacts' && request.method === 'GET') {
        const asked = artifactPath(request.query.get('path') ?? '');
        // The client puts the folder in front itself.
        const files = list(asked, '');
        return { ...ok, body: JSON.stringify({ files }) };
      }
      if (path === 'artifacts' || path.startsWith('artifacts/')) {
        const file = artifactPath(path.slice('artifacts/'.length));
        if (request.method === 'PUT') return upload(request, file);
        if (request.method === 'GET') return download(file);
        if (request.method === 'DELETE') return remove(file);
      }
      // With these words the client uploads the file in one piece (`_UnsupportedMultipartUploadException`).
      if (path.startsWith('mpu/')) throw new Refusal('NOT_IMPLEMENTED', 'Multipart upload is not supported for the current artifact repository');
      // With 501 it downloads through the proxy.
      if (path.startsWith('presigned/')) throw new Refusal('NOT_IMPLEMENTED', 'Presigned downloads are not supported: artifacts are read through the proxy');
      throw new Refusal('ENDPOINT_NOT_FOUND', `No API found for ${request.method} /mlflow-artifacts/${path.slice(0, 200)}`);
    },
    routes: {
      'GET artifacts/list': (fields: Fields) => {
        const run = runs.find(fields.optionalString('run_id') ?? fields.string('run_uuid'));
        const base = artifactRoot(run);
        return { root_uri: `mlflow-artifacts:/${base}`, files: list(base, artifactPath(fields.optionalString('path') ?? '')) };
      },
    },
  };
}

function entryOf(root: Folder, path: string): StoredFile | Folder | undefined {
  let at: StoredFile | Folder | undefined = root;
  for (const segment of path === '' ? [] : path.split('/')) at = at instanceof Map ? at.get(segment) : undefined;
  return at;
}

/** Puts a file in its place, with the folders that it needs; what was there before. Refuses a folder where a file is, and a file where a folder is. */
function put(root: Folder, path: string, file: StoredFile): StoredFile | undefined {
  const segments = path.split('/');
  const name = segments.pop() ?? '';
  let folder = root;
  for (const segment of segments) {
    const next: StoredFile | Folder = folder.get(segment) ?? new Map<string, StoredFile | Folder>();
    if (!(next instanceof Map)) throw invalid(`Invalid path: '${segment}' in '${path}' is a file`);
    folder.set(segment, next);
    folder = next;
  }
  const before = folder.get(name);
  if (before instanceof Map) throw invalid(`Invalid path: '${path}' is a folder`);
  folder.set(name, file);
  return before;
}

function filesOf(entry: StoredFile | Folder): readonly StoredFile[] {
  return entry instanceof Map ? [...entry.values()].flatMap(filesOf) : [entry];
}

// On Windows a file that is being read can't be removed: it goes with the run's scratch folder.

async function removeQuietly(file: string): Promise<void> {
  await rm(file, { force: true }).catch(() => undefined);
}

function removeNow(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // As above.
  }
}
