/** Folders that hold records, as people name them: a project, its `.runweave`, or a folder into which records were copied. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { liveFolder } from '../recording/event-log.ts';
import { runsFolder } from '../recording/record-path.ts';
import { isRecordName } from './run-files.ts';

export interface RecordFolder {
  /** `.runweave`, or a folder of records; absolute. */
  readonly store: string;
  /** As people know it. */
  readonly name: string;
}

/** The folder that `listRuns` and the like take, for a folder that a person points to; `undefined` where no record is. */
export function storeIn(folder: string): string | undefined {
  const absolute = path.resolve(folder);
  return [absolute, path.join(absolute, '.runweave')].find((each) => existsSync(runsFolder(each)) || existsSync(liveFolder(each))) ?? (hasRecords(absolute) ? absolute : undefined);
}

function hasRecords(folder: string): boolean {
  try {
    return readdirSync(folder).some(isRecordName);
  } catch {
    return false;
  }
}
