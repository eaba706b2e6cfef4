/** Files that a run had moved out of the outputs of its tasks when its process died, before it could tell of them. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { RunState } from '../model/run-state.ts';
import { isDeclared } from '../execution/decide.ts';
import { asideMessages, setAsideOf, type MovedFile } from '../fingerprint/set-aside.ts';

/** As they would be told of; of tasks that ended, the run has told itself. `store` is `.runweave`. */
export function untoldAside(store: string, { runId, tasks, outcome, warnings }: RunState): readonly string[] {
  const aside = setAsideOf(store, runId);
  if (outcome !== undefined || !existsSync(aside)) return [];
  const folder = path.dirname(store);
  const places = readdirSync(aside, { recursive: true, withFileTypes: true }).filter((each) => !each.isDirectory()).map((each) => path.join(each.parentPath, each.name)).sort();
  const relative = (to: string, place: string): string => path.relative(to, place).replaceAll(path.sep, '/');
  const untold = places.filter((place) => !warnings.some((message) => message.includes(`(now ${relative(folder, place)})`)));
  const unfinished = tasks.filter(({ phase }) => phase === 'running' || phase === 'stale' || phase === 'pending');
  return unfinished.flatMap(({ node }) => {
    const moved = untold.flatMap((place): readonly MovedFile[] => {
      const name = relative(aside, place);
      return isDeclared(name, node.outputs) ? [{ from: path.join(folder, nameOf(name, aside)), place, why: 'cut-off' }] : [];
    });
    return asideMessages(node.id, folder, moved);
  });
}

/** The second of a name has a number behind it. */
function nameOf(relative: string, aside: string): string {
  const first = relative.replace(/\.(?:[2-9]|[1-9]\d+)$/, '');
  return existsSync(path.join(aside, first)) ? first : relative;
}
