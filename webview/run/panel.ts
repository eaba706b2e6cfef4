/** What every tab gets: the run, what the person chose, and what they can do. */
import type { Digest } from '../../src/model/fingerprint.ts';
import type { TaskId } from '../../src/model/pipeline.ts';
import type { RunState, TaskState } from '../../src/model/run-state.ts';
import type { Remark } from '../../src/query/annotations.ts';
import type { ByteRange, RunViewMessage, WorkspaceFile } from '../../src/protocol/run-view.ts';

export type TabId = 'timeline' | 'graph' | 'tasks' | 'parameters' | 'metrics' | 'artifacts' | 'output' | 'sources' | 'resources' | 'environment';

/** Bytes of an artifact, or a part of them; `null` when they are not to be found. */
export type LoadBytes = (digest: Digest, range?: ByteRange) => Promise<Uint8Array | null>;

export interface Context {
  readonly run: RunState;
  readonly selected: TaskId | undefined;
  readonly cutOutput: ReadonlySet<TaskId>;
  /** How many values a series has, of which only some may be here. */
  readonly lengthOf: (task: TaskId, series: string) => number;
  /** Of the sources, where the host has looked. */
  readonly workspace: Readonly<Record<string, WorkspaceFile>> | undefined;
  /** What people said of a task, or of an output of it. */
  readonly remarkOn: (task: TaskState, output?: string) => Remark | undefined;
  readonly select: (task: TaskId, tab?: TabId) => void;
  readonly load: LoadBytes;
  /** Whether the host acts on such a message; what it can't is not offered. */
  readonly can: (type: RunViewMessage['type']) => boolean;
  /** The metrics whose charts are shown. */
  readonly charted: readonly string[];
  readonly chart: (metric: string, on: boolean) => void;
  readonly post: (message: RunViewMessage) => void;
}
