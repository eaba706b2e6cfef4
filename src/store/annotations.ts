/**
 * `.runweave/annotations.jsonl`: one annotation a line, appended. Two processes may append at once (one write each, in
 * append mode); copies from two machines are merged by union, so git may be told `annotations.jsonl merge=union`. A
 * line that is torn, or from a later version, is passed over and never removed.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseAnnotation, type Annotation, type AnnotationChange, type AnnotationTarget } from '../model/annotation.ts';

export function annotationsPath(folder: string): string {
  return path.join(folder, 'annotations.jsonl');
}

/** All that is there, in the order of the file. `folder` is `.runweave`. Throws when the file is there and can't be read. */
export async function readAnnotations(folder: string): Promise<readonly Annotation[]> {
  const text = await readFile(annotationsPath(folder), 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
  return text.split('\n').flatMap((line) => parseAnnotation(line) ?? []);
}

/** Of several folders. */
export async function readAnnotationsOf(folders: readonly { readonly store: string }[]): Promise<readonly Annotation[]> {
  return (await Promise.all(folders.map(({ store }) => readAnnotations(store)))).flat();
}

export interface NewAnnotation {
  readonly target: AnnotationTarget;
  readonly change: AnnotationChange;
  readonly author?: string;
}

/** Appends them as one write, on the disk when it returns. Throws when the disk refuses; then nothing was written that counts. */
export async function appendAnnotations(folder: string, changes: readonly NewAnnotation[], now: Date): Promise<readonly Annotation[]> {
  const annotations = changes.map(({ target, change, author }) => ({ id: randomUUID(), time: now.toISOString(), ...(author !== undefined && { author }), target, change }));
  await mkdir(folder, { recursive: true });
  const handle = await open(annotationsPath(folder), 'a+');
  try {
    const lines = annotations.map((annotation) => `${JSON.stringify(annotation)}\n`).join('');
    // After a line that a full disk has cut, a new one.
    await handle.writeFile((await endsInLine(handle)) ? lines : `\n${lines}`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return annotations;
}

async function endsInLine(handle: Awaited<ReturnType<typeof open>>): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return true;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
}
