/** Tags, notes and stars on runs, afterwards: kept beside the records. */
import type { AnnotationChange, AnnotationTarget } from '../../model/annotation.ts';
import { authorOf } from '../../app/author.ts';
import { indexAnnotations } from '../../query/annotations.ts';
import { lineageOf } from '../../query/lineage.ts';
import { appendAnnotations, readAnnotations } from '../../store/annotations.ts';
import { findRun } from '../../store/find-run.ts';
import { readHeads } from '../../store/read-heads.ts';
import { latestDeletion, restoreFromTrash } from '../../store/trash.ts';
import type { CommandLine } from '../arguments.ts';
import { outputOf } from '../find-output.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { openRun, splitReference, taskOf } from '../open-run.ts';
import { findRecords, namePath } from '../pipeline-file.ts';
import { oneLine } from '../progress/task-lines.ts';
import { reportError, userError, type UserError } from '../user-error.ts';

/** `runweave tag NAME [RUN[/TASK]|OUTPUT]` */
export function tagCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const [tag = '', reference = 'latest'] = line.arguments;
  if (tag.trim() === '') return Promise.resolve(reportError(userError('a tag is a word: runweave tag baseline'), host, line.options.json));
  return annotate([reference], { type: 'tag', tag: tag.trim(), on: !line.options.remove }, line, host, orOutput);
}

/** `runweave note TEXT [RUN[/TASK]|OUTPUT]` */
export function noteCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const [text = '', reference = 'latest'] = line.arguments;
  return annotate([reference], { type: 'note', text }, line, host, orOutput);
}

/** `runweave star [RUN]` */
export function starCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  return annotate([line.arguments[0] ?? 'latest'], { type: 'star', on: !line.options.remove }, line, host);
}

/** `runweave name NAME [RUN]` */
export function nameCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const [name = '', reference = 'latest'] = line.arguments;
  return annotate([reference], { type: 'name', name: name.trim() }, line, host);
}

/** `runweave archive RUN…` */
export function archiveCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  return annotate(line.arguments, { type: 'archive', on: !line.options.remove }, line, host);
}

/** What a reference may stand for. */
type Targets = (reference: string, records: string, line: CommandLine, host: Host) => Promise<AnnotationTarget | UserError>;

async function annotate(references: readonly string[], change: AnnotationChange, line: CommandLine, host: Host, targetFor: Targets = targetOf): Promise<ExitCode> {
  const place = findRecords(host.cwd, line.options.file);
  if (place.type === 'error') return reportError(place, host, line.options.json);
  const targets: AnnotationTarget[] = [];
  for (const reference of references) {
    const target = await targetFor(reference, place.records, line, host);
    if ('type' in target) return reportError(target, host, line.options.json);
    targets.push(target);
  }
  const author = await authorOf(host.cwd);
  const made = await appendAnnotations(place.records, targets.map((target) => ({ target, change, ...(author !== undefined && { author }) })), new Date(host.now()));
  if (line.options.json) writeJson(host.stdout, { annotations: made });
  else host.stdout.write(made.map(({ target }) => `${targetName(target)}: ${describeChange(change)}\n`).join(''));
  return exitCodes.success;
}

/** By the record's name alone where the run is meant: also of one that can't be read. */
async function targetOf(reference: string, records: string, line: CommandLine, host: Host): Promise<AnnotationTarget | UserError> {
  const { run: query, task: name } = splitReference(reference);
  if (name === undefined || name === '') {
    const found = await findRun(records, query);
    return found.type === 'found' ? { runId: found.runId } : userError(found.message);
  }
  const run = await openRun(query, line, host);
  if (run.type === 'error') return run;
  const task = taskOf(run.state, name);
  return 'type' in task ? task : { runId: run.state.runId, task: task.node.id };
}

/** A run or a task of it, or else an output, as `flag` takes it. */
async function orOutput(reference: string, records: string, line: CommandLine, host: Host): Promise<AnnotationTarget | UserError> {
  const target = await targetOf(reference, records, line, host);
  if (!('type' in target)) return target;
  const found = await outputOf(lineageOf(await readHeads(records)), reference, [records]);
  if (!('type' in found)) return { runId: found.run.runId, task: found.run.task, output: found.name };
  // What looks like a part of a run that is there was meant so.
  const isRun = (await findRun(records, splitReference(reference).run)).type !== 'none';
  return isRun ? target : userError(`there is no run ${splitReference(reference).run}, and ${found.message}`);
}

/** `RUN/TASK/OUTPUT`, as far as it goes. */
function targetName({ runId, task, output }: AnnotationTarget): string {
  return [runId, task, output].filter((part) => part !== undefined).map(oneLine).join('/');
}

/** `runweave undo` */
export async function undoCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json } = line.options;
  const place = findRecords(host.cwd, line.options.file);
  if (place.type === 'error') return reportError(place, host, json);
  const latest = indexAnnotations(await readAnnotations(place.records)).latest();
  const deletion = await latestDeletion(place.records);
  if (deletion !== undefined && (latest === undefined || Date.parse(latest.time) <= Date.parse(deletion.time))) {
    const left = await restoreFromTrash(place.records, deletion.folder);
    if (left.length > 0) return reportError(userError(`there is a record of that name again, so these stay in ${namePath(deletion.folder, host.cwd)}: ${left.join(', ')}`), host, json);
    if (json) writeJson(host.stdout, { undone: { type: 'deletion', time: deletion.time } });
    else host.stdout.write('undone: deleted runs are back\n');
    return exitCodes.success;
  }
  if (latest === undefined) return reportError(userError('there is nothing to undo'), host, json);
  const author = await authorOf(host.cwd);
  await appendAnnotations(place.records, [{ target: latest.target, change: { type: 'undo', id: latest.id }, ...(author !== undefined && { author }) }], new Date(host.now()));
  if (json) writeJson(host.stdout, { undone: latest });
  else host.stdout.write(`${targetName(latest.target)}: undone: ${describeChange(latest.change)}\n`);
  return exitCodes.success;
}

export function describeChange(change: AnnotationChange): string {
  switch (change.type) {
    case 'star':
      return change.on ? 'starred' : 'no longer starred';
    case 'archive':
      return change.on ? 'archived' : 'no longer archived';
    case 'tag':
      return change.on ? `tagged ${oneLine(change.tag)}` : `no longer tagged ${oneLine(change.tag)}`;
    case 'note':
      return `noted: ${oneLine(change.text)}`;
    case 'name':
      return change.name === '' ? 'no longer named' : `named ${oneLine(change.name)}`;
    case 'flag':
      return change.on ? `flagged as bad${change.why === undefined ? '' : `: ${oneLine(change.why)}`}` : 'no longer flagged';
    case 'undo':
      return 'undone';
    default:
      return change satisfies never;
  }
}
