/**
 * A reason as a difference in the editor: the old side is a read-only document, the new side the file of the workspace
 * where that still has the recorded content. The address of a document says all that its content is found by, so that a
 * comparison survives a reload of the window.
 */
import { existsSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { changeOf } from '../model/change.ts';
import type { Change } from '../model/change.ts';
import { absent, describeReason } from '../model/fingerprint.ts';
import type { Digest, Reason } from '../model/fingerprint.ts';
import type { WorkspaceFile } from '../protocol/run-view.ts';
import type { RunSource } from '../query/run-sources.ts';
import { readPlainFile } from '../recording/plain-file.ts';
import { fileInside } from './record-files.ts';

const scheme = 'runweave-change';

/** Where a reason's paths lead. */
export interface ChangePlace {
  /** The pipeline's folder. */
  readonly folder: string;
  /** `.runweave`. */
  readonly store: string;
}

type Side = { readonly text: string } | (ChangePlace & { readonly path: string; readonly digest: Digest });

/** As files, and not as texts: the editor compares notebooks by their cells only if they are files. */
export function changeDocuments(): vscode.Disposable {
  const refuse = (): never => {
    throw vscode.FileSystemError.NoPermissions('It is content of another time.');
  };
  const readFile = async ({ query }: vscode.Uri): Promise<Uint8Array> => {
    const side = JSON.parse(query) as Side;
    const bytes = 'text' in side ? new TextEncoder().encode(side.text) : await contentOf(side);
    if (bytes === undefined) throw vscode.FileSystemError.Unavailable('What the file contained then is not known any more.');
    return bytes;
  };
  return vscode.workspace.registerFileSystemProvider(
    scheme,
    {
      onDidChangeFile: () => vscode.Disposable.from(),
      watch: () => vscode.Disposable.from(),
      stat: async (uri) => ({ type: vscode.FileType.File, ctime: 0, mtime: 0, size: (await readFile(uri)).length }),
      readFile,
      readDirectory: () => [],
      createDirectory: refuse,
      writeFile: refuse,
      delete: refuse,
      rename: refuse,
    },
    { isReadonly: true },
  );
}

/** Whether `openChange` has something to compare; what the content was may turn out not to be known. */
export function isComparable(reason: Reason): boolean {
  const change = changeOf(reason);
  return change !== undefined && change.type !== 'upstream';
}

/** Opens the difference, or says why there is none to be seen. */
export async function openChange(reason: Reason, place: ChangePlace): Promise<void> {
  const change = changeOf(reason);
  if (change === undefined || change.type === 'upstream') {
    void vscode.window.showInformationMessage(`${sentence(reason)} There is nothing to compare.`);
    return;
  }
  if (change.type === 'values') {
    await compareValues(change);
    return;
  }
  const refusal = await compareFile(change, place);
  if (refusal !== undefined) void vscode.window.showInformationMessage(`${sentence(reason)} ${refusal}`);
}

function sentence(reason: Reason): string {
  const text = describeReason(reason);
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

async function compareValues({ name, from, to }: Extract<Change, { readonly type: 'values' }>): Promise<void> {
  const document = (side: string, text: string): vscode.Uri => vscode.Uri.from({ scheme, path: `/${side}/${name.replaceAll('/', '_')}`, query: JSON.stringify({ text } satisfies Side) });
  await vscode.commands.executeCommand('vscode.diff', document('before', from), document('now', to), `${name} (before ↔ now)`, { preview: true });
}

type FileChange = Extract<Change, { readonly type: 'file' }>;

async function compareFile(change: FileChange, place: ChangePlace): Promise<string | undefined> {
  const { path, from } = change;
  const file = workspaceFile(place.folder, path);
  const before = from === undefined ? emptyDocument(path) : await recorded(place, path, from);
  if (before === undefined) return 'What it contained then is not known: it was neither recorded nor committed.';
  const nowIs = file === undefined ? undefined : await readPlainFile(file).catch(() => undefined);
  const after = await newSide(place, change, file, nowIs);
  if (after === undefined) return 'What it contained afterwards is not known any more.';
  const bytes = from === undefined ? undefined : await contentOf({ ...place, path, digest: from });
  if ([bytes, nowIs].some((content) => content !== undefined && isBinary(content))) return 'It is not text, so there is nothing to compare line by line.';
  await vscode.commands.executeCommand('vscode.diff', before, after.uri, `${basename(path)} (before ↔ ${after.label})`, { preview: true });
  return undefined;
}

/** One side of a comparison between two runs: the digest of the content itself where it was kept, and of what counts in it. */
export interface RecordedFile {
  /** Where it is looked for, in this order. */
  readonly places: readonly ChangePlace[];
  readonly content?: Digest;
  readonly digest?: Digest;
}

/** Opens a file as two runs used it. Returns why it can't. */
export async function openRecorded(path: string, from: RecordedFile, to: RecordedFile, title: string): Promise<string | undefined> {
  const [before, after] = await Promise.all([from, to].map((side) => recordedSide(path, side)));
  if (before === undefined || after === undefined) return `What ${path} contained ${before === undefined ? 'in the first run' : 'in the other run'} is not known: it was neither recorded nor committed.`;
  if ([before, after].some(({ bytes }) => bytes !== undefined && isBinary(bytes))) return `${path} is not text, so there is nothing to compare line by line.`;
  await vscode.commands.executeCommand('vscode.diff', before.uri, after.uri, title, { preview: true });
  return undefined;
}

interface RecordedSide {
  readonly uri: vscode.Uri;
  readonly bytes?: Uint8Array;
}

async function recordedSide(path: string, { places, content, digest }: RecordedFile): Promise<RecordedSide | undefined> {
  if (digest === undefined) return { uri: emptyDocument(path) };
  for (const wanted of content === undefined ? [digest] : [content, digest]) {
    for (const place of places) {
      const side = { ...place, path, digest: wanted };
      const bytes = await contentOf(side);
      if (bytes !== undefined) return { uri: addressOf(side), bytes };
    }
  }
  return undefined;
}

/** Opens a source as a run used it beside what the workspace has now. Returns why it can't. */
export async function compareWithWorkspace(place: ChangePlace, path: string, digest: Digest): Promise<string | undefined> {
  const before = await recorded(place, path, digest);
  if (before === undefined) return `What ${path} contained then is no longer here.`;
  const file = workspaceFile(place.folder, path);
  await vscode.commands.executeCommand('vscode.diff', before, file === undefined ? emptyDocument(path) : vscode.Uri.file(file), `${basename(path)} (in the run ↔ ${file === undefined ? 'not in the workspace' : 'now'})`, { preview: true });
  return undefined;
}

/** How the sources of a run stand in the workspace: by path and digest of the content, a space between. */
export async function lookAtSources(folder: string, sources: readonly RunSource[]): Promise<Readonly<Record<string, WorkspaceFile>>> {
  const { hasDigest } = await import('../fingerprint/has-digest.ts');
  const states = await Promise.all(
    sources.map(async ({ path, content, meaning }): Promise<readonly [string, WorkspaceFile]> => {
      const file = workspaceFile(folder, path);
      const bytes = file === undefined ? undefined : await readPlainFile(file).catch(() => undefined);
      const isSame = bytes !== undefined && (hasDigest(bytes, path, content) || (meaning !== undefined && hasDigest(bytes, path, meaning)));
      return [`${path} ${content}`, bytes === undefined ? 'gone' : isSame ? 'same' : 'changed'];
    }),
  );
  return Object.fromEntries(states);
}

/** Opens two values as text. */
export async function openValues(name: string, from: string, to: string): Promise<void> {
  await compareValues({ type: 'values', name, from, to });
}

async function newSide(place: ChangePlace, { path, to, isPart }: FileChange, file: string | undefined, bytes: Uint8Array | undefined): Promise<{ readonly uri: vscode.Uri; readonly label: string } | undefined> {
  if (to === undefined || to === absent) return { uri: emptyDocument(path), label: to === absent ? 'gone' : 'no longer counts' };
  const { hasDigest } = await import('../fingerprint/has-digest.ts');
  if (file !== undefined && bytes !== undefined && hasDigest(bytes, path, to)) return { uri: vscode.Uri.file(file), label: 'now' };
  const then = await recorded(place, path, to);
  if (then !== undefined) return { uri: then, label: 'then' };
  return file === undefined || bytes === undefined ? undefined : { uri: vscode.Uri.file(file), label: isPart ? 'now' : 'now, changed once more since' };
}

function emptyDocument(path: string): vscode.Uri {
  return vscode.Uri.from({ scheme, path: `/nothing/${path}`, query: JSON.stringify({ text: '' } satisfies Side) });
}

async function recorded(place: ChangePlace, path: string, digest: Digest): Promise<vscode.Uri | undefined> {
  const side = { ...place, path, digest };
  return (await contentOf(side)) === undefined ? undefined : addressOf(side);
}

function addressOf(side: ChangePlace & { readonly path: string; readonly digest: Digest }): vscode.Uri {
  return vscode.Uri.from({ scheme, path: `/${side.digest.slice('sha256:'.length, 'sha256:'.length + 8)}/${side.path}`, query: JSON.stringify(side satisfies Side) });
}

async function contentOf({ folder, store, path, digest }: ChangePlace & { readonly path: string; readonly digest: Digest }): Promise<Uint8Array | undefined> {
  const { earlierContent } = await import('./earlier-content.ts');
  const isOwn = fileInside(folder, path, workspaceFolders()) !== undefined;
  return earlierContent({ folder, store, path, digest, askGit: vscode.workspace.isTrusted && isOwn });
}

/** Of the workspace only: a record may come from anybody, and so may a link in its folder. */
function workspaceFile(folder: string, path: string): string | undefined {
  const file = fileInside(folder, path, workspaceFolders());
  if (file === undefined || !existsSync(file)) return undefined;
  return fileInside('/', realpathSync(file), workspaceFolders().map((each) => realpathSync(each)));
}

function workspaceFolders(): readonly string[] {
  return (vscode.workspace.workspaceFolders ?? []).map((each) => each.uri.fsPath);
}

function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 8000).includes(0);
}

export function placeOf(session: { readonly folder: string; readonly records: string }): ChangePlace {
  return { folder: session.folder, store: session.records };
}

