/** Which runs a site shows. */
import type { RunRow } from '../../query/run-row.ts';

export interface Retention {
  /** So many of the newest. */
  readonly keep?: number | undefined;
  /** Those that were started since: Unix milliseconds. */
  readonly since?: number | undefined;
}

/**
 * `rows` newest first. What people marked with a star or a tag stays; it comes first, so that a budget goes to it
 * first. Runs in progress are left out: a page does not follow them.
 */
export function chooseRuns(rows: readonly RunRow[], { keep = Infinity, since = -Infinity }: Retention): readonly RunRow[] {
  const ended = rows.filter((row) => !isLog(row.path));
  const isMarked = ({ annotations }: RunRow): boolean => annotations.star || annotations.tags.length > 0;
  const isKept = (row: RunRow, at: number): boolean => at < keep && startOf(row) >= since;
  return [...ended.filter(isMarked), ...ended.filter((row, at) => !isMarked(row) && isKept(row, at))];
}

function isLog(path: string): boolean {
  return !/\.otlp\.jsonl?$/.test(path);
}

/** What can't be read has no start: its name tells one, where it is ours. */
function startOf({ summary, runId }: RunRow): number {
  if (summary !== undefined) return Number(BigInt(summary.start) / 1_000_000n);
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(runId) ?? [];
  return year === undefined ? Infinity : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
