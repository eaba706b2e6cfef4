/** The sources that the tasks of a run used, each once for each content. */
import type { Digest } from '../model/fingerprint.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { RunState } from '../model/run-state.ts';

export interface RunSource {
  /** Relative to the pipeline's folder. */
  readonly path: string;
  /** Of the content that was kept. */
  readonly content: Digest;
  /** Of what counts in it, by the fingerprint of the task that used it; absent where it does not count. */
  readonly meaning?: Digest;
  readonly tasks: readonly TaskId[];
}

/** By path; of one that changed during the run, in the order of the tasks. The pipeline file comes first. */
export function runSources({ pipelineFile, pipeline, tasks }: RunState): readonly RunSource[] {
  const found = new Map<string, { path: string; content: Digest; meaning?: Digest; tasks: TaskId[] }>();
  for (const { node, sources = {}, fingerprint } of tasks) {
    for (const [path, content] of Object.entries(sources)) {
      const key = `${path} ${content}`;
      const meaning = fingerprint?.sources[path];
      const known = found.get(key);
      if (known === undefined) found.set(key, { path, content, ...(meaning !== undefined && { meaning }), tasks: [node.id] });
      else known.tasks.push(node.id);
    }
  }
  const sorted = [...found.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const file = pipeline.file.split('/').at(-1) ?? pipeline.file;
  return pipelineFile === undefined ? sorted : [{ path: file, content: pipelineFile, tasks: [] }, ...sorted.filter(({ path }) => path !== file)];
}
