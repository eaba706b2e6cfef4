/**
 * What a reason says of a source whose digest is another: which cells or functions changed, or that nothing did that
 * counted before and it is only compared in another way. One source decides how closely all of a task are compared
 * (`meaning.ts`) and what of each is used (`function-slice.ts`), so that others get another digest without a touch.
 */
import path from 'node:path';
import { isUnsettled, type Digest, type Reason } from '../model/fingerprint.ts';
import type { Task } from '../model/pipeline.ts';
import { refusedBy, type Compiler } from './called-sources.ts';
import type { FileDigests } from './file-digests.ts';
import { sourceKind, type Meaning } from './meaning.ts';

export type SourceChange = Extract<Reason, { readonly type: 'source-changed' }>;

export interface SourcesNow {
  readonly task: Pick<Task, 'source' | 'compare'>;
  /** Absolute path of the pipeline's folder. */
  readonly folder: string;
  readonly digests: FileDigests;
  readonly compiler: Compiler | undefined;
}

/** All changes of a task's sources, in their order. */
export async function tellSourceChanges(changes: readonly SourceChange[], now: SourcesNow): Promise<readonly SourceChange[]> {
  const told: SourceChange[] = [];
  for (const change of changes) told.push(await tell(change, now));
  const touched = told.filter(({ compared }) => compared === undefined).map((change) => change.path);
  const modules = new Set(changes.flatMap((change) => change.path.replace(/\.\w+$/, '').split('/')));
  const demanding = touched.filter((file) => demandsMore(meaningNow(file, now), modules));
  return told.map((change) => {
    switch (change.compared) {
      case 'with more':
      case 'with less':
        return touched.length > 0 ? { ...change, because: touched } : withoutComparison(change);
      case 'more closely':
        // With `compare: bytes` no source is needed for that.
        return demanding.length > 0 && now.task.compare === 'meaning' ? { ...change, because: demanding } : change;
      case 'less closely':
      case 'not compiled':
      case undefined:
        return change;
      default:
        return change.compared satisfies never;
    }
  });
}

async function tell(change: SourceChange, now: SourcesNow): Promise<SourceChange> {
  const { from, to } = change;
  if (from === undefined || to === undefined || isUnsettled(from)) return change;
  const { digests, folder, compiler } = now;
  const absolute = path.resolve(folder, change.path);
  const meaning = meaningNow(change.path, now);
  const whole: readonly (Digest | undefined)[] = [meaning?.code, meaning?.docstrings, (await digests.ofFile(absolute))?.digest];
  const [closeness, closenessNow] = [whole.indexOf(from), whole.indexOf(to)];
  if (closeness >= 0) return { ...change, compared: closenessNow > closeness ? 'more closely' : 'less closely' };

  const cells = digests.changedCells(from, to) ?? [];
  if (cells.length > 0) return { ...change, cells };
  const wasSlice = digests.isSlice(from);
  const isSlice = closenessNow < 0;
  const [partsBefore, partsAfter] = [from, isSlice ? to : (meaning?.code ?? to)].map((digest) => digests.rememberedParts(digest));
  // There may be none that count; that is not the same as not to know them.
  if (partsBefore === undefined || partsAfter === undefined) return change;
  const [before, after] = [new Map(partsBefore), new Map(partsAfter)];
  const edited = [...before.keys()].filter((label) => after.has(label) && before.get(label) !== after.get(label));
  // What is not in a slice may be in the module all the same.
  const gone = isSlice && !wasSlice ? [] : [...before.keys()].filter((label) => !after.has(label));
  const added = wasSlice && !isSlice ? [] : [...after.keys()].filter((label) => !before.has(label));
  const all = { ...change, parts: [...edited, ...gone, ...added] };
  if (wasSlice && !isSlice && all.parts.length === 0) {
    const isRefused = closenessNow === 0 && compiler !== undefined && (await digests.isCompiled(absolute, refusedBy(compiler)));
    return { ...change, compared: isRefused ? 'not compiled' : 'more closely' };
  }
  if (!wasSlice || !isSlice || edited.length > 0 || gone.length > 0 === added.length > 0) return all.parts.length > 0 ? all : change;
  // Those that count only if they are used, and are there.
  const usable = new Set(meaning?.module?.parts.flatMap(({ name, label }) => (name === '' ? [] : [label])));
  return all.parts.every((label) => usable.has(label)) ? { ...all, compared: added.length > 0 ? 'with more' : 'with less' } : all;
}

function withoutComparison({ compared: _, ...change }: SourceChange): SourceChange {
  return change;
}

function meaningNow(file: string, { task: { source }, folder, digests }: SourcesNow): Meaning | undefined {
  const kind = sourceKind(file, source.kind === 'notebook' && file === source.notebook ? 'notebook' : source.kind === 'call' ? 'module' : 'python');
  return kind && digests.meaningOf(path.resolve(folder, file), kind);
}

/** Whether all sources of a task may be compared more closely because of this one. */
function demandsMore(meaning: Meaning | undefined, modules: ReadonlySet<string>): boolean {
  if (meaning?.view !== 'code' || meaning.imports.length > 0) return true;
  const { isDynamic, bare } = meaning.module ?? { isDynamic: false, bare: [] };
  return isDynamic || bare.some((name) => modules.has(name));
}
