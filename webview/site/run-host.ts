/** The run panel of a site: one run, from the pieces of the site. */
import type { Digest } from '../../src/model/fingerprint.ts';
import type { RunHostMessage, RunViewMessage } from '../../src/protocol/run-view.ts';
import type { SiteIndex } from '../../src/protocol/site.ts';
import { remarksFor } from '../../src/query/annotations.ts';
import { download, openContent, saveChart, tell } from './browser-actions.ts';
import { base64Of, blobOf, loadObject, loadRun } from './data.ts';
import { formatRoute } from './route.ts';

/** Without an editor there are no files, and nothing can be run. */
const abilities = ['load-artifact', 'open-artifact', 'save-artifact', 'open-run', 'save-chart'] as const satisfies readonly RunViewMessage['type'][];

export function runHost(key: string, { panels, remarks }: SiteIndex, post: (message: RunHostMessage) => void): (message: RunViewMessage) => Promise<void> {
  const can = [...abilities, ...(panels.includes('lineage') ? (['trace'] as const) : [])];
  const bytesOf = async (digest: Digest): Promise<Blob | undefined> => {
    const run = await loadRun(key);
    const artifact = run?.type === 'run' ? run.state.tasks.flatMap((task) => task.artifacts).find((each) => each.digest === digest) : undefined;
    return artifact === undefined || artifact.content.type === 'reference' ? loadObject(digest) : blobOf(artifact.content);
  };
  const withBytes = async (digest: Digest, name: string, use: (blob: Blob) => unknown): Promise<void> => {
    const blob = await bytesOf(digest);
    if (blob === undefined) tell(`${name} is not on this site.`);
    else await use(blob);
  };
  return async (message) => {
    switch (message.type) {
      case 'ready': {
        const run = await loadRun(key);
        if (run === undefined) post({ type: 'unreadable', message: `${key} is not on this site; it may have been removed since the link was made.` });
        else post(run.type === 'run' ? { ...run, can } : run);
        if (run?.type === 'run') post({ type: 'remarks', remarks: remarksFor(run.state, remarks) });
        return;
      }
      case 'load-artifact': {
        const { digest, range } = message;
        const blob = await bytesOf(digest);
        const part = range === undefined ? blob : blob?.slice(range.start, range.end);
        post({ type: 'artifact', digest, ...(range !== undefined && { range }), ...(part !== undefined && { data: await base64Of(part) }) });
        return;
      }
      case 'open-artifact':
        await withBytes(message.digest, message.name, (blob) => openContent(blob, message.name));
        return;
      case 'save-artifact':
        await withBytes(message.digest, message.name, (blob) => download(blob, message.name));
        return;
      case 'open-run':
        location.hash = formatRoute({ panel: 'run', key: message.runId });
        return;
      case 'trace': {
        const run = await loadRun(key);
        const runId = run?.type === 'run' ? run.state.runId : key;
        location.hash = formatRoute({ panel: 'lineage', question: { type: 'trace', output: `${runId}/${message.task}/${message.output}`, direction: 'upstream' } });
        return;
      }
      case 'save-chart':
        saveChart(message);
        return;
      case 'open-file':
      case 'show-change':
      case 'copy-artifact-path':
      case 'look-at-workspace':
      case 'compare-source':
      case 'run-again':
      case 'restore-parameters':
      case 'restore-sources':
        return;
      default:
        message satisfies never;
    }
  };
}
