import assert from 'node:assert/strict';
import { it } from 'node:test';
import { flush } from '../../../src/recording/flush.ts';

const skip = process.platform === 'win32' && 'nothing is flushed there';

function refusing(code: string) {
  let closed = 0;
  const error = Object.assign(new Error(code), { code });
  return { open: () => Promise.resolve({ sync: () => Promise.reject(error), close: () => Promise.resolve(void (closed += 1)) }), closed: () => closed };
}

it('a file system that can not flush a folder is no reason to fail', { skip }, async () => {
  for (const code of ['EINVAL', 'ENOTSUP', 'EPERM']) {
    const { open, closed } = refusing(code);
    await flush('.', open);
    assert.equal(closed(), 1);
  }
});

it('a disk that fails is', { skip }, async () => {
  await assert.rejects(flush('.', refusing('EIO').open), { code: 'EIO' });
});
