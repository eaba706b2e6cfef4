// A node:test reporter for test.mjs: the totals of a run, and of each file in which something failed what that was and how
// many tests passed in it, as JSON. Written by a reporter because what is printed for people may change.

import path from 'node:path';

/** Fails because of something else that is told as well: a subtest, a hook, or the suite around it. */
const consequences = new Set(['subtestsFailed', 'cancelledByParent']);

// node:test takes reporters as default exports.
export default async function* countReporter(events) {
  const failures = new Map();
  const passed = new Map();
  for await (const { type, data } of events) {
    if (type === 'test:fail') {
      // A file that could not be loaded, or ended too early, is a failed test that is called as the file was.
      const file = data.file ?? data.name;
      const names = failures.get(file) ?? new Set();
      const name = path.resolve(data.name) === file ? 'the file itself' : data.name;
      failures.set(file, consequences.has(data.details?.error?.failureType) ? names : names.add(name));
    }
    // One summary a file that came to its end, and a last one, without a file, of all.
    if (type !== 'test:summary') continue;
    if (data.file !== undefined) passed.set(data.file, data.counts.passed);
    else yield JSON.stringify({ ...data.counts, failures: [...failures].map(([file, names]) => ({ file, names: [...names], passed: passed.get(file) ?? 0 })) });
  }
}
