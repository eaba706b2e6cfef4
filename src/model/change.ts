/** What of a reason can be shown as a difference: two values, or a file as it was and as it is. */
import type { Digest, Reason } from './fingerprint.ts';
import type { Json } from './json.ts';
import type { TaskId } from './pipeline.ts';
import { jsonText } from './whole-float.ts';

export type Change =
  | { readonly type: 'values'; readonly name: string; readonly from: string; readonly to: string }
  | {
      readonly type: 'file';
      /** Relative to the pipeline's folder. */
      readonly path: string;
      readonly from?: Digest;
      readonly to?: Digest;
      /** The digests are of the parts that count, so that a content can't be checked against them. */
      readonly isPart?: true;
    }
  /** The reasons of that task say more. */
  | { readonly type: 'upstream'; readonly task: TaskId };

/** How the fingerprint marks a file that was read without being declared. */
const observedMark = / \(read\)$/;

/** `undefined` where there is nothing to compare. */
export function changeOf(reason: Reason): Change | undefined {
  switch (reason.type) {
    case 'param-changed':
      return { type: 'values', name: `parameter ${reason.name}`, from: text(reason.from), to: text(reason.to) };
    case 'definition-changed':
      return { type: 'values', name: `definition: ${reason.part}`, from: text(reason.from), to: text(reason.to) };
    case 'env-changed':
      return { type: 'values', name: `environment variable ${reason.name}`, from: text(reason.from), to: text(reason.to) };
    case 'package-changed':
      return { type: 'values', name: `package ${reason.name}`, from: text(reason.from), to: text(reason.to) };
    case 'interpreter-changed':
      return { type: 'values', name: 'interpreter', from: text(reason.from), to: text(reason.to) };
    case 'source-changed':
      // The file itself is as it was.
      if (reason.compared !== undefined && reason.compared !== 'not compiled') return undefined;
      return { ...file(reason), ...(reason.parts !== undefined && { isPart: true }) };
    case 'input-changed':
    case 'output-changed':
      // Of a folder or glob, whose files are named.
      return reason.added === undefined ? file(reason) : undefined;
    case 'upstream-changed':
    case 'upstream-will-run':
    case 'upstream-may-run':
    case 'upstream-will-be-restored':
      return { type: 'upstream', task: reason.task };
    case 'listing-changed':
    case 'never-ran':
    case 'last-run-failed':
    case 'forced':
    case 'never-cached':
    case 'output-missing':
      return undefined;
    default:
      return reason satisfies never;
  }
}

function file({ path, from, to }: { readonly path: string; readonly from?: Digest; readonly to?: Digest }): Extract<Change, { readonly type: 'file' }> {
  return { type: 'file', path: path.replace(observedMark, ''), ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

/** Text as it is, so that a command of several lines is compared by its lines; everything else as JSON. */
function text(value: Json | undefined): string {
  if (value === undefined) return '';
  return `${typeof value === 'string' ? value : jsonText(value, 2)}\n`;
}
