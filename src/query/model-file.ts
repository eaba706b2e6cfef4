/**
 * What a file of a trained model says about itself, from its bytes, without running anything that is in it: a pickle is
 * a program, so of one only the protocol is told.
 *
 * - safetensors: https://github.com/huggingface/safetensors#format
 * - ONNX: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, read by the protobuf encoding
 * - NumPy: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * - ZIP (PyTorch, Keras, NumPy `.npz`): APPNOTE.TXT 4.3.12 and 4.3.16, the directory at its end
 */
import { isJsonObject, type Json } from '../model/json.ts';

export interface ModelDescription {
  readonly format: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Tensors, inputs and outputs, or files within. */
  readonly parts?: { readonly heads: readonly string[]; readonly rows: readonly (readonly string[])[]; readonly total: number };
}

/** The bytes that are wanted, of both ends of a file. */
export const headLength = 1024 * 1024;
export const tailLength = 256 * 1024;

const mostRows = 1000;
const kinds = { safetensors: 'safetensors', onnx: 'ONNX', npy: 'NumPy array', npz: 'NumPy arrays', pt: 'PyTorch', pth: 'PyTorch', ckpt: 'PyTorch', keras: 'Keras', h5: 'HDF5', hdf5: 'HDF5', pkl: 'Pickle', pickle: 'Pickle', joblib: 'joblib', gguf: 'GGUF', bin: 'binary', model: 'model', cbm: 'CatBoost', tflite: 'TensorFlow Lite' } as const;

/** By its name; `undefined` for what is no model. */
export function modelFormat(name: string): string | undefined {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(kinds, extension) ? kinds[extension as keyof typeof kinds] : undefined;
}

/** `head` and `tail` may overlap, and are the whole of a short file. Never throws. */
export function describeModelFile(name: string, head: Uint8Array, tail: Uint8Array): ModelDescription {
  const format = modelFormat(name) ?? 'model';
  try {
    if (format === 'safetensors') return safetensors(head) ?? { format, facts: [] };
    if (format === 'ONNX') return onnx(head);
    if (startsWith(head, [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59])) return numpy(head) ?? { format, facts: [] };
    if (startsWith(head, [0x50, 0x4b, 3, 4])) return zip(format, tail) ?? { format, facts: [['Container', 'ZIP']] };
    if (startsWith(head, [0x89, 0x48, 0x44, 0x46])) return { format: format === 'Keras' ? format : 'HDF5', facts: [] };
    if (head[0] === 0x80 && (head[1] ?? 99) <= 5) return { format, facts: [['Pickle protocol', String(head[1])]] };
    if (startsWith(head, [0x47, 0x47, 0x55, 0x46])) return { format: 'GGUF', facts: [['Version', String(view(head).getUint32(4, true))], ['Tensors', String(view(head).getBigUint64(8, true))]] };
    return { format, facts: [] };
  } catch {
    // Cut, damaged, or something else under this name.
    return { format, facts: [['Content', 'not as this format has it']] };
  }
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const utf8 = new TextDecoder();

function safetensors(head: Uint8Array): ModelDescription | undefined {
  const length = Number(view(head).getBigUint64(0, true));
  if (8 + length > head.length) return { format: 'safetensors', facts: [['Header', `${length} bytes, too long to be shown`]] };
  const header = JSON.parse(utf8.decode(head.subarray(8, 8 + length))) as Json;
  if (!isJsonObject(header)) return undefined;
  const meta = isJsonObject(header['__metadata__']) ? header['__metadata__'] : {};
  const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__');
  let parameters = 0;
  const rows = tensors.map(([name, tensor]) => {
    const shape = isJsonObject(tensor) && Array.isArray(tensor['shape']) ? (tensor['shape'] as readonly Json[]).map(Number) : [];
    parameters += shape.reduce((product, size) => product * size, 1);
    return [name, isJsonObject(tensor) && typeof tensor['dtype'] === 'string' ? tensor['dtype'] : '', shape.join(' × ')];
  });
  return {
    format: 'safetensors',
    facts: [['Tensors', String(tensors.length)], ['Parameters', String(parameters)], ...Object.entries(meta).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const)],
    parts: { heads: ['Tensor', 'Type', 'Shape'], rows: rows.slice(0, mostRows), total: rows.length },
  };
}

function numpy(head: Uint8Array): ModelDescription | undefined {
  const isLong = (head[6] ?? 1) > 1;
  const length = isLong ? view(head).getUint32(8, true) : view(head).getUint16(8, true);
  const text = utf8.decode(head.subarray(isLong ? 12 : 10, (isLong ? 12 : 10) + Math.min(length, 10_000)));
  const of = (key: string, value: string): string | undefined => new RegExp(`'${key}':\\s*${value}`).exec(text)?.[1];
  const type = of('descr', "'([^']*)'");
  const shape = of('shape', '\\(([^)]*)\\)');
  return { format: 'NumPy array', facts: [['Type', type ?? 'structured'], ['Shape', (shape ?? '').split(',').map((size) => size.trim()).filter((size) => size !== '').join(' × ')], ['Order', of('fortran_order', '(True|False)') === 'True' ? 'Fortran' : 'C']] };
}

