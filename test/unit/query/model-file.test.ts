import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeModelFile, modelFormat } from '../../../src/query/model-file.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const whole = (name: string, bytes: Uint8Array) => describeModelFile(name, bytes, bytes);
const bytes = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array => Buffer.concat(parts.map((part) => (part instanceof Uint8Array ? part : Uint8Array.from(part))));
const field = (number: number, content: Uint8Array | number): Uint8Array => (typeof content === 'number' ? bytes([number * 8, content]) : bytes([number * 8 + 2, content.length], content));

describe('what the file of a model says about itself', () => {
  it('safetensors: tensors, their shapes, and metadata', () => {
    const header = text(JSON.stringify({ __metadata__: { format: 'pt' }, 'layer.weight': { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] }, bias: { dtype: 'F16', shape: [4], data_offsets: [24, 32] } }));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(header.length));
    const description = whole('model.safetensors', bytes(size, header, new Uint8Array(32)));
    assert.deepEqual(description.facts, [['Tensors', '2'], ['Parameters', '10'], ['format', 'pt']]);
    assert.deepEqual(description.parts?.rows, [['layer.weight', 'F32', '2 × 3'], ['bias', 'F16', '4']]);
  });

  it('ONNX: producer, operators, inputs and outputs', () => {
    const value = (name: string): Uint8Array => bytes(field(1, text(name)), field(2, field(1, bytes(field(1, 1), field(2, bytes(field(1, field(2, text('batch'))), field(1, field(1, 64))))))));
    const graph = bytes(field(1, field(4, text('MatMul'))), field(1, field(4, text('MatMul'))), field(1, field(4, text('Relu'))), field(2, text('net')), field(5, text('w')), field(11, value('x')), field(12, value('y')));
    const description = whole('m.onnx', bytes(field(1, 8), field(2, text('skl2onnx')), field(8, bytes(field(2, 17))), field(7, graph)));
    assert.deepEqual(description.facts, [['IR version', '8'], ['Producer', 'skl2onnx'], ['Operators of', 'ai.onnx 17'], ['Graph', 'net'], ['Operators', 'MatMul ×2, Relu'], ['Weights', '1 tensors']]);
    assert.deepEqual(description.parts?.rows, [['input', 'x', 'float', 'batch × 64'], ['output', 'y', 'float', 'batch × 64']]);
  });

  it('NumPy: type and shape', () => {
    const header = text("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 5), }\n");
    assert.deepEqual(whole('a.npy', bytes([0x93], text('NUMPY'), [1, 0, header.length, 0], header)).facts, [['Type', '<f8'], ['Shape', '3 × 5'], ['Order', 'C']]);
  });

  it('ZIP: the files within, from the end of the file alone', () => {
    const name = text('archive/data.pkl');
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt32LE(123, 24);
    entry.writeUInt16LE(name.length, 28);
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(1, 10);
    end.writeUInt32LE(46 + name.length, 12);
    const description = describeModelFile('m.pt', Uint8Array.from([0x50, 0x4b, 3, 4]), bytes([1, 2, 3], entry, name, end));
    assert.deepEqual([description.format, description.facts, description.parts?.rows], ['PyTorch', [['Files within', '1']], [['archive/data.pkl', '123']]]);
  });

  it('a pickle: nothing but its protocol, as reading it would run it', () => {
    assert.deepEqual(whole('m.pkl', Uint8Array.from([0x80, 4, 0x95])), { format: 'Pickle', facts: [['Pickle protocol', '4']] });
  });

  it('never throws, whatever the bytes are', () => {
    for (const name of ['m.safetensors', 'm.onnx', 'm.npy', 'm.pt', 'm.pkl', 'm.h5', 'm.gguf']) {
      for (const content of [new Uint8Array(), Uint8Array.from([0x50, 0x4b, 3, 4]), new Uint8Array(40).fill(255), Uint8Array.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]), text('GGUF'), text('{"a": 1}')]) assert.equal(typeof whole(name, content).format, 'string');
    }
    assert.equal(modelFormat('notes.txt'), undefined);
    assert.equal(modelFormat('x.constructor'), undefined);
  });
});
