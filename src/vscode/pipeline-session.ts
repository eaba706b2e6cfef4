/**
 * One pipeline in the editor: its model, and its executor's process, which is started when something is first asked
 * of it. Nothing is ever started in a workspace that is not trusted.
 */
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { TaskId } from '../model/pipeline.ts';
import type { PlanEntry } from '../model/plan.ts';
import type { LoadedGraph, OpenOptions, ProblemCode, RunOptions, SessionMessage } from '../protocol/session.ts';
import { coalesce, debounce } from './coalesce.ts';
import { command } from './commands.ts';
import type { Disposable } from './disposable.ts';
import { executorProcess } from './executor-process.ts';
import type { ExecutorDeath, ExecutorProcess } from './executor-process.ts';
import type { InterpreterChoice } from './interpreter.ts';
import type { PipelineFiles } from './pipeline-files.ts';
import { PipelineModel } from './pipeline-model.ts';
import type { ModelChange } from './pipeline-model.ts';
import { readSettings, section } from './settings.ts';

export interface SessionServices {
  /** Absolute path of `executor.cjs`. */
  readonly executor: string;
  readonly output: vscode.LogOutputChannel;
  readonly files: PipelineFiles;
  readonly interpreters: InterpreterChoice;
}

const redrawInterval = 50;
/** How often a pipeline that another process holds is asked for, in milliseconds. */
const lockInterval = 5000;

