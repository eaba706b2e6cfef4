/** What of a run can be searched. */
import type { Attributes } from './filter.ts';
import { artifactRoot, type Run } from './run.ts';
import type { Searchable } from './search.ts';

export const runAttributes: Attributes = { strings: ['run_id', 'run_name', 'status', 'artifact_uri', 'user_id', 'experiment_id'], numbers: ['start_time', 'end_time'] };

export function searchableRun(run: Run): Searchable {
  return {
    metric: (key) => run.metrics.get(key)?.latest?.value,
    param: (key) => run.params.get(key),
    tag: (key) => run.tags.get(key),
    attribute: (key) => {
      switch (key) {
        case 'run_id':
          return run.id;
        case 'run_name':
          return run.name;
        case 'status':
          return run.status;
        case 'artifact_uri':
          return `mlflow-artifacts:/${artifactRoot(run)}`;
        case 'user_id':
          return run.userId;
        case 'experiment_id':
          return run.experimentId;
        case 'start_time':
          return run.startTime;
        case 'end_time':
          return run.endTime;
        default:
          return undefined;
      }
    },
    datasets: () =>
      [...run.datasets.values()].map(({ dataset, tags }) => ({
        name: dataset['name'] ?? '',
        digest: dataset['digest'] ?? '',
        context: tags.find(({ key }) => key === 'mlflow.data.context')?.value,
      })),
  };
}
