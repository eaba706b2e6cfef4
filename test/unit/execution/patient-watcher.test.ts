import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
  it('reads no folder for what becomes of files in it', async () => {
    writeFileSync(at('src/a.txt'), 'other');
    await told('change src/a.txt');
    writeFileSync(at('src/new.txt'), 'new');
    await told('add src/new.txt');
    renameSync(at('src/a.txt'), at('src/c.txt'));
    await told('add src/c.txt');
    await told('unlink src/a.txt');
    rmSync(at('src/b.txt'));
    await told('unlink src/b.txt');
    // Elsewhere, what an event is about is not told apart.
    if (process.platform === 'linux') assert.deepEqual(reads, []);
  });

  it('reads it for folders and links', async () => {
    mkdirSync(at('src/deep'));
    await told('addDir src/deep');
    assert.ok(reads.includes('src'));
    symlinkSync(at('src/a.txt'), at('src/link.txt'));
    await told('add src/link.txt');
    rmSync(at('src/deep'), { recursive: true });
    await told('unlinkDir src/deep');
    writeFileSync(at('src/deep'), 'a file now');
    await told('add src/deep');
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
