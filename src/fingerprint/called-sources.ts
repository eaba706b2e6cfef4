/** Digests of the modules that a `call` task imports, over what its function can use of each. */
import path from 'node:path';
import type { Digest } from '../model/fingerprint.ts';
import type { FileDigests } from './file-digests.ts';
import { sliceModules, type CalledFunction, type Slice } from './function-slice.ts';
import type { Meaning } from './meaning.ts';
import type { ModuleParts } from './module-parts.ts';

/** Says whether sources compile: where a module can't be imported, it does not help that nothing uses the mistake. */
export interface Compiler {
  /** Version and path of the interpreter. */
  readonly name: string;
  /** Digest of each file's contents if they compile without a warning. */
  readonly check: (files: readonly string[]) => Promise<readonly (Digest | undefined)[]>;
}

export type Slices = Readonly<Record<string, Slice>>;

/** Tasks of a matrix, and decisions one after the other, ask the same again and again. */
const latest = new Map<string, Slices>();
const mostRemembered = 1000;

/** Of each module of which not all counts, or may not. Empty where that can't be proven. */
export function slicesOf(called: CalledFunction, meanings: Readonly<Record<string, Meaning | undefined>>, digests: FileDigests): Slices {
  const key = JSON.stringify([called.module, called.function, ...Object.entries(meanings).flatMap(([file, meaning]) => [file, meaning?.code ?? ''])]);
  let slices = latest.get(key);
  if (slices === undefined) {
    const modules: Record<string, ModuleParts> = {};
    for (const [file, meaning] of Object.entries(meanings)) {
      if (meaning?.module === undefined) return {};
      modules[file] = meaning.module;
    }
    slices = sliceModules(called, modules) ?? {};
    if (latest.size >= mostRemembered) latest.clear();
    latest.set(key, slices);
  }
  for (const { digest, counted } of Object.values(slices)) digests.rememberParts(digest, counted);
  return slices;
}

/** What a source is marked with that `compiler` was seen to refuse. */
export function refusedBy(compiler: Compiler): string {
  return `not ${compiler.name}`;
}

/** Those of `files` that don't compile, as far as it is not known that they do. */
export async function filesWithMistakes(files: readonly string[], folder: string, compiler: Compiler, digests: FileDigests): Promise<ReadonlySet<string>> {
  const refused = refusedBy(compiler);
  const mistakes = new Set<string>();
  const unknown: string[] = [];
  for (const file of files) {
    const absolute = path.resolve(folder, file);
    if (await digests.isCompiled(absolute, refused)) mistakes.add(file);
    else if (!(await digests.isCompiled(absolute, compiler.name))) unknown.push(file);
  }
  if (unknown.length === 0) return mistakes;
  const contents = await compiler.check(unknown.map((file) => path.resolve(folder, file)));
  for (const [index, file] of unknown.entries()) {
    const [absolute, content] = [path.resolve(folder, file), contents[index]];
    if (content !== undefined) digests.markCompiled(absolute, content, compiler.name);
    if (await digests.isCompiled(absolute, compiler.name)) continue;
    mistakes.add(file);
    const now = content === undefined ? await digests.ofFile(absolute) : undefined;
    if (now !== undefined) digests.markCompiled(absolute, now.digest, refused);
  }
  return mistakes;
}
