/** Runs as lines across several fields, one upright axis a field. */
import type { FieldValue } from '../filter/match.ts';
import type { RunFields } from '../run-fields.ts';
import { axisOf, placeOf, type Axis } from './scatter.ts';

export interface Parallel {
  readonly axes: readonly Axis[];
  /** Of each row its place on each axis; `undefined` where it has no value. */
  readonly lines: readonly { readonly row: number; readonly places: readonly (number | undefined)[] }[];
}

/** Of a run with several values of a field, such as those of a matrix: their mean, or all texts as one. */
export function parallelOf(fields: RunFields, rows: readonly number[], names: readonly (readonly string[])[]): Parallel {
  const columns = names.map((each) => {
    const column = fields.column(each);
    const values = rows.map((row) => ('message' in column ? undefined : oneOf(column.values(row))));
    const axis = axisOf('message' in column ? 'value' : column.kind, values.filter((value) => value !== undefined));
    return { axis, values };
  });
  return {
    axes: columns.map(({ axis }) => axis),
    lines: rows.map((row, at) => ({
      row,
      places: columns.map(({ axis, values }) => {
        const value = values[at];
        const place = value === undefined ? undefined : placeOf(value, axis);
        return place !== undefined && Number.isFinite(place) ? place : undefined;
      }),
    })),
  };
}

function oneOf(values: readonly FieldValue[]): FieldValue | undefined {
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length === values.length && numbers.length > 0) return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  return values.length === 0 ? undefined : values.map(String).join(', ');
}
