/** A chart as data: what is drawn, what a cursor can stand on, and the same as a table and as a file. */
import type { AxisRange } from '../../src/query/charts/nice-range.ts';
import type { Look } from '../../src/query/charts/palette.ts';
import type { EChartsCoreOption } from './echarts.ts';

export interface PlotScale {
  readonly range: AxisRange;
  readonly log: boolean;
}

/** Pixels from the edges of the drawing to the plot. */
export interface Margins {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Points in data coordinates, one behind the other as the arrow keys go. */
export interface SpotLine {
  readonly x: Float64Array;
  /** NaN: nothing to stand on. */
  readonly y: Float64Array;
  /** `x` ascends, and the line is read along it. */
  readonly isCourse: boolean;
  readonly text: (index: number) => string;
  /** The run that it is of. */
  readonly key: (index: number) => string | undefined;
}

export interface DataTable {
  readonly caption: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface LegendEntry {
  readonly name: string;
  readonly look: Look;
}

export interface Picture {
  /** What is seen, in a sentence. */
  readonly label: string;
  readonly option: EChartsCoreOption;
  readonly margins: Margins;
  readonly x: PlotScale;
  readonly y: PlotScale;
  readonly lines: readonly SpotLine[];
  readonly legend: readonly LegendEntry[];
  readonly tables: () => readonly DataTable[];
  readonly csv: () => string;
  /** Without an ending. */
  readonly fileName: string;
}
