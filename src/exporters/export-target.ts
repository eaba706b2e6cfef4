/** What runs can be exported to: the values of `--to`, and what a host has to ask the user for. */
export interface ExportTargetSpec {
  /**
   * Where it goes: one file (or standard output), a folder of files, a collector's URL, or a folder or URL of MLflow's.
   */
  readonly output: 'file' | 'folder' | 'collector' | 'tracking-store';
  /** Of the file. */
  readonly extension?: string;
  readonly description: string;
}

export const exportTargets = {
  otlp: { output: 'file', extension: 'otlp.jsonl', description: 'OTLP JSON Lines: the record itself' },
  'otlp-json': { output: 'file', extension: 'otlp.json', description: 'OTLP as one JSON document' },
  'otlp-http': { output: 'collector', description: 'pushed to a collector over OTLP/HTTP' },
  'composable-logs': { output: 'file', extension: 'json', description: 'spans as Composable Logs logs them; of several runs a folder' },
  dir: { output: 'folder', description: 'a folder for each run: tasks, artifacts, notebooks as pages, metadata, diagrams' },
  markdown: { output: 'file', extension: 'md', description: 'report for a pull request or a job summary' },
  junit: { output: 'file', extension: 'xml', description: 'test results for CI' },
  mlflow: { output: 'tracking-store', description: 'runs of an MLflow file store or tracking server' },
  openlineage: { output: 'file', extension: 'jsonl', description: 'OpenLineage events' },
  csv: { output: 'folder', description: 'four tables: runs, params, metrics, series' },
  parquet: { output: 'folder', description: 'the same four tables as Parquet files' },
  html: { output: 'file', extension: 'html', description: 'one page that shows the run, or compares several, and needs nothing else' },
  json: { output: 'file', extension: 'json', description: 'all that is known of the runs' },
} as const satisfies Readonly<Record<string, ExportTargetSpec>>;

export type ExportTarget = keyof typeof exportTargets;

export function isExportTarget(name: string): name is ExportTarget {
  return Object.hasOwn(exportTargets, name);
}
