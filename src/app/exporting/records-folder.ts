import path from 'node:path';

/** The `.runweave` that a record (`runs/…`) or an event log (`live/…`) lies in. */
export function recordsFolder(record: string): string {
  return path.dirname(path.dirname(record));
}
