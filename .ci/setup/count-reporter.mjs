// A node:test reporter for test.mjs: the totals of a run, as JSON. Written by a reporter because what is printed for people may change.
// node:test takes reporters as default exports.
export default async function* countReporter(events) {
  for await (const { type, data } of events) {
    // One summary a file, and a last one, without a file, of all.
    if (type === 'test:summary' && data.file === undefined) yield JSON.stringify(data.counts);
  }
}
