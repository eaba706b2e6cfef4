/** A notebook as its readers see it, whichever way it is stored: its header, and its cells in order. */
export interface Cell {
  /** What is not code but counts: tags, or the whole line that begins a cell. */
  readonly kind: string;
  readonly source: string;
  /** Every byte counts: it is not Python alone. */
  readonly isExact?: boolean;
  /** Not run; of use only as the place where parameters go. */
  readonly isText?: boolean;
}

export interface ReadNotebook {
  readonly header: string;
  readonly isPython: boolean;
  readonly cells: readonly Cell[];
}

/** Tags of a cell of any type that say where parameters go. */
export const positionTags: readonly string[] = ['parameters', 'injected-parameters'];
/** Tags of a code cell that say how it runs; the last two are nbclient's. */
export const runTags: readonly string[] = [...positionTags, 'skip-execution', 'raises-exception'];
