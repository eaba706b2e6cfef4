/** A row of the *Runs* view as data. Knows nothing of `vscode`. */
import { basename } from 'node:path';
import type { RunListEntry, RunSummary } from '../model/record.ts';
import { elapsed, formatDuration, toDate } from '../model/time.ts';

export interface RunRow {
  readonly label: string;
  readonly description: string;
  readonly icon: string;
  readonly color?: string;
  readonly tooltip: readonly string[];
  readonly contextValue: 'run' | 'run.live' | 'unreadable';
}

export function runRow(entry: RunListEntry, now: Date): RunRow {
  switch (entry.type) {
    case 'unreadable':
      return { label: basename(entry.path), description: entry.message, icon: 'warning', color: 'list.errorForeground', tooltip: [entry.path, entry.message], contextValue: 'unreadable' };
    case 'run': {
      const { summary } = entry;
      const start = toDate(summary.start);
      const took = summary.end === undefined ? '' : formatDuration(elapsed(summary.start, summary.end));
      const { counts } = summary;
      const did = summary.end === undefined && summary.outcome === undefined ? 'running' : `${counts.executed} executed${counts.failed > 0 ? `, ${counts.failed} failed` : ''}`;
      const branch = summary.branch === undefined ? '' : `${summary.branch}${summary.commit === undefined ? '' : ` ${summary.commit.slice(0, 8)}`}${summary.dirty === true ? ', changed since' : ''}`;
      return {
        label: relativeTime(start, now),
        description: [summary.interrupted ? 'interrupted' : '', did, took, summary.imported === undefined ? '' : `imported from ${summary.imported}`].filter((part) => part !== '').join(' · '),
        ...outcomeLook(summary),
        tooltip: [
          summary.runId,
          start.toLocaleString(),
          `${counts.total} tasks: ${counts.succeeded} succeeded, ${counts.failed} failed, ${counts.skipped} skipped`,
          ...(branch === '' ? [] : [branch]),
          ...(summary.interrupted && summary.imported === undefined ? ['The executor stopped in the middle of this run.'] : []),
        ],
        contextValue: summary.outcome === undefined ? 'run.live' : 'run',
      };
    }
    default:
      return entry satisfies never;
  }
}

function outcomeLook(summary: RunSummary): { readonly icon: string; readonly color?: string } {
  if (summary.interrupted) return { icon: 'debug-disconnect', color: 'testing.iconErrored' };
  switch (summary.outcome) {
    case undefined:
      return { icon: 'sync~spin', color: 'progressBar.background' };
    case 'success':
      return { icon: 'pass', color: 'testing.iconPassed' };
    case 'skip':
      return { icon: 'pass', color: 'testing.iconSkipped' };
    case 'cancellation':
      return { icon: 'circle-slash', color: 'testing.iconSkipped' };
    case 'timeout':
      return { icon: 'clock', color: 'testing.iconFailed' };
    case 'failure':
    case 'error':
      return { icon: 'error', color: 'testing.iconFailed' };
    default:
      return summary.outcome satisfies never;
  }
}

/** `just now`, `5 min ago`, `3 h ago`, `yesterday`, then the date. */
export function relativeTime(then: Date, now: Date): string {
  const seconds = (now.getTime() - then.getTime()) / 1000;
  if (seconds < 45) return 'just now';
  if (seconds < 3570) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  if (seconds < 172_800) return 'yesterday';
  return then.toISOString().slice(0, 10);
}
