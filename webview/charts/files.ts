/** A chart as an image, a drawing or data. What names the lines beside the chart on the page stands in the image. */
import type { ChartFile } from '../../src/protocol/chart-file.ts';
import { openDrawing, type EChartsCoreOption } from './echarts.ts';
import type { Picture } from './picture.ts';
import type { ChartTheme } from './theme.ts';

const width = 960;
const plotHeight = 540;
const legendLine = 20;
/** Pixels of an image for each of the drawing. */
const imageScale = 2;

export function chartFile(picture: Picture, theme: ChartTheme, format: ChartFile['format']): ChartFile {
  if (format === 'csv') return { format, text: picture.csv() };
  const { height, option } = withLegend(picture, theme);
  const drawing = openDrawing(format === 'svg' ? null : document.createElement('div'), format === 'svg' ? 'svg' : 'canvas', { width, height });
  try {
    drawing.setOption(option);
    if (format === 'svg') return { format, text: drawing.renderToSVGString() };
    const url = drawing.getDataURL({ type: 'png', pixelRatio: imageScale, backgroundColor: theme.background });
    return { format, base64: url.slice(url.indexOf(',') + 1) };
  } finally {
    drawing.dispose();
  }
}

/** Names under the plot, as many in a line as there is room for the longest. */
function withLegend({ option, legend, margins }: Picture, theme: ChartTheme): { readonly height: number; readonly option: EChartsCoreOption } {
  const longest = Math.max(1, ...legend.map(({ name }) => name.length));
  const lines = Math.ceil(legend.length / Math.max(1, Math.floor((width - 40) / (longest * 7 + 50))));
  const room = lines * legendLine;
  const bottom = margins.bottom + room + 8;
  return {
    height: plotHeight + room,
    option: {
      ...option,
      backgroundColor: theme.background,
      ...('grid' in option && { grid: { ...margins, bottom } }),
      ...('parallel' in option && { parallel: { ...(option['parallel'] as object), bottom } }),
      ...(legend.length > 0 && {
        legend: { type: 'plain', bottom: 6, left: 20, right: 20, itemWidth: 34, data: legend.map(({ name }) => ({ name })), textStyle: { color: theme.text, fontFamily: theme.font, fontSize: theme.fontSize } },
      }),
    },
  };
}
