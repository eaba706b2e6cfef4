import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { createMasker } from '../../../src/model/masker.ts';
import type { Digest } from '../../../src/model/fingerprint.ts';
import { objectPath, readArtifact, readArtifactPart, storeArtifact } from '../../../src/recording/artifacts.ts';
import { objectState, touchObject } from '../../../src/recording/stored-objects.ts';
import { temporaryFolder } from './temporary-folder.ts';

const sha256 = (bytes: Uint8Array): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

describe('storeArtifact', () => {
  it('keeps small text as text and other small bytes in base64', async (t) => {
    const folder = temporaryFolder(t);
    const text = Buffer.from('\ufeffa,b\n1,ä\n');
    const table = await storeArtifact(folder, text, { name: 'table.csv' });
    assert.deepEqual(table, { name: 'table.csv', mediaType: 'text/csv', size: text.length, digest: sha256(text), content: { type: 'utf8', text: '\ufeffa,b\n1,ä\n' } });
    const plot = await storeArtifact(folder, png, { name: 'plot' });
    assert.deepEqual(plot, { name: 'plot', mediaType: 'image/png', size: 16, digest: sha256(png), content: { type: 'base64', data: png.toString('base64') } });
    const broken = await storeArtifact(folder, Buffer.from([0xff, 0x41]), { name: 'broken.txt' });
    assert.deepEqual(broken.content, { type: 'base64', data: '/0E=' });
    assert.deepEqual(readdirSync(folder), []);
    for (const { digest, content, size } of [table, plot, broken]) {
      const bytes = await readArtifact(folder, digest, content);
      assert.equal(bytes?.length, size);
      assert.equal(sha256(bytes), digest);
    }
  });

  it('keeps large ones once, under their digest', async (t) => {
    const folder = temporaryFolder(t);
    const bytes = Buffer.alloc(3_000_000, 'model');
    const file = path.join(folder, 'model.onnx');
    writeFileSync(file, bytes);
    const stored = await storeArtifact(folder, { path: file }, { name: 'model.onnx' });
    assert.deepEqual(stored, { name: 'model.onnx', mediaType: 'application/octet-stream', size: bytes.length, digest: sha256(bytes), content: { type: 'reference' } });
    const object = objectPath(folder, stored.digest) ?? '';
    const hex = stored.digest.slice(7);
    assert.equal(object, path.join(folder, 'objects', 'sha256', hex.slice(0, 2), hex.slice(2)));
    assert.deepEqual(readFileSync(object), bytes);
    const { ino } = statSync(object);
    utimesSync(object, 1, 1);
    await storeArtifact(folder, bytes, { name: 'again' });
    assert.equal(statSync(object).ino, ino, 'the object that is there is kept');
    assert.ok(statSync(object).mtimeMs > 1000, 'and counts as new');
    assert.deepEqual(readdirSync(path.join(folder, 'objects', 'sha256')), [hex.slice(0, 2)], 'no temporary file is left');
    assert.deepEqual(await readArtifact(folder, stored.digest, stored.content), bytes);
  });

  it('takes no more room for a file with holes than the file does', async (t) => {
    const folder = temporaryFolder(t);
    const file = path.join(folder, 'sparse.bin');
    for (const end of ['', 'end']) {
      writeFileSync(file, 'head');
      truncateSync(file, 64 * 1024 * 1024 + 7);
      appendFileSync(file, end);
      const { blocks, size } = statSync(file);
      const stored = await storeArtifact(folder, { path: file }, { name: 'sparse.bin' });
      const object = objectPath(folder, stored.digest) ?? '';
      assert.deepEqual([stored.size, stored.digest, statSync(object).size], [size, sha256(readFileSync(file)), size]);
      assert.ok(readFileSync(object).equals(readFileSync(file)));
      // A block has 512 bytes; what is read at once is written whole.
      assert.ok(statSync(object).blocks <= blocks + (4 * 1024 * 1024) / 512, `${statSync(object).blocks} blocks of ${blocks}`);
    }
  });

  it('draws the line at the inline limit, and takes a given media type', async (t) => {
    const folder = temporaryFolder(t);
    assert.equal((await storeArtifact(folder, Buffer.alloc(9), { name: 'x', inlineLimit: 10 })).content.type, 'base64');
    assert.equal((await storeArtifact(folder, Buffer.alloc(10), { name: 'x', inlineLimit: 10 })).content.type, 'reference');
    assert.equal((await storeArtifact(folder, Buffer.from('{}'), { name: 'x', mediaType: 'application/vnd.vega+json' })).content.type, 'utf8');
  });

  it('masks secrets in text, small and streamed, also where two reads are divided', async (t) => {
    const folder = temporaryFolder(t);
    const masker = createMasker(['a-secret-value']);
    const small = await storeArtifact(folder, Buffer.from('x a-secret-value y'), { name: 'a.txt', masker });
    assert.deepEqual([small.content, small.size], [{ type: 'utf8', text: 'x *** y' }, 7]);
    const file = path.join(folder, 'large.txt');
    // Reads are of 1 MiB.
    writeFileSync(file, `${'x'.repeat(1024 * 1024 - 5)}a-secret-value${'y'.repeat(100)}`);
    const large = await storeArtifact(folder, { path: file }, { name: 'large.txt', masker });
    const kept = Buffer.from((await readArtifact(folder, large.digest)) ?? []);
    assert.equal(kept.toString().replaceAll(/[xy]/g, ''), '***');
    assert.deepEqual([large.size, large.digest], [kept.length, sha256(kept)], 'size and digest are of what is kept');
  });

  it('refuses bytes that are no text and hold a secret, which masking would damage', async (t) => {
    const folder = temporaryFolder(t);
    const masker = createMasker(['a-secret-value']);
    const clean = Buffer.from([0, 1, 2, 255]);
    assert.equal((await storeArtifact(folder, clean, { name: 'x.pkl', masker })).digest, sha256(clean));
    for (const size of [10, 200_000]) {
      const bytes = Buffer.concat([clean, Buffer.alloc(size), Buffer.from('a-secret-value')]);
      await assert.rejects(storeArtifact(folder, bytes, { name: 'x.pkl', masker }), /it is not text, and the value of a secret is in it/);
    }
    assert.deepEqual(readdirSync(path.join(folder, 'objects', 'sha256')), [], 'nothing of it stays');
  });

  it('rejects for what is no file, without waiting for what comes from it', { timeout: 120_000 }, async (t) => {
    const folder = temporaryFolder(t);
    const [pipe, inside] = [path.join(folder, 'pipe'), path.join(folder, 'inside')];
    execFileSync('mkfifo', [pipe]);
    mkdirSync(inside);
    await assert.rejects(storeArtifact(folder, { path: pipe }, { name: 'x' }), { message: `${pipe} is a named pipe: write what comes from it to a file, and name that` });
    await assert.rejects(storeArtifact(folder, { path: '/dev/zero' }, { name: 'x' }), /^Error: \/dev\/zero is a device/);
    await assert.rejects(storeArtifact(folder, { path: inside }, { name: 'x' }), { message: `${inside} is a folder: name the files in it` });
  });

  it('takes a file of the system that says it is empty', async (t) => {
    const { content } = await storeArtifact(temporaryFolder(t), { path: '/proc/self/status' }, { name: 'status.txt' });
    assert.match(content.type === 'utf8' ? content.text : '', /^Name:/);
  });

  it('rejects for a file that is not there', async (t) => {
    await assert.rejects(storeArtifact(temporaryFolder(t), { path: '/nowhere/at/all' }, { name: 'x' }));
  });
});

