import type { RunState } from '../model/run-state.ts';
import { headReader } from './head-reader.ts';

/** What the first lines of all records of a `.runweave` folder say, newest first. Runs in progress and records that can't be read are left out. */
export async function readHeads(folder: string): Promise<readonly RunState[]> {
  return readHeadsOf([{ store: folder }]);
}

/** Of several folders. Copies of a run are there as often as there are copies. */
export async function readHeadsOf(folders: readonly { readonly store: string }[]): Promise<readonly RunState[]> {
  return headReader(folders)();
}
