/** Of a run, what its lineage is made of. */
import type { RunState } from '../../model/run-state.ts';

/** `head` is of a record's first line. */
export function siteHead(head: RunState): RunState {
  return {
    ...head,
    resource: Object.fromEntries(Object.entries(head.resource).filter(([name]) => name.includes('vcs.'))),
    warnings: [],
    tasks: head.tasks.map((task) => {
      const { sources: _, observed: __, ...rest } = task;
      return {
        ...rest,
        attempts: [],
        metrics: Object.fromEntries(Object.entries(task.metrics).map(([name, series]) => [name, { ...series, times: [], values: [] }])),
        artifacts: task.artifacts.map((artifact) => ({ ...artifact, content: { type: 'reference' } })),
      };
    }),
  };
}
