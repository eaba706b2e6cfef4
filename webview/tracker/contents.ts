/** Contents that the host was asked for, each once, and who waits for them. */
import type { TrackerHostMessage, TrackerViewMessage } from '../../src/protocol/tracker-view.ts';
import { addressKey, type ContentAddress } from '../../src/query/compared-versions.ts';
import { formatSize } from '../run/format.ts';

type Received = Extract<TrackerHostMessage, { readonly type: 'content' }>;

export type Loaded = { readonly ok: true; readonly base64: string; readonly text: () => string } | { readonly ok: false; readonly why: string };

export interface Contents {
  readonly load: (address: ContentAddress) => Promise<Loaded>;
  readonly receive: (message: Received) => void;
}

export function createContents(post: (message: TrackerViewMessage) => void): Contents {
  const known = new Map<string, { readonly promise: Promise<Loaded>; readonly resolve: (loaded: Loaded) => void }>();
  return {
    load: (address) => {
      const key = addressKey(address);
      const asked = known.get(key);
      if (asked !== undefined) return asked.promise;
      let resolve: (loaded: Loaded) => void = () => undefined;
      const promise = new Promise<Loaded>((settle) => (resolve = settle));
      known.set(key, { promise, resolve });
      post({ type: 'load-content', address });
      return promise;
    },
    receive: ({ address, result }) => known.get(addressKey(address))?.resolve(loadedOf(result)),
  };
}

function loadedOf(result: Received['result']): Loaded {
  switch (result.type) {
    case 'data':
      return { ok: true, base64: result.data, text: () => new TextDecoder().decode(Uint8Array.from(atob(result.data), (character) => character.charCodeAt(0))) };
    case 'missing':
      return { ok: false, why: 'It was not kept, or is no longer on this machine.' };
    case 'too-large':
      return { ok: false, why: `It is ${formatSize(result.size)}: too large to be shown here.` };
    default:
      return result satisfies never;
  }
}