export class PipelineSession implements Disposable {
  readonly file: vscode.Uri;
  /** The pipeline's folder. */
  readonly folder: string;
  /** Where its records are. */
  readonly records: string;
  readonly model = new PipelineModel();
  readonly #services: SessionServices;
  readonly #executor: ExecutorProcess;
  readonly #didChange = new vscode.EventEmitter<ModelChange>();
  readonly #didChangeRuns = new vscode.EventEmitter<void>();
  readonly #didOutput = new vscode.EventEmitter<void>();
  readonly #subscriptions: Disposable[] = [];
  readonly #changes = coalesce<TaskId | 'all'>(redrawInterval, (items) => this.#didChange.fire(items.has('all') ? 'all' : (items as ReadonlySet<TaskId>)));
  readonly #planSoon = debounce(300, () => {
    if (this.#executor.isStarted() && !this.model.running) this.requestPlan();
  });
  readonly #watchSoon = debounce(lockInterval, () => {
    if (this.#watchWanted && !this.model.watching) this.#executor.send({ type: 'watch', on: true, tasks: [] });
  });
  /** Watch as the user wants it: asked for again after the executor died, and while another process holds the pipeline. */
  #watchWanted = false;
  /** Was told that watch begins when the pipeline is free. */
  #isWaiting = false;
  /** A person waits for an answer, so that a problem is worth a message. */
  #asked = false;
  #planRequested = false;
  #reopenAfterRun = false;
  #waitingForPlan: ((entries: readonly PlanEntry[] | undefined) => void)[] = [];
  /** What changed, at most every 50 ms. */
  readonly onDidChange = this.#didChange.event;
  /** The list of runs may have changed. */
  readonly onDidChangeRuns = this.#didChangeRuns.event;
  /** A task printed something. */
  readonly onDidOutput = this.#didOutput.event;

  constructor(file: vscode.Uri, services: SessionServices) {
    this.file = file;
    this.folder = dirname(file.fsPath);
    this.records = join(this.folder, '.runweave');
    this.#services = services;
    this.#executor = executorProcess({
      module: services.executor,
      options: () => this.#openOptions(),
      onMessage: (message) => this.#receive(message),
      onDied: (death) => this.#died(death),
      onRestarted: () => this.#restarted(),
      onOutput: (text) => services.output.info(`[executor] ${text.trimEnd()}`),
    });
    const graph = services.files.graphOf(file);
    if (graph !== undefined) this.model.setGraph(graph);
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(vscode.Uri.file(this.records), '{runs,live}/*.jsonl'));
    const runsChanged = debounce(150, () => {
      this.#didChangeRuns.fire();
      void this.#loadLatestRun();
    });
    this.#subscriptions.push(
      this.#didChange,
      this.#didChangeRuns,
      this.#didOutput,
      this.#changes,
      this.#planSoon,
      this.#watchSoon,
      runsChanged,
      watcher,
      watcher.onDidCreate(runsChanged.call),
      watcher.onDidDelete(runsChanged.call),
      services.files.onDidLoad((loaded) => this.#loaded(loaded)),
      services.interpreters.onDidChange(() => void this.#reopen()),
      vscode.workspace.onDidSaveTextDocument((document) => {
        if (!this.model.watching && document.uri.fsPath.startsWith(this.folder)) this.#planSoon.call();
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (['python.path', 'jobs', 'otlp.endpoint'].some((setting) => event.affectsConfiguration(`${section}.${setting}`, file))) void this.#reopen();
      }),
    );
    void this.#loadLatestRun();
  }

  get executorPid(): number | undefined {
    return this.#executor.pid();
  }

  get watchWanted(): boolean {
    return this.#watchWanted;
  }

  run(options: RunOptions): void {
    if (!this.#mayRun()) return;
    this.#executor.send({ type: 'run', options });
  }

  stop(task?: TaskId): void {
    if (this.#executor.isStarted()) this.#executor.send({ type: 'cancel', ...(task !== undefined && { task }) });
  }

  setWatch(on: boolean): void {
    if (on && !this.#mayRun()) return;
    this.#watchWanted = on;
    this.#isWaiting = false;
    if (on || this.#executor.isStarted()) this.#executor.send({ type: 'watch', on, tasks: [] });
  }

  /** Asks for a plan, unless nothing may run here; its answer changes the model. */
  requestPlan(): void {
    if (!vscode.workspace.isTrusted || this.model.errors > 0) return;
    this.#planRequested = true;
    this.#executor.send({ type: 'plan', tasks: [] });
  }

  /** For a view that shows what is stale. */
  planIfUnknown(): void {
    if (this.#planRequested || this.model.tasks.length === 0 || this.model.running) return;
    this.requestPlan();
  }

  /** The plan as it is now; `undefined` when there is none, which was said. */
  async plan(): Promise<readonly PlanEntry[] | undefined> {
    if (!this.#mayRun()) return undefined;
    return new Promise((resolve) => {
      this.#waitingForPlan.push(resolve);
      this.#executor.send({ type: 'plan', tasks: [] });
    });
  }

  async restart(): Promise<void> {
    await this.#executor.stop();
    this.model.executorGone();
    this.#changes.add('all');
    this.#answerPlan(undefined);
    if (this.#watchWanted) this.setWatch(true);
    else this.requestPlan();
  }

  /** Ends the executor's process, and with it what runs in it. */
  async close(): Promise<void> {
    await this.#executor.stop();
  }

  dispose(): void {
    for (const each of this.#subscriptions) each.dispose();
    void this.#executor.stop();
  }

  /** Whether something may run here; if not, says why. */
  #mayRun(): boolean {
    if (!vscode.workspace.isTrusted) {
      const manage = 'Manage Workspace Trust';
      void vscode.window.showWarningMessage('Runweave runs nothing in a workspace that is not trusted. Recorded runs can be read.', manage).then((choice) => {
        if (choice === manage) void vscode.commands.executeCommand('workbench.trust.manage');
      });
      return false;
    }
    this.#asked = true;
    return true;
  }

  async #openOptions(): Promise<OpenOptions> {
    const chosen = await this.#services.interpreters.of(this.file);
    const { jobs, otlpEndpoint } = readSettings(this.file);
    return {
      file: this.file.fsPath,
      ...(chosen !== undefined && { python: chosen.path, pythonOrigin: chosen.origin }),
      ...(jobs !== undefined && { jobs }),
      ...(otlpEndpoint !== undefined && { otlpEndpoint }),
    };
  }

  #receive(message: SessionMessage): void {
    switch (message.type) {
      case 'graph':
        // Comes back through `onDidLoad`, together with its diagnostics.
        this.#services.files.accept(message.graph);
        return;
      case 'interpreter':
      case 'estimate':
        this.#apply(message);
        return;
      case 'event':
        if (message.event.type === 'run-started') {
          this.#asked = false;
          this.#didChangeRuns.fire();
        }
        if (message.event.type === 'output' || message.event.type === 'log' || message.event.type === 'attempt-started') this.#didOutput.fire();
        this.#apply(message);
        return;
      case 'sealed':
        this.#didChangeRuns.fire();
        return;
      case 'recovered':
        this.#services.output.info(`Sealed the interrupted run ${message.result.runId}.`);
        this.#didChangeRuns.fire();
        return;
      case 'plan':
        this.#apply(message);
        this.#answerPlan(message.entries);
        return;
      case 'status':
        this.#apply(message);
        if (message.watching) this.#isWaiting = false;
        if (!message.running && this.#reopenAfterRun) void this.#reopen();
        return;
      case 'notice': {
        this.#services.output.warn(message.message);
        const show = 'Show Output';
        void vscode.window.showWarningMessage(`Runweave: ${message.message}`, show).then((choice) => {
          if (choice === show) this.#services.output.show(true);
        });
        return;
      }
      case 'problem':
        this.#problem(message.code, message.message);
        return;
      default:
        message satisfies never;
    }
  }

  #apply(message: SessionMessage): void {
    const changed = this.model.apply(message);
    if (changed === 'all') this.#changes.add('all');
    else this.#changes.add(...changed);
  }

  #loaded(graph: LoadedGraph): void {
    if (graph.file !== this.file.fsPath) return;
    this.model.setGraph(graph);
    this.#changes.add('all');
    if (!this.model.watching) this.#planSoon.call();
  }

  #answerPlan(entries: readonly PlanEntry[] | undefined): void {
    for (const answer of this.#waitingForPlan.splice(0)) answer(entries);
  }

  #problem(code: ProblemCode, text: string): void {
    this.#answerPlan(undefined);
    const asked = this.#asked;
    this.#asked = false;
    if (code === 'locked' && this.#watchWanted && !this.model.watching) {
      this.#waitForLock(text, asked);
      return;
    }
    this.#services.output.warn(`${code}: ${text}`);
    // Mistakes in the file are in Problems already, and an interpreter that is missing matters when something is to run.
    if (!asked && (code === 'bad-pipeline' || code === 'no-interpreter')) return;
    const action = problemAction(code);
    const show = code === 'locked' ? vscode.window.showWarningMessage : vscode.window.showErrorMessage;
    void show(`Runweave: ${text}`, action.title).then((choice) => {
      if (choice === action.title) void vscode.commands.executeCommand(action.command, ...action.arguments);
    });
    this.#changes.add('all');
  }

  /** Watch begins when who holds the pipeline is done, or is known to be gone. */
  #waitForLock(text: string, asked: boolean): void {
    this.#watchSoon.call();
    if (this.#isWaiting && !asked) return;
    this.#isWaiting = true;
    this.#services.output.warn(`locked: ${text}`);
    const giveUp = 'Do Not Wait';
    void vscode.window.showWarningMessage(`Runweave: ${text} Watch begins when it is free.`, giveUp).then((choice) => {
      if (choice === giveUp && !this.model.watching) this.setWatch(false);
    });
  }

  #died({ cause, restarts }: ExecutorDeath): void {
    const wasRunning = this.model.running;
    this.#services.output.error(`The executor of ${this.file.fsPath} stopped: ${cause}.`);
    this.model.executorGone();
    this.#answerPlan(undefined);
    this.#changes.add('all');
    const show = 'Show Output';
    const restart = 'Restart';
    // Its run is sealed by the next one, and is not running any more.
    if (wasRunning) this.#didChangeRuns.fire();
    const what = `Runweave's executor stopped unexpectedly (${cause})${wasRunning ? ' in the middle of a run; the run is recorded as interrupted' : ''}.`;
    const message = restarts
      ? vscode.window.showWarningMessage(`${what} It is being restarted.`, show)
      : vscode.window.showErrorMessage(`${what} It stopped too often to be restarted again.`, restart, show);
    void message.then((choice) => {
      if (choice === show) this.#services.output.show(true);
      else if (choice === restart) void this.restart();
    });
  }

  #restarted(): void {
    this.#services.output.info('The executor was restarted.');
    if (this.#watchWanted) this.#executor.send({ type: 'watch', on: true, tasks: [] });
    else this.requestPlan();
  }

  /** Another interpreter or number of jobs: they count from the next run on. */
  async #reopen(): Promise<void> {
    if (!this.#executor.isStarted()) return;
    this.#reopenAfterRun = this.model.running;
    if (!this.model.running) await this.restart();
  }

  /** So that the graph shows how the latest run ended, whoever ran it. */
  async #loadLatestRun(): Promise<void> {
    try {
      await this.#readLatestRun();
    } catch (error) {
      // A record that is gone again, or a folder that may not be read: the list of runs says so where it matters.
      this.#services.output.warn(`The latest run could not be read: ${String(error)}`);
    }
  }

  async #readLatestRun(): Promise<void> {
    if (this.model.running) return;
    const { listRuns } = await import('../store/list-runs.ts');
    const latest = (await listRuns(this.records)).find((entry) => entry.type === 'run' && entry.summary.outcome !== undefined);
    if (latest?.type !== 'run' || latest.summary.runId <= (this.model.run?.runId ?? '')) return;
    const { readRecordHead } = await import('../store/read-record.ts');
    this.model.setLatestRun(await readRecordHead(latest.summary.path));
    this.#changes.add('all');
  }
}

function problemAction(code: ProblemCode): { readonly title: string; readonly command: string; readonly arguments: readonly unknown[] } {
  switch (code) {
    case 'bad-pipeline':
      return { title: 'Show Problems', command: 'workbench.actions.view.problems', arguments: [] };
    case 'no-interpreter':
      return { title: 'Set Interpreter', command: 'workbench.action.openSettings', arguments: [`${section}.python.path`] };
    case 'locked':
    case 'unknown-task':
    case 'inputs-changed':
    case 'storage':
    case 'internal':
      return { title: 'Show Output', command: command.showLogs, arguments: [] };
    default:
      return code satisfies never;
  }
}
