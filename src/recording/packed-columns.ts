/**
 * Columns of numbers as text, for series of more points than anybody reads: 3 to 11 bytes a number, where OTLP's lists
 * (`{"doubleValue":0.0123}`) take 20 to 40, and nothing is lost, NaN and the infinities included.
 *
 *   f64:<base64>        64-bit floats, little-endian
 *   u32:<base64>        differences to the number before (to 0 for the first), 32-bit unsigned, little-endian
 *   lin:<first>,<by>    first, first + by, first + 2·by, … as long as the other columns
 */
import type { MetricValue } from '../model/metric-series.ts';

export function packFloats(values: readonly (MetricValue | null)[]): string {
  const bytes = Buffer.allocUnsafe(values.length * 8);
  for (const [index, value] of values.entries()) bytes.writeDoubleLE(value === null ? NaN : Number(value), index * 8);
  return `f64:${bytes.toString('base64')}`;
}

/** Of numbers that mostly rise: times. */
export function packRising(values: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(values.length * 4);
  let last = 0;
  for (const [index, value] of values.entries()) {
    const difference = value - last;
    if (!Number.isInteger(difference) || difference < 0 || difference > 0xffffffff) return packFloats(values);
    bytes.writeUInt32LE(difference, index * 4);
    last = value;
  }
  return `u32:${bytes.toString('base64')}`;
}

/** Of numbers that mostly come at equal distances: steps. */
export function packSteps(values: readonly (number | null)[]): string {
  const [first = null, second = null] = values;
  if (first === null || second === null) return packFloats(values);
  const by = second - first;
  return values.every((value, index) => value === first + index * by) ? `lin:${first},${by}` : packFloats(values);
}

/** `length`: of the columns beside it. `undefined` for what is none of ours. */
export function unpack(text: string, length: number): readonly number[] | undefined {
  const [, kind, rest = ''] = /^(f64|u32|lin):(.*)$/s.exec(text) ?? [];
  if (kind === 'lin') {
    const [first = NaN, by = NaN] = rest.split(',').map(Number);
    return Array.from({ length }, (_, index) => first + index * by);
  }
  const bytes = Buffer.from(rest, 'base64');
  if (kind === 'f64') return Array.from({ length: Math.floor(bytes.length / 8) }, (_, index) => bytes.readDoubleLE(index * 8));
  if (kind !== 'u32') return undefined;
  let last = 0;
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => (last += bytes.readUInt32LE(index * 4)));
}
