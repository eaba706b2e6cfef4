import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { PatientWatcher } from '../../../src/execution/patient-watcher.ts';

let folder = '';
let reads: string[] = [];
let events: string[] = [];
let wake: () => void = () => undefined;
let watcher: CountingWatcher | undefined;

class CountingWatcher extends PatientWatcher {
  override _readdirp(...args: Parameters<PatientWatcher['_readdirp']>): ReturnType<PatientWatcher['_readdirp']> {
    reads.push(path.relative(folder, args[0]));
    return super._readdirp(...args);
  }
}

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-patient-')));
  mkdirSync(at('src'));
  for (const name of ['a.txt', 'b.txt', 'src']) writeFileSync(at(`src/${name}`), name);
  watcher = new CountingWatcher({ ignoreInitial: true, atomic: true });
  watcher.add(folder);
  watcher.on('all', (event, file) => {
    events.push(`${event} ${path.relative(folder, file)}`);
    wake();
  });
  await new Promise<void>((resolve) => watcher?.once('ready', resolve));
  [reads, events] = [[], []];
});
afterEach(async () => {
  await watcher?.close();
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string): string => path.join(folder, name);

async function told(event: string): Promise<void> {
  while (!events.includes(event)) await new Promise<void>((resolve) => (wake = resolve));
}

describe('the patient watcher', { timeout: 300_000 }, () => {
  it('reads no folder when a file in it was written', async () => {
    writeFileSync(at('src/a.txt'), 'other');
    await told('change src/a.txt');
    // The system tells in order: what it had to tell of the first file is over.
    writeFileSync(at('src/b.txt'), 'other');
    await told('change src/b.txt');
    // Elsewhere, what an event is about is not told apart.
    if (process.platform === 'linux') assert.deepEqual(reads, []);
  });

  it('reads it when something came, went, or has another name', async () => {
    writeFileSync(at('src/new.txt'), 'new');
    await told('add src/new.txt');
    assert.ok(reads.includes('src'));
    renameSync(at('src/a.txt'), at('src/c.txt'));
    await told('add src/c.txt');
    await told('unlink src/a.txt');
    rmSync(at('src/b.txt'));
    await told('unlink src/b.txt');
    mkdirSync(at('src/deep'));
    await told('addDir src/deep');
  });

  it('tells of what was written to a new file, and to one that took the place of another', async () => {
    writeFileSync(at('src/new.txt'), 'new');
    await told('add src/new.txt');
    writeFileSync(at('src/new.txt'), 'newer');
    await told('change src/new.txt');
    writeFileSync(at('src/other.tmp'), 'other');
    renameSync(at('src/other.tmp'), at('src/a.txt'));
    await told('change src/a.txt');
  });
});
