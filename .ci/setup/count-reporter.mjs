// A node:test reporter for test.mjs: the totals of a run and the files in which something failed, as JSON. Written by a reporter because what is printed for people may change.
// node:test takes reporters as default exports.
export default async function* countReporter(events) {
  const failed = new Map();
  for await (const { type, data } of events) {
    if (type === 'test:fail' && data.details?.type !== 'suite') failed.set(data.file ?? data.name, [...(failed.get(data.file ?? data.name) ?? []), data.name]);
    // One summary a file, and a last one, without a file, of all.
    if (type === 'test:summary' && data.file === undefined) yield JSON.stringify({ ...data.counts, failures: [...failed].map(([file, names]) => ({ file, names })) });
  }
}
