/** After an executor that died: ends what it left running, seals its run, and knows of what was completed in it. */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { RunResult } from '../protocol/session.ts';
import { processesWith } from '../execution/backend/descendants.ts';
import { resultsFileOf } from './task-memory.ts';

/** How long tasks of a dead executor may take to end after SIGTERM, in milliseconds. */
const grace = 2000;

/** Runs whose executor is gone, as far as their logs say. `store` is `.runweave`. */
export async function interruptedRuns(store: string): Promise<readonly string[]> {
  const live = path.join(store, 'live');
  let logs: readonly string[];
  try {
    logs = readdirSync(live).filter((name) => name.endsWith('.jsonl'));
  } catch {
    return [];
  }
  if (logs.length === 0) return [];
  const { writerIsAlive } = await import('../recording/writer.ts');
  return logs.filter((name) => !writerIsAlive(path.join(live, name))).map((name) => name.slice(0, -'.jsonl'.length));
}

export interface Recovery {
  /** Of which the caller holds the lock; its name. */
  readonly pipelineFile: string;
  /** Of a run that could not be sealed now. */
  readonly onError: (error: unknown) => void;
  /** What the run did not come to tell, and its record says now. */
  readonly onUntold: (message: string) => void;
  /** Without secrets. */
  readonly masked: (text: string) => string;
}

/** Of all pipelines of the folder. */
export async function recoverInterruptedRuns(store: string, { pipelineFile, onError, onUntold, masked }: Recovery): Promise<readonly RunResult[]> {
  const runIds = await interruptedRuns(store);
  if (runIds.length === 0) return [];
  const [{ writerIsAlive }, { recoverRuns }, { untoldAside }] = await Promise.all([import('../recording/writer.ts'), import('../recording/seal.ts'), import('./untold-aside.ts')]);
  await endProcessesOf(runIds);
  for (const runId of runIds) rmSync(path.join(store, 'cache', 'attempts', runId), { recursive: true, force: true });
  const recovered = await recoverRuns(store, writerIsAlive, onError, (state) => {
    const messages = untoldAside(store, state).map(masked);
    messages.forEach(onUntold);
    return messages;
  });
  for (const { record } of recovered) {
    // Without it, these tasks run once more.
    await takeResults(store, record, pipelineFile).catch(() => undefined);
  }
  return recovered;
}

/** The end of a task is in the event log before it is among the results: the executor may have died in between. */
async function takeResults(store: string, record: string, pipelineFile: string): Promise<void> {
  const [{ readRecordHead }, { resultIn }, { openResults, readResults }] = await Promise.all([import('../store/read-record.ts'), import('../store/latest-results.ts'), import('../fingerprint/results.ts')]);
  const state = await readRecordHead(record);
  // Those of another pipeline may be written to right now: its task runs once more.
  if (path.basename(state.pipeline.file) !== pipelineFile) return;
  const file = resultsFileOf(store, state.pipeline.file);
  const known = readResults(file);
  if (known === undefined) return;
  const results = openResults(file, known);
  for (const task of state.tasks) {
    const { id } = task.node;
    const last = results.get(id);
    if (last?.runId !== state.runId || last.outcome !== 'error' || task.phase !== 'success') continue;
    const result = resultIn(state, task);
    if (result !== undefined) results.ended(id, result);
  }
  results.close();
}

/**
 * Every process that has the run's id in its environment, daemons and kernels in sessions of their own included.
 * Only Linux tells other processes' environments; elsewhere a process id from the log could be anybody's by now, so
 * what is left running there is left alone.
 */
async function endProcessesOf(runIds: readonly string[]): Promise<void> {
  // Asked first, so that a notebook writes what it has.
  for (const pid of processesOf(runIds)) signal(pid, 'SIGTERM');
  const deadline = Date.now() + grace;
  while (processesOf(runIds).length > 0 && Date.now() < deadline) await setTimeout(20);
  for (const pid of processesOf(runIds)) signal(pid, 'SIGKILL');
}

function processesOf(runIds: readonly string[]): readonly number[] {
  return runIds.flatMap((runId) => processesWith([`RUNWEAVE_RUN_ID=${runId}`]));
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
