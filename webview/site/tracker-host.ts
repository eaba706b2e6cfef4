/** The runs table of a site: answers what an editor's host would, from the pieces of the site. */
import type { RunState } from '../../src/model/run-state.ts';
import { runName, tableName, type SiteIndex, type StoredRun } from '../../src/protocol/site.ts';
import type { ComparisonData, TrackerHostMessage, TrackerViewMessage } from '../../src/protocol/tracker-view.ts';
import { compareRuns, type Comparison } from '../../src/query/compare.ts';
import { compareTimelines } from '../../src/query/compare-timelines.ts';
import type { ContentAddress } from '../../src/query/compared-versions.ts';
import { packComparison } from '../../src/query/packed-comparison.ts';
import { packSeries } from '../../src/query/charts/packed-series.ts';
import { packRows, type PackedRows } from '../../src/query/packed-rows.ts';
import { printedBy } from '../../src/query/printed.ts';
import { copyText, download, saveChart, tell } from './browser-actions.ts';
import { base64Of, blobOf, load, loadObject, loadRun } from './data.ts';
import { formatRoute } from './route.ts';
import { ofBrowser } from './storage.ts';
import { visitorViews } from './visitor-views.ts';

/** Bytes: a page holds both sides and what differs at once. */
const largest = 20_000_000;

type Result = Extract<TrackerHostMessage, { readonly type: 'comparison' }>['result'];

export function trackerHost({ table, views: ofSite = [] }: SiteIndex, post: (message: TrackerHostMessage) => void): (message: TrackerViewMessage) => Promise<void> {
  const views = visitorViews(ofSite, ofBrowser);
  let compared: Comparison | undefined;
  /** Of the questions for series: only the last one is answered to its end. */
  let asked = 0;

  const sendSeries = async (metric: string, keys: readonly string[]): Promise<void> => {
    const question = (asked += 1);
    for (const key of keys) {
      const run = await loadRun(key);
      if (question !== asked) return;
      const about = { type: 'series', metric, key } as const;
      if (run?.type !== 'run') post({ ...about, series: [], message: `${key} ${whyNot(run)}` });
      else post({ ...about, series: run.state.tasks.flatMap(({ node, metrics }) => (Object.hasOwn(metrics, metric) && metrics[metric] !== undefined ? [packSeries(node.id, metric, metrics[metric])] : [])) });
    }
  };

  const sendRows = async (): Promise<void> => {
    const none = packRows([], String);
    // The newest first; the others come meanwhile.
    const parts = table.toReversed().map((part) => load<PackedRows>(tableName(part)));
    if (parts.length === 0) post({ type: 'rows', first: true, last: true, rows: none });
    for (const [at, part] of parts.entries()) {
      const rows = await part;
      if (rows === undefined) post({ type: 'failed', message: 'A part of the table could not be loaded. Was the site built again just now? Reload the page.' });
      post({ type: 'rows', first: at === 0, last: at === parts.length - 1, rows: rows ?? none });
    }
  };

  const compare = async (keys: readonly string[]): Promise<Result> => {
    const states: RunState[] = [];
    for (const [at, run] of (await Promise.all(keys.map(loadRun))).entries()) {
      if (run?.type !== 'run') return { type: 'failed', message: `${keys[at] ?? ''} ${whyNot(run)}` };
      states.push(run.state);
    }
    const makers = await makersOf(states);
    compared = compareRuns(states, (task) => (task.madeBy === undefined ? undefined : makers.get(task.madeBy.runId)?.tasks.find(({ node }) => node.id === task.node.id)));
    const data: ComparisonData = { runs: keys.map((key, at) => ({ key, runId: states[at]?.runId ?? key })), comparison: packComparison(compared.differences, compareTimelines(states)), canOpen: false };
    return { type: 'compared', data };
  };

  const contentOf = async (address: ContentAddress): Promise<Blob | undefined> => {
    const tasks = compared?.tasks ?? [];
    if (address.type === 'printed') {
      const state = tasks.find(({ id }) => id === address.task)?.states[address.run];
      return state === undefined ? undefined : blobOf({ type: 'utf8', text: printedBy(state, address.stream).text });
    }
    const artifact = tasks.flatMap(({ states }) => states.flatMap((state) => state?.artifacts ?? [])).find(({ digest }) => digest === address.digest);
    return artifact === undefined || artifact.content.type === 'reference' ? loadObject(address.digest) : blobOf(artifact.content);
  };

  return async (message) => {
    switch (message.type) {
      case 'ready':
        post({ type: 'views', views: views.all() });
        await sendRows();
        return;
      case 'open':
        location.hash = formatRoute({ panel: 'run', key: message.key });
        return;
      case 'compare':
        post({ type: 'comparison', keys: message.keys, result: await compare(message.keys) });
        return;
      case 'load-content': {
        const blob = await contentOf(message.address);
        post({ type: 'content', address: message.address, result: blob === undefined ? { type: 'missing' } : blob.size > largest ? { type: 'too-large', size: blob.size } : { type: 'data', data: await base64Of(blob) } });
        return;
      }
      case 'load-series':
        await sendSeries(message.metric, message.keys);
        return;
      case 'save-chart':
        saveChart(message);
        return;
      case 'save-views':
        views.save(message.views);
        return;
      case 'copy':
        await copyText(message.text);
        tell('Copied.');
        return;
      case 'save-csv':
        download(new Blob([message.text], { type: 'text/csv' }), 'runs.csv');
        return;
      // A site is read only; the panel does not offer them.
      case 'annotate':
      case 'delete':
      case 'undo':
      case 'open-difference':
      case 'export':
        return;
      default:
        message satisfies never;
    }
  };
}

function whyNot(run: StoredRun | undefined): string {
  if (run === undefined) return 'is not on this site.';
  return run.type === 'unreadable' ? `can't be read: ${run.message}` : 'is a trace of another tool, in which there is nothing to compare.';
}

/** Of tasks that were up to date, the runs that made their outputs, where they are on the site. */
async function makersOf(states: readonly RunState[]): Promise<ReadonlyMap<string, RunState>> {
  const ids = [...new Set(states.flatMap((state) => state.tasks.flatMap((task) => task.madeBy?.runId ?? [])))];
  const runs = await Promise.all(ids.map((id) => load<StoredRun>(runName(id))));
  return new Map(ids.flatMap((id, at) => {
    const run = runs[at];
    return run?.type === 'run' ? [[id, run.state] as const] : [];
  }));
}
