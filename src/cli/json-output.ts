import { jsonText } from '../model/whole-float.ts';
import type { Output } from './host.ts';

/** One JSON document: indented on a terminal, where a person reads it. */
export function writeJson(output: Output, value: unknown): void {
  output.write(`${jsonText(value, output.columns() === undefined ? undefined : 2)}\n`);
}
