/** What each command does. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { RunListEntry } from '../model/record.ts';
import type { TaskId } from '../model/pipeline.ts';
import { command, view } from './commands.ts';
import type { Command } from './commands.ts';
import type { ConvertedFiles } from './converted-files.ts';
import { exportRuns, type ExportChoice } from './export-runs.ts';
import type { Importing } from './import-runs.ts';
import { explainTask, showPlan } from './explain.ts';
import { initPipeline } from './init-pipeline.ts';
import { flagAsBad, showHistory, traceOutput, type LineageServices, type OutputTarget } from './lineage-actions.ts';
import type { LineagePanel } from './lineage-panel.ts';
import type { PipelineSession } from './pipeline-session.ts';
import type { Pipelines } from './pipelines.ts';
import type { RecordFolders } from './record-folders.ts';
import { closeRecords, openRecords } from './record-folder-actions.ts';
import { openRunFile } from './run-editor.ts';
import { restoreRunParameters, restoreRunSources } from './restore.ts';
import { retryRun, retryTask } from './retry.ts';
import { runRow } from './run-row.ts';
import type { RunsNode } from './run-groups.ts';
import { listed, runPath, runsOf } from './runs-view.ts';
import type { RunsView } from './runs-view.ts';
import { openOutput, openSource } from './task-files.ts';
import type { TaskLogs } from './task-log.ts';
import type { Transfers } from './transfers.ts';
import { spokenPhase, taskLook } from './task-tree.ts';
import type { TaskRow } from './task-tree.ts';
import type { SinglePanel } from './single-panel.ts';

/** A row of the tree, or a CodeLens, which knows its pipeline file too. */
export type TaskTarget = TaskRow & { readonly file?: string };

export interface ActionServices {
  readonly pipelines: Pipelines;
  readonly graphs: SinglePanel;
  readonly tracker: SinglePanel;
  readonly lineage: LineagePanel;
  readonly folders: RecordFolders;
  readonly runs: RunsView;
  readonly logs: TaskLogs;
  readonly output: vscode.LogOutputChannel;
  readonly transfer: Transfers;
  readonly imports: Importing;
  readonly converted: ConvertedFiles;
}

type Action = (...args: never[]) => unknown;

export function registerActions(services: ActionServices): vscode.Disposable {
  const actions = actionsOf(services);
  return vscode.Disposable.from(...Object.entries(actions).map(([id, action]) => vscode.commands.registerCommand(id, action as (...args: unknown[]) => unknown)));
}

