/** The charts of the panels; see `api.ts`. */
import './charts.css';
import type { ChartsApi } from './api.ts';
import { createRunCharts } from './run-charts.ts';
import { createSeriesChart } from './series-chart.ts';

globalThis.runweaveCharts = { createRunCharts, createSeriesChart } satisfies ChartsApi;
