/** Bytes of artifacts, from the record where they are in it, else asked of the host: each part once at a time. */
import type { Digest } from '../../src/model/fingerprint.ts';
import type { ArtifactContent } from '../../src/model/run-event.ts';
import type { ByteRange, RunHostMessage, RunViewMessage } from '../../src/protocol/run-view.ts';
import type { LoadBytes } from './panel.ts';

export interface BytesLoader {
  readonly load: LoadBytes;
  /** What the host sent. */
  readonly receive: (message: Extract<RunHostMessage, { readonly type: 'artifact' }>) => void;
}

function decode(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

export function createBytesLoader(post: (message: RunViewMessage) => void, contentOf: (digest: Digest) => ArtifactContent | undefined): BytesLoader {
  const waiting = new Map<string, { readonly promise: Promise<Uint8Array | null>; readonly resolve: (bytes: Uint8Array | null) => void }>();
  const keyOf = (digest: Digest, range: ByteRange | undefined): string => (range === undefined ? digest : `${digest} ${range.start} ${range.end}`);
  return {
    load: (digest, range) => {
      const content = contentOf(digest);
      if (content !== undefined && content.type !== 'reference') {
        const bytes = content.type === 'utf8' ? new TextEncoder().encode(content.text) : decode(content.data);
        return Promise.resolve(range === undefined ? bytes : bytes.slice(range.start, range.end));
      }
      const key = keyOf(digest, range);
      const known = waiting.get(key);
      if (known !== undefined) return known.promise;
      let resolve: (bytes: Uint8Array | null) => void = () => undefined;
      const promise = new Promise<Uint8Array | null>((settle) => (resolve = settle));
      waiting.set(key, { promise, resolve });
      post({ type: 'load-artifact', digest, ...(range !== undefined && { range }) });
      return promise;
    },
    receive: ({ digest, range, data }) => {
      const key = keyOf(digest, range);
      waiting.get(key)?.resolve(data === undefined ? null : decode(data));
      waiting.delete(key);
    },
  };
}
