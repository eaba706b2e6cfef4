/**
 * OTLP's two encodings, read by the tables of `messages.ts`. Unknown fields are passed over, as protobuf has it; what is
 * no value of its field is `BadData`, with the place.
 *
 * JSON is protobuf's mapping (https://protobuf.dev/programming-guides/json/) with OTLP's differences
 * (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in hex. Read generously: names of fields in
 * camel or snake case, names of enums beside their numbers, numbers of 64 bits with and without quotes, ids in base64.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { Field, MessageType, Scalar } from './messages.ts';

/** The client's mistake; the text is for people. */
export class BadData extends Error {}

/** Deeper than anything that means something, and less deep than the stack. */
const depthLimit = 64;

type AnyMessage = MessageType<Record<string, unknown>>;
type Kind = Field['kind'];

const asAny = (type: MessageType<unknown>): AnyMessage => type;

// Protobuf.

const byNumber = new WeakMap<AnyMessage, ReadonlyMap<number, readonly [name: string, field: Field]>>();

function fieldsByNumber(type: AnyMessage): ReadonlyMap<number, readonly [name: string, field: Field]> {
  let fields = byNumber.get(type);
  if (fields === undefined) {
    fields = new Map((Object.entries(type.fields) as [string, Field][]).map(([name, field]) => [field.number, [name, field]]));
    byNumber.set(type, fields);
  }
  return fields;
}

/** Throws `BadData`, here or in what is decoded later. */
export function decodeProtobuf<T>(type: MessageType<T>, bytes: Uint8Array): T {
  return guarded(type.name, () => readMessage(asAny(type as MessageType<unknown>), bytes, 0) as T);
}

