/**
 * The pipeline files of the workspace: found, read (with what is typed and not saved), and their mistakes in Problems.
 * Loading is pure and takes milliseconds, so it happens here, also where nothing may run.
 */
import * as vscode from 'vscode';
import { disk } from '../app/disk.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { LoadedGraph } from '../protocol/session.ts';
import { debounce } from './coalesce.ts';
import type { Debounced } from './coalesce.ts';
import type { Disposable } from './disposable.ts';

const pattern = '**/runweave.{yaml,yml}';
const excluded = '**/{node_modules,.venv,venv,.git,.runweave,.vscode-test,__pycache__,site-packages}/**';
const typingPause = 150;
export const pipelineSelector: vscode.DocumentSelector = { scheme: 'file', pattern };

export class PipelineFiles implements Disposable {
  readonly #found = new Map<string, vscode.Uri>();
  readonly #loaded = new Map<string, LoadedGraph>();
  readonly #pauses = new Map<string, Debounced>();
  readonly #problems = vscode.languages.createDiagnosticCollection('runweave');
  readonly #didChangeList = new vscode.EventEmitter<void>();
  readonly #didLoad = new vscode.EventEmitter<LoadedGraph>();
  readonly #subscriptions: Disposable[] = [];
  /** A file was found or is gone. */
  readonly onDidChangeList = this.#didChangeList.event;
  readonly onDidLoad = this.#didLoad.event;

  constructor() {
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    this.#subscriptions.push(
      this.#problems,
      this.#didChangeList,
      this.#didLoad,
      watcher,
      watcher.onDidCreate((uri) => void this.discover().then(() => this.#reload(uri))),
      watcher.onDidDelete((uri) => this.#forget(uri)),
      watcher.onDidChange((uri) => this.#reload(uri)),
      vscode.workspace.onDidChangeWorkspaceFolders(() => void this.discover()),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.#reload(document.uri)),
      // Text that was not saved is gone with its editor.
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#reload(uri)),
      // A missing source file was created or renamed, an existing one was deleted.
      ...[vscode.workspace.onDidCreateFiles, vscode.workspace.onDidDeleteFiles, vscode.workspace.onDidRenameFiles].map((event) => event(() => this.reloadAll())),
    );
  }

  get files(): readonly vscode.Uri[] {
    return [...this.#found.values()];
  }

  graphOf(file: vscode.Uri): LoadedGraph | undefined {
    return this.#loaded.get(file.toString());
  }

  /** Mistakes of a file as it was loaded last, for quick fixes. */
  diagnosticsOf(file: vscode.Uri): readonly Diagnostic[] {
    return this.graphOf(file)?.diagnostics ?? [];
  }

  async discover(): Promise<void> {
    const uris = (await vscode.workspace.findFiles(pattern, excluded)).filter((uri) => uri.scheme === 'file').sort(byDepth);
    const before = new Set(this.#found.keys());
    this.#found.clear();
    for (const uri of uris) this.#found.set(uri.toString(), uri);
    for (const key of before) if (!this.#found.has(key)) this.#problems.delete(vscode.Uri.parse(key));
    await Promise.all(uris.filter((uri) => !this.#loaded.has(uri.toString())).map((uri) => this.load(uri)));
    this.#didChangeList.fire();
  }

  /** Takes over what the executor read, unless the editor holds newer text. */
  accept(graph: LoadedGraph): boolean {
    const uri = vscode.Uri.file(graph.file);
    if (openDocument(uri)?.isDirty === true) return false;
    this.#publish(uri, graph);
    return true;
  }

  async load(uri: vscode.Uri): Promise<LoadedGraph | undefined> {
    let text = openDocument(uri)?.getText();
    try {
      text ??= new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
    } catch {
      this.#forget(uri);
      return undefined;
    }
    const { loadPipeline } = await import('../definition/load-pipeline.ts');
    const { graph } = loadPipeline({ file: uri.fsPath, text, environment: process.env, disk });
    this.#publish(uri, graph);
    return graph;
  }

  reloadAll(): void {
    for (const uri of this.files) this.#reload(uri);
  }

  #publish(uri: vscode.Uri, graph: LoadedGraph): void {
    this.#loaded.set(uri.toString(), graph);
    this.#problems.set(uri, graph.diagnostics.map(toEditorDiagnostic));
    this.#didLoad.fire(graph);
  }

  #reload(uri: vscode.Uri): void {
    const key = uri.toString();
    if (!this.#found.has(key)) return;
    let pause = this.#pauses.get(key);
    if (pause === undefined) {
      pause = debounce(typingPause, () => void this.load(uri));
      this.#pauses.set(key, pause);
    }
    pause.call();
  }

  #forget(uri: vscode.Uri): void {
    const key = uri.toString();
    this.#problems.delete(uri);
    this.#loaded.delete(key);
    if (this.#found.delete(key)) this.#didChangeList.fire();
  }

  dispose(): void {
    for (const pause of this.#pauses.values()) pause.dispose();
    for (const each of this.#subscriptions) each.dispose();
  }
}

function openDocument(uri: vscode.Uri): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find((document) => !document.isClosed && document.uri.toString() === uri.toString());
}

/** Nearest to the top first: what a workspace's own pipeline most likely is. */
function byDepth(a: vscode.Uri, b: vscode.Uri): number {
  return a.path.split('/').length - b.path.split('/').length || a.path.localeCompare(b.path);
}

export function toEditorRange({ start, end }: Diagnostic['range']): vscode.Range {
  return new vscode.Range(start.line, start.character, end.line, end.character);
}

function toEditorDiagnostic(diagnostic: Diagnostic): vscode.Diagnostic {
  const severity = { error: vscode.DiagnosticSeverity.Error, warning: vscode.DiagnosticSeverity.Warning, hint: vscode.DiagnosticSeverity.Hint }[diagnostic.severity];
  const result = new vscode.Diagnostic(toEditorRange(diagnostic.range), diagnostic.message + (diagnostic.suggestion === undefined ? '' : ` (${diagnostic.suggestion})`), severity);
  result.source = 'runweave';
  result.code = diagnostic.code;
  return result;
}
