/** What is received over OTLP against the official definition: every field of the table, and random messages in every encoding. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { decodeJson, decodeProtobuf } from '../../src/collector/otlp/decode.ts';
import { logsRequest, metricsRequest, traceRequest, type Field, type MessageType } from '../../src/collector/otlp/messages.ts';

const root = path.resolve(import.meta.dirname, '../..');
const python = path.join(root, '.venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

interface Official {
  readonly fields: Readonly<Record<string, Readonly<Record<string, readonly [number: number, type: string, repeated: boolean]>>>>;
  readonly requests: readonly (readonly [type: string, protobuf: string, json: string, snakeCase: string])[];
}

const requests: readonly MessageType<unknown>[] = [traceRequest, metricsRequest, logsRequest] as never;

/** All messages of the table, by name. */
function messagesOf(type: MessageType<unknown>, found = new Map<string, MessageType<unknown>>()): ReadonlyMap<string, MessageType<unknown>> {
  if (found.has(type.name)) return found;
  found.set(type.name, type);
  for (const { kind } of Object.values<Field>(type.fields)) if (typeof kind === 'object' && 'message' in kind) messagesOf(kind.message(), found);
  return found;
}

/** With what is decoded later decoded. */
function whole(value: unknown): unknown {
  if (typeof value === 'function') return whole((value as () => unknown)());
  if (Array.isArray(value)) return value.map(whole);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, whole(item)]));
}

/** JSON leaves out what has its default value, protobuf may too. */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, item]) => key.endsWith('Value') || !(item === '' || item === 0 || item === '0' || item === false || (Array.isArray(item) && item.length === 0)))
      .map(([key, item]) => [key, withoutDefaults(item)]),
  );
}

describe('the messages of OTLP', () => {
  let official: Official;
  before(() => {
    const { status, stdout, stderr } = spawnSync(python, [path.join(root, 'test/python/otlp_messages.py'), '7', '300'], { encoding: 'utf8', maxBuffer: 1 << 30 });
    assert.equal(status, 0, stderr);
    official = JSON.parse(stdout) as Official;
  });

  it('have the numbers, types and names of the definition', () => {
    const messages = requests.flatMap((request) => [...messagesOf(request).values()]);
    assert.ok(messages.length > 25);
    for (const { name, fields } of messages) {
      for (const [field, { number, kind, repeated }] of Object.entries<Field>(fields)) {
        const type = typeof kind === 'string' ? (kind === 'id' ? 'bytes' : kind) : 'names' in kind ? 'enum' : 'message';
        assert.deepEqual([number, type, repeated ?? false], official.fields[name]?.[field], `${name}.${field}`);
      }
    }
  });

  it('leave out nothing but what is named here', () => {
    const known = new Map(requests.flatMap((request) => [...messagesOf(request)]));
    const missing = Object.entries(official.fields).flatMap(([name, fields]) => {
      const type = known.get(name);
      return Object.keys(fields).filter((field) => type === undefined || !Object.hasOwn(type.fields, field)).map((field) => `${name}.${field}`);
    });
    // Where a schema is described, flags that say nothing more of a span, counts of what the SDK dropped from what is
    // shared by many, references to entities (in development), and the string tables of profiles.
    const left = missing.filter((field) => !/\.(schemaUrl|entityRefs|\w+Strindex|flags)$|^(resource\.v1\.Resource|common\.v1\.InstrumentationScope)\.droppedAttributesCount$|^common\.v1\.EntityRef\./.test(field));
    assert.deepEqual(left, []);
  });

  it('read the same from protobuf, JSON, and JSON with the names of the definition', () => {
    assert.ok(official.requests.filter(([, protobuf]) => protobuf.length > 1000).length > 100, 'the messages say something');
    for (const [name, protobuf, json, snakeCase] of official.requests) {
      const type = requests.find((request) => request.name === name);
      assert.ok(type);
      const read = withoutDefaults(whole(decodeProtobuf(type, Buffer.from(protobuf, 'base64'))));
      assert.deepEqual(withoutDefaults(whole(decodeJson(type, json))), read);
      assert.deepEqual(withoutDefaults(whole(decodeJson(type, snakeCase))), read);
    }
  });
});
