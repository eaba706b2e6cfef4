/** `static_data.json` of a Composable Logs website, with the `artifacts/` folder beside it: a run for each workflow. */
import type { Json, JsonObject } from '../model/json.ts';
import type { UnixNano } from '../model/time.ts';
import { composableTask, namedValue, withMatrix, workflowName, workflowResource } from './composable-logs.ts';
import { timeOfIso } from './foreign-time.ts';
import { groupBy } from '../model/group-by.ts';
import { asText, listOf, objectOf, textOf } from './json-value.ts';
import { importedRun, type Told } from './run-draft.ts';
import type { Imported, ImportedRun, ImportProblem, SourceFile } from './source.ts';

/** A workflow's own artifact is kept as an attribute of the run up to here. */
const attributeLimit = 64 * 1024;

export function isComposableSite(document: Json): boolean {
  return Array.isArray(document) && document.length > 0 && listOf(document).every((entry) => typeof objectOf(entry)['timing_start_iso8601'] === 'string' && typeof objectOf(entry)['span_id'] === 'string');
}

/** `fileAt`: a file by its path relative to the folder of the document. */
export async function runsOfComposableSite(source: string, document: Json, fileAt: (path: string) => SourceFile | undefined): Promise<Imported> {
  const entries = listOf(document).map(objectOf);
  const tasks = groupBy(entries.filter((entry) => entry['type'] === 'task'), (entry) => textOf(entry['parent_span_id']) ?? '');
  const runs: ImportedRun[] = [];
  const problems: ImportProblem[] = [];
  for (const [index, workflow] of entries.entries()) {
    if (workflow['type'] !== 'workflow') continue;
    const run = await runOfWorkflow(source, workflow, tasks.get(textOf(workflow['span_id']) ?? '') ?? [], fileAt);
    if (run === undefined) problems.push({ file: source, at: `$[${index}]`, message: 'the workflow has no usable start time' });
    else runs.push(run);
  }
  return { runs, problems };
}

async function runOfWorkflow(source: string, workflow: JsonObject, tasks: readonly JsonObject[], fileAt: (path: string) => SourceFile | undefined): Promise<ImportedRun | undefined> {
  const id = textOf(workflow['span_id']) ?? '';
  const start = timeOfIso(workflow['timing_start_iso8601']);
  if (start === undefined) return undefined;
  const end = timeOfIso(workflow['timing_end_iso8601']) ?? start;
  const attributes = objectOf(workflow['attributes']);
  const own: Record<string, Json> = {};
  const dependencies: (readonly [from: string, to: string])[] = [];
  for (const { name } of artifactsOf(workflow)) {
    const file = fileAt(`artifacts/workflow/${id}/${name}`);
    if (file === undefined || file.size > attributeLimit) continue;
    const text = Buffer.from(await file.read()).toString('utf8');
    own[`workflow.artifact.${name}`] = text;
    if (name === 'run-time-metadata.json') dependencies.push(...dependenciesIn(text));
  }
  const drafts = tasks.map((task) => {
    const spanId = textOf(task['span_id']) ?? '';
    const began = timeOfIso(task['timing_start_iso8601']) ?? start;
    const ended = timeOfIso(task['timing_end_iso8601']) ?? began;
    return composableTask({
      spanId,
      attributes: { 'task.id': task['task_id'] ?? '', ...objectOf(task['attributes']) },
      needs: dependencies.filter(([, to]) => to === spanId).map(([from]) => from),
      start: began,
      end: ended,
      outcome: task['is_success'] === false ? 'failure' : 'success',
      told: taskTold(task, spanId, ended, fileAt),
    });
  });
  return importedRun({
    format: 'composable-logs-site',
    source,
    identity: id,
    pipeline: workflowName(attributes),
    start,
    end,
    outcome: workflow['is_success'] === false ? 'failure' : 'success',
    resource: { ...workflowResource(attributes), ...own },
    tasks: withMatrix(drafts),
  });
}

function taskTold(task: JsonObject, spanId: string, time: UnixNano, fileAt: (path: string) => SourceFile | undefined): readonly Told[] {
  const values = Object.entries(objectOf(task['logged_values'])).flatMap(([name, logged]) => namedValue(name, textOf(objectOf(logged)['type']) ?? '', objectOf(logged)['value'] ?? null, time));
  const listed = artifactsOf(task).map(({ name, entry }) => ({ name, entry, file: fileAt(`artifacts/task/${spanId}/${name}`) }));
  const missing = listed.filter(({ file }) => file === undefined).map(({ entry }) => entry);
  return [
    ...values,
    ...listed.flatMap(({ name, file }): readonly Told[] => (file === undefined ? [] : [{ type: 'file', time, name, content: file }])),
    ...(missing.length === 0 ? [] : [{ type: 'tag' as const, time, name: 'artifacts not in the folder', value: asText(missing) }]),
  ];
}

function artifactsOf(entry: JsonObject): readonly { readonly name: string; readonly entry: JsonObject }[] {
  return listOf(entry['artifacts']).map(objectOf).flatMap((artifact) => (typeof artifact['name'] === 'string' ? [{ name: artifact['name'], entry: artifact }] : []));
}

function dependenciesIn(text: string): readonly (readonly [string, string])[] {
  try {
    return listOf(objectOf(JSON.parse(text))['task_dependencies']).flatMap((pair) => {
      const [from, to] = listOf(pair);
      return typeof from === 'string' && typeof to === 'string' ? [[from, to] as const] : [];
    });
  } catch {
    return [];
  }
}
