/** What a task printed, as a read-only text document that grows while the task runs. */
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import * as vscode from 'vscode';
import type { TaskId } from '../model/pipeline.ts';
import type { TaskState } from '../model/run-state.ts';
import { coalesce } from './coalesce.ts';
import type { Disposable } from './disposable.ts';
import type { PipelineSession } from './pipeline-session.ts';
import type { Pipelines } from './pipelines.ts';

const scheme = 'runweave-log';

export interface TaskLogs extends Disposable {
  readonly open: (session: PipelineSession, task: TaskId, viewColumn?: vscode.ViewColumn) => Promise<void>;
}

export function taskLogs(pipelines: Pipelines): TaskLogs {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  // Not after a pause: a task that prints without one is read while it prints.
  const refresh = coalesce<'printed'>(250, () => {
    for (const { uri, isClosed } of vscode.workspace.textDocuments) if (uri.scheme === scheme && !isClosed) changed.fire(uri);
  });
  const provider = vscode.workspace.registerTextDocumentContentProvider(scheme, {
    onDidChange: changed.event,
    provideTextDocumentContent: async (uri) => {
      const { file, task } = JSON.parse(uri.query) as { readonly file: string; readonly task: TaskId };
      return logOf(pipelines.sessionOf(vscode.Uri.parse(file)), task);
    },
  });
  const subscriptions = vscode.Disposable.from(changed, refresh, provider, pipelines.onDidOutput(() => refresh.add('printed')));
  return {
    open: async (session, task, viewColumn = vscode.ViewColumn.Active) => {
      const uri = vscode.Uri.from({ scheme, path: `/${task.replaceAll('/', '_')}.log`, query: JSON.stringify({ file: session.file.toString(), task }) });
      await vscode.window.showTextDocument(uri, { preview: true, viewColumn });
    },
    dispose: () => void subscriptions.dispose(),
  };
}

async function logOf(session: PipelineSession, id: TaskId): Promise<string> {
  const task = await executionOf(session, id);
  const attempt = task?.attempts.at(-1);
  if (task === undefined || attempt === undefined) return `${id} has not run yet.\n`;
  const text = stripVTControlCharacters(attempt.output.map((chunk) => chunk.text).join(''));
  const failure = attempt.failure ?? task.failure;
  const ending = failure === undefined ? '' : `\n${failure.type}: ${failure.message}\n${failure.stacktrace ?? ''}`;
  if (text === '' && ending === '') return attempt.end === undefined ? '' : `${id} printed nothing.\n`;
  return text + ending;
}

/** The latest execution; of a task that was up to date, the one that made its outputs. */
async function executionOf({ model, records }: PipelineSession, id: TaskId): Promise<TaskState | undefined> {
  const task = model.runOf(id);
  if (task === undefined || task.attempts.length > 0) return task;
  // Not seen live: all of it is in the record.
  const runId = task.madeBy?.runId ?? (task.phase === 'skip' ? undefined : model.run?.runId);
  if (runId === undefined) return task;
  const { readRecord } = await import('../store/read-record.ts');
  const read = await readRecord(join(records, 'runs', `${runId}.otlp.jsonl`));
  return read.type === 'run' ? read.state.tasks.find((each) => each.node.id === id) : undefined;
}
