/**
 * When the editor is told that CodeLens changed. Two habits of its CodeLens controller (VS Code's
 * `editor/contrib/codelens/browser/codelensController.ts`) stand in the way of telling it simply:
 *
 *   - it asks a quarter of a second after the last change that it was told of, so changes that come faster than that
 *     put the question off for as long as they come;
 *   - it drops a question that it has not asked yet when the text loses the focus: a file that is opened and left at
 *     once stays without lenses, and a change that falls into that moment is not shown.
 *
 * So changes are told at most once a second, and told again until the editor has asked.
 */
import { coalesce, systemTimers } from './coalesce.ts';
import type { Timers } from './coalesce.ts';
import type { Disposable } from './disposable.ts';

const interval = 1000;
/** Then CodeLens is switched off, or nothing that has any is in view. */
const mostRepeats = 3;

export interface LensRefresh extends Disposable {
  /** Something changed, or an editor came into view. */
  readonly request: () => void;
  /** The editor has asked. */
  readonly answered: () => void;
}

export function lensRefresh(tell: () => void, timers: Timers = systemTimers): LensRefresh {
  let repeats = 0;
  let cancelCheck: (() => void) | undefined;
  const stopChecking = (): void => {
    cancelCheck?.();
    cancelCheck = undefined;
  };
  const told = coalesce<'changed'>(interval, () => {
    tell();
    stopChecking();
    cancelCheck = timers.after(interval, () => {
      repeats += 1;
      if (repeats <= mostRepeats) told.add('changed');
    });
  }, timers);
  return {
    request: () => {
      repeats = 0;
      told.add('changed');
    },
    answered: stopChecking,
    dispose: () => {
      stopChecking();
      told.dispose();
    },
  };
}
