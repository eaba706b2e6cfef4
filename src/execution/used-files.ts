/** Which files tasks use that no task declares as its output. */
import { globMatcher, isGlob, literalPrefix } from '../definition/paths.ts';
import { filesUsed } from '../fingerprint/task-fingerprint.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import type { Pipeline, TaskId } from '../model/pipeline.ts';
import type { TaskResult } from '../model/task-result.ts';
import type { IsUsedElsewhere } from './decide.ts';

export interface KnownUses {
  readonly result: (task: TaskId) => Pick<TaskResult, 'fingerprint'> | undefined;
  /** What results that can be restored were made from: one may come back that used more than the latest. */
  readonly kept: (task: TaskId) => readonly Fingerprint[];
}

type Users = Map<string, Set<TaskId>>;

/** For the decisions of one run or plan: results are looked at when the first asks, those that are kept only of tasks that come after who asks. */
export function createUsedFiles({ tasks }: Pipeline, { result, kept }: KnownUses): IsUsedElsewhere {
  const files: Users = new Map();
  /** Folders in which they lie, at any depth. */
  const around: Users = new Map();
  /** Of which all that is in them counts, at any depth. */
  const whole: Users = new Map();
  /** By folder and pattern: names in it that tasks listed. */
  const listed = new Map<string, Map<string, Matched>>();
  const globs = new Map<string, Matched>();
  const dependents = new Map<TaskId, TaskId[]>();
  /** Those of which the kept results were looked at. */
  const looked = new Set<TaskId>();
  let isBuilt = false;

  const addFile = (name: string, task: TaskId): void => {
    add(files, name, task);
    for (const folder of foldersOf(name)) add(around, folder, task);
  };
  const addFingerprint = (fingerprint: Fingerprint | undefined, task: TaskId): void => {
    if (fingerprint === undefined) return;
    for (const name of filesUsed(fingerprint)) if (!isGlob(name)) addFile(name, task);
    for (const [folder, patterns] of Object.entries(fingerprint.listings ?? {})) {
      const known = listed.get(folder) ?? new Map<string, Matched>();
      listed.set(folder, known);
      for (const pattern of Object.keys(patterns)) {
        if (/\/|\*\*/.test(pattern)) add(whole, folder, task);
        else addMatched(known, pattern, task);
      }
    }
  };
  const build = (): void => {
    for (const { id, inputs, dependencies } of tasks) {
      for (const input of inputs) {
        if (isGlob(input)) addMatched(globs, input, id);
        else {
          addFile(input, id);
          add(whole, input, id);
        }
      }
      addFingerprint(result(id)?.fingerprint, id);
      for (const dependency of dependencies) {
        const known = dependents.get(dependency);
        if (known === undefined) dependents.set(dependency, [id]);
        else known.push(id);
      }
    }
    isBuilt = true;
  };
  const lookAtKept = (by: TaskId): void => {
    const waiting = [...(dependents.get(by) ?? [])];
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (looked.has(id)) continue;
      looked.add(id);
      for (const fingerprint of kept(id)) addFingerprint(fingerprint, id);
      waiting.push(...(dependents.get(id) ?? []));
    }
  };

  return (by, names) => {
    if (names.length === 0) return false;
    if (!isBuilt) build();
    lookAtKept(by);
    const isOther = (users: ReadonlySet<TaskId> | undefined): boolean => users !== undefined && users.size > (users.has(by) ? 1 : 0);
    return names.some((name) => {
      const isFolder = name.endsWith('/');
      const file = isFolder ? name.slice(0, -1) : name;
      const above = foldersOf(file);
      if (isOther(files.get(file)) || isOther(whole.get(file)) || above.some((folder) => isOther(whole.get(folder)))) return true;
      if (isFolder && (isOther(around.get(file)) || [...(listed.get(file)?.values() ?? [])].some(({ users }) => isOther(users)))) return true;
      const isListed = (folder: string): boolean => {
        const patterns = listed.get(folder);
        const inside = folder === '.' ? file : file.slice(folder.length + 1);
        return patterns !== undefined && [...patterns.values()].some(({ users, matches }) => isOther(users) && matches(inside.split('/', 1)[0] ?? ''));
      };
      if (above.some(isListed)) return true;
      return [...globs].some(([glob, { users, matches }]) => isOther(users) && (isFolder ? mayMeet(file, literalPrefix(glob)) : matches(file)));
    });
  };
}

interface Matched {
  readonly users: Set<TaskId>;
  readonly matches: (name: string) => boolean;
}

function addMatched(all: Map<string, Matched>, pattern: string, task: TaskId): void {
  const known = all.get(pattern);
  if (known !== undefined) {
    known.users.add(task);
    return;
  }
  // Most are another task's, somewhere else: asked for thousands of files, these are never made.
  const prefix = literalPrefix(pattern);
  let matcher: ((name: string) => boolean) | undefined;
  all.set(pattern, { users: new Set([task]), matches: (name) => name.startsWith(prefix) && (matcher ??= globMatcher(pattern))(name) });
}

/** Above it, the pipeline's own as `.`. */
function foldersOf(name: string): readonly string[] {
  const folders: string[] = ['.'];
  for (let at = name.indexOf('/', 1); at !== -1; at = name.indexOf('/', at + 1)) folders.push(name.slice(0, at));
  return folders;
}

/** Whether something in a folder can have a name that begins so. */
function mayMeet(folder: string, prefix: string): boolean {
  return folder === '.' || prefix.startsWith(`${folder}/`) || `${folder}/`.startsWith(prefix);
}

function add(users: Users, key: string, task: TaskId): void {
  const known = users.get(key);
  if (known === undefined) users.set(key, new Set([task]));
  else known.add(task);
}
