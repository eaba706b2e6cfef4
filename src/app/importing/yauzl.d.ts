/** What is used of `yauzl`, which brings no types. */
declare module 'yauzl' {
  import type { EventEmitter } from 'node:events';
  import type { Readable } from 'node:stream';

  export interface Entry {
    readonly fileName: string;
    readonly uncompressedSize: number;
    readonly externalFileAttributes: number;
  }
  export interface ZipFile extends EventEmitter {
    readEntry(): void;
    openReadStream(entry: Entry, callback: (error: Error | null, stream: Readable) => void): void;
  }
  export function fromBuffer(bytes: Buffer, options: { readonly lazyEntries: boolean; readonly validateEntrySizes: boolean; readonly strictFileNames: boolean }, callback: (error: Error | null, zip: ZipFile) => void): void;
}
