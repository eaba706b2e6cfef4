/**
 * Where the files are that a pipeline uses, as far as a watch of its folder does not tell of them: outside of it, behind
 * links, and inputs in folders of tools.
 */
import { lstatSync, readdirSync, type Dirent } from 'node:fs';
import path from 'node:path';
import { reachOf } from '../definition/paths.ts';
import { createLinkReader } from '../execution/links.ts';
import { isIgnored, isOutside } from '../execution/watched-files.ts';
import type { Watcher } from '../execution/watcher.ts';

/** Links in one input that are followed; of more, changes behind them are seen when all files are looked at. */
const mostLinks = 1000;

export interface WatchedPlaces {
  /** Names of inputs, and of other files that were used, relative to the folder. Those that are known are not looked at again. */
  readonly add: (inputs: Iterable<string>, used: Iterable<string>) => void;
  /** These files (absolute) changed: where one is, or may have been, on the way to what is used, all places are looked for anew. */
  readonly changed: (files: readonly string[]) => void;
  /** Whether there is nothing that is known. */
  readonly isEmpty: () => boolean;
}

/** `folder`: the pipeline's, absolute. */
export function createWatchedPlaces(folder: string, watch: Watcher['add']): WatchedPlaces {
  const known = new Set<string>();
  /** Links on the way to them, and where these lead. */
  const passed = new Set<string>();
  const links = createLinkReader(folder);

  /** `walked`: folders whose links are known, and to how many folders deep. */
  const lookAt = (file: string, depth: number, isInput: boolean, walked = new Map<string, number>(), followed = new Set<string>()): void => {
    const onTheWay = [...links.passedTo(file)];
    for (const each of onTheWay) passed.add(each);
    for (const each of new Set([file, ...onTheWay])) if (isInput || !isIgnored(path.relative(folder, each))) watch(each, Math.max(depth, 1));
    if (!isInput) return;
    // What links in it lead to counts as what is in it.
    for (const [link, below] of linksIn(onTheWay.at(-1) ?? file, depth, walked)) {
      if (followed.size >= mostLinks) return;
      followed.add(link);
      lookAt(link, below, true, walked, followed);
    }
  };

  return {
    add: (inputs, used) => {
      const place = (name: string, isInput: boolean): void => {
        if (known.has(name)) return;
        known.add(name);
        // What a glob begins with may be a link, too.
        const { root, depth } = reachOf(name);
        lookAt(path.resolve(folder, root), depth, isInput);
      };
      for (const name of inputs) place(name, true);
      for (const name of used) place(name, false);
    },
    changed: (files) => {
      const isOnTheWay = (file: string): boolean => {
        const relative = path.relative(folder, file);
        return isOutside(relative) || isIgnored(relative) || passed.has(file) || !isPlainFile(file);
      };
      if (!files.some(isOnTheWay)) return;
      known.clear();
      links.forget();
    },
    isEmpty: () => known.size === 0,
  };
}

/** Each with how many folders deep what is in it counts; not those of tools, of which nobody tells there either. */
function linksIn(folder: string, depth: number, walked: Map<string, number>): readonly (readonly [link: string, below: number])[] {
  if (depth <= (walked.get(folder) ?? 0)) return [];
  walked.set(folder, depth);
  let there: readonly Dirent[];
  try {
    there = readdirSync(folder, { withFileTypes: true });
  } catch {
    // A file, or nothing that may be read.
    return [];
  }
  return there.flatMap((each) => {
    const file = path.join(folder, each.name);
    if (isIgnored(each.name)) return [];
    if (each.isSymbolicLink()) return [[file, depth - 1] as const];
    return each.isDirectory() ? linksIn(file, depth - 1, walked) : [];
  });
}

function isPlainFile(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
}
