/** What lies beside a record of ours in its `.runweave`: the objects that it refers to, and what people said of it. */
import { open, readFile, mkdir } from 'node:fs/promises';
import { statSync } from 'node:fs';
import type { ImportProblem, SourceFile } from '../../importers/source.ts';
import { parseAnnotation } from '../../model/annotation.ts';
import { flushObjects, objectPath, storeObject } from '../../recording/artifacts.ts';
import { touchObject } from '../../recording/stored-objects.ts';
import { annotationsPath } from '../../store/annotations.ts';

/** Bytes: more were not said by people. */
const annotationsLimit = 64 * 1024 * 1024;
const object = /^objects\/sha256\/([0-9a-f]{2})\/([0-9a-f]{62})$/;

/** The files of `files` that come along with a record. */
export function belongings(record: SourceFile, files: readonly SourceFile[]): readonly SourceFile[] {
  const folder = /^(.*\/|)runs\/[^/]+$/.exec(record.path)?.[1];
  if (folder === undefined) return [];
  return files.filter(({ path }) => path.startsWith(folder) && (object.test(path.slice(folder.length)) || path.slice(folder.length) === 'annotations.jsonl'));
}

/** Keeps objects under the digest that their bytes really have, and adds annotations that are not there. */
export async function bringAlong(store: string, files: readonly SourceFile[], signal: AbortSignal | undefined): Promise<readonly ImportProblem[]> {
  const problems: ImportProblem[] = [];
  for (const file of files) {
    signal?.throwIfAborted();
    const [, begin, rest] = /(?:^|\/)objects\/sha256\/([0-9a-f]{2})\/([0-9a-f]{62})$/.exec(file.path) ?? [];
    if (begin !== undefined && rest !== undefined) {
      const digest = `sha256:${begin}${rest}`;
      const kept = objectPath(store, digest);
      // One of another size was cut off.
      if (kept !== undefined && statSync(kept, { throwIfNoEntry: false })?.size === file.size && (await touchObject(kept))) continue;
      const stored = await storeObject(store, file.stream());
      if (stored.digest !== digest) problems.push({ file: file.path, message: `its bytes are those of ${stored.digest.slice(0, 19)}…: it is damaged` });
    } else if (/(?:^|\/)annotations\.jsonl$/.test(file.path)) {
      if (file.size > annotationsLimit) problems.push({ file: file.path, message: `it has more than ${annotationsLimit} bytes` });
      else await addAnnotations(store, Buffer.from(await file.read()).toString('utf8'));
    }
  }
  await flushObjects(store);
  return problems;
}

async function addAnnotations(store: string, text: string): Promise<void> {
  const there = await readFile(annotationsPath(store), 'utf8').catch(() => '');
  const known = new Set(there.split('\n').flatMap((line) => parseAnnotation(line)?.id ?? []));
  const lines = text.split('\n').filter((line) => {
    const id = parseAnnotation(line)?.id;
    return id !== undefined && !known.has(id) && known.add(id);
  });
  if (lines.length === 0) return;
  await mkdir(store, { recursive: true });
  const handle = await open(annotationsPath(store), 'a');
  try {
    await handle.writeFile(`${there === '' || there.endsWith('\n') ? '' : '\n'}${lines.join('\n')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