describe('an object that somebody wrote to', () => {
  const bytes = Buffer.alloc(3_000_000, 'model');
  const flip = (object: string): void => {
    const changed = readFileSync(object);
    changed[1000] = 0xff;
    writeFileSync(object, changed);
  };

  it('is damaged, is not read, and is stored anew', async (t) => {
    const folder = temporaryFolder(t);
    const { digest } = await storeArtifact(folder, bytes, { name: 'model' });
    const object = objectPath(folder, digest) ?? '';
    assert.equal(await objectState(object), 'sound');
    flip(object);
    assert.equal(await objectState(object), 'damaged');
    assert.equal(await touchObject(object), false);
    assert.equal((await readArtifact(folder, digest))?.length, undefined);
    assert.equal(await readArtifactPart(folder, digest, { start: 0, end: 10 }), undefined);
    await storeArtifact(folder, bytes, { name: 'model' });
    assert.ok(readFileSync(object).equals(bytes));
    assert.equal(await objectState(object), 'sound');
    assert.equal((await readArtifactPart(folder, digest, { start: 0, end: 10 }))?.length, 10);
  });

  it('is not read as a whole even where its times were set back', async (t) => {
    const folder = temporaryFolder(t);
    const { digest } = await storeArtifact(folder, bytes, { name: 'model' });
    const object = objectPath(folder, digest) ?? '';
    const { mtimeMs } = statSync(object);
    flip(object);
    utimesSync(object, mtimeMs / 1000, mtimeMs / 1000);
    assert.equal((await readArtifact(folder, digest))?.length, undefined);
  });

  it('is another than one that is not known to be sound, which is looked at and marked then, and is no newer for that', async (t) => {
    const folder = temporaryFolder(t);
    const { digest } = await storeArtifact(folder, bytes, { name: 'model' });
    const object = objectPath(folder, digest) ?? '';
    const copy = path.join(folder, 'copy');
    copyFileSync(object, copy);
    writeFileSync(object, readFileSync(copy));
    // As an earlier version stored them.
    utimesSync(object, 1_700_000_000.1, 1_700_000_000.1);
    const { ino } = statSync(object);
    assert.equal(await objectState(object), 'sound');
    assert.equal(statSync(object, { bigint: true }).mtimeNs, 1_700_000_000_109_375_000n);
    assert.equal(await touchObject(object), true);
    assert.ok(statSync(object).mtimeMs > 1_700_000_001_000);
    assert.equal(statSync(object).ino, ino);
    assert.equal(await objectState(path.join(folder, 'none')), 'missing');
  });
});

describe('readArtifact', () => {
  it('gives nothing for what is not here, and never leaves the folder', async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(path.join(folder, 'secret'), 'secret');
    for (const digest of [sha256(png), 'sha256:../../secret', `sha256:${'0'.repeat(62)}/..`, '', 'md5:x', `sha256:${'A'.repeat(64)}`]) {
      assert.equal(await readArtifact(folder, digest as Digest, { type: 'reference' }), undefined);
    }
    assert.ok(!existsSync(path.join(folder, 'objects')));
  });
});
