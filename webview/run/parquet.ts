/** Reads Parquet for the run panel: a script of its own, loaded when the first such artifact is opened. */
import { parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import type { RowSource } from './tables.ts';

/** Bytes of a part of the file. */
export type ReadPart = (start: number, end: number) => Promise<Uint8Array>;

const text = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === 'object' ? JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each)) : String(value);
};

/** Rejects, with what is wrong, where the file is none or is compressed in a way that can't be read here. */
export async function parquetSource(byteLength: number, read: ReadPart): Promise<RowSource> {
  const file = {
    byteLength,
    slice: async (start: number, end = byteLength): Promise<ArrayBuffer> => {
      const bytes = await read(start < 0 ? byteLength + start : start, end);
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    },
  };
  const metadata = await parquetMetadataAsync(file);
  const heads = parquetSchema(metadata).children.map(({ element }) => element.name);
  const total = Number(metadata.num_rows);
  let at = 0;
  return {
    heads,
    total,
    next: async (most) => {
      const rowStart = at;
      at = Math.min(total, at + most);
      if (rowStart >= at) return [];
      const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd: at });
      return rows.map((row) => heads.map((name) => text(row[name])));
    },
  };
}

(globalThis as { runweaveParquet?: typeof parquetSource }).runweaveParquet = parquetSource;
