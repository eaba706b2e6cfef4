/** Values of params and of a matrix are numbers of JSON; variables under `env` are the text that is written. */
import { isJsonObject, type Json } from '../model/json.ts';
import { float } from '../model/whole-float.ts';
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

/** What `yaml` has read with `intAsBigInt`, so that `1.0` is no `1`; what is no number of JSON is `null`. */
export function jsonOfYaml(value: unknown): Json {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return Number.isFinite(value) ? float(value) : null;
  if (Array.isArray(value)) return value.map(jsonOfYaml);
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, jsonOfYaml(each)]));
  return (value ?? null) as Json;
}
