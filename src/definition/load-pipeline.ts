/**
 * The text of a pipeline file → a pipeline, or every mistake in it with its place. Works on text, so that an editor
 * can ask about what is not saved yet; the disk is asked only whether sources and inputs exist.
 *
 * The phases, each on what the one before understood: YAML with places (`yaml-tree.ts`; without, `plain-yaml.ts`), keys and types
 * (`check-shape.ts` by the table in `pipeline-schema.ts`), params and environment (`pipeline-scope.ts`), matrices
 * (`matrix.ts`), tasks with references filled in (`read-task.ts`), edges (`dependencies.ts`, `file-edges.ts`), order
 * (`order-tasks.ts`). Mistakes never stop a phase: what has one is left out of the next.
 */
import { basename, dirname, resolve } from 'node:path';
import { hasErrors } from '../model/diagnostic.ts';
import type { JsonObject } from '../model/json.ts';
import { defaultInline } from '../model/pipeline.ts';
import type { OnFailure, Pipeline, RecordSettings, Slots, Task, TaskId } from '../model/pipeline.ts';
import type { LoadedGraph, LoadedTask } from '../protocol/session.ts';
import { checkShape } from './check-shape.ts';
import type { Disk } from './disk.ts';
import { addNeeds, createDependencies, lookUpReturns } from './dependencies.ts';
import type { Dependencies } from './dependencies.ts';
import { addFileEdges } from './file-edges.ts';
import { graphTask } from './graph-task.ts';
import { declareTask, mostTasks } from './matrix.ts';
import type { DeclaredTask } from './matrix.ts';
import { orderTasks } from './order-tasks.ts';
import { parsePlainYaml } from './plain-yaml.ts';
import { pipelineShape, taskShape } from './pipeline-schema.ts';
import { pipelineScope, shortened } from './pipeline-scope.ts';
import type { Scope } from './references.ts';
import { readTask } from './read-task.ts';
import type { ReadTask } from './read-task.ts';
import { parseSize } from './size.ts';
import { createReporter } from './reporter.ts';
import type { Reporter } from './reporter.ts';
import { largestFile, parseYaml, toJson } from './yaml-tree.ts';
import type { Entry, MappingNode, YamlNode } from './yaml-tree.ts';

export interface LoadOptions {
  /** Absolute path of the pipeline file: the base of all paths in it. It is not read. */
  readonly file: string;
  readonly text: string;
  /** Params from outside by their names; `model.depth` reaches into a param. Taken as they are, without references. */
  readonly set?: JsonObject;
  /** What `${env.X}` refers to. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly disk: Disk;
}

export interface LoadedPipeline {
  /** Absent if there is any error. */
  readonly pipeline?: Pipeline;
  /** What could be understood, and all mistakes. */
  readonly graph: LoadedGraph;
}

/** Never throws for a mistake in the file. */
export function loadPipeline(given: LoadOptions): LoadedPipeline {
  // Editors count positions without the byte order mark.
  const options = { ...given, text: given.text.replace(/^\uFEFF/, '') };
  const plain = options.text.length > largestFile ? undefined : parsePlainYaml(options.text);
  const loaded = plain && load(options, () => plain);
  // What has to be told needs its place.
  return loaded?.graph.diagnostics.length === 0 ? loaded : load(options, (reporter) => parseYaml(options.text, reporter));
}

function load(options: LoadOptions, parse: (reporter: Reporter) => YamlNode | undefined): LoadedPipeline {
  const { file, text } = options;
  const folder = dirname(file);
  const reporter = createReporter(file, text);
  const root = readRoot(parse(reporter), reporter);
  const value = (name: keyof typeof pipelineShape.keys): YamlNode | undefined => root.checked.entries.get(name)?.value;
  const json = (name: keyof typeof pipelineShape.keys): unknown => {
    const node = value(name);
    return node && toJson(node);
  };

  const name = (json('name') as string | undefined) ?? (basename(folder).replaceAll(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[.-]+/, '') || 'pipeline');
  const secrets = (json('secrets') ?? []) as readonly string[];
  const { params, env, scope } = pipelineScope({ root: root.checked, text, reporter, set: options.set ?? {}, environment: options.environment, secrets });
  const declared = declareTasks(root.tasks, scope);
  const byId = new Map<string, DeclaredTask>();
  for (const task of declared.values()) for (const { id } of task.instances) byId.set(id, task);

  const dependencies = createDependencies(declared, reporter);
  for (const task of declared.values()) {
    const needs = task.node.entries.get('needs')?.value;
    if (needs?.type === 'sequence') addNeeds(task, needs, declared, byId, dependencies, reporter);
  }
  const disk: Disk = { fileExists: remembering(options.disk.fileExists), exists: remembering(options.disk.exists) };
  const defaults = value('defaults');
  const readOptions = {
    folder,
    disk,
    reporter,
    defaults: defaults?.type === 'mapping' ? defaults : undefined,
    pipelineEnv: env,
    pipelineScope: scope,
    lookUpReturns: lookUpReturns({ declared, byId, dependencies, reporter }),
  };
  const tasks = [...declared.values()].flatMap((task) => readTask(task, readOptions));
  addFileEdges(tasks, dependencies, reporter, (path) => disk.exists(resolve(folder, path)));
  const { order, cycles } = orderTasks(tasks.map((task) => task.id), dependencies.of);
  for (const cycle of cycles) reportCycle(cycle, byId, dependencies, reporter);

  const diagnostics = reporter.diagnostics();
  const graph: LoadedGraph = { name, file, folder, tasks: tasks.map((task) => loadedTask(task, dependencies, reporter)), diagnostics };
  if (hasErrors(diagnostics)) return { graph };
  const tasksById = new Map(tasks.map((task) => [task.id, task]));
  const onFailure = (json('on_failure') ?? pipelineShape.keys.on_failure.default) as OnFailure;
  return { graph, pipeline: { name, file, folder, params, secrets, record: readRecord(json('record')), onFailure, slots: readSlots(json('slots')), tasks: order.flatMap((id) => runnableTask(tasksById.get(id), dependencies, reporter) ?? []) } };
}

