/** The targets that are one file, or a folder of tables. */
import path from 'node:path';
import { fileName } from '../../exporters/artifact-name.ts';
import { toComposableLogs } from '../../exporters/composable-logs.ts';
import { inlineArtifacts, resourceSpansOf } from '../../exporters/otlp.ts';
import { toJunitSuite, junitEnd, junitStart } from '../../exporters/junit.ts';
import { toMarkdown } from '../../exporters/markdown.ts';
import { toOpenLineage } from '../../exporters/openlineage.ts';
import { csvLine, tables } from '../../exporters/tables.ts';
import type { Digest } from '../../model/fingerprint.ts';
import { directionOf } from '../../query/direction.ts';
import { readArtifact } from '../../recording/artifacts.ts';
import { liveFolder } from '../../recording/event-log.ts';
import { readLines } from '../../recording/read-lines.ts';
import { ExportError } from './export-error.ts';
import type { ExportContext, Exporter, RunToExport } from './exporter.ts';
import { recordsFolder } from './records-folder.ts';

/** One text after the other into the one file. */
export async function textExporter({ destination }: ExportContext, { start = '', separator = '', end = '', text }: { readonly start?: string; readonly separator?: string; readonly end?: string; readonly text: (run: RunToExport) => string }): Promise<Exporter> {
  const file = await destination.file();
  await file.write(start);
  let count = 0;
  return {
    add: (run) => file.write((count++ === 0 ? '' : separator) + text(run)),
    end: () => file.write(end),
  };
}

export function jsonExporter(context: ExportContext): Promise<Exporter> {
  return textExporter(context, { start: '[', separator: ',', end: ']\n', text: ({ state }) => JSON.stringify(state) });
}

export function junitExporter(context: ExportContext): Promise<Exporter> {
  return textExporter(context, { start: junitStart, end: junitEnd, text: ({ state }) => toJunitSuite(state) });
}

export function markdownExporter(context: ExportContext): Promise<Exporter> {
  const { baseline } = context;
  return textExporter(context, { text: ({ state }) => `${toMarkdown(state, { directionOf, ...(baseline !== undefined && { baseline }) })}\n` });
}

export function openLineageExporter(context: ExportContext): Promise<Exporter> {
  return textExporter(context, { text: ({ state }) => toOpenLineage([state]) });
}

export async function csvExporter({ destination }: ExportContext): Promise<Exporter> {
  const files = await Promise.all(
    tables.map(async (table) => {
      const file = await destination.file(`${table.name}.csv`);
      await file.write(csvLine(table.columns.map(({ name }) => name)));
      return { table, file };
    }),
  );
  return {
    add: async ({ state }) => {
      for (const { table, file } of files) for (const row of table.rows(state)) await file.write(csvLine(row));
    },
  };
}

export async function parquetExporter({ destination }: ExportContext): Promise<Exporter> {
  // A library that only this target needs.
  const { parquetTable } = await import('../../exporters/parquet.ts');
  const files = await Promise.all(tables.map(async (table) => ({ table, parquet: parquetTable(table.columns), file: await destination.file(`${table.name}.parquet`) })));
  return {
    add: async ({ state }) => {
      for (const { table, parquet, file } of files) {
        for (const row of table.rows(state)) {
          const bytes = parquet.add(row);
          if (bytes !== undefined) await file.write(bytes);
        }
      }
    },
    end: async () => {
      for (const { parquet, file } of files) await file.write(parquet.end());
    },
  };
}

/** A file a run: to those who read it, all spans of a file are one workflow. */
export function composableLogsExporter({ destination, total, signal, note }: ExportContext): Promise<Exporter> {
  return Promise.resolve({
    add: async ({ state, readArtifact }) => {
      const file = await destination.file(total === 1 ? undefined : `${fileName(state.runId)}.json`);
      for await (const part of toComposableLogs(state, { readArtifact, note })) {
        signal.throwIfAborted();
        await file.write(part);
      }
    },
  });
}

export async function otlpExporter({ destination, selfContained, signal }: ExportContext, form: 'lines' | 'document'): Promise<Exporter> {
  const file = await destination.file();
  let separator = '';
  if (form === 'document') await file.write('{"resourceSpans":[');
  return {
    add: async (run) => {
      for await (const text of recordLines(run, selfContained || form === 'document')) {
        signal.throwIfAborted();
        if (form === 'lines') {
          await file.write(`${text}\n`);
          continue;
        }
        const spans = resourceSpansOf(text);
        if (spans === '') continue;
        await file.write(separator + spans);
        separator = ',';
      }
    },
    ...(form === 'document' && { end: () => file.write(']}\n') }),
  };
}

/** The lines of the record, if asked for with the artifacts that they refer to. */
export async function* recordLines({ state, record }: RunToExport, selfContained: boolean): AsyncGenerator<string> {
  if (path.basename(path.dirname(record)) === path.basename(liveFolder(''))) {
    throw new ExportError(state.interrupted ? `${state.runId} was cut off, and has no record yet: the next "runweave plan" or run of its pipeline writes it` : `${state.runId} is still running: its record is written when it has ended`);
  }
  const records = recordsFolder(record);
  const read = async (digest: string): Promise<Buffer | undefined> => {
    const bytes = await readArtifact(records, digest as Digest);
    return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  };
  for await (const { text } of readLines(record)) {
    if (text !== '') yield selfContained ? await inlineArtifacts(text, read) : text;
  }
}
