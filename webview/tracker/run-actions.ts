/** What a person says of runs: star, flag, archive, tags, notes and a name. */
import type { AnnotationChange } from '../../src/model/annotation.ts';
import type { RunRow } from '../../src/query/run-row.ts';
import { askText } from './dialogs.ts';

type Change = Exclude<AnnotationChange, { readonly type: 'undo' }>;

export interface ActedRuns {
  /** Keys of what an action is done to. */
  readonly targets: () => readonly string[];
  readonly row: (key: string) => RunRow | undefined;
  readonly annotate: (keys: readonly string[], change: Change) => void;
  readonly focus: () => void;
}

export type RunAction = 'star' | 'flag' | 'archive' | 'tag' | 'note' | 'name';

export function createRunActions(runs: ActedRuns): Readonly<Record<RunAction, () => void>> {
  function annotate(toChange: (keys: readonly string[]) => Change): void {
    const keys = runs.targets();
    if (keys.length > 0) runs.annotate(keys, toChange(keys));
  }

  /** On for all, unless all have it. */
  const lacking = (keys: readonly string[], has: (row: RunRow) => boolean): boolean => keys.flatMap((key) => runs.row(key) ?? []).some((row) => !has(row));
  const star = (): void => annotate((keys) => ({ type: 'star', on: lacking(keys, (row) => row.annotations.star) }));
  const flag = (): void => annotate((keys) => ({ type: 'flag', on: lacking(keys, (row) => row.annotations.flags.includes(row.runId)) }));
  const archive = (): void => annotate((keys) => ({ type: 'archive', on: lacking(keys, (row) => row.annotations.archived) }));
  const tag = (): void => {
    if (runs.targets().length === 0) return;
    askText('Tag, or -tag to take it off', '', (text) => {
      if (text.replace(/^-/, '') !== '') annotate(() => ({ type: 'tag', tag: text.replace(/^-/, ''), on: !text.startsWith('-') }));
    }, runs.focus);
  };
  const note = (): void => {
    if (runs.targets().length === 0) return;
    askText('Note', '', (text) => {
      if (text !== '') annotate(() => ({ type: 'note', text }));
    }, runs.focus);
  };
  const name = (): void => {
    const keys = runs.targets();
    const [first] = keys;
    if (first === undefined) return;
    askText('Name of the run; empty takes it away', runs.row(first)?.annotations.name ?? '', (text) => annotate(() => ({ type: 'name', name: text })), runs.focus);
  };

  return { star, flag, archive, tag, note, name };
}
