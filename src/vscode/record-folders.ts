/**
 * The folders of records that the views show: of each pipeline of the workspace, of workspace folders that hold records
 * and no pipeline file, and those that were opened besides. Tells when what is in them is another.
 */
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { storeIn, type RecordFolder } from '../store/record-folder.ts';
import { coalesce } from './coalesce.ts';
import { contextKey } from './commands.ts';
import type { Disposable } from './disposable.ts';
import { namesOf } from './folder-names.ts';
import type { Pipelines } from './pipelines.ts';
import { projectFolderOf } from './record-files.ts';

const remembered = 'runweave.recordFolders';
/** Milliseconds: a copied folder is told file by file. */
const interval = 200;

export class RecordFolders implements Disposable {
  readonly #pipelines: Pipelines;
  readonly #memory: vscode.Memento;
  readonly #didChange = new vscode.EventEmitter<void>();
  readonly #didChangeRuns = new vscode.EventEmitter<void>();
  readonly #didChangeAnnotations = new vscode.EventEmitter<void>();
  readonly #didChangeAnything = new vscode.EventEmitter<'all' | 'live'>();
  readonly #runsChanged = coalesce<'again'>(interval, () => this.#didChangeRuns.fire());
  readonly #subscriptions: Disposable[] = [];
  #watchers: Disposable = { dispose: () => undefined };
  #folders: readonly RecordFolder[] = [];
  /** Others are shown. */
  readonly onDidChange = this.#didChange.event;
  /** A record or a run in progress was added, removed or copied over: at most a few times a second. */
  readonly onDidChangeRuns = this.#didChangeRuns.event;
  /** Somebody said something of a run. */
  readonly onDidChangeAnnotations = this.#didChangeAnnotations.event;
  /** Also when a run in progress says something, as often as it does: that is `live`. */
  readonly onDidChangeAnything = this.#didChangeAnything.event;

  constructor(pipelines: Pipelines, memory: vscode.Memento) {
    this.#pipelines = pipelines;
    this.#memory = memory;
    const again = (): void => this.#runsChanged.add('again');
    this.#subscriptions.push(
      this.#didChange,
      this.#didChangeRuns,
      this.#didChangeAnnotations,
      this.#didChangeAnything,
      this.#runsChanged,
      pipelines.onDidChangeList(() => this.#find()),
      // The executor tells it before the file is noticed.
      pipelines.onDidChangeRuns(again),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.#find()),
    );
    this.#find();
    void pipelines.ready.then(() => this.#find());
  }

  get folders(): readonly RecordFolder[] {
    return this.#folders;
  }

  get opened(): readonly string[] {
    return this.#memory.get<readonly string[]>(remembered) ?? [];
  }

  /** Shows the records of a folder too, for this workspace. Returns whether there are any. */
  open(folder: string): boolean {
    const store = storeIn(folder);
    if (store === undefined) return false;
    if (!this.#folders.some((each) => each.store === store)) this.#remember([...this.opened, store]);
    return true;
  }

  close(store: string): void {
    this.#remember(this.opened.filter((each) => each !== store));
  }

  dispose(): void {
    this.#watchers.dispose();
    for (const each of this.#subscriptions) each.dispose();
  }

  #remember(opened: readonly string[]): void {
    void this.#memory.update(remembered, opened);
    this.#find(opened);
  }

  #find(opened = this.opened): void {
    const workspace = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
    const stores = new Set([
      ...this.#pipelines.files.map((file) => storeOf(dirname(file.fsPath))),
      ...workspace.flatMap(({ uri }) => storeIn(uri.fsPath) ?? []),
      ...opened,
    ]);
    const names = namesOf([...stores].map(projectFolderOf), workspace.map(({ uri, name }) => ({ path: uri.fsPath, name })));
    const folders = [...stores].map((store, at) => ({ store, name: names[at] ?? store }));
    void vscode.commands.executeCommand('setContext', contextKey.hasRecords, folders.length > 0);
    void vscode.commands.executeCommand('setContext', contextKey.openedRecords, opened.length > 0);
    if (JSON.stringify(folders) === JSON.stringify(this.#folders)) return;
    this.#folders = folders;
    this.#watch();
    this.#didChange.fire();
    this.#didChangeRuns.fire();
  }

  #watch(): void {
    this.#watchers.dispose();
    const runs = (): void => {
      this.#runsChanged.add('again');
      this.#didChangeAnything.fire('all');
    };
    const said = (): void => {
      this.#didChangeAnnotations.fire();
      this.#didChangeAnything.fire('all');
    };
    const grew = (): void => this.#didChangeAnything.fire('live');
    this.#watchers = vscode.Disposable.from(
      ...this.#folders.flatMap(({ store }) => {
        const watch = (pattern: string): vscode.FileSystemWatcher => vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(vscode.Uri.file(store), pattern));
        const [records, live, annotations] = [watch('{runs/*,*}.otlp.{json,jsonl}'), watch('live/*.jsonl'), watch('{annotations,views}.jsonl')];
        return [
          ...[records, live, annotations],
          ...[records.onDidCreate(runs), records.onDidDelete(runs), records.onDidChange(runs)],
          ...[live.onDidCreate(runs), live.onDidDelete(runs), live.onDidChange(grew)],
          ...[annotations.onDidCreate(said), annotations.onDidDelete(said), annotations.onDidChange(said)],
        ];
      }),
    );
  }
}

function storeOf(project: string): string {
  return vscode.Uri.joinPath(vscode.Uri.file(project), '.runweave').fsPath;
}
