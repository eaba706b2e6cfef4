/** The run panel of a site: one run, from the pieces of the site. */
import type { Digest } from '../../src/model/fingerprint.ts';
import type { RunHostMessage, RunViewMessage } from '../../src/protocol/run-view.ts';
import { download, openContent, tell } from './browser-actions.ts';
import { base64Of, blobOf, loadObject, loadRun } from './data.ts';
import { formatRoute } from './route.ts';

export function runHost(key: string, post: (message: RunHostMessage) => void): (message: RunViewMessage) => Promise<void> {
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
        post(run ?? { type: 'unreadable', message: `${key} is not on this site; it may have been removed since the link was made.` });
        return;
      }
      case 'load-artifact': {
        const blob = await bytesOf(message.digest);
        post({ type: 'artifact', digest: message.digest, ...(blob !== undefined && { data: await base64Of(blob) }) });
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
      // Without an editor there are no files; the panel does not offer them.
      case 'open-file':
      case 'show-change':
        return;
      default:
        message satisfies never;
    }
  };
}
