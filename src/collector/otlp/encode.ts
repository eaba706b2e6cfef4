/** A message in OTLP's JSON, as protobuf: the way back of `decode.ts`, by the same table. What is not in the table is left out. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Field, MessageType, Scalar } from './messages.ts';

type AnyMessage = MessageType<Record<string, unknown>>;

/** `message`: as `JSON.parse` gives it. */
export function encodeProtobuf<T>(type: MessageType<T>, message: unknown): Uint8Array {
  return written(type, message).finish();
}

function written(type: AnyMessage, message: unknown): BinaryWriter {
  const writer = new BinaryWriter();
  const values = typeof message === 'object' && message !== null ? (message as Readonly<Record<string, unknown>>) : {};
  for (const [name, field] of Object.entries(type.fields) as [string, Field][]) {
    const value = values[name];
    if (value === undefined || value === null) continue;
    for (const each of field.repeated === true && Array.isArray(value) ? (value as readonly unknown[]) : [value]) write(writer, field, each);
  }
  return writer;
}

function write(writer: BinaryWriter, { number, kind }: Field, value: unknown): void {
  if (typeof kind === 'string') {
    writeScalar(writer, number, kind, value);
  } else if ('names' in kind) {
    writer.tag(number, WireType.Varint).int32(typeof value === 'string' ? Math.max(0, kind.names.indexOf(value)) : Number(value));
  } else {
    writer.tag(number, WireType.LengthDelimited).bytes(written(kind.message(), value).finish());
  }
}

function writeScalar(writer: BinaryWriter, number: number, kind: Scalar, value: unknown): void {
  const text = typeof value === 'string' ? value : String(value);
  switch (kind) {
    case 'string':
      writer.tag(number, WireType.LengthDelimited).string(text);
      return;
    case 'bytes':
      writer.tag(number, WireType.LengthDelimited).bytes(Buffer.from(text, 'base64'));
      return;
    case 'id':
      writer.tag(number, WireType.LengthDelimited).bytes(Buffer.from(text, 'hex'));
      return;
    case 'bool':
      writer.tag(number, WireType.Varint).bool(value === true);
      return;
    case 'int32':
      writer.tag(number, WireType.Varint).int32(Number(text));
      return;
    case 'sint32':
      writer.tag(number, WireType.Varint).sint32(Number(text));
      return;
    case 'uint32':
      writer.tag(number, WireType.Varint).uint32(Number(text));
      return;
    case 'fixed32':
      writer.tag(number, WireType.Bit32).fixed32(Number(text));
      return;
    case 'int64':
      writer.tag(number, WireType.Varint).int64(text);
      return;
    case 'uint64':
      writer.tag(number, WireType.Varint).uint64(text);
      return;
    case 'fixed64':
      writer.tag(number, WireType.Bit64).fixed64(text);
      return;
    case 'sfixed64':
      writer.tag(number, WireType.Bit64).sfixed64(text);
      return;
    case 'double':
      writer.tag(number, WireType.Bit64).double(Number(text));
      return;
    default:
      kind satisfies never;
  }
}
