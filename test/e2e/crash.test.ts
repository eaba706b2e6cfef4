import { it } from 'node:test';
import { crash } from '../crash/crash.ts';

it('loses nothing, keeps nothing half done and leaves no process behind when it is killed at random moments', { timeout: 600_000 }, async (context) => {
  const seed = Date.now() % 2 ** 31;
  context.diagnostic(`seed ${seed}`);
  const { moments, ...counts } = await crash({ kills: 25, seed });
  context.diagnostic(JSON.stringify(counts));
  context.diagnostic(JSON.stringify(moments));
});