/** What a reader throws for bytes that are no message: they end too early, or make no sense. */
function guarded<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BadData) throw error;
    throw new BadData(`not a ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readMessage(type: AnyMessage, bytes: Uint8Array, depth: number): Record<string, unknown> {
  if (depth > depthLimit) throw new BadData(`${type.name} is nested too deeply`);
  const fields = fieldsByNumber(type);
  const reader = new BinaryReader(bytes);
  const message: Record<string, unknown> = {};
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const known = fields.get(number);
    if (known === undefined) {
      reader.skip(wireType, number);
      continue;
    }
    const [name, { kind, repeated }] = known;
    if (repeated !== true) {
      message[name] = readValue(kind, reader, wireType, depth);
      continue;
    }
    const values = (message[name] ??= []) as unknown[];
    if (wireType === WireType.LengthDelimited && typeof kind === 'string' && wireTypes[kind] !== WireType.LengthDelimited) {
      const packed = new BinaryReader(reader.bytes());
      while (packed.pos < packed.len) values.push(readScalar(kind, packed));
    } else {
      values.push(readValue(kind, reader, wireType, depth));
    }
  }
  return message;
}

const wireTypes: Readonly<Record<Scalar, WireType>> = {
  string: WireType.LengthDelimited,
  bytes: WireType.LengthDelimited,
  id: WireType.LengthDelimited,
  bool: WireType.Varint,
  int32: WireType.Varint,
  sint32: WireType.Varint,
  uint32: WireType.Varint,
  fixed32: WireType.Bit32,
  int64: WireType.Varint,
  uint64: WireType.Varint,
  fixed64: WireType.Bit64,
  sfixed64: WireType.Bit64,
  double: WireType.Bit64,
};

function readValue(kind: Kind, reader: BinaryReader, wireType: WireType, depth: number): unknown {
  const expected = typeof kind === 'string' ? wireTypes[kind] : 'names' in kind ? WireType.Varint : WireType.LengthDelimited;
  if (wireType !== expected) throw new BadData('a field has another type than OTLP gives it');
  if (typeof kind === 'string') return readScalar(kind, reader);
  if ('names' in kind) return reader.int32();
  const type = asAny(kind.message());
  const bytes = reader.bytes();
  return kind.lazy === true ? () => guarded(type.name, () => readMessage(type, bytes, depth + 1)) : readMessage(type, bytes, depth + 1);
}

function readScalar(kind: Scalar, reader: BinaryReader): string | number | boolean {
  switch (kind) {
    case 'string':
      return reader.string();
    case 'bytes':
      return bufferOf(reader.bytes()).toString('base64');
    case 'id':
      return bufferOf(reader.bytes()).toString('hex');
    case 'bool':
      return reader.bool();
    case 'int32':
      return reader.int32();
    case 'sint32':
      return reader.sint32();
    case 'uint32':
      return reader.uint32();
    case 'fixed32':
      return reader.fixed32();
    case 'int64':
      return String(reader.int64());
    case 'uint64':
      return String(reader.uint64());
    case 'fixed64':
      return String(reader.fixed64());
    case 'sfixed64':
      return String(reader.sfixed64());
    case 'double':
      return reader.double();
    default:
      return kind satisfies never;
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// JSON.

/** Throws `BadData`, here or in what is decoded later. */
export function decodeJson<T>(type: MessageType<T>, text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadData('the body is not valid JSON');
  }
  return fromJson(asAny(type), value, '', 0) as T;
}

const snakeCase = new Map<string, string>();

function snakeCaseOf(name: string): string {
  let snake = snakeCase.get(name);
  if (snake === undefined) snakeCase.set(name, (snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)));
  return snake;
}

function fromJson(type: AnyMessage, value: unknown, place: string, depth: number): Record<string, unknown> {
  if (depth > depthLimit) throw new BadData(`${place} is nested too deeply`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadData(`${place === '' ? 'the body' : place} is not an object`);
  const object = value as Record<string, unknown>;
  const message: Record<string, unknown> = {};
  for (const [name, { kind, repeated }] of Object.entries(type.fields) as [string, Field][]) {
    const item = object[name] ?? object[snakeCaseOf(name)];
    if (item === undefined || item === null) continue;
    const at = place === '' ? name : `${place}.${name}`;
    if (repeated !== true) {
      message[name] = valueFromJson(kind, item, at, depth);
    } else if (Array.isArray(item)) {
      message[name] = (item as readonly unknown[]).map((each, index) => valueFromJson(kind, each, `${at}[${index}]`, depth));
    } else {
      throw new BadData(`${at} is not a list`);
    }
  }
  return message;
}

function valueFromJson(kind: Kind, value: unknown, place: string, depth: number): unknown {
  if (typeof kind === 'string') return scalarFromJson(kind, value, place);
  if ('names' in kind) {
    const number = typeof value === 'string' && kind.names.includes(value) ? kind.names.indexOf(value) : Number(value);
    if (!Number.isInteger(number)) throw new BadData(`${place} is not a number of its enum`);
    return number;
  }
  const type = asAny(kind.message());
  return kind.lazy === true ? () => fromJson(type, value, place, depth + 1) : fromJson(type, value, place, depth + 1);
}

function scalarFromJson(kind: Scalar, value: unknown, place: string): string | number | boolean {
  switch (kind) {
    case 'string':
    case 'bytes':
      if (typeof value !== 'string') throw new BadData(`${place} is not a text`);
      return value;
    case 'id':
      if (typeof value !== 'string') throw new BadData(`${place} is not an id`);
      return idFromJson(value);
    case 'bool':
      if (typeof value !== 'boolean') throw new BadData(`${place} is not true or false`);
      return value;
    case 'int32':
    case 'sint32':
    case 'uint32':
    case 'fixed32': {
      const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : NaN;
      if (!Number.isInteger(number)) throw new BadData(`${place} is not an integer`);
      return number;
    }
    case 'int64':
    case 'uint64':
    case 'fixed64':
    case 'sfixed64':
      if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return String(BigInt(value));
      if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 64) return String(BigInt(value));
      throw new BadData(`${place} is not an integer of 64 bits`);
    case 'double': {
      if (typeof value === 'number') return value;
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
      if (Number.isNaN(number) && value !== 'NaN') throw new BadData(`${place} is not a number`);
      return number;
    }
    default:
      return kind satisfies never;
  }
}

/** Hex as OTLP has it; base64 as protobuf's own mapping would have it. What is neither stays as it is, and is no id. */
function idFromJson(text: string): string {
  if (/^(?:[0-9a-f]{16}|[0-9a-f]{32})$/i.test(text)) return text.toLowerCase();
  if (/^[A-Za-z0-9+/_-]{11}=$|^[A-Za-z0-9+/_-]{22}==$/.test(text)) return Buffer.from(text, 'base64').toString('hex');
  return text;
}
