/** The task graph of a site: that of a recorded run. A node leads to its task. */
import { tasksOfRun } from '../../src/model/graph-of-run.ts';
import type { GraphHostMessage, GraphViewMessage } from '../../src/protocol/graph-view.ts';
import { loadRun } from './data.ts';
import { formatRoute } from './route.ts';

export function graphHost(key: string, post: (message: GraphHostMessage) => void): (message: GraphViewMessage) => Promise<void> {
  const show = (task: string, tab: string): void => {
    location.hash = formatRoute({ panel: 'run', key, tab, task });
  };
  return async (message) => {
    switch (message.type) {
      case 'ready': {
        const run = await loadRun(key);
        const state = run?.type === 'run' ? run.state : undefined;
        post({ type: 'snapshot', title: state?.pipeline.name ?? key, watching: false, running: false, errors: 0, tasks: state === undefined ? [] : tasksOfRun(state) });
        return;
      }
      case 'open-source':
      case 'explain':
        show(message.task, 'tasks');
        return;
      case 'open-output':
        show(message.task, 'output');
        return;
      case 'run':
      case 'stop':
      case 'watch':
      case 'show-problems':
        return;
      default:
        message satisfies never;
    }
  };
}
