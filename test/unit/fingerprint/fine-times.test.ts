import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { hasFineTimes, isMultigrain } from '../../../src/fingerprint/fine-times.ts';

describe('times of files that tell each change from the one before', () => {
  const ext4 = (): number => 0xef53;
  const nfs = (): number => 0x6969;

  it('are those of Linux since 6.13, on file systems that take part', () => {
    assert.equal(isMultigrain('linux', '6.13.0', ext4), true);
    assert.equal(isMultigrain('linux', '7.0.1-generic', ext4), true);
    assert.equal(isMultigrain('linux', '6.12.48', ext4), false);
    assert.equal(isMultigrain('linux', '5.15.167.4-microsoft-standard-WSL2', ext4), false);
    assert.equal(isMultigrain('linux', '6.13.0', nfs), false);
    assert.equal(isMultigrain('darwin', '25.1.0', ext4), false);
    assert.equal(isMultigrain('linux', 'unknown', ext4), false);
    assert.equal(isMultigrain('linux', '6.18.0', () => {
      throw new Error('not permitted');
    }), false);
  });

  it('are so where that is said: changes that follow one another at once differ', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'runweave-times-'));
    const file = path.join(folder, 'file');
    try {
      writeFileSync(file, '0');
      const stats = statSync(file, { bigint: true });
      const times = Array.from({ length: 200 }, (_, index) => {
        writeFileSync(file, String(index % 10));
        return statSync(file, { bigint: true }).ctimeNs;
      });
      if (hasFineTimes(file, stats)) assert.equal(new Set(times).size, 200);
      assert.equal(hasFineTimes(file, { ...stats, ctimeNs: 1_700_000_000_000_000_000n }), false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
