/** A task with every field, for tests that look at one or two of them. */
import type { Task, TaskId } from '../../src/model/pipeline.ts';

const nowhere = { line: 0, character: 0 };

export function taskOf(fields: Partial<Omit<Task, 'id'>> & { readonly id?: string } = {}): Task {
  const id = (fields.id ?? 'task') as TaskId;
  return {
    name: id,
    source: { kind: 'shell', command: 'true' },
    matrix: {},
    params: {},
    dependencies: [],
    inputs: [],
    outputs: [],
    env: {},
    cwd: '.',
    retries: { max: 0, delay: 0, backoff: 1 },
    cpus: 1,
    gpus: 0,
    memory: 0,
    watch: 'auto',
    cache: true,
    keep: true,
    compare: 'meaning',
    checks: [],
    tags: [],
    range: { start: nowhere, end: nowhere },
    ...fields,
    id,
  };
}
