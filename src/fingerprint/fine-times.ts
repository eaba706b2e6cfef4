/**
 * Where a change to a file after a look at it always shows in its ctime, however soon it comes: Linux since 6.13 gives
 * an inode whose times were asked for a fresh time at its next change ("multigrain timestamps", kernel.org,
 * Documentation/filesystems/multigrain-ts.rst), and not that of the last tick of the clock, which several changes share.
 */
import { statfsSync, type BigIntStats } from 'node:fs';
import { release } from 'node:os';

/** `f_type` of statfs(2) of ext4, XFS, Btrfs and tmpfs, which take part. */
const filesystems = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994]);
const second = 1_000_000_000n;

/** By device. */
const known = new Map<bigint, boolean>();

/** Of a file, or what `absolute` links to, by what it was seen to be. */
export function hasFineTimes(absolute: string, { dev, ctimeNs }: BigIntStats): boolean {
  // A file system that was made with small inodes has whole seconds.
  if (ctimeNs % second === 0n) return false;
  let answer = known.get(dev);
  if (answer === undefined) known.set(dev, (answer = isMultigrain(process.platform, release(), () => statfsSync(absolute).type)));
  return answer;
}

export function isMultigrain(platform: string, kernel: string, filesystem: () => number): boolean {
  const [, major = 0, minor = 0] = (/^(\d+)\.(\d+)/.exec(kernel) ?? []).map(Number);
  if (platform !== 'linux' || major < 6 || (major === 6 && minor < 13)) return false;
  try {
    return filesystems.has(filesystem());
  } catch {
    return false;
  }
}
