/** A record of ours from elsewhere: its lines as they are, but for the mark that it was imported. */
import { link, mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ImportProblem, SourceFile } from '../../importers/source.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { deepestRecorded, NestedTooDeeply, parseNested } from '../../model/nested-json.ts';
import { spansOf } from '../../model/otlp-json.ts';
import type { RunId } from '../../model/run-event.ts';
import { importFormat, importSource } from '../../model/semantic-conventions.ts';
import { isRunId } from '../../recording/event-log.ts';
import { recordPath, runsFolder } from '../../recording/record-path.ts';
import { piecesOf } from '../../store/read-pieces.ts';
import { isRunSpan, runOfSpans } from '../../store/run-of-spans.ts';
import type { ImportOutcome } from './import-runs.ts';

/** Bytes. */
const documentLimit = 512 * 1024 * 1024;

/** `undefined` when it is no record of ours. */
export async function importOwnRecord(file: SourceFile, store: string, signal?: AbortSignal): Promise<ImportOutcome | ImportProblem | undefined> {
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
      for await (const document of documentsOf(file)) {
        signal?.throwIfAborted();
        await handle.writeFile(`${JSON.stringify(marked(document, file.path))}\n`);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(temporary, record);
    return { ...outcome, existed: false };
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return { ...outcome, existed: true };
    return { file: file.path, message: (error as Error).message };
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Our mark stands in the first span: near the beginning, whatever comes after it. */
async function mayBeOwn(file: SourceFile): Promise<boolean> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of file.stream()) {
      parts.push(Buffer.from(part));
      length += part.length;
      if (length >= 1024 * 1024) break;
    }
  } catch {
    // What could be read of it says enough.
  }
  return Buffer.concat(parts).includes('runweave.record.version');
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

/** Each whole: the first says of all tasks. Throws where one is damaged. */
async function* documentsOf(file: SourceFile): AsyncGenerator<Json> {
  for await (const found of piecesOf(file.stream(), { lineLimit: documentLimit, pieceSize: documentLimit })) {
    for (const piece of found) {
      if (piece.type === 'problem') throw new Error(`line ${piece.line}: ${piece.message}`);
      try {
        yield parseNested(piece.text, deepestRecorded) as Json;
      } catch (error) {
        throw new Error(`line ${piece.line} is ${error instanceof NestedTooDeeply ? error.message : 'not JSON'}`, { cause: error });
      }
    }
  }
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
