import { existsSync, statSync } from 'node:fs';
import type { Disk } from '../definition/disk.ts';

export const disk: Disk = {
  fileExists: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true,
  exists: existsSync,
};