function actionsOf({ pipelines, graphs, tracker, lineage, folders, runs, logs, output, transfer, imports, converted }: ActionServices): Readonly<Record<Command, Action>> {
  const session = (target?: TaskTarget): PipelineSession | undefined => (target?.file === undefined ? pipelines.current : pipelines.sessionOf(vscode.Uri.parse(target.file)));
  const withPipeline = async <T>(action: (of: PipelineSession) => T): Promise<Awaited<T> | undefined> => {
    await pipelines.ready;
    const { current } = pipelines;
    if (current !== undefined) return await action(current);
    const create = 'Create Pipeline';
    if ((await vscode.window.showInformationMessage('There is no runweave.yaml in this workspace.', create)) === create) await vscode.commands.executeCommand(command.init);
    return undefined;
  };
  const runTask = async (force: boolean, target?: TaskTarget): Promise<void> => {
    await pipelines.ready;
    const of = session(target);
    if (of === undefined) return;
    const name = target === undefined ? await pickTask(of, force ? 'Task to run again, whether it is up to date or not' : 'Task to bring up to date') : nameOf(target);
    if (name !== undefined) of.run({ tasks: [name], force });
  };
  const onTask = (placeHolder: string, action: (of: PipelineSession, id: TaskId) => unknown) => async (target?: TaskTarget): Promise<void> => {
    await pipelines.ready;
    const of = session(target);
    if (of === undefined) return;
    const ids = target === undefined ? undefined : idsOf(target);
    const id = ids?.length === 1 ? ids[0] : await pickTask(of, placeHolder, ids);
    if (id !== undefined) await action(of, id as TaskId);
  };

  const lineages: LineageServices = { panel: lineage, folders, pipelines };
  /** A file of the Explorer, an editor or a link; a task of the tree; or what is chosen then. */
  const outputTarget = (target: OutputTarget | TaskTarget): OutputTarget => (target !== undefined && 'type' in target ? { tasks: idsOf(target) } : target);
  const withRecords = async <T>(action: () => T): Promise<Awaited<T> | undefined> => {
    await pipelines.ready;
    return folders.folders.length > 0 ? await action() : await withPipeline(action);
  };

  /** A row of the list, the run panel that a title bar belongs to or that is shown, or else a choice. */
  const pathOf = async (target: RunsNode | vscode.Uri | undefined, placeHolder: string): Promise<string | undefined> => {
    if (target instanceof vscode.Uri) return target.fsPath;
    const chosen = entryOf(target) ?? shownRun() ?? (await withPipeline(() => pickRun(folders, placeHolder)));
    return chosen instanceof vscode.Uri ? chosen.fsPath : chosen && runPath(chosen);
  };

  return {
    [command.runAll]: () => withPipeline((of) => of.run({ tasks: [], force: false })),
    [command.runTask]: (target?: TaskTarget) => runTask(false, target),
    [command.runTaskForced]: (target?: TaskTarget) => runTask(true, target),
    [command.stop]: () => withPipeline((of) => of.stop()),
    [command.stopTask]: async (target?: TaskTarget) => {
      const of = session(target);
      if (of === undefined) return;
      const running = of.model.tasks.map((task) => task.id).filter((id) => of.model.runOf(id)?.phase === 'running');
      const wanted = target === undefined ? undefined : new Set(idsOf(target));
      if (wanted !== undefined) for (const id of running.filter((each) => wanted.has(each))) of.stop(id);
      else if (running.length > 0) {
        const id = await pickTask(of, 'Task to stop', running);
        if (id !== undefined) of.stop(id as TaskId);
      }
    },
    [command.toggleWatch]: () => withPipeline((of) => of.setWatch(!of.model.watching)),
    [command.watchOn]: () => withPipeline((of) => of.setWatch(true)),
    [command.watchOff]: () => withPipeline((of) => of.setWatch(false)),
    [command.showGraph]: () => withPipeline(() => graphs.show()),
    [command.showPlan]: (target?: TaskTarget) => withPipeline((current) => showPlan(session(target) ?? current, target === undefined ? undefined : idsOf(target))),
    [command.explainTask]: onTask('Task whose reasons to show', explainTask),
    [command.openLatestRun]: () =>
      withRecords(async () => {
        const [latest] = pipelines.current === undefined ? await listed(folders) : await runsOf(pipelines);
        if (latest === undefined) void vscode.window.showInformationMessage(noRuns);
        else await openRunFile(runPath(latest));
      }),
    [command.openRun]: async (node?: RunsNode) => {
      const chosen = entryOf(node) ?? (await withRecords(() => pickRun(folders, 'Run to open')));
      if (chosen !== undefined) await openRunFile(runPath(chosen));
    },
    [command.openFile]: async (file?: vscode.Uri) => {
      const chosen = file ?? (await vscode.window.showOpenDialog({ openLabel: 'Open' }))?.[0];
      if (chosen !== undefined) await openFile(chosen, converted);
    },
    [command.importRuns]: (file?: vscode.Uri, files?: readonly vscode.Uri[]) => imports.importRuns(files ?? (file === undefined ? undefined : [file])),
    [command.exportRuns]: async (target?: RunsNode | vscode.Uri, targets?: readonly (RunsNode | vscode.Uri)[] | null, choice?: ExportChoice) => {
      const several = (targets ?? []).map((each) => (each instanceof vscode.Uri ? each.fsPath : ((entry) => entry && runPath(entry))(entryOf(each))));
      const paths = several.length > 0 ? several : [await pathOf(target, 'Run to export')];
      await exportRuns(transfer, paths.filter((path) => path !== undefined), choice);
    },
    [command.openTracker]: () => withRecords(() => tracker.show()),
    [command.refresh]: () => {
      runs.refresh();
      pipelines.reload();
      pipelines.current?.requestPlan();
    },
    [command.selectPipeline]: () => selectPipeline(pipelines),
    [command.init]: () => initPipeline(),
    [command.openPipelineFile]: () => withPipeline((of) => vscode.window.showTextDocument(of.file)),
    [command.showLogs]: () => output.show(),
    [command.restartExecutor]: () => withPipeline((of) => of.restart()),
    [command.openSource]: onTask('Task whose source to open', openSource),
    [command.openTaskLog]: onTask('Task whose output to show', (of, id) => logs.open(of, id)),
    [command.openOutput]: onTask('Task whose output file to open', (of, id) => openOutput(of, id, logs)),
    [command.retryRun]: async (target?: RunsNode | vscode.Uri) => {
      const path = await pathOf(target, 'Run to retry');
      if (path !== undefined) await retryRun(pipelines, path);
    },
    [command.retryTask]: async (target?: RunsNode | vscode.Uri) => {
      const path = await pathOf(target, 'Run that has the task');
      if (path !== undefined) await retryTask(pipelines, path);
    },
    [command.restoreParameters]: async (target?: RunsNode | vscode.Uri) => {
      const path = await pathOf(target, 'Run whose parameters to restore');
      if (path !== undefined) await restoreRunParameters(pipelines, path);
    },
    [command.restoreSources]: async (target?: RunsNode | vscode.Uri) => {
      const path = await pathOf(target, 'Run whose sources to restore');
      if (path !== undefined) await restoreRunSources(pipelines, path);
    },
    [command.revealRun]: async (node: RunsNode) => {
      const entry = entryOf(node);
      if (entry !== undefined) await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(runPath(entry)));
    },
    [command.copyRunId]: async (node: RunsNode) => {
      const entry = entryOf(node);
      if (entry !== undefined) await vscode.env.clipboard.writeText(entry.type === 'run' ? entry.summary.runId : basename(entry.path));
    },
    [command.trace]: (target: OutputTarget | TaskTarget) => withRecords(() => traceOutput(lineages, outputTarget(target), 'upstream')),
    [command.traceForward]: (target: OutputTarget | TaskTarget) => withRecords(() => traceOutput(lineages, outputTarget(target), 'downstream')),
    [command.flagOutput]: (target: OutputTarget | TaskTarget) => withRecords(() => flagAsBad(lineages, outputTarget(target))),
    [command.taskHistory]: (target?: TaskTarget) => withRecords(() => showHistory(lineages, target === undefined ? undefined : nameOf(target))),
    [command.review]: () => withRecords(() => lineage.show({ type: 'review' })),
    [command.openRecords]: (target?: vscode.Uri) => openRecords(folders, target),
    [command.closeRecords]: () => closeRecords(folders),
    [command.groupRuns]: () => runs.chooseGrouping(),
    [command.showMoreRuns]: (group?: string) => runs.showMore(group ?? ''),
  };
}

