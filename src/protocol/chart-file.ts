/** A chart as a file, from a webview to its host. */
export type ChartFile = { readonly format: 'png'; readonly base64: string } | { readonly format: 'svg' | 'csv'; readonly text: string };

export interface SaveChart {
  readonly type: 'save-chart';
  /** Without an ending; it comes from what was recorded. */
  readonly name: string;
  readonly file: ChartFile;
}
