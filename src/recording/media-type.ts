/**
 * The media type of an artifact from its name, then from its first bytes. A table of what tasks make; the registry's
 * 2500 types (`mime-db`, 220 KB) would say no more about these.
 */
import path from 'node:path';

const byExtension: Readonly<Record<string, string>> = {
  arrow: 'application/vnd.apache.arrow.file',
  avif: 'image/avif',
  bmp: 'image/bmp',
  css: 'text/css',
  csv: 'text/csv',
  feather: 'application/vnd.apache.arrow.file',
  flac: 'audio/flac',
  gif: 'image/gif',
  gz: 'application/gzip',
  h5: 'application/x-hdf5',
  hdf5: 'application/x-hdf5',
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
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  ndjson: 'application/jsonl',
  npy: 'application/octet-stream',
  npz: 'application/zip',
  ogg: 'audio/ogg',
  onnx: 'application/octet-stream',
  parquet: 'application/vnd.apache.parquet',
  pdf: 'application/pdf',
  pkl: 'application/octet-stream',
  png: 'image/png',
  py: 'text/x-python',
  safetensors: 'application/octet-stream',
  sql: 'application/sql',
  sqlite: 'application/vnd.sqlite3',
  svg: 'image/svg+xml',
  tar: 'application/x-tar',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  toml: 'application/toml',
  tsv: 'text/tab-separated-values',
  txt: 'text/plain',
  wav: 'audio/wav',
  webm: 'video/webm',
  webp: 'image/webp',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  xml: 'application/xml',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  zip: 'application/zip',
  zst: 'application/zstd',
};

/** The first bytes, each as the character of its number. */
const bySignature: readonly (readonly [RegExp, string])[] = [
  [/^\x89PNG\r\n\x1a\n/, 'image/png'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^GIF8[79]a/, 'image/gif'],
  [/^RIFF[^]{4}WAVE/, 'audio/wav'],
  [/^RIFF[^]{4}WEBP/, 'image/webp'],
  [/^(II\*\0|MM\0\*)/, 'image/tiff'],
  [/^fLaC/, 'audio/flac'],
  [/^OggS/, 'audio/ogg'],
  [/^(ID3|\xff[\xfb\xf3\xf2])/, 'audio/mpeg'],
  [/^[^]{4}ftyp(avif|avis)/, 'image/avif'],
  [/^[^]{4}ftyp/, 'video/mp4'],
  [/^%PDF/, 'application/pdf'],
  [/^PK\x03\x04/, 'application/zip'],
  [/^\x1f\x8b/, 'application/gzip'],
  [/^\x28\xb5\x2f\xfd/, 'application/zstd'],
  [/^PAR1/, 'application/vnd.apache.parquet'],
  [/^ARROW1/, 'application/vnd.apache.arrow.file'],
  [/^\x89HDF\r\n\x1a\n/, 'application/x-hdf5'],
  [/^SQLite format 3\0/, 'application/vnd.sqlite3'],
];

/** Of a text without a name that tells. */
const byBeginning: readonly (readonly [RegExp, string])[] = [
  [/^\s*<(!doctype html|html)[\s>]/i, 'text/html'],
  [/^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/i, 'image/svg+xml'],
  [/^\s*<\?xml\s/, 'application/xml'],
  [/^\s*\{\s*"(cells|nbformat|metadata)"\s*:[^]*"(cell_type|kernelspec|nbformat)"\s*:/, 'application/x-ipynb+json'],
  [/^\s*(\{\s*("|\})|\[\s*(["{[\d\]-]|true|false|null))/, 'application/json'],
];

/**
 * By the name, then by the content. What is a picture by its first bytes is one also under a name that says text; the
 * other way round the name holds, as the same bytes can be a model or a table of many kinds.
 */
export function mediaTypeOf(name: string, head: Uint8Array): string {
  const extension = path.extname(name).slice(1).toLowerCase();
  const named = Object.hasOwn(byExtension, extension) ? byExtension[extension] : undefined;
  const start = Buffer.from(head.subarray(0, 32)).toString('latin1');
  const signed = bySignature.find(([signature]) => signature.test(start))?.[1];
  if (named !== undefined && (signed === undefined || !isTextMediaType(named))) return named;
  if (signed !== undefined) return signed;
  if (head.length === 0 || !isText(head)) return 'application/octet-stream';
  const text = Buffer.from(head).toString('utf8').replace(/^\ufeff/, '');
  return byBeginning.find(([beginning]) => beginning.test(text))?.[1] ?? 'text/plain';
}

/** By the first bytes of a content: UTF-8 without a NUL. */
export function isText(head: Uint8Array): boolean {
  return !head.includes(0) && isUtf8(head);
}

/** Whether people read it as text. */
export function isTextMediaType(mediaType: string): boolean {
  return /^(text\/.*|image\/svg\+xml|application\/(json|jsonl|xml|yaml|toml|sql|javascript|.*\+(json|xml)))(;.*)?$/.test(mediaType);
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
