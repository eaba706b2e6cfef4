/** The pipelines of the workspace and the one that the views show. */
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { contextKey } from './commands.ts';
import type { ContextKey } from './commands.ts';
import type { Disposable } from './disposable.ts';
import type { ModelChange } from './pipeline-model.ts';
import { PipelineSession } from './pipeline-session.ts';
import type { SessionServices } from './pipeline-session.ts';
import { readSettings } from './settings.ts';

const remembered = 'runweave.currentPipeline';

export class Pipelines implements Disposable {
  readonly #services: SessionServices;
  readonly #memory: vscode.Memento;
  readonly #sessions = new Map<string, PipelineSession>();
  readonly #didChange = new vscode.EventEmitter<ModelChange>();
  readonly #didChangeRuns = new vscode.EventEmitter<void>();
  readonly #didOutput = new vscode.EventEmitter<void>();
  readonly #didChangeList = new vscode.EventEmitter<void>();
  readonly #subscriptions: Disposable[] = [];
  readonly #contexts = new Map<ContextKey, boolean>();
  #current: PipelineSession | undefined;
  #ofCurrent: Disposable | undefined;
  readonly ready: Promise<void>;
  /** Of the current pipeline; `all` also when another became current. */
  readonly onDidChange = this.#didChange.event;
  readonly onDidChangeRuns = this.#didChangeRuns.event;
  readonly onDidOutput = this.#didOutput.event;
  /** A pipeline file was found or is gone. */
  readonly onDidChangeList = this.#didChangeList.event;

  constructor(services: SessionServices, memory: vscode.Memento) {
    this.#services = services;
    this.#memory = memory;
    const { files } = services;
    this.#subscriptions.push(
      this.#didChange,
      this.#didChangeRuns,
      this.#didOutput,
      this.#didChangeList,
      files.onDidChangeList(() => this.#listChanged()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#trusted()),
    );
    this.ready = files.discover().then(() => {
      this.#setContext(contextKey.searched, true);
      this.#trusted();
    });
  }

  get current(): PipelineSession | undefined {
    return this.#current;
  }

  get files(): readonly vscode.Uri[] {
    return this.#services.files.files;
  }

  nameOf(file: vscode.Uri): string {
    return this.#services.files.graphOf(file)?.name ?? basename(dirname(file.fsPath));
  }

  /** Reads all pipeline files again. */
  reload(): void {
    this.#services.files.reloadAll();
  }

  /** The session of a pipeline file; it is made on first need. */
  sessionOf(file: vscode.Uri): PipelineSession {
    const key = file.toString();
    let session = this.#sessions.get(key);
    if (session === undefined) {
      session = new PipelineSession(file, this.#services);
      this.#sessions.set(key, session);
    }
    return session;
  }

  select(file: vscode.Uri): void {
    void this.#memory.update(remembered, file.toString());
    this.#show(this.sessionOf(file));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
  }

  dispose(): void {
    this.#ofCurrent?.dispose();
    for (const session of this.#sessions.values()) session.dispose();
    for (const each of this.#subscriptions) each.dispose();
  }

  #listChanged(): void {
    const files = this.files;
    this.#setContext(contextKey.hasPipeline, files.length > 0);
    this.#setContext(contextKey.severalPipelines, files.length > 1);
    this.#didChangeList.fire();
    const present = new Set(files.map((file) => file.toString()));
    for (const [key, session] of this.#sessions) {
      if (present.has(key)) continue;
      this.#sessions.delete(key);
      session.dispose();
    }
    if (this.#current !== undefined && present.has(this.#current.file.toString())) {
      this.#didChange.fire('all');
      return;
    }
    const wanted = this.#memory.get<string>(remembered);
    const file = files.find((each) => each.toString() === wanted) ?? files[0];
    this.#show(file === undefined ? undefined : this.sessionOf(file));
  }

  #show(session: PipelineSession | undefined): void {
    if (session === this.#current) return;
    this.#ofCurrent?.dispose();
    this.#current = session;
    if (session !== undefined) {
      const subscriptions = [
        session.onDidChange((change) => {
          this.#stateContexts();
          this.#didChange.fire(change);
        }),
        session.onDidChangeRuns(() => this.#didChangeRuns.fire()),
        session.onDidOutput(() => this.#didOutput.fire()),
      ];
      this.#ofCurrent = vscode.Disposable.from(...subscriptions);
    }
    this.#stateContexts();
    this.#didChange.fire('all');
    this.#didChangeRuns.fire();
  }

  #trusted(): void {
    if (!vscode.workspace.isTrusted) return;
    for (const file of this.files) if (readSettings(file).watchOnStartup) this.sessionOf(file).setWatch(true);
    this.#didChange.fire('all');
  }

  #stateContexts(): void {
    this.#setContext(contextKey.running, this.#current?.model.running ?? false);
    this.#setContext(contextKey.watching, this.#current?.model.watching ?? false);
  }

  #setContext(key: ContextKey, value: boolean): void {
    if (this.#contexts.get(key) === value) return;
    this.#contexts.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }
}
