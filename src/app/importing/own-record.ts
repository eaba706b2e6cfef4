/** A record of ours from elsewhere: its lines as they are, but for the mark that it was imported. */
import { createReadStream } from 'node:fs';
import { link, mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ImportProblem, SourceFile } from '../../importers/source.ts';
import { splitJsonDocuments } from '../../model/json-documents.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { spansOf } from '../../model/otlp-json.ts';
import type { RunId } from '../../model/run-event.ts';
import { importFormat, importSource } from '../../model/semantic-conventions.ts';
import { isRunId } from '../../recording/event-log.ts';
import { readLines } from '../../recording/read-lines.ts';
import { recordPath, runsFolder } from '../../recording/seal.ts';
import { isRunSpan, runOfSpans } from '../../store/run-of-spans.ts';
import type { ImportOutcome } from './import-runs.ts';

/** `undefined` when it is no record of ours. */
export async function importOwnRecord(file: SourceFile, store: string): Promise<ImportOutcome | ImportProblem | undefined> {
  if (!(await mayBeOwn(file))) return undefined;
  const state = await headOf(file);
  if (state === undefined) return undefined;
  const { runId } = state;
  if (!isRunId(runId)) return { file: file.path, message: 'the record has no usable run id' };
  const record = path.resolve(recordPath(store, runId));
  const outcome = { runId, format: 'runweave' as const, source: file.path, record, tasks: state.tasks };
  await mkdir(runsFolder(store), { recursive: true });
  const temporary = path.join(runsFolder(store), `.${runId}.${process.pid}.import.tmp`);
  try {
    const handle = await open(temporary, 'w');
    try {
      for await (const document of documentsOf(file)) await handle.writeFile(`${JSON.stringify(marked(document, file.path))}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(temporary, record);
    return { ...outcome, existed: false };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return { ...outcome, existed: true };
    return { file: file.path, message: (error as Error).message };
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Our mark stands in the first span: near the beginning, whatever comes after it. */
async function mayBeOwn(file: SourceFile): Promise<boolean> {
  if (file.disk === undefined) return Buffer.from((await file.read().catch(() => new Uint8Array())).subarray(0, 1024 * 1024)).includes('runweave.record.version');
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(file.disk, { end: 1024 * 1024 })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).includes('runweave.record.version');
}

async function headOf(file: SourceFile): Promise<{ readonly runId: RunId; readonly tasks: number } | undefined> {
  try {
    for await (const document of documentsOf(file)) {
      const spans = [...spansOf(document)];
      if (!spans.some(isRunSpan)) return undefined;
      const state = runOfSpans(spans);
      return state === undefined ? undefined : { runId: state.runId, tasks: state.tasks.length };
    }
  } catch {
    // Damaged at its beginning: then it is read as any other file is, and told what is wrong.
  }
  return undefined;
}

async function* documentsOf(file: SourceFile): AsyncGenerator<Json> {
  if (file.disk !== undefined && (await isLines(file.disk))) {
    for await (const { text } of readLines(file.disk)) if (text.trim() !== '') yield JSON.parse(text) as Json;
    return;
  }
  for (const { text } of splitJsonDocuments(Buffer.from(await file.read()).toString('utf8')).documents) yield JSON.parse(text) as Json;
}

async function isLines(disk: string): Promise<boolean> {
  for await (const { text } of readLines(disk)) {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  }
  return false;
}

function marked(document: Json, source: string): Json {
  const object: JsonObject = isJsonObject(document) ? document : {};
  const list: readonly Json[] = Array.isArray(object['resourceSpans']) ? (object['resourceSpans'] as readonly Json[]) : [];
  const marks: readonly Json[] = [
    { key: importFormat, value: { stringValue: 'runweave' } },
    { key: importSource, value: { stringValue: source } },
  ];
  return {
    ...object,
    resourceSpans: list.map((entry) => {
      const fields: JsonObject = isJsonObject(entry) ? entry : {};
      const resource: JsonObject = isJsonObject(fields['resource']) ? fields['resource'] : {};
      const attributes: readonly Json[] = Array.isArray(resource['attributes']) ? (resource['attributes'] as readonly Json[]) : [];
      return { ...fields, resource: { ...resource, attributes: [...attributes.filter((attribute) => !isJsonObject(attribute) || (attribute['key'] !== importFormat && attribute['key'] !== importSource)), ...marks] } };
    }),
  };
}
