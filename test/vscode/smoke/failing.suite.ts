import { describe, it } from '../harness/runner.ts';

describe('a failure', () => {
  it('passes', () => undefined);
  it('throws', () => {
    throw new Error('as intended');
  });
  it('hangs', () => new Promise(() => undefined), { timeout: 200 });
});
