/**
 * An artifact's name as a path below a folder. Names are recorded text: they may lead out of the folder, be absolute,
 * or be names that Windows keeps for itself.
 */

const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** Bytes of a name; most file systems take 255. */
const longestPart = 200;

/** Relative, with `/`; never empty, never with `..` as a part. */
export function artifactPath(name: string): string {
  const parts = name.split(/[/\\]+/).filter((part) => part !== '' && part !== '.');
  return parts.length === 0 ? 'artifact' : parts.map(fileName).join('/');
}

/** One part of a path, for any text. */
export function fileName(text: string): string {
  const plain = text
    .replaceAll(/[\u0000-\u001f\u007f/\\:*?"<>|]/g, '_')
    .replace(/[. ]+$/, (end) => '_'.repeat(end.length))
    .replace(reserved, (word) => `_${word}`);
  const short = truncated(plain);
  return short === '' ? '_' : short;
}

function truncated(text: string): string {
  if (Buffer.byteLength(text) <= longestPart) return text;
  const extension = /\.[A-Za-z0-9.]{1,20}$/.exec(text)?.[0] ?? '';
  let head = text.slice(0, longestPart - extension.length);
  while (Buffer.byteLength(head) > longestPart - extension.length) head = head.slice(0, -1);
  return head.replace(/[\ud800-\udbff]$/, '') + extension;
}

/** Paths that differ, also where the file system takes `A` for `a`; none is a folder of another. */
export function distinctPaths(): (path: string) => string {
  const files = new Set<string>();
  const folders = new Set<string>();
  const free = (path: string, isTaken: (path: string) => boolean): string => {
    const [, stem = path, extension = ''] = /^(.*?)((?:\.[^./]*)?)$/s.exec(path) ?? [];
    let found = path;
    for (let number = 2; isTaken(found.toLowerCase()); number += 1) found = `${stem} (${number})${extension}`;
    return found;
  };
  return (path) => {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    let folder = '';
    for (const part of parts) {
      const own = free(folder + part, (other) => files.has(other));
      folders.add(own.toLowerCase());
      folder = `${own}/`;
    }
    const file = free(folder + name, (other) => files.has(other) || folders.has(other));
    files.add(file.toLowerCase());
    return file;
  };
}
