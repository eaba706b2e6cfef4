/**
 * Parts of a panel that are large and seldom wanted are scripts of their own, beside the panel's. They are loaded with
 * its nonce, where the page has one, and leave what they make in `globalThis`. A self-contained page has them already, as
 * functions (`exporters/site/site-page.ts`).
 */
declare global {
  var runweaveParts: Readonly<Record<string, () => void>> | undefined;
}

const own = document.currentScript instanceof HTMLScriptElement ? document.currentScript : undefined;
const loading = new Map<string, Promise<void>>();

/** The address of a file beside the panel's script. */
export function beside(name: string): string {
  return new URL(name, own?.src ?? document.baseURI).href;
}

/** Rejects when there is no such script. `name` is a file name: `mermaid.js`. */
export function loadScript(name: string): Promise<void> {
  const known = loading.get(name);
  if (known !== undefined) return known;
  const part = globalThis.runweaveParts?.[name];
  if (part !== undefined) {
    part();
    return Promise.resolve();
  }
  const loaded = new Promise<void>((resolve, reject) => {
    const script = document.createElement('script');
    script.nonce = own?.nonce ?? '';
    script.src = beside(name);
    script.addEventListener('load', () => resolve());
    script.addEventListener('error', () => {
      loading.delete(name);
      reject(new Error(`${name} could not be loaded`));
    });
    document.head.append(script);
  });
  loading.set(name, loaded);
  return loaded;
}
