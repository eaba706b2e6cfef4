/** What is under a name that a task chose, for who only asks whether it is there and how old it is. */
import { statSync, type Stats } from 'node:fs';

/** Follows links. `undefined` also for a link to itself, what may not be looked at, and what can't be a name. */
export function statOf(absolute: string): Stats | undefined {
  try {
    return statSync(absolute, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
