/** The task graph as `runweave graph` prints it: of a pipeline file, or of a run with its outcomes. */
import type { GraphTask } from '../model/graph-task.ts';
import type { LoadedGraph } from '../protocol/session.ts';
import type { TaskPhase } from '../model/run-state.ts';

export function tasksOfFile(graph: LoadedGraph): readonly GraphTask[] {
  return graph.tasks.map(({ id, name, kind, dependencies, source, outputs }) => ({
    id,
    name,
    kind,
    dependencies,
    source,
    hasOutput: outputs.length > 0,
    status: { phase: 'pending', reasons: [] },
  }));
}

const fills: Partial<Record<TaskPhase, string>> = {
  success: '#d7f0dd',
  failure: '#f8d7d7',
  error: '#f8d7d7',
  timeout: '#f8d7d7',
  cancellation: '#f6ecd0',
  running: '#d7e6f8',
  skip: '#eeeeee',
};

/** The graph in Graphviz's language, edges in the direction of the data. */
export function graphToDot(name: string, tasks: readonly GraphTask[]): string {
  const lines = [
    `digraph ${quote(name)} {`,
    '  rankdir=LR;',
    '  node [shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif"];',
    ...tasks.map((task) => {
      const fill = fills[task.status.phase];
      return `  ${quote(task.id)} [tooltip=${quote(`${task.kind}: ${task.source}`)}${fill === undefined ? '' : `, fillcolor="${fill}"`}];`;
    }),
    ...tasks.flatMap((task) => task.dependencies.map((dependency) => `  ${quote(dependency)} -> ${quote(task.id)};`)),
    '}',
  ];
  return lines.join('\n');
}

/** A quoted id of the DOT language: only a quote needs escaping, and a backslash so that it stays one. */
function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
