/** The lineage page of a site: answers from the heads of its runs, which are loaded when the page is opened. */
import type { RunState } from '../../src/model/run-state.ts';
import type { LineageHostMessage, LineageViewMessage } from '../../src/protocol/lineage-view.ts';
import { headsName, type SiteIndex } from '../../src/protocol/site.ts';
import { answerLineage, taskNames, type LineageSources } from '../../src/query/lineage-answer.ts';
import { lineageOf, outputNames } from '../../src/query/lineage.ts';
import { load } from './data.ts';
import { formatRoute } from './route.ts';

/** Names that are completed. */
const mostNames = 2000;

export function lineageHost({ heads, flags, remarks }: SiteIndex, post: (message: LineageHostMessage) => void): (message: LineageViewMessage) => Promise<void> {
  const read = async (): Promise<LineageSources> => {
    const parts = await Promise.all(heads.map((part) => load<readonly RunState[]>(headsName(part))));
    return { lineage: lineageOf(parts.flatMap((part) => part ?? [])), flags, remarks };
  };
  let sources: Promise<LineageSources> | undefined;
  return async (message) => {
    switch (message.type) {
      case 'ready': {
        post({ type: 'start', can: { annotate: false, openRun: true, compareCode: false } });
        const { lineage } = await (sources ??= read());
        post({ type: 'names', outputs: outputNames(lineage).slice(0, mostNames), tasks: taskNames(lineage) });
        return;
      }
      case 'ask':
        post({ type: 'answer', question: message.question, answer: answerLineage(message.question, await (sources ??= read())) });
        return;
      case 'open-run':
        location.hash = formatRoute({ panel: 'run', key: message.runId });
        return;
      // A site is read only; the page does not offer them.
      case 'annotate':
      case 'compare-code':
        return;
      default:
        message satisfies never;
    }
  };
}
