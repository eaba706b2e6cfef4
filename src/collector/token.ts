/** The secret of an attempt: 32 random bytes, in a form that is told from other text. */
import { randomBytes } from 'node:crypto';

export const tokenPattern = /rwt_[\w-]{43}/g;

export function createToken(): string {
  // To ask the system for a few bytes takes as long as to ask for thousands.
  if (pool.length === 0) pool = randomBytes(32 * 64);
  const taken = pool.subarray(0, 32);
  pool = pool.subarray(32);
  return `rwt_${taken.toString('base64url')}`;
}
let pool: Buffer = Buffer.alloc(0);
