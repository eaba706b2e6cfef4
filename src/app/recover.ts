/**
 * After an executor that died: ends what it left running and seals its run. The event log of a run says which process
 * writes it and which processes it started.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { RunResult } from '../protocol/session.ts';
import { signalGroup } from '../execution/backend/local.ts';

/** How long tasks of a dead executor may take to end after SIGTERM, in milliseconds. */
const grace = 2000;

export async function recoverInterruptedRuns(folder: string): Promise<readonly RunResult[]> {
  const live = path.join(folder, 'live');
  let logs: readonly string[];
  try {
    logs = readdirSync(live).filter((name) => name.endsWith('.jsonl'));
  } catch {
    return [];
  }
  if (logs.length === 0) return [];
  const [{ writerIsAlive }, { readEventLog }, { recoverRuns }] = await Promise.all([import('../recording/writer.ts'), import('../recording/event-log.ts'), import('../recording/seal.ts')]);
  for (const name of logs) {
    const log = path.join(live, name);
    if (writerIsAlive(log)) continue;
    const running = new Map<string, number>();
    let runId = '';
    for (const event of await readEventLog(log)) {
      if (event.type === 'run-started') runId = event.runId;
      if (event.type === 'attempt-started') running.set(`${event.task} ${event.attempt}`, event.pid);
      if (event.type === 'attempt-ended') running.delete(`${event.task} ${event.attempt}`);
    }
    await endGroups([...running.values()].filter((pid) => belongsToRun(pid, runId)));
  }
  return recoverRuns(folder, writerIsAlive);
}

/** Asked first, so that a notebook ends its kernel, which is in a group of its own. */
async function endGroups(pids: readonly number[]): Promise<void> {
  for (const pid of pids) signalGroup(pid, 'SIGTERM');
  const deadline = Date.now() + grace;
  while (pids.some(isRunning) && Date.now() < deadline) await setTimeout(20);
  for (const pid of pids) signalGroup(pid, 'SIGKILL');
}

/** A leader that has ended may stay in the process table until somebody asks for its status. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}

/**
 * The process id may have been given to somebody else since. Linux tells a process's environment; elsewhere nothing
 * proves that it is ours, and it is left alone.
 */
function belongsToRun(pid: number, runId: string): boolean {
  if (runId === '' || pid <= 0) return false;
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`RUNWEAVE_RUN_ID=${runId}`);
  } catch {
    return false;
  }
}
