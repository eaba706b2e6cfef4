import path from 'node:path';
import { buildSite, type BuiltSite } from '../../app/site/build-site.ts';
import { parseSize, sizeExample } from '../../definition/size.ts';
import { parseAge } from '../age.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { findRecords, namePath } from '../pipeline-file.ts';
import { formatBytes, plural } from '../text.ts';
import { reportError, userError } from '../user-error.ts';

/** `runweave site DIR`: the tracker as a website of files. */
export async function siteCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const [target = 'site'] = line.arguments;
  return writeSite(target, undefined, line, host);
}

/** `only`: paths of the records to show. */
export async function writeSite(target: string, only: ReadonlySet<string> | undefined, line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, keep, since, title, 'max-size': maxSizeText } = line.options;
  const age = since === undefined ? undefined : parseAge(since, '--since');
  if (typeof age === 'object') return reportError(age, host, json);
  const maxSize = maxSizeText === undefined ? undefined : parseSize(maxSizeText);
  if (maxSizeText !== undefined && maxSize === undefined) return reportError(userError(`--max-size ${maxSizeText}: write a size like ${sizeExample}`), host, json);
  const place = findRecords(host.cwd, line.options.file);
  if (place.type === 'error') return reportError(place, host, json);
  const folder = path.resolve(host.cwd, target);
  const isShown = host.stderr.interactive && !json;
  const result = await buildSite({
    store: place.records,
    target: folder,
    title,
    retention: { keep, since: age === undefined ? undefined : host.now() - age },
    maxSize,
    only,
    onProgress: (done, total) => {
      if (isShown) host.stderr.write(`\r${done} of ${plural(total, 'run')}`);
    },
  });
  if (isShown) host.stderr.write('\r\u001b[K');
  if (result.type === 'refused') return reportError(userError(result.message), host, json);
  if (json) writeJson(host.stdout, { ...result, folder });
  else host.stdout.write(`${siteLines(result, namePath(path.join(folder, 'index.html'), host.cwd)).join('\n')}\n`);
  return exitCodes.success;
}

function siteLines({ runs, written, leftOut, removed, bytes }: BuiltSite, page: string): readonly string[] {
  return [
    `${page}: ${plural(runs, 'run')}, ${formatBytes(bytes)}; ${written} written${removed > 0 ? `, ${plural(removed, 'file')} removed` : ''}`,
    ...(leftOut > 0 ? [`${plural(leftOut, 'run')} left out: there was no room within --max-size`] : []),
  ];
}
