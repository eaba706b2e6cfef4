/** Values of params and of a matrix are numbers of JSON; variables under `env` are the text that is written. */
import { keepsDigits } from '../model/whole-number.ts';
import type { Reporter } from './reporter.ts';
import type { YamlNode } from './yaml-tree.ts';

/** Reports whole numbers that would become others; whether there are none. */
export function checkWholeNumbers(node: YamlNode, reporter: Reporter): boolean {
  if (node.type === 'sequence') return node.items.map((item) => checkWholeNumbers(item, reporter)).every(Boolean);
  if (node.type === 'mapping') return [...node.entries.values()].map(({ value }) => checkWholeNumbers(value, reporter)).every(Boolean);
  if (typeof node.value !== 'number' || !wholeNumber.test(node.source) || keepsDigits(node.source)) return true;
  reporter.report({ code: 'bad-value', at: node, message: `${node.source} has more digits than a number keeps: it would be ${String(node.value)}`, suggestion: 'write it in quotes', replacement: JSON.stringify(node.source) });
  return false;
}

const wholeNumber = /^(?:[-+]?\d+|0x[\da-f]+|0o[0-7]+)$/i;
