/**
 * MLflow's file stores, versions 2 and 3: `mlruns/<experiment>/<run>/` with `meta.yaml`, `params/`, `metrics/`, `tags/`,
 * `artifacts/`, and of version 3 `inputs/`, `outputs/` and the experiment's `models/`. A run is a run with one task;
 * runs nested in it (`mlflow.parentRunId`) are further tasks of it.
 */
import type { Json, JsonObject } from '../model/json.ts';
import type { Outcome } from '../model/run-event.ts';
import type { UnixNano } from '../model/time.ts';
import { timeOfNumber } from './foreign-time.ts';
import { asText, metricOf, objectOf, present, textOf, without } from './json-value.ts';
import { exportedRun, exportedTask } from './mlflow-export.ts';
import { importedRun, type RunDraft, type TaskDraft, type Told } from './run-draft.ts';
import type { Imported, ImportedRun, ImportProblem, SourceFile } from './source.ts';
import { valueOfYaml } from './yaml-text.ts';

interface Run {
  readonly id: string;
  readonly folder: string;
  readonly meta: JsonObject;
  readonly experiment: JsonObject;
  readonly tags: Readonly<Record<string, string>>;
}

interface Store {
  /** By folder, the files in it, with their paths relative to it. */
  readonly filesIn: (folder: string) => readonly { readonly name: string; readonly file: SourceFile }[];
}

/** The folders of runs in a listing of files; empty where there is no store. */
export function mlflowRunFolders(files: readonly SourceFile[]): readonly string[] {
  const paths = new Set(files.map((file) => file.path));
  return [...paths].flatMap((path) => {
    const folder = /^(.*\/)?([0-9a-f]{32})\/meta\.yaml$/.exec(path);
    // An experiment has a `meta.yaml` too; a run lies in one.
    return folder !== null && paths.has(`${(folder[1] ?? '')}meta.yaml`) ? [path.slice(0, -'/meta.yaml'.length)] : [];
  });
}

export async function runsOfMlflowStore(files: readonly SourceFile[]): Promise<Imported> {
  const problems: ImportProblem[] = [];
  const store = storeOf(files);
  const byPath = new Map(files.map((file) => [file.path, file]));
  const metaAt = async (path: string): Promise<JsonObject | undefined> => {
    const file = byPath.get(path);
    if (file === undefined) return undefined;
    try {
      return objectOf(valueOfYaml(await textOfFile(file)));
    } catch (error) {
      problems.push({ file: path, message: `not YAML: ${(error as Error).message.split('\n')[0] ?? ''}` });
      return undefined;
    }
  };
  const runs = new Map<string, Run>();
  for (const folder of mlflowRunFolders(files)) {
    const meta = await metaAt(`${folder}/meta.yaml`);
    if (meta === undefined) continue;
    const id = textOf(meta['run_id']) ?? textOf(meta['run_uuid']) ?? folder.split('/').at(-1) ?? folder;
    if (meta['lifecycle_stage'] === 'deleted') {
      problems.push({ file: folder, message: 'the run is deleted in MLflow, and was not imported' });
      continue;
    }
    const tags = Object.fromEntries(await Promise.all(store.filesIn(`${folder}/tags`).map(async ({ name, file }) => [name, await textOfFile(file)] as const)));
    runs.set(id, { id, folder, meta, experiment: (await metaAt(`${folder.slice(0, folder.lastIndexOf('/') + 1)}meta.yaml`)) ?? {}, tags });
  }
  const rootOf = (run: Run): Run => {
    let at = run;
    for (let steps = 0; steps < 100; steps += 1) {
      const parent = runs.get(at.tags['mlflow.parentRunId'] ?? '');
      if (parent === undefined || parent === run) return at;
      at = parent;
    }
    return at;
  };
  const families = new Map<Run, Run[]>();
  for (const run of runs.values()) families.set(rootOf(run), [...(families.get(rootOf(run)) ?? []), run]);
  const models = await modelFolders(files, metaAt);
  const imported: ImportedRun[] = [];
  for (const [root, members] of families) {
    const start = timeOfNumber(root.meta['start_time'], 1_000_000);
    if (start === undefined) {
      problems.push({ file: `${root.folder}/meta.yaml`, at: '$.start_time', message: 'the run has no usable start time' });
      continue;
    }
    const tasks: TaskDraft[] = [];
    const isOurs = root.tags['runweave.pipeline'] !== undefined;
    const own = isOurs ? exportedRun(root.tags, await taskOf(root, start, store, [], metaAt, problems)) : {};
    for (const run of [...(isOurs ? [] : [root]), ...members.filter((member) => member !== root)]) {
      const task = await taskOf(run, start, store, models.get(run.id) ?? [], metaAt, problems);
      tasks.push(isOurs ? exportedTask(run.tags, task) : task);
    }
    imported.push(runOf(root, start, tasks, own));
  }
  return { runs: imported, problems };
}

