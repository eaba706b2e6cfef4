/**
 * Which parts of its modules a `call` task can use: from the function, and from all that the modules do when they are
 * imported, by the names that they mention. Nothing is resolved: a name that occurs in a part that counts, as a name,
 * attribute or in a string, makes every definition of that name count, in all modules. So what does not count is
 * mentioned by nothing that runs, and where all reach for a definition begins with its name, it can't be used
 * (docs/decisions/0012-functions-that-cannot-be-used.md).
 *
 * A module that is not imported by a statement that counts was found in another way, and counts as a whole.
 */
import { hash } from 'node:crypto';
import type { Digest } from '../model/fingerprint.ts';
import type { ModulePart, ModuleParts } from './module-parts.ts';

export interface CalledFunction {
  /** As Python names it: `tasks.prepare`. */
  readonly module: string;
  /** `split`, or `Cleaner.run`. */
  readonly function: string;
}

export interface Slice {
  readonly digest: Digest;
  /** Whether anything of the module does not count. */
  readonly isPart: boolean;
  /** What counts, so that a change can be named. */
  readonly counted: LabelledParts;
}

export type LabelledParts = readonly (readonly [label: string, digest: string])[];

/** By file; modules that count as a whole are left out. `undefined`: all of them do. */
export function sliceModules({ module, function: target }: CalledFunction, modules: Readonly<Record<string, ModuleParts>>): Readonly<Record<string, Slice>> | undefined {
  const files = Object.keys(modules);
  if (Object.values(modules).some((each) => each.isDynamic) || moduleEscapes(modules)) return undefined;
  const definitions = new Map<string, ModulePart[]>();
  /** Name → names that it stands for where it was brought by an import. */
  const brought = new Map<string, string[]>();
  for (const part of Object.values(modules).flatMap((each) => each.parts)) {
    if (part.name !== '') definitions.set(part.name, [...(definitions.get(part.name) ?? []), part]);
    for (const [name, as] of part.brought ?? []) brought.set(as, [...(brought.get(as) ?? []), name]);
  }
  const counted = new Set<ModulePart>();
  const names = new Set<string>();
  const imported = new Set(module.split('.'));
  const pending: string[] = [];
  const mention = (text: string): void => {
    for (const name of text.split(' ')) {
      if (names.has(name)) continue;
      names.add(name);
      pending.push(name);
    }
  };
  const count = (part: ModulePart): void => {
    if (counted.has(part)) return;
    counted.add(part);
    mention(part.names);
    if (part.name !== '') mention(part.name);
    for (const name of part.imports.split(' ')) imported.add(name);
  };
  const settle = (): void => {
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      for (const part of definitions.get(name) ?? []) count(part);
      for (const other of brought.get(name) ?? []) mention(other);
    }
  };
  mention(target.replaceAll('.', ' '));
  for (const part of Object.values(modules).flatMap((each) => each.parts)) {
    if (part.name === '') count(part);
    else if (part.header !== undefined) mention(part.header.names);
  }
  settle();
  const whole = new Set<string>();
  for (;;) {
    const found = files.filter((file) => !whole.has(file) && !imported.has(nameOf(file).normalize('NFKC')));
    if (found.length === 0) break;
    for (const file of found) {
      whole.add(file);
      for (const part of modules[file]?.parts ?? []) count(part);
    }
    settle();
  }
  /** Definitions that nothing uses, but whose import fails when they are not there. */
  const needed = new Set([...brought.values()].flat());
  return Object.fromEntries(
    files.filter((file) => !whole.has(file)).map((file) => {
      const parts = modules[file]?.parts ?? [];
      const text = parts.flatMap((part) => {
        if (counted.has(part)) return [part.digest];
        return part.header !== undefined || needed.has(part.name) ? [`${part.name} ${part.header?.digest ?? ''}`] : [];
      });
      // By kind, so that one is never taken for the digest of a whole module.
      const digest = `sha256:${hash('sha256', `slice\n${text.join('\n')}`, 'hex')}` as Digest;
      return [file, { digest, isPart: modules[file]?.hasUncounted === true || parts.some((part) => !counted.has(part)), counted: labelled(parts.filter((part) => counted.has(part))) }];
    }),
  );
}

/** What always counts is one part for people. */
export function labelled(parts: readonly ModulePart[]): LabelledParts {
  const digests = new Map<string, string>();
  for (const { label, digest } of parts) digests.set(label, `${digests.get(label) ?? ''}${digest.slice(0, 16)}`);
  return [...digests];
}

/** Whether a module of these is used as a value: who has it can reach everything in it by a computed name. */
function moduleEscapes(modules: Readonly<Record<string, ModuleParts>>): boolean {
  const names = new Set(Object.keys(modules).flatMap((file) => file.replace(/\.py$/, '').split('/')).map((name) => name.normalize('NFKC')));
  const aliases = Object.values(modules).flatMap((each) => each.aliases);
  for (let size = 0; size !== names.size; ) {
    size = names.size;
    for (const [name, as] of aliases) if (names.has(name)) names.add(as);
  }
  return Object.values(modules).some((each) => each.bare.some((name) => names.has(name)));
}

/** `b` of `a/b.py` and of `a/b/__init__.py`. */
function nameOf(file: string): string {
  const parts = file.replace(/\.py$/, '').split('/');
  const last = parts.pop() ?? '';
  return last === '__init__' ? (parts.pop() ?? last) : last;
}
