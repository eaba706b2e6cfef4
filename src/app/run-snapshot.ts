/** A run as the run panel takes it, whatever shows the panel: with as much of long outputs and series as can be seen. */
import type { RunState } from '../model/run-state.ts';
import type { RunHostMessage } from '../protocol/run-view.ts';
import { cutOutput } from './cut-output.ts';
import { cutSeries } from './cut-series.ts';

/** Points of a series that can be told apart in a chart. */
const pointsLimit = 2000;
/** Characters of output that an attempt shows. */
const outputLimit = 512 * 1024;

export function runSnapshot(state: RunState, live: boolean): Extract<RunHostMessage, { readonly type: 'run' }> {
  const { state: withFewerPoints, seriesLengths } = cutSeries(state, pointsLimit);
  return { type: 'run', live, seriesLengths, ...cutOutput(withFewerPoints, outputLimit) };
}
