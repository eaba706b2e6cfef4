/** A table as a Parquet file, a row group at a time, so that millions of points need the memory of one group. */
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { SchemaElement } from 'hyparquet';
import type { Cell, Column } from './tables.ts';

export interface ParquetTable {
  /** The next bytes of the file, if there are any by now. */
  readonly add: (row: readonly Cell[]) => Uint8Array | undefined;
  /** The last bytes; a file without them is none. */
  readonly end: () => Uint8Array;
}

const rowsPerGroup = 100_000;

export function parquetTable(columns: readonly Column[]): ParquetTable {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({ writer: bytes, schema: [{ name: 'root', num_children: columns.length }, ...columns.map(element)], createdBy: 'runweave' });
  let cells: Cell[][] = columns.map(() => []);
  /** The writer goes on counting where the next byte is in the file. */
  const drain = (): Uint8Array => {
    const drained = bytes.getBytes().slice();
    bytes.index = 0;
    return drained;
  };
  const group = (): void => {
    if ((cells[0]?.length ?? 0) > 0) void writer.write({ columnData: columns.map(({ name }, index) => ({ name, data: cells[index] ?? [] })), rowGroupSize: rowsPerGroup });
    cells = columns.map(() => []);
  };
  return {
    add: (row) => {
      for (const [index, column] of columns.entries()) cells[index]?.push(stored(column, row[index] ?? null));
      if ((cells[0]?.length ?? 0) < rowsPerGroup) return undefined;
      group();
      return drain();
    },
    end: () => {
      group();
      void writer.finish();
      return drain();
    },
  };
}

/** https://github.com/apache/parquet-format/blob/master/LogicalTypes.md */
function element({ name, type }: Column): SchemaElement {
  const of = { name, repetition_type: 'OPTIONAL' } as const;
  switch (type) {
    case 'text':
      return { ...of, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } };
    case 'integer':
      return { ...of, type: 'INT64' };
    case 'number':
      return { ...of, type: 'DOUBLE' };
    case 'boolean':
      return { ...of, type: 'BOOLEAN' };
    case 'time':
      return { ...of, type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' } };
    default:
      return type satisfies never;
  }
}

function stored({ type }: Column, cell: Cell): Cell {
  return type === 'integer' && typeof cell === 'number' ? BigInt(Math.trunc(cell)) : cell;
}
