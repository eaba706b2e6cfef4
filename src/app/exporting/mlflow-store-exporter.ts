/** Runs into an MLflow file store, beside what is in it already. */
import { appendFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { toMlflowRuns, type MlflowRun } from '../../exporters/mlflow.ts';
import { experimentId, experimentMeta, metricLine, runMeta } from '../../exporters/mlflow-store.ts';
import { isJsonObject } from '../../model/json.ts';
import type { ExportContext, Exporter, RunToExport } from './exporter.ts';

/** Lines that are written at once. */
const linesPerWrite = 10_000;

/** `root`: absolute path of the `mlruns` folder, which may be there or not. */
export async function mlflowStoreExporter({ destination, force, note, signal, written }: ExportContext, root: string): Promise<Exporter> {
  const experiments = await experimentsOf(root);
  return {
    add: async (run) => {
      const { state } = run;
      const runs = toMlflowRuns(state);
      const name = state.pipeline.name;
      const known = experiments.get(name);
      const id = known ?? experimentId(name);
      const [first] = runs;
      if (!force && known !== undefined && first !== undefined && (await exists(path.join(root, id, first.id)))) {
        note(`${state.runId} is there already; --force replaces it`);
        return;
      }
      if (known === undefined) {
        experiments.set(name, id);
        const file = await destination.file(`${id}/meta.yaml`);
        await file.write(experimentMeta({ id, name, location: uriOf(root, id), time: first?.start ?? 0 }));
      }
      // The run itself comes last: a store that has it has its tasks too.
      for (const each of [...runs].reverse()) {
        signal.throwIfAborted();
        const folder = await destination.folder(`${id}/${each.id}`);
        await writeRun(folder, each, runMeta(each, id, uriOf(root, id, each.id, 'artifacts')), run, note);
      }
      if (first !== undefined) written(path.join(root, id, first.id));
    },
  };
}

async function writeRun(folder: string, run: MlflowRun, meta: string, { state, readArtifact }: RunToExport, note: ExportContext['note']): Promise<void> {
  const put = async (relative: string, content: string | Uint8Array): Promise<string> => {
    const file = path.join(folder, relative);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  };
  for (const kind of ['artifacts', 'metrics', 'params', 'tags']) await mkdir(path.join(folder, kind));
  await put('meta.yaml', meta);
  for (const [name, value] of run.params) await put(`params/${name}`, value);
  for (const [name, value] of run.tags) await put(`tags/${name}`, value);
  for (const { name, points } of run.metrics) {
    const file = await put(`metrics/${name}`, '');
    let lines: string[] = [];
    for (const point of points()) {
      lines.push(metricLine(point));
      if (lines.length < linesPerWrite) continue;
      await appendFile(file, lines.join(''));
      lines = [];
    }
    await appendFile(file, lines.join(''));
  }
  for (const { path: name, artifact } of run.artifacts) {
    const bytes = await readArtifact(artifact);
    if (bytes === undefined) note(`${state.runId}/${run.name}: the artifact ${artifact.name} is not here any more, and was left out`);
    else await put(`artifacts/${name}`, bytes);
  }
}

/** Name → id. */
async function experimentsOf(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const id of await readdir(root).catch(() => [])) {
    const meta = await readFile(path.join(root, id, 'meta.yaml'), 'utf8').then(
      (text) => parse(text) as unknown,
      () => undefined,
    );
    if (isJsonObject(meta) && typeof meta['name'] === 'string') found.set(meta['name'], id);
  }
  return found;
}

function uriOf(root: string, ...parts: readonly string[]): string {
  return pathToFileURL(path.join(root, ...parts)).href;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
