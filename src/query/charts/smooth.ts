/**
 * Exponential moving average with the bias towards zero taken out, as TensorBoard's scalar charts smooth
 * (`resmoothDataset` in its `line-chart.ts`), so that a weight means here what it means there.
 */

/** `weight` from 0 (as it is) up to, and without, 1. What is no finite number stays as it is, and moves nothing. */
export function smooth(values: Float64Array, weight: number): Float64Array {
  if (weight <= 0 || isConstant(values)) return values;
  const smoothed = new Float64Array(values.length);
  let last = 0;
  let bias = 1;
  for (const [index, value] of values.entries()) {
    if (!Number.isFinite(value)) {
      smoothed[index] = value;
      continue;
    }
    last = last * weight + (1 - weight) * value;
    bias *= weight;
    smoothed[index] = last / (1 - bias);
  }
  return smoothed;
}

/** Rounding would make waves of a line that has none. */
function isConstant(values: Float64Array): boolean {
  const first = values[0];
  return values.every((value) => value === first);
}