function runOf(root: Run, start: UnixNano, tasks: readonly TaskDraft[], own: Partial<RunDraft> = {}): ImportedRun {
  const outcome = outcomeOf(root.meta['status']);
  const commit = root.tags['mlflow.source.git.commit'];
  const branch = root.tags['mlflow.source.git.branch'];
  return importedRun({
    format: 'mlflow',
    source: root.folder,
    identity: root.id,
    pipeline: textOf(root.experiment['name']) ?? 'mlflow',
    traceId: root.id,
    start,
    ...(outcome !== undefined && { outcome, end: timeOfNumber(root.meta['end_time'], 1_000_000) ?? start }),
    resource: {
      ...Object.fromEntries(Object.entries(present(without(root.meta, ['start_time', 'end_time', 'run_uuid']))).filter(([, value]) => !(Array.isArray(value) && value.length === 0)).map(([name, value]) => [`mlflow.${name}`, value])),
      ...Object.fromEntries(Object.entries(present(without(root.experiment, ['experiment_id', 'lifecycle_stage']))).map(([name, value]) => [`mlflow.experiment.${name}`, value])),
      ...(commit !== undefined && { 'vcs.ref.head.revision': commit }),
      ...(branch !== undefined && { 'vcs.ref.head.name': branch }),
    },
    tasks,
    ...own,
  });
}

type MetaAt = (path: string) => Promise<JsonObject | undefined>;

async function taskOf(run: Run, fallback: UnixNano, store: Store, models: readonly string[], metaAt: MetaAt, problems: ImportProblem[]): Promise<TaskDraft> {
  const start = timeOfNumber(run.meta['start_time'], 1_000_000) ?? fallback;
  const outcome = outcomeOf(run.meta['status']);
  const end = outcome === undefined ? undefined : (timeOfNumber(run.meta['end_time'], 1_000_000) ?? start);
  const told: Told[] = [];
  for (const { name, file } of store.filesIn(`${run.folder}/params`)) told.push({ type: 'param', time: start, name, value: await textOfFile(file) });
  for (const [name, value] of Object.entries(run.tags)) told.push({ type: 'tag', time: start, name, value });
  for (const { name, file } of store.filesIn(`${run.folder}/metrics`)) told.push(...pointsOf(name, file, await textOfFile(file), problems));
  for (const { name, file } of store.filesIn(`${run.folder}/artifacts`)) told.push({ type: 'file', time: end ?? start, name, content: file });
  const experiment = run.folder.slice(0, run.folder.lastIndexOf('/') + 1);
  for (const { name, file } of store.filesIn(`${run.folder}/inputs`)) if (name.endsWith('meta.yaml')) told.push(...(await inputTold(await metaAt(file.path), experiment, metaAt, start)));
  for (const folder of models) told.push(...(await modelTold(folder, store, metaAt, end ?? start, problems)));
  const name = run.tags['mlflow.runName'] ?? textOf(run.meta['run_name']) ?? run.id;
  return {
    key: run.id,
    name,
    kind: 'python',
    needs: run.tags['mlflow.parentRunId'] === undefined ? [] : [run.tags['mlflow.parentRunId']],
    ...(run.tags['mlflow.source.name'] !== undefined && { source: run.tags['mlflow.source.name'] }),
    ...(run.tags['mlflow.note.content'] !== undefined && { description: run.tags['mlflow.note.content'] }),
    attempts: [{ start, ...(end !== undefined && { end }), ...(outcome !== undefined && { outcome }), told }],
  };
}

/** A dataset that was logged as input: the run's folder says which, the experiment's `datasets/` what. */
async function inputTold(input: JsonObject | undefined, experiment: string, metaAt: MetaAt, time: UnixNano): Promise<readonly Told[]> {
  const id = textOf(input?.['source_id']);
  const dataset = id === undefined ? undefined : await metaAt(`${experiment}datasets/${id}/meta.yaml`);
  if (dataset === undefined) return [];
  const context = textOf(objectOf(input?.['tags'])['mlflow.data.context']);
  return [
    {
      type: 'dataset',
      time,
      dataset: {
        name: textOf(dataset['name']) ?? id ?? '',
        digest: textOf(dataset['digest']) ?? '',
        ...(context !== undefined && { context }),
        ...(typeof dataset['source_type'] === 'string' && { sourceType: dataset['source_type'] }),
        ...(dataset['source'] !== undefined && { source: dataset['source'] }),
        ...(dataset['schema'] !== undefined && { schema: dataset['schema'] }),
        ...(dataset['profile'] !== undefined && { profile: dataset['profile'] }),
      },
    },
  ];
}