function readRecord(json: unknown): RecordSettings {
  const { env = [], inline } = (json ?? {}) as { env?: readonly string[]; inline?: number | string };
  return { env, inline: inline === undefined ? defaultInline : (parseSize(inline) ?? defaultInline) };
}

function readSlots(json: unknown): Partial<Slots> {
  const { memory, ...counts } = (json ?? {}) as { cpus?: number; gpus?: number; memory?: number | string };
  return { ...counts, ...(memory !== undefined && { memory: parseSize(memory) ?? 0 }) };
}

const noEntries: MappingNode = { type: 'mapping', entries: new Map(), hasReference: false, size: 1, start: 0, end: 0 };

interface Root {
  readonly checked: MappingNode;
  /** Every task that has a name in the file, also one of which nothing else was understood. */
  readonly tasks: ReadonlyMap<string, Entry & { readonly value: MappingNode }>;
}

function readRoot(node: YamlNode | undefined, reporter: Reporter): Root {
  const top = { start: 0, end: 0 };
  if (node === undefined || (node.type === 'scalar' && node.value === null)) {
    if (reporter.diagnostics().length === 0) reporter.report({ code: 'missing-key', at: top, message: 'the pipeline file is empty', suggestion: 'begin with tasks:, or run "runweave init"' });
    return { checked: noEntries, tasks: new Map() };
  }
  const checked = checkShape(node, pipelineShape, { reporter, label: 'the pipeline', key: top, references: false, homes: homesOfKeys() });
  const written = node.type === 'mapping' ? node.entries.get('tasks')?.value : undefined;
  const understood = checked?.type === 'mapping' ? checked : noEntries;
  const understoodTasks = understood.entries.get('tasks')?.value;
  const tasks = new Map<string, Entry & { readonly value: MappingNode }>();
  for (const [name, { key }] of written?.type === 'mapping' ? written.entries : []) {
    const value = understoodTasks?.type === 'mapping' ? understoodTasks.entries.get(name)?.value : undefined;
    tasks.set(name, { key, value: value?.type === 'mapping' ? value : noEntries });
  }
  return { checked: understood, tasks };
}

/** Where a key belongs that was written somewhere else. */
function homesOfKeys(): ReadonlyMap<string, string> {
  return new Map([
    ...Object.keys(taskShape.keys.retries.value.long.keys).map((key) => [key, '"retries"'] as const),
    ...Object.keys(pipelineShape.keys).map((key) => [key, 'the top level of the file'] as const),
    ...Object.keys(taskShape.keys).map((key) => [key, 'a task'] as const),
  ]);
}

function declareTasks(tasks: Root['tasks'], scope: Scope): ReadonlyMap<string, DeclaredTask> {
  const declared = new Map<string, DeclaredTask>();
  let room = mostTasks;
  for (const [name, entry] of tasks) {
    if (room === 0) {
      scope.reporter.report({ code: 'too-large', at: entry.key, message: `a pipeline may have ${mostTasks.toLocaleString('en')} tasks` });
      break;
    }
    const task = declareTask(name, entry, scope, room);
    room -= task.instances.length;
    declared.set(name, task);
  }
  return declared;
}

/** A matrix asks for the same file once for each of its tasks. */
function remembering(ask: (path: string) => boolean): (path: string) => boolean {
  const known = new Map<string, boolean>();
  return (path) => {
    let exists = known.get(path);
    if (exists === undefined) known.set(path, (exists = ask(path)));
    return exists;
  };
}

function reportCycle(cycle: readonly TaskId[], byId: ReadonlyMap<string, DeclaredTask>, dependencies: Dependencies, reporter: Reporter): void {
  const [first, second] = cycle;
  const at = first !== undefined && second !== undefined ? dependencies.origin(first, second) : undefined;
  // By declared names: each value of a matrix has the same cycle.
  const names = cycle.map((id) => byId.get(id)?.name ?? id);
  reporter.report({ code: 'cycle', at: at ?? { start: 0, end: 0 }, message: `tasks need each other: ${shortened(names).join(' → ')}`, suggestion: 'remove one of these dependencies' });
}

function loadedTask(task: ReadTask, dependencies: Dependencies, reporter: Reporter): LoadedTask {
  const { declared, kind, source, outputs, ...rest } = task;
  return graphTask({ ...rest, name: declared.name, dependencies: dependencies.of(task.id), outputs: outputs.map((output) => output.path), range: reporter.range(declared.key) }, { kind, ...source });
}

function runnableTask(task: ReadTask | undefined, dependencies: Dependencies, reporter: Reporter): Task | undefined {
  if (task === undefined) return undefined;
  const { declared, inputs, outputs, kind: _, source: { source }, ...rest } = task;
  if (source === undefined) return undefined;
  return {
    ...rest,
    name: declared.name,
    source,
    dependencies: dependencies.of(task.id),
    inputs: inputs.map((input) => input.path),
    outputs: outputs.map((output) => output.path),
    range: reporter.range(declared.key),
  };
}
