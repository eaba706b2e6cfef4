/** The secret of an attempt: 32 random bytes, in a form that is told from other text. */
import { randomBytes } from 'node:crypto';

export const tokenPattern = /rwt_[\w-]{43}/g;

export function createToken(): string {
  return `rwt_${randomBytes(32).toString('base64url')}`;
}