/** Run → the folders of the logged models (version 3) that it made. */
async function modelFolders(files: readonly SourceFile[], metaAt: MetaAt): Promise<ReadonlyMap<string, readonly string[]>> {
  const folders = new Map<string, string[]>();
  for (const { path } of files) {
    const folder = /^(.*\/)?models\/m-[^/]+(?=\/meta\.yaml$)/.exec(path)?.[0];
    const run = folder === undefined ? undefined : textOf((await metaAt(path))?.['source_run_id']);
    if (folder === undefined || run === undefined) continue;
    const known = folders.get(run);
    if (known === undefined) folders.set(run, [folder]);
    else known.push(folder);
  }
  return folders;
}

async function modelTold(folder: string, store: Store, metaAt: MetaAt, time: UnixNano, problems: ImportProblem[]): Promise<readonly Told[]> {
  const meta = (await metaAt(`${folder}/meta.yaml`)) ?? {};
  const name = `model ${textOf(meta['name']) ?? folder.split('/').at(-1) ?? ''}`;
  const told: Told[] = [{ type: 'tag', time, name, value: asText(present(meta)) }];
  for (const { name: key, file } of store.filesIn(`${folder}/params`)) told.push({ type: 'tag', time, name: `${name}: ${key}`, value: await textOfFile(file) });
  for (const { name: key, file } of store.filesIn(`${folder}/tags`)) told.push({ type: 'tag', time, name: `${name}: ${key}`, value: await textOfFile(file) });
  for (const { name: key, file } of store.filesIn(`${folder}/metrics`)) told.push(...pointsOf(`${name}/${key.split('/').slice(1).join('/') || key}`, file, await textOfFile(file), problems));
  for (const { name: path, file } of store.filesIn(`${folder}/artifacts`)) told.push({ type: 'file', time, name: `${name}/${path}`, content: file });
  return told;
}

/** Lines of `timestamp value step`, in version 3 with what the point was measured on behind it. */
function pointsOf(name: string, file: SourceFile, text: string, problems: ImportProblem[]): readonly Told[] {
  return text.split('\n').flatMap((line, index): readonly Told[] => {
    if (line.trim() === '') return [];
    const [timestamp = '', written = '', step, ...rest] = line.trim().split(' ');
    const time = timeOfNumber(timestamp, 1_000_000);
    const value = metricOf(/^[+-]?(nan|inf(inity)?)$/i.test(written) ? (/nan/i.test(written) ? 'NaN' : written.startsWith('-') ? '-Infinity' : 'Infinity') : Number(written === '' ? 'x' : written));
    if (time === undefined || value === undefined || (value === 'NaN' && !/nan/i.test(written))) {
      problems.push({ file: file.path, line: index + 1, message: `not a point of a metric (timestamp value step): ${line.slice(0, 80)}` });
      return [];
    }
    const at = step === undefined || !/^-?\d+$/.test(step) ? undefined : Number(step);
    return [{ type: 'metric', time, name, value, ...(at !== undefined && { step: at }), ...(rest.length > 0 && { detail: { mlflow: rest.join(' ') } }) }];
  });
}

/** `RunStatus` of MLflow's protocol: 1 running, 2 scheduled, 3 finished, 4 failed, 5 killed. */
function outcomeOf(status: Json | undefined): Exclude<Outcome, 'skip'> | undefined {
  switch (status) {
    case 3:
    case 'FINISHED':
      return 'success';
    case 4:
    case 'FAILED':
      return 'failure';
    case 5:
    case 'KILLED':
      return 'cancellation';
    default:
      return undefined;
  }
}

function storeOf(files: readonly SourceFile[]): Store {
  // Sorted, a folder's files stand together.
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return {
    filesIn: (folder) => {
      const prefix = `${folder}/`;
      let low = 0;
      for (let high = sorted.length; low < high; ) {
        const middle = (low + high) >> 1;
        if ((sorted[middle]?.path ?? '') < prefix) low = middle + 1;
        else high = middle;
      }
      const found: { readonly name: string; readonly file: SourceFile }[] = [];
      for (let file = sorted[low]; file?.path.startsWith(prefix) === true; file = sorted[(low += 1)]) found.push({ name: file.path.slice(prefix.length), file });
      return found;
    },
  };
}

async function textOfFile(file: SourceFile): Promise<string> {
  return Buffer.from(await file.read()).toString('utf8');
}
