/**
 * The language in which runs are asked for, in the runs table and by `runweave runs --filter`:
 *
 *   metrics.roc_auc > 0.95 and params.nr_train_images in (400, 500) and tag:baseline
 *
 *   filter     = disjunct { "or" disjunct }
 *   disjunct   = conjunct { ["and"] conjunct }            what stands side by side must all hold
 *   conjunct   = "not" conjunct | "(" filter ")" | test
 *   test       = field operator value
 *              | field ["not"] "in" "(" value { "," value } ")"
 *              | field ":" value                          is, or for text holds: status:failure, tag:baseline
 *              | field                                    is there, and neither false, 0 nor empty: star, params.seed
 *              | text                                     quoted: anything shown of the run holds it
 *   operator   = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~" | "contains"
 *   field      = name { "." name }                        a name with other characters in backticks: params.`learning rate`
 *   value      = number | text | date | duration | true | false | null | bare word
 *
 * A field may have several values in one run (a metric of several tasks): a test holds if it holds for one of them;
 * `!=`, `!~` and `not in` hold if the opposite does for none. `~` is a regular expression, without regard to case.
 */

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | '~' | '!~' | 'contains';

export interface Span {
  /** Characters from the beginning of the filter. */
  readonly from: number;
  readonly to: number;
}

/** As written; what it means is decided by the field that it is compared with. */
export type Literal =
  | { readonly type: 'number'; readonly value: number; readonly text: string }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'null' }
  /** Milliseconds: `10m`, `1.5h`, `30s`, `250ms`, `2d`. */
  | { readonly type: 'duration'; readonly value: number; readonly text: string }
  /** Unix milliseconds: `2026-11-20`, `2026-11-20T12:30`; without a zone in the reader's own. */
  | { readonly type: 'date'; readonly from: number; /** The last millisecond that is meant: of a day alone, its end. */ readonly to: number; readonly text: string };

export interface Field {
  /** `metrics`, `train.loss`: the first name, and what follows as it was written but for its quotes. */
  readonly names: readonly string[];
  readonly span: Span;
}

export type Filter =
  | { readonly type: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly type: 'not'; readonly part: Filter }
  | { readonly type: 'compare'; readonly field: Field; readonly operator: Operator; readonly value: Literal; readonly span: Span }
  | { readonly type: 'in'; readonly field: Field; readonly negated: boolean; readonly values: readonly Literal[]; readonly span: Span }
  | { readonly type: 'is'; readonly field: Field; readonly value: Literal; readonly span: Span }
  | { readonly type: 'has'; readonly field: Field; readonly span: Span }
  | { readonly type: 'text'; readonly text: string; readonly span: Span };

/** What is wrong, where, and what was probably meant. */
export interface FilterMistake extends Span {
  readonly message: string;
}

export type ParsedFilter = { readonly ok: true; /** `undefined` for an empty filter, which everything passes. */ readonly filter: Filter | undefined } | { readonly ok: false; readonly mistake: FilterMistake };
