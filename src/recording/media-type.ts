/**
 * The media type of an artifact from its name, then from its first bytes. A table of what tasks make; the registry's
 * 2500 types (`mime-db`, 220 KB) would say no more about these.
 */
import path from 'node:path';

const byExtension: Readonly<Record<string, string>> = {
  css: 'text/css',
  csv: 'text/csv',
  gif: 'image/gif',
  gz: 'application/gzip',
  html: 'text/html',
  htm: 'text/html',
  ipynb: 'application/x-ipynb+json',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript',
  json: 'application/json',
  jsonl: 'application/jsonl',
  log: 'text/plain',
  md: 'text/markdown',
  mp4: 'video/mp4',
  npy: 'application/octet-stream',
  npz: 'application/zip',
  onnx: 'application/octet-stream',
  parquet: 'application/vnd.apache.parquet',
  pdf: 'application/pdf',
  png: 'image/png',
  py: 'text/x-python',
  svg: 'image/svg+xml',
  tsv: 'text/tab-separated-values',
  txt: 'text/plain',
  wav: 'audio/wav',
  webp: 'image/webp',
  xml: 'application/xml',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  zip: 'application/zip',
};

/** Hex of the first bytes. */
const byMagic: readonly (readonly [string, string])[] = [
  ['89504e470d0a1a0a', 'image/png'],
  ['ffd8ff', 'image/jpeg'],
  ['474946383761', 'image/gif'],
  ['474946383961', 'image/gif'],
  ['25504446', 'application/pdf'],
  ['504b0304', 'application/zip'],
  ['1f8b', 'application/gzip'],
  ['50415231', 'application/vnd.apache.parquet'],
];

export function mediaTypeOf(name: string, head: Uint8Array): string {
  const extension = path.extname(name).slice(1).toLowerCase();
  if (Object.hasOwn(byExtension, extension)) return byExtension[extension] ?? '';
  const hex = Buffer.from(head.subarray(0, 16)).toString('hex');
  const magic = byMagic.find(([start]) => hex.startsWith(start));
  if (magic !== undefined) return magic[1];
  return head.length > 0 && isText(head) ? 'text/plain' : 'application/octet-stream';
}

/** By the first bytes of a content: UTF-8 without a NUL. */
export function isText(head: Uint8Array): boolean {
  return !head.includes(0) && isUtf8(head);
}

/** Whether people read it as text. */
export function isTextMediaType(mediaType: string): boolean {
  return /^(text\/.*|image\/svg\+xml|application\/(json|jsonl|xml|yaml|javascript|.*\+(json|xml)))(;.*)?$/.test(mediaType);
}

/** The head may end within a character. */
function isUtf8(head: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return true;
  } catch {
    return false;
  }
}
