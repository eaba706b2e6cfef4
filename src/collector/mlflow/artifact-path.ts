/** Paths of artifacts: what a client names is never a path on our disk, and is refused where it could be taken for one. */
import { invalid } from './refusal.ts';

const maxLength = 4096;
const maxSegment = 255;

/** A path relative to the artifact root, without leading or trailing slash; refuses what leaves it. */
export function artifactPath(given: string): string {
  const refuse = (why: string) => invalid(`Invalid path: ${why}: ${JSON.stringify(given.slice(0, 200))}`);
  if (given.length > maxLength) throw refuse(`it is longer than ${maxLength} characters`);
  if (/[\0-\x1f\x7f]/.test(given)) throw refuse('it has control characters');
  if (given.includes('\\')) throw refuse('separate folders with /');
  if (given.startsWith('/')) throw refuse('it is absolute');
  if (/^[a-zA-Z]:/.test(given)) throw refuse('it names a drive');
  const path = given.replace(/\/$/, '');
  for (const segment of path === '' ? [] : path.split('/')) {
    if (segment === '' || segment === '.' || segment === '..') throw refuse('it has an empty segment, . or ..');
    if (Buffer.byteLength(segment) > maxSegment) throw refuse(`a name is longer than ${maxSegment} bytes`);
  }
  return path;
}