function zip(format: string, tail: Uint8Array): ModelDescription | undefined {
  const data = view(tail);
  let end = tail.length - 22;
  while (end >= 0 && data.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) return undefined;
  const count = data.getUint16(end + 10, true);
  // Offsets count from the file's beginning; the directory ends where its end record begins.
  let at = end - data.getUint32(end + 12, true);
  const rows: string[][] = [];
  for (let index = 0; index < count && at >= 0 && at + 46 <= end && data.getUint32(at, true) === 0x02014b50; index += 1) {
    const [nameLength, extra, comment] = [data.getUint16(at + 28, true), data.getUint16(at + 30, true), data.getUint16(at + 32, true)];
    if (rows.length < mostRows) rows.push([utf8.decode(tail.subarray(at + 46, at + 46 + nameLength)), String(data.getUint32(at + 24, true))]);
    at += 46 + nameLength + extra + comment;
  }
  return { format, facts: [['Files within', String(count)]], ...(rows.length > 0 && { parts: { heads: ['File', 'Bytes'], rows, total: count } }) };
}

interface Field {
  readonly number: number;
  /** Of a varint. */
  readonly value: number;
  readonly bytes: Uint8Array;
}

/** Fields of a protobuf message, as far as its bytes go. */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let result = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at] ?? 0;
      at += 1;
      result += (byte & 127) * factor;
      if (byte < 128) break;
    }
    return result;
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { number, value: varint(), bytes: new Uint8Array() };
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const length = varint();
        yield { number, value: 0, bytes: bytes.subarray(at, at + length) };
        at += length;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        return;
    }
  }
}

/** Of a file that is longer than `head`, what stands before the weights. */
function onnx(head: Uint8Array): ModelDescription {
  const facts: [string, string][] = [];
  const rows: string[][] = [];
  const operators = new Map<string, number>();
  let tensors = 0;
  for (const { number, value, bytes } of fieldsOf(head)) {
    if (number === 1) facts.push(['IR version', String(value)]);
    else if (number === 2) facts.push(['Producer', utf8.decode(bytes)]);
    else if (number === 3) facts.push(['Producer version', utf8.decode(bytes)]);
    else if (number === 6 && bytes.length > 0) facts.push(['Description', utf8.decode(bytes.subarray(0, 2000))]);
    else if (number === 8) {
      const parts = [...fieldsOf(bytes)];
      facts.push(['Operators of', `${text(parts, 1) || 'ai.onnx'} ${parts.find((part) => part.number === 2)?.value ?? ''}`]);
    } else if (number === 14) facts.push([text(fieldsOf(bytes), 1), text(fieldsOf(bytes), 2)]);
    else if (number === 7) {
      for (const field of fieldsOf(bytes)) {
        if (field.number === 1) {
          const operator = text(fieldsOf(field.bytes), 4);
          operators.set(operator, (operators.get(operator) ?? 0) + 1);
        } else if (field.number === 2) facts.push(['Graph', utf8.decode(field.bytes)]);
        else if (field.number === 5) tensors += 1;
        else if (field.number === 11 || field.number === 12) rows.push([field.number === 11 ? 'input' : 'output', ...valueInfo(field.bytes)]);
      }
    }
  }
  if (operators.size > 0) facts.push(['Operators', [...operators].sort((a, b) => b[1] - a[1]).slice(0, 20).map(([name, count]) => (count > 1 ? `${name} ×${count}` : name)).join(', ')]);
  if (tensors > 0) facts.push(['Weights', `${tensors} tensors`]);
  return { format: 'ONNX', facts, ...(rows.length > 0 && { parts: { heads: ['Kind', 'Name', 'Type', 'Shape'], rows: rows.slice(0, mostRows), total: rows.length } }) };
}

function text(fields: Iterable<Field>, wanted: number): string {
  for (const { number, bytes } of fields) if (number === wanted) return utf8.decode(bytes.subarray(0, 2000));
  return '';
}

const elementTypes = ['', 'float', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool', 'float16', 'double', 'uint32', 'uint64', 'complex64', 'complex128', 'bfloat16'];

/** Name, type and shape. */
function valueInfo(bytes: Uint8Array): readonly [string, string, string] {
  const inside = (from: Uint8Array, number: number): Uint8Array => [...fieldsOf(from)].find((field) => field.number === number)?.bytes ?? new Uint8Array();
  const tensor = inside(inside(bytes, 2), 1);
  const type = [...fieldsOf(tensor)].find((field) => field.number === 1)?.value ?? 0;
  const dimensions = [...fieldsOf(inside(tensor, 2))].filter((field) => field.number === 1).map((dimension) => [...fieldsOf(dimension.bytes)].map((field) => (field.number === 1 ? String(field.value) : utf8.decode(field.bytes)))[0] ?? '?');
  return [text(fieldsOf(bytes), 1), elementTypes[type] ?? `type ${type}`, dimensions.join(' × ')];
}