const noRuns = 'No run has been recorded here yet.';

function entryOf(node: RunsNode | undefined): RunListEntry | undefined {
  return node?.type === 'entry' ? node.entry : undefined;
}

/** In the editor for it. A folder has none: what was made of it is opened. */
async function openFile(file: vscode.Uri, { convert }: ConvertedFiles): Promise<void> {
  const { type } = await vscode.workspace.fs.stat(file);
  if ((type & vscode.FileType.Directory) === 0) {
    await vscode.commands.executeCommand('vscode.openWith', file, view.file);
    return;
  }
  const made = await convert(file.fsPath);
  if (made.ok) await openRunFile(made.record);
  else void vscode.window.showErrorMessage(`${basename(file.path)}: ${made.message}.`);
}

function nameOf(target: TaskTarget): string {
  return target.type === 'task' ? target.id : target.name;
}

function idsOf(target: TaskTarget): readonly TaskId[] {
  return target.type === 'task' ? [target.id] : target.rows.map((row) => row.id);
}

async function pickTask(of: PipelineSession, placeHolder: string, among?: readonly TaskId[]): Promise<string | undefined> {
  const ids = among ?? of.model.tasks.map((task) => task.id);
  const items = ids.map((id) => {
    const status = of.model.statusOf(id);
    const look = taskLook(status, Date.now());
    return { label: `$(${look.icon}) ${id}`, description: look.description === '' ? spokenPhase(status) : look.description, id };
  });
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.id;
}

async function pickRun(folders: RecordFolders, placeHolder: string): Promise<RunListEntry | undefined> {
  const now = new Date();
  const items = (await listed(folders)).map((entry) => {
    const row = runRow(entry, now);
    return { label: `$(${row.icon}) ${row.label}`, description: row.description, detail: row.tooltip[0] ?? '', entry };
  });
  if (items.length === 0) {
    void vscode.window.showInformationMessage(noRuns);
    return undefined;
  }
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true, matchOnDetail: true }))?.entry;
}

function shownRun(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputCustom && input.viewType === view.run ? input.uri : undefined;
}

async function selectPipeline(pipelines: Pipelines): Promise<void> {
  await pipelines.ready;
  const items = pipelines.files.map((file) => ({ label: pipelines.nameOf(file), description: vscode.workspace.asRelativePath(file), file }));
  const picked = await vscode.window.showQuickPick(items, { placeHolder: 'Pipeline to show' });
  if (picked !== undefined) pipelines.select(picked.file);
}
