/** A run as a site keeps it: contents that are looked at on demand stand beside it, once each. */
import type { Digest } from '../../model/fingerprint.ts';
import type { ArtifactState, RunState } from '../../model/run-state.ts';
import type { StoredObject } from '../../protocol/site.ts';

/** Characters up to which an artifact stays in the run. */
const inlineLimit = 2048;

export interface SplitRun {
  readonly state: RunState;
  /** Contents that were in the record. */
  readonly contents: ReadonlyMap<Digest, Uint8Array>;
  /** All that the run refers to: artifacts, sources, diff. */
  readonly referred: ReadonlySet<Digest>;
}

/** `digestOf` gives the digest of bytes: a content that has another than it says stays where it is. */
export function splitRun(state: RunState, digestOf: (bytes: Uint8Array) => Digest): SplitRun {
  const contents = new Map<Digest, Uint8Array>();
  const referred = new Set<Digest>();
  if (state.pipelineFile !== undefined) referred.add(state.pipelineFile);
  if (state.changes?.diff !== undefined) referred.add(state.changes.diff);
  const split = (artifact: ArtifactState): ArtifactState => {
    const { content, digest } = artifact;
    if (content.type !== 'reference') {
      if ((content.type === 'utf8' ? content.text : content.data).length <= inlineLimit) return artifact;
      const bytes = content.type === 'utf8' ? Buffer.from(content.text, 'utf8') : Buffer.from(content.data, 'base64');
      if (digestOf(bytes) !== digest) return artifact;
      contents.set(digest, bytes);
    }
    referred.add(digest);
    return { ...artifact, content: { type: 'reference' } };
  };
  const tasks = state.tasks.map((task) => {
    for (const digest of Object.values(task.sources ?? {})) referred.add(digest);
    return { ...task, artifacts: task.artifacts.map(split) };
  });
  return { state: { ...state, tasks }, contents, referred };
}

/** As text where it is text: shorter, and compressed better on its way. */
export function storedObject(bytes: Uint8Array): StoredObject {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
}
