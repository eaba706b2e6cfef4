/** What a run ran in, put in order: what its resource attributes, fingerprints and observed packages say. */
import type { TaskId } from '../model/pipeline.ts';
import type { RunState } from '../model/run-state.ts';
import type { Json } from '../model/json.ts';

export type Facts = readonly (readonly [name: string, value: Json])[];

export interface PackageUse {
  readonly name: string;
  /** Nearly always one. */
  readonly versions: readonly { readonly version: string; readonly tasks: readonly TaskId[] }[];
}

export interface RunEnvironment {
  /** With the tasks that it ran. */
  readonly interpreters: readonly { readonly text: string; readonly tasks: readonly TaskId[] }[];
  readonly packages: readonly PackageUse[];
  readonly variables: Facts;
  readonly git: Facts;
  readonly ci: Facts;
  readonly machine: Facts;
  readonly other: Facts;
}

const variablePrefix = 'process.environment_variable.';

export function runEnvironment({ resource, tasks }: RunState): RunEnvironment {
  const entries = Object.entries(resource).sort(([a], [b]) => (a < b ? -1 : 1));
  const group = (name: string): keyof Pick<RunEnvironment, 'variables' | 'git' | 'ci' | 'machine' | 'other'> => {
    if (name.startsWith(variablePrefix)) return 'variables';
    if (name.startsWith('vcs.') || name.startsWith('runweave.vcs.')) return 'git';
    if (name.startsWith('cicd.')) return 'ci';
    return /^(host|os|process|runweave\.interpreter|container|k8s|cloud)\./.test(name) ? 'machine' : 'other';
  };
  const of = (wanted: ReturnType<typeof group>): Facts => entries.filter(([name]) => group(name) === wanted).map(([name, value]) => [wanted === 'variables' ? name.slice(variablePrefix.length) : name, value]);
  const interpreters = new Map<string, TaskId[]>();
  const packages = new Map<string, Map<string, TaskId[]>>();
  const add = (to: Map<string, TaskId[]>, key: string, task: TaskId): void => void (to.get(key) ?? to.set(key, []).get(key))?.push(task);
  for (const { node, fingerprint, observed } of tasks) {
    if (fingerprint !== undefined && fingerprint.interpreter !== '') add(interpreters, fingerprint.interpreter, node.id);
    for (const [name, version] of Object.entries(observed?.packages ?? {})) {
      const versions = packages.get(name) ?? new Map<string, TaskId[]>();
      packages.set(name, versions);
      add(versions, version, node.id);
    }
  }
  const byName = (a: { readonly name: string }, b: { readonly name: string }): number => a.name.localeCompare(b.name, 'en');
  return {
    interpreters: [...interpreters].map(([text, used]) => ({ text, tasks: used })),
    packages: [...packages].map(([name, versions]) => ({ name, versions: [...versions].map(([version, used]) => ({ version, tasks: used })) })).sort(byName),
    variables: of('variables'),
    git: of('git'),
    ci: of('ci'),
    machine: of('machine'),
    other: of('other'),
  };
}
