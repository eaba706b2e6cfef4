/** What the id of a task of a matrix says: `train[lr=0.1,depth=3]`. Values hold none of `[ ] { } ,`, see `definition/matrix.ts`. */
export interface MatrixTask {
  readonly name: string;
  /** By key, as they stand in the id. */
  readonly values: ReadonlyMap<string, string>;
}

export function matrixTask(id: string): MatrixTask {
  const found = /^([^[]*)\[(.*)\]$/s.exec(id);
  if (found === null) return { name: id, values: new Map() };
  const [, name = '', inside = ''] = found;
  return { name, values: new Map(inside.split(',').map((pair) => [pair.replace(/=.*$/s, ''), pair.replace(/^[^=]*=?/s, '')])) };
}

/** Numbers by their value and before texts, texts as people order them. */
export function byValue(a: string, b: string): number {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return x - y;
  return Number(x === undefined) - Number(y === undefined) || a.localeCompare(b, undefined, { numeric: true });
}

/** Of a text that is a number and nothing else. */
export function numberOf(text: string): number | undefined {
  return text.trim() === '' || !Number.isFinite(Number(text)) ? undefined : Number(text);
}
