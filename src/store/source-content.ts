/**
 * Contents that were kept beside the records: of source files (`TaskState.sources`), of the pipeline file
 * (`RunState.pipelineFile`), of a diff (`RunState.changes.diff`). All are UTF-8 text with secrets masked, kept once per
 * content in `.runweave/objects/`.
 */
import type { Digest } from '../model/fingerprint.ts';
import { readArtifact } from '../recording/artifacts.ts';

/** `folder` is `.runweave`. `undefined` when it was not kept (larger than 1 MiB, or no text), or is no longer there. */
export async function sourceContent(folder: string, digest: Digest): Promise<string | undefined> {
  const bytes = await readArtifact(folder, digest);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}
