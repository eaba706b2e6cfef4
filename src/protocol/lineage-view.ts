/**
 * Between the lineage page and its host. The host owns the records and what people said of them, and answers with
 * `query/lineage-answer.ts`; the webview owns which question is asked, and what is selected.
 */
import type { AnnotationChange, AnnotationTarget } from '../model/annotation.ts';
import type { RunId } from '../model/run-event.ts';
import type { LineageAnswer, LineageQuestion } from '../query/lineage-answer.ts';

/** What this host can do besides answering. */
export interface LineageAbilities {
  /** Flags, tags and notes. */
  readonly annotate: boolean;
  readonly openRun: boolean;
  readonly compareCode: boolean;
}

export type LineageHostMessage =
  /** First; also when other folders are shown. */
  | { readonly type: 'start'; readonly can: LineageAbilities; /** Asked for by a command; absent: what the page showed last. */ readonly question?: LineageQuestion }
  /** What can be asked about, for completion. */
  | { readonly type: 'names'; readonly outputs: readonly string[]; readonly tasks: readonly string[] }
  | { readonly type: 'answer'; readonly question: LineageQuestion; readonly answer: LineageAnswer }
  /** Records or annotations are others now: what is shown is asked for again. */
  | { readonly type: 'changed' }
  | { readonly type: 'failed'; readonly message: string };

export type LineageViewMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'ask'; readonly question: LineageQuestion }
  | { readonly type: 'open-run'; readonly runId: RunId }
  | { readonly type: 'annotate'; readonly target: AnnotationTarget; readonly change: Extract<AnnotationChange, { readonly type: 'flag' | 'tag' | 'note' }> }
  /** Two versions of a file, by their digests. */
  | { readonly type: 'compare-code'; readonly path: string; readonly from: string; readonly to: string };
