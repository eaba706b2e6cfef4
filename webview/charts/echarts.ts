/** Apache ECharts with the parts that are used: what is not named here is not in the bundle. */
import { BarChart, LineChart, ParallelChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendPlainComponent, ParallelComponent } from 'echarts/components';
import { init, use, type ECharts } from 'echarts/core';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

use([LineChart, ScatterChart, BarChart, ParallelChart, GridComponent, ParallelComponent, LegendPlainComponent, CanvasRenderer, SVGRenderer]);

export type { ECharts, EChartsCoreOption } from 'echarts/core';

export interface DrawingSize {
  readonly width: number;
  readonly height: number;
}

/** What is drawn tells by colour and by shape, never by moving. */
export function openDrawing(element: HTMLElement | null, renderer: 'canvas' | 'svg', size: DrawingSize): ECharts {
  return init(element, null, { renderer, ...size, ...(renderer === 'svg' && { ssr: true }) });
}
