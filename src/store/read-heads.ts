import type { RunState } from '../model/run-state.ts';
import { readRecordHead } from './read-record.ts';
import { runFiles } from './run-files.ts';

/** Reading is bound by parsing; more at once only holds more in memory. */
const concurrency = 8;

/** What the first lines of all records of a `.runweave` folder say, newest first. Runs in progress and records that can't be read are left out. */
export async function readHeads(folder: string): Promise<readonly RunState[]> {
  const files = (await runFiles(folder)).filter((file) => !file.live);
  const states: (RunState | undefined)[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < files.length; index = next++) {
      const file = files[index];
      if (file !== undefined) states[index] = await readRecordHead(file.path).catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return states.filter((state) => state !== undefined);
}
