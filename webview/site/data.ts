/** Pieces of the site's data: blocks of a self-contained file, or scripts beside the page. See `protocol/site.ts`. */
import { blockId, dataFunction, objectName, runName, type StoredObject, type StoredRun } from '../../src/protocol/site.ts';

const pieces = new Map<string, Promise<unknown>>();
const waiting = new Map<string, (json: string) => void>();

(globalThis as Record<string, unknown>)[dataFunction] = (name: string, json: string): void => waiting.get(name)?.(json);

/** `undefined` where there is none. Asked for once. */
export function load<T>(name: string): Promise<T | undefined> {
  const known = pieces.get(name);
  if (known !== undefined) return known as Promise<T | undefined>;
  const block = document.getElementById(blockId(name));
  const piece = block === null ? fromScript(name) : Promise.resolve(JSON.parse(block.textContent) as unknown);
  pieces.set(name, piece);
  return piece as Promise<T | undefined>;
}

function fromScript(name: string): Promise<unknown> {
  return new Promise((resolve) => {
    const script = document.createElement('script');
    waiting.set(name, (json) => resolve(JSON.parse(json)));
    script.addEventListener('load', () => {
      script.remove();
      // A file of the name that is none of ours; nothing when it was.
      resolve(undefined);
    });
    script.addEventListener('error', () => resolve(undefined));
    script.src = `site/${name.split('/').map(encodeURIComponent).join('/')}.js`;
    document.head.append(script);
  });
}

export function loadRun(key: string): Promise<StoredRun | undefined> {
  return load(runName(key));
}

/** The bytes behind a digest, as a file that a browser takes for nothing but bytes. */
export async function loadObject(digest: string): Promise<Blob | undefined> {
  const name = objectName(digest);
  const object = name === undefined ? undefined : await load<StoredObject>(name);
  return object === undefined ? undefined : 'text' in object ? blobOf({ type: 'utf8', text: object.text }) : blobOf({ type: 'base64', data: object.base64 });
}

export function blobOf(content: { readonly type: 'utf8'; readonly text: string } | { readonly type: 'base64'; readonly data: string }): Blob {
  const bytes = content.type === 'utf8' ? content.text : Uint8Array.from(atob(content.data), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: 'application/octet-stream' });
}

export function base64Of(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => resolve((reader.result as string).replace(/^[^,]*,?/, '')));
    reader.addEventListener('error', () => reject(reader.error ?? new Error('could not be read')));
    reader.readAsDataURL(blob);
  });
}
