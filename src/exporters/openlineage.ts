/**
 * OpenLineage events, one a line: for the run and for each task that ran, START, then COMPLETE, FAIL or ABORT. The run
 * is the parent of its tasks. https://openlineage.io/spec/2-0-2/OpenLineage.json
 */
import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../model/json.ts';
import type { RunState, TaskState } from '../model/run-state.ts';
import { toDate, type UnixNano } from '../model/time.ts';

const schema = 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent';
const facetSchema = (name: string, version: string): string => `https://openlineage.io/spec/facets/${version}/${name}.json#/$defs/${name}`;
const producer = 'urn:runweave';

type Event = JsonObject;

/** JSON Lines. `namespace` of jobs and datasets: by default the pipeline's name. */
export function toOpenLineage(runs: readonly RunState[], namespace?: string): string {
  return runs.flatMap((run) => eventsOf(run, namespace ?? run.pipeline.name)).map((event) => `${JSON.stringify(event)}\n`).join('');
}

function eventsOf(run: RunState, namespace: string): readonly Event[] {
  const runId = uuidOf(run.runId, run.pipeline.name, run.start);
  const job = { namespace, name: run.pipeline.name };
  const facet = (name: string, version: string, fields: Record<string, Json>): Json => ({ _producer: producer, _schemaURL: facetSchema(name, version), ...fields });
  const event = (eventType: string, time: UnixNano, id: string, ofJob: Json, runFacets: Record<string, Json>, more: Record<string, Json> = {}): Event => ({
    eventType,
    eventTime: toDate(time).toISOString(),
    producer,
    schemaURL: schema,
    run: { runId: id, facets: runFacets },
    job: ofJob,
    ...more,
  });
  const engine = { processing_engine: facet('ProcessingEngineRunFacet', '1-1-1', { version: run.resource['service.version'] ?? '', name: 'Runweave' }) };
  const nominal = { nominalTime: facet('NominalTimeRunFacet', '1-0-1', { nominalStartTime: toDate(run.start).toISOString() }) };
  const parent = { parent: facet('ParentRunFacet', '1-0-1', { run: { runId }, job }) };

  const ofTask = (task: TaskState): readonly Event[] => {
    if (task.start === undefined || task.phase === 'skip' || task.attempts.length === 0) return [];
    const id = uuidOf(run.runId, task.node.id, task.start);
    const taskJob = { namespace, name: `${run.pipeline.name}.${task.node.id}`, facets: jobFacets(task, facet) };
    const inputs = Object.keys(task.fingerprint?.inputs ?? {}).map((name): Json => ({ namespace, name: name.replace(/ \(read\)$/, '') }));
    const made = task.node.dependencies.flatMap((dependency) => run.tasks.find((other) => other.node.id === dependency)?.outputs ?? []).map((output): Json => ({ namespace, name: output.path }));
    const outputs = task.outputs.map((output): Json => ({
      namespace,
      name: output.path,
      facets: { version: facet('DatasetVersionDatasetFacet', '1-0-1', { datasetVersion: output.digest }) },
      outputFacets: { outputStatistics: facet('OutputStatisticsOutputDatasetFacet', '1-0-2', { size: output.size }) },
    }));
    const lineage = { inputs: distinct([...inputs, ...made]), outputs };
    const start = event('START', task.start, id, taskJob, { ...parent, ...engine }, lineage);
    if (task.end === undefined) return [start];
    const error = task.failure === undefined ? {} : { errorMessage: facet('ErrorMessageRunFacet', '1-0-1', { message: task.failure.message, programmingLanguage: task.node.kind === 'shell' ? 'shell' : 'python', ...(task.failure.stacktrace !== undefined && { stackTrace: task.failure.stacktrace }) }) };
    return [start, event(endType(task.phase), task.end, id, taskJob, { ...parent, ...engine, ...error }, lineage)];
  };
  return [
    event('START', run.start, runId, job, { ...engine, ...nominal }),
    ...run.tasks.flatMap(ofTask),
    ...(run.end === undefined ? [] : [event(endType(run.outcome ?? 'error'), run.end, runId, job, { ...engine, ...nominal })]),
  ];
}

function endType(phase: TaskState['phase']): 'COMPLETE' | 'FAIL' | 'ABORT' {
  if (phase === 'success' || phase === 'skip') return 'COMPLETE';
  return phase === 'cancellation' ? 'ABORT' : 'FAIL';
}

function jobFacets({ node }: TaskState, facet: (name: string, version: string, fields: Record<string, Json>) => Json): Record<string, Json> {
  return {
    jobType: facet('JobTypeJobFacet', '2-0-3', { processingType: 'BATCH', integration: 'RUNWEAVE', jobType: 'TASK' }),
    ...(node.description !== undefined && { documentation: facet('DocumentationJobFacet', '1-0-1', { description: node.description }) }),
    ...(node.owner !== undefined && { ownership: facet('OwnershipJobFacet', '1-0-1', { owners: [{ name: node.owner }] }) }),
  };
}

function distinct(datasets: readonly Json[]): readonly Json[] {
  return [...new Map(datasets.map((dataset) => [JSON.stringify(dataset), dataset])).values()];
}

/** The same run always has the same id, a UUID of version 8 (RFC 9562), made of what names it. */
function uuidOf(...parts: readonly string[]): string {
  const hex = createHash('sha256').update(parts.join('\n')).digest('hex');
  const variant = ((parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
