/** Why a task runs, as a list to choose from: a reason opens as a difference, an upstream task as its own reasons. */
import * as vscode from 'vscode';
import { changeOf } from '../model/change.ts';
import { describeReason } from '../model/fingerprint.ts';
import type { Reason } from '../model/fingerprint.ts';
import type { TaskId } from '../model/pipeline.ts';
import { summarizePlan } from '../model/plan.ts';
import type { PlanEntry } from '../model/plan.ts';
import { isComparable, openChange, placeOf } from './changes.ts';
import { listLines } from './list-lines.ts';
import type { PipelineSession } from './pipeline-session.ts';
import { openSource } from './task-files.ts';

const indent = '      ';

interface Item extends vscode.QuickPickItem {
  readonly task?: TaskId;
  readonly reason?: Reason;
}

const planWords: Readonly<Record<PlanEntry['action'], { readonly icon: string; readonly text: string }>> = {
  run: { icon: 'play', text: 'will run' },
  restore: { icon: 'history', text: 'will be restored from an earlier run' },
  maybe: { icon: 'question', text: 'runs if what it needs comes out different' },
  skip: { icon: 'pass', text: 'up to date' },
  manual: { icon: 'person', text: 'stale, runs when asked for' },
};

/** What would run now and why. */
export async function showPlan(session: PipelineSession, tasks?: readonly TaskId[]): Promise<void> {
  const entries = await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: 'Runweave: looking for what is stale' }, () => session.plan());
  if (entries === undefined) return;
  const wanted = tasks === undefined ? undefined : new Set(tasks);
  const shown = entries.filter((entry) => wanted?.has(entry.task) ?? true);
  const items = shown.flatMap((entry): readonly Item[] => {
    const { icon, text } = planWords[entry.action];
    const task: Item = { label: `$(${icon}) ${entry.task}`, description: text, task: entry.task };
    return [task, ...(entry.action === 'skip' ? [] : entry.reasons.map((reason) => reasonItem(entry.task, reason)))];
  });
  await choose(session, items, summarizePlan(shown));
}

/** What is known of one task without a new plan, so also where nothing may run. */
export async function explainTask(session: PipelineSession, task: TaskId): Promise<void> {
  const reasons = session.model.reasonsOf(task);
  if (reasons.length === 0) {
    void vscode.window.showInformationMessage(`${task}: no reason to run is known.`);
    return;
  }
  await choose(session, reasons.map((reason) => reasonItem(task, reason)), `Why ${task} runs`);
}

function reasonItem(task: TaskId, reason: Reason): Item {
  const change = changeOf(reason);
  const icon = isComparable(reason) ? 'diff' : change?.type === 'upstream' ? 'arrow-up' : 'info';
  const [first, second] = listLines(describeReason(reason));
  return { label: `${indent}$(${icon}) ${first}`, ...(second !== undefined && { detail: `${indent}${indent}${second}` }), task, reason };
}

async function choose(session: PipelineSession, items: readonly Item[], title: string): Promise<void> {
  const picked = await vscode.window.showQuickPick(items, { title, placeHolder: 'Choose a reason to see what changed, or a task to open its source', matchOnDescription: true, matchOnDetail: true });
  if (picked?.task === undefined) return;
  if (picked.reason === undefined) await openSource(session, picked.task);
  else await openReason(session, picked.task, picked.reason);
}

export async function openReason(session: PipelineSession, task: TaskId, reason: Reason): Promise<void> {
  const change = changeOf(reason);
  if (change?.type === 'upstream' && session.model.reasonsOf(change.task).length > 0) await explainTask(session, change.task);
  else if (change === undefined || change.type === 'upstream') await openSource(session, change?.task ?? task);
  else await openChange(reason, placeOf(session));
}
