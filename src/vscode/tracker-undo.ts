/** What a person did in the runs table, newest last, so that it can be taken back. Knows nothing of `vscode`. */
import type { AnnotationChange, AnnotationTarget } from '../model/annotation.ts';
import { groupBy } from '../model/group-by.ts';
import type { RunRow } from '../query/run-row.ts';
import { projectFolderOf, storeFolderOf } from './record-files.ts';

type Done =
  | { readonly type: 'annotations'; readonly what: string; readonly made: readonly { readonly store: string; readonly id: string; readonly target: AnnotationTarget }[] }
  | { readonly type: 'deletion'; readonly what: string; readonly folders: readonly { readonly store: string; readonly folder: string }[] };

export interface TrackerUndo {
  readonly annotate: (rows: readonly RunRow[], change: Exclude<AnnotationChange, { readonly type: 'undo' }>) => Promise<void>;
  /** Moves records into the trash. */
  readonly remove: (paths: readonly string[]) => Promise<void>;
  /** Takes back the latest; says what could not be put back. */
  readonly undo: () => Promise<string | undefined>;
  /** What `undo` would take back. */
  readonly next: () => string | undefined;
}

interface NewChange {
  readonly store: string;
  readonly target: AnnotationTarget;
  readonly change: AnnotationChange;
}

/** In whichever folders of records the runs are. */
export function trackerUndo(): TrackerUndo {
  const done: Done[] = [];
  const append = async (changes: readonly NewChange[]) => {
    const [{ appendAnnotations }, { authorOf }] = await Promise.all([import('../store/annotations.ts'), import('../app/author.ts')]);
    const made: { readonly store: string; readonly id: string; readonly target: AnnotationTarget }[] = [];
    for (const [store, of] of groupBy(changes, (each) => each.store)) {
      const author = await authorOf(projectFolderOf(store));
      const annotations = await appendAnnotations(store, of.map(({ target, change }) => ({ target, change, ...(author !== undefined && { author }) })), new Date());
      made.push(...annotations.map(({ id, target }) => ({ store, id, target })));
    }
    return made;
  };
  return {
    annotate: async (rows, change) => {
      if (rows.length === 0) return;
      const made = await append(rows.map((row) => ({ store: storeFolderOf(row.path), target: { runId: row.runId as AnnotationTarget['runId'] }, change })));
      done.push({ type: 'annotations', what: `${wordOf(change)} (${runs(rows.length)})`, made });
    },
    remove: async (paths) => {
      const { moveToTrash } = await import('../store/trash.ts');
      const folders: { readonly store: string; readonly folder: string }[] = [];
      done.push({ type: 'deletion', what: `Delete (${runs(paths.length)})`, folders });
      for (const [store, records] of groupBy(paths, storeFolderOf)) folders.push({ store, folder: await moveToTrash(store, records, new Date()) });
    },
    undo: async () => {
      const last = done.at(-1);
      if (last === undefined) return undefined;
      if (last.type === 'annotations') {
        await append(last.made.map(({ store, id, target }) => ({ store, target, change: { type: 'undo', id } })));
        done.pop();
        return undefined;
      }
      const { restoreFromTrash } = await import('../store/trash.ts');
      done.pop();
      const left: string[] = [];
      for (const { store, folder } of last.folders) left.push(...(await restoreFromTrash(store, folder)));
      return left.length === 0 ? undefined : `There is a record of that name again, so these stay in ${last.folders.map(({ folder }) => folder).join(' and ')}: ${left.join(', ')}`;
    },
    next: () => done.at(-1)?.what,
  };
}

function runs(count: number): string {
  return count === 1 ? '1 run' : `${count} runs`;
}

function wordOf(change: Exclude<AnnotationChange, { readonly type: 'undo' }>): string {
  switch (change.type) {
    case 'star':
      return change.on ? 'Star' : 'Remove star';
    case 'archive':
      return change.on ? 'Archive' : 'Take out of the archive';
    case 'tag':
      return change.on ? `Tag ${change.tag}` : `Remove tag ${change.tag}`;
    case 'note':
      return 'Note';
    case 'name':
      return 'Name';
    case 'flag':
      return change.on ? 'Flag' : 'Remove flag';
    default:
      return change satisfies never;
  }
}
