/** Tables among artifacts as rows and columns: CSV, TSV, and JSON in the forms that data frames and loggers write. */
import { isJsonObject, type Json } from '../model/json.ts';
import { deepestRecorded, parseNested } from '../model/nested-json.ts';
import { readCsv } from './csv.ts';

export interface Table {
  readonly columns: readonly string[];
  /** Cells as text; shorter where the row ends early. */
  readonly rows: readonly (readonly string[])[];
  /** There are more rows than were read. */
  readonly isCut: boolean;
}

/** Rows that are read of a table. */
const mostRows = 50_000;
const mostColumns = 2000;

/** `undefined`: no table, by its content. */
export function readTable(name: string, mediaType: string, text: string): Table | undefined {
  const type = mediaType.split(';', 1)[0]?.trim() ?? '';
  if (type === 'text/csv' || /\.csv$/i.test(name)) return tableOf(readCsv(text, ',', mostRows + 2).rows);
  if (type === 'text/tab-separated-values' || /\.tsv$/i.test(name)) return tableOf(readCsv(text, '\t', mostRows + 2).rows);
  if (type === 'application/json' || type.endsWith('+json') || /\.json$/i.test(name)) return jsonTable(text);
  return undefined;
}

function tableOf([columns, ...rows]: readonly (readonly string[])[]): Table | undefined {
  if (columns === undefined || columns.length > mostColumns) return undefined;
  return { columns, rows: rows.slice(0, mostRows), isCut: rows.length > mostRows };
}

/** Rows as objects, columns as lists or as objects by index (pandas), or `columns` and `data` (pandas `split`, MLflow's `log_table`). */
function jsonTable(text: string): Table | undefined {
  let json: Json;
  try {
    json = parseNested(text, deepestRecorded) as Json;
  } catch {
    return undefined;
  }
  if (Array.isArray(json)) return ofObjects(json as readonly Json[]);
  if (!isJsonObject(json)) return undefined;
  const { columns, data } = json;
  if (Array.isArray(columns) && Array.isArray(data)) {
    const rows = data as readonly Json[];
    if (!rows.every((row) => Array.isArray(row))) return undefined;
    return tableOf([(columns as readonly Json[]).map(cellText), ...rows.map((row) => (row as readonly Json[]).map(cellText))]);
  }
  const names = Object.keys(json);
  const lists = names.map((name) => json[name]);
  if (names.length === 0) return undefined;
  if (lists.every((list) => Array.isArray(list))) {
    const columnsOf = lists as readonly (readonly Json[])[];
    const length = Math.max(...columnsOf.map((column) => column.length));
    if (length === 0) return undefined;
    return tableOf([names, ...Array.from({ length: Math.min(length, mostRows + 1) }, (_, row) => columnsOf.map((column) => cellText(column[row])))]);
  }
  if (!lists.every((column) => isJsonObject(column) && Object.keys(column).length > 0)) return undefined;
  const byIndex = lists.filter(isJsonObject);
  const indexes = [...new Set(byIndex.flatMap((column) => Object.keys(column)))];
  // By index means the same indexes everywhere: other objects of objects are settings, or results, but no table.
  if (!byIndex.every((column) => Object.keys(column).length === indexes.length && Object.values(column).every((value) => !isJsonObject(value)))) return undefined;
  return tableOf([['index', ...names], ...indexes.map((index) => [index, ...byIndex.map((column) => cellText(Object.hasOwn(column, index) ? column[index] : undefined))])]);
}

function ofObjects(rows: readonly Json[]): Table | undefined {
  if (rows.length === 0 || !rows.every(isJsonObject)) return undefined;
  const columns = [...new Set(rows.slice(0, mostRows).flatMap((row) => Object.keys(row)))];
  return tableOf([columns, ...rows.map((row) => columns.map((column) => cellText(Object.hasOwn(row, column) ? row[column] : undefined)))]);
}

function cellText(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
