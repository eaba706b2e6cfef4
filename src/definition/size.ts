/** Sizes as people write them: `512MB`, `1.5GB`, `16GiB`, or a number of bytes. */
export const sizePattern = '^(\\d+(?:\\.\\d+)?) ?(B|[KMGT]B|[KMGT]iB)$';

export const sizeExample = '512MB or 1.5GB';

/** Bytes; `undefined` for what is no size. */
export function parseSize(value: number | string): number | undefined {
  if (typeof value === 'number') return value >= 0 ? value : undefined;
  const [, amount, unit = 'B'] = new RegExp(sizePattern).exec(value) ?? [];
  if (amount === undefined) return undefined;
  return Math.ceil(Number(amount) * (unit.endsWith('iB') ? 1024 : 1000) ** 'BKMGT'.indexOf(unit.charAt(0)));
}
