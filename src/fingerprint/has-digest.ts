import type { Digest } from '../model/fingerprint.ts';
import { digestOf } from './file-digests.ts';
import { meaningOf } from './meaning.ts';

/** Whether a content of `path` is what the digest stands for: of the bytes, or of what a Python source means. */
export function hasDigest(bytes: Uint8Array, path: string, digest: Digest): boolean {
  if (digestOf(bytes) === digest) return true;
  const isIpynb = path.endsWith('.ipynb');
  if (!isIpynb && !path.endsWith('.py')) return false;
  return (isIpynb ? (['notebook'] as const) : (['python', 'notebook'] as const)).some((kind) => {
    const meaning = meaningOf(bytes, kind, isIpynb);
    return meaning?.code === digest || meaning?.docstrings === digest;
  });
}
