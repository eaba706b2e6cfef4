/** What every tab gets: the run, what the person chose, and what they can do. */
import type { Digest } from '../../src/model/fingerprint.ts';
import type { TaskId } from '../../src/model/pipeline.ts';
import type { RunState } from '../../src/model/run-state.ts';
import type { RunViewMessage } from '../../src/protocol/run-view.ts';

export type TabId = 'timeline' | 'tasks' | 'parameters' | 'metrics' | 'artifacts' | 'output' | 'environment';

export interface Context {
  readonly run: RunState;
  readonly selected: TaskId | undefined;
  readonly cutOutput: ReadonlySet<TaskId>;
  /** How many values a series has, of which only some may be here. */
  readonly lengthOf: (task: TaskId, series: string) => number;
  /** Bytes that the host sent, as base64; `null` when they are not to be found. */
  readonly loaded: ReadonlyMap<Digest, string | null>;
  readonly select: (task: TaskId, tab?: TabId) => void;
  readonly load: (digest: Digest) => void;
  /** The metric whose chart is shown. */
  readonly charted: string | undefined;
  readonly chart: (metric: string | undefined) => void;
  readonly post: (message: RunViewMessage) => void;
}
