/** Links in the watched folder: a change is told of the place that they lead to, and not of their names. */
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { isOutside } from './watched-files.ts';

export interface LinkReader {
  /** The links on the way to a place, itself included, and where they lead; none if there is no link. All absolute. */
  readonly passedTo: (place: string) => Iterable<string>;
  /** Of any place, it may be another from now on whether it is a link. */
  readonly forget: () => void;
}

export function createLinkReader(folder: string): LinkReader {
  /** Of places that were looked at: where each link leads. */
  let targets = new Map<string, string | undefined>();
  /** Folders without a link on the way. */
  let plain = new Set<string>();
  let realFolder: string | undefined;

  const targetOf = (place: string): string | undefined => {
    if (targets.has(place)) return targets.get(place);
    let target: string | undefined;
    try {
      if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() === true) target = asNamed(path.resolve(path.dirname(place), readlinkSync(place)));
    } catch {
      // Behind a folder that may not be entered, or gone just now.
    }
    targets.set(place, target);
    return target;
  };

  /** The folder may have been opened through a link itself. */
  const asNamed = (place: string): string => {
    realFolder ??= realpathSync.native(folder);
    const relative = path.relative(realFolder, place);
    return isOutside(relative) ? place : path.join(folder, relative);
  };

  const follow = (place: string, passed: Set<string>): string => {
    const relative = path.relative(folder, place);
    if (relative === '') return place;
    let current = isOutside(relative) ? path.parse(place).root : folder;
    for (const name of path.relative(current, place).split(path.sep)) {
      current = path.join(current, name);
      const target = targetOf(current);
      // One that leads to itself leads nowhere.
      if (target === undefined || passed.has(current)) continue;
      passed.add(current);
      current = follow(target, passed);
    }
    return current;
  };

  return {
    passedTo: (place) => {
      const parent = path.dirname(place);
      // Most places: to take each apart costs more than to look at it.
      if (plain.has(parent) && targetOf(place) === undefined) return [];
      const passed = new Set<string>();
      const end = follow(place, passed);
      if (passed.size > 0) return passed.add(end);
      plain.add(parent);
      return [];
    },
    forget: () => {
      targets = new Map();
      plain = new Set();
    },
  };
}
