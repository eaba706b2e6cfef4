import { createWriteStream, mkdirSync, readFileSync, type WriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { once } from 'node:events';
import { inlineArtifacts, oneDocument } from '../../exporters/otlp.ts';
import { toJunit } from '../../exporters/junit.ts';
import { toMarkdown } from '../../exporters/markdown.ts';
import { toOpenLineage } from '../../exporters/openlineage.ts';
import { csvLine, tablesOf } from '../../exporters/tables.ts';
import { directionOf } from '../../query/direction.ts';
import { objectPath } from '../../recording/artifacts.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { openRun, type OpenedRun } from '../open-run.ts';
import { findRecords, namePath } from '../pipeline-file.ts';
import { reportError, userError, type UserError } from '../user-error.ts';

/** Parts of what is written, of any size altogether. */
type Parts = Iterable<string>;

/** `runweave export RUN… --to FORMAT`: to stdout, or into the file or folder that `--output` names. */
export async function exportCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, to = 'otlp', output, baseline: baselineQuery } = line.options;
  const place = findRecords(host.cwd, line.options.file);
  if (place.type === 'error') return reportError(place, host, json);
  const runs: OpenedRun[] = [];
  for (const query of line.arguments) {
    const run = await openRun(query, line, host);
    if (run.type === 'error') return reportError(run, host, json);
    runs.push(run);
  }
  const baseline = baselineQuery === undefined ? undefined : await openRun(baselineQuery, line, host);
  if (baseline?.type === 'error') return reportError(baseline, host, json);

  if (to === 'site') {
    if (output === undefined) return reportError(userError('--to site writes a folder: name it with --output'), host, json);
    const { writeSite } = await import('./site.ts');
    return writeSite(output, new Set(runs.map((run) => run.path)), line, host);
  }
  const files = await contentOf(to, runs, baseline, place.records, line);
  if ('type' in files) return reportError(files, host, json);
  const [only] = files;
  try {
    if (output === undefined) {
      if (files.length > 1 || only === undefined) return reportError(userError(`--to ${to} writes several files: name a folder with --output`), host, json);
      for (const part of only.parts) host.stdout.write(part);
      return exitCodes.success;
    }
    const target = path.resolve(host.cwd, output);
    const written = files.length === 1 && only !== undefined && only.name === undefined ? [{ file: target, parts: only.parts }] : files.map(({ name = '', parts }) => ({ file: path.join(target, name), parts }));
    for (const { file, parts } of written) await writeParts(file, parts);
    if (json) host.stdout.write(`${JSON.stringify({ written: written.map(({ file }) => file) })}\n`);
    else host.stderr.write(written.map(({ file }) => `${namePath(file, host.cwd)}\n`).join(''));
    return exitCodes.success;
  } catch (error) {
    return reportError(userError(`${output ?? 'stdout'} could not be written: ${(error as Error).message}`), host, json);
  }
}

interface Content {
  /** Of several files. */
  readonly name?: string;
  readonly parts: Parts;
}

async function contentOf(to: string, runs: readonly OpenedRun[], baseline: OpenedRun | undefined, records: string, line: CommandLine): Promise<readonly Content[] | UserError> {
  const states = runs.map((run) => run.state);
  switch (to) {
    case 'otlp':
    case 'otlp-json': {
      const selfContained = line.options['self-contained'] || to === 'otlp-json';
      const lines = await Promise.all(runs.map(async (run) => (await readFile(run.path, 'utf8')).split('\n').filter((text) => text !== '')));
      const live = runs.find((run) => run.state.end === undefined);
      if (live !== undefined) return userError(`${live.state.runId} is still running: its record is written when it has ended`);
      const read = (digest: string): Buffer | undefined => {
        const file = objectPath(records, digest);
        try {
          return file === undefined ? undefined : readFileSync(file);
        } catch {
          return undefined;
        }
      };
      const whole = function* (): Generator<string> {
        for (const text of lines.flat()) yield selfContained ? inlineArtifacts(text, read) : text;
      };
      const eachLine = function* (): Generator<string> {
        for (const text of whole()) yield `${text}\n`;
      };
      return [{ parts: to === 'otlp' ? eachLine() : oneDocument(whole()) }];
    }
    case 'junit':
      return [{ parts: [toJunit(states)] }];
    case 'markdown':
      return [{ parts: states.map((state) => `${toMarkdown(state, { directionOf, ...(baseline !== undefined && { baseline: baseline.state }) })}\n`) }];
    case 'openlineage':
      return [{ parts: [toOpenLineage(states)] }];
    case 'html': {
      const { singleFile } = await import('../../app/site/single-file.ts');
      return [{ parts: await singleFile({ store: records, records: runs.map((run) => run.path), title: line.options.title }) }];
    }
    case 'json':
      return [{ parts: [`${JSON.stringify(states)}\n`] }];
    case 'csv':
      return tablesOf(states).map((table) => ({
        name: `${table.name}.csv`,
        parts: (function* (): Generator<string> {
          yield csvLine(table.columns);
          for (const row of table.rows()) yield csvLine(row);
        })(),
      }));
    default:
      return userError(`--to ${to} is not known`);
  }
}

/** With backpressure: there may be more than fits into memory. */
async function writeParts(file: string, parts: Parts): Promise<void> {
  mkdirSync(path.dirname(file), { recursive: true });
  const stream: WriteStream = createWriteStream(file);
  const failed = once(stream, 'error').then(([error]) => {
    throw error as Error;
  });
  const write = async (): Promise<void> => {
    await once(stream, 'open');
    for (const part of parts) if (!stream.write(part)) await once(stream, 'drain');
    stream.end();
    await once(stream, 'finish');
  };
  await Promise.race([failed, write()]);
}
