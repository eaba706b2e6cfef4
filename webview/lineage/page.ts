/** What each part of the lineage page can do. */
import type { LineageAbilities, LineageViewMessage } from '../../src/protocol/lineage-view.ts';
import type { LineageQuestion } from '../../src/query/lineage-answer.ts';

export interface Page {
  readonly ask: (question: LineageQuestion) => void;
  readonly post: (message: LineageViewMessage) => void;
  readonly can: () => LineageAbilities;
  /** What was chosen in the answer to this question when it was shown last. */
  readonly chosen: () => string | undefined;
  readonly choose: (what: string) => void;
}

export interface View {
  readonly element: HTMLElement;
  /** To where a person goes on. */
  readonly focus: () => void;
  /** What a screen reader is told. */
  readonly said: string;
}
