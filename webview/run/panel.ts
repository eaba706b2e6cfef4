/** What every tab gets: the run, what the person chose, and what they can do. */
import type { Digest } from '../../src/model/fingerprint.ts';
import type { TaskId } from '../../src/model/pipeline.ts';
import type { RunState } from '../../src/model/run-state.ts';
import type { RunViewMessage } from '../../src/protocol/run-view.ts';
import { h } from '../dom.ts';

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
  /** Whether there is an editor to ask. */
  readonly editor: boolean;
  readonly post: (message: RunViewMessage) => void;
}

/** A link to what only an editor can show; its text where there is none. */
export function editorLink({ editor, post }: Context, message: RunViewMessage, text: string, attributes: { readonly class?: string; readonly title?: string } = {}): HTMLElement {
  return editor ? h('button', { ...attributes, class: `link ${attributes.class ?? ''}`.trim(), onclick: () => post(message) }, text) : h('span', { class: attributes.class }, text);
}
