import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isTextMediaType, mediaTypeOf } from '../../../src/recording/media-type.ts';

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

describe('media types', () => {
  const cases: readonly (readonly [name: string, head: string | Buffer, type: string])[] = [
    ['plots/loss.svg', '<svg xmlns="x"/>', 'image/svg+xml'],
    ['table.parquet', 'PAR1', 'application/vnd.apache.parquet'],
    ['table.arrow', 'ARROW1\0\0', 'application/vnd.apache.arrow.file'],
    ['speech.flac', 'fLaC', 'audio/flac'],
    ['model.safetensors', Buffer.from([8, 0, 0, 0]), 'application/octet-stream'],
    ['model.h5', Buffer.from('894844460d0a1a0a', 'hex'), 'application/x-hdf5'],
    ['a.IPYNB', '{}', 'application/x-ipynb+json'],
    ['noname', png, 'image/png'],
    ['wrong.txt', png, 'image/png'],
    ['arrays.npz', 'PK\x03\x04', 'application/zip'],
    ['sound', Buffer.from('RIFF\x10\0\0\0WAVEfmt ', 'latin1'), 'audio/wav'],
    ['picture', Buffer.from('RIFF\x10\0\0\0WEBPVP8 ', 'latin1'), 'image/webp'],
    ['page', '\ufeff<!DOCTYPE html>\n<p>', 'text/html'],
    ['drawing', '<?xml version="1.0"?>\n<!-- made -->\n<svg width="1">', 'image/svg+xml'],
    ['feed', '<?xml version="1.0"?><rss/>', 'application/xml'],
    ['notebook', '{"cells": [{"cell_type": "code"}]}', 'application/x-ipynb+json'],
    ['data', '{"a": 1}', 'application/json'],
    ['list', '[1, 2]', 'application/json'],
    ['text', '[link] and {braces}', 'text/plain'],
    ['latin', Buffer.from([0x41, 0xe4, 0x41]), 'application/octet-stream'],
    ['empty', '', 'application/octet-stream'],
    ['constructor', 'x', 'text/plain'],
  ];
  for (const [name, head, type] of cases) it(`${name} is ${type}`, () => assert.equal(mediaTypeOf(name, Buffer.from(head)), type));

  it('that people read are text', () => {
    for (const type of ['text/html', 'application/x-ipynb+json', 'image/svg+xml', 'application/toml', 'text/csv;charset=utf-8']) assert.ok(isTextMediaType(type), type);
    for (const type of ['image/png', 'application/octet-stream', 'audio/wav']) assert.ok(!isTextMediaType(type), type);
  });
});
