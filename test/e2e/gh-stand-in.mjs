// Stands in for GitHub's program `gh`, for the calls that the workflow makes and no others: it answers them from the
// folder in GH_STATE. What the filters in `--jq` choose is chosen here in JavaScript.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const state = process.env.GH_STATE ?? '';
const args = process.argv.slice(2);
const option = (name) => args[args.indexOf(name) + 1];
const read = (name) => JSON.parse(readFileSync(path.join(state, name), 'utf8'));
const artifacts = read('artifacts.json');
const call = args.join(' ');
const repository = `repos/${process.env.GITHUB_REPOSITORY}`;
const body = () => readFileSync(option('--field').replace(/^body=@/, ''), 'utf8');

if ((process.env.GH_TOKEN ?? '') === '') fail('gh: set GH_TOKEN');
else if (call.startsWith('run list ')) {
  const runs = artifacts.filter(({ branch, event, conclusion }) => branch === option('--branch') && conclusion === option('--status') && event !== 'pull_request');
  console.log(runs.at(-1)?.run ?? '');
} else if (call.startsWith('run download ')) {
  const found = artifacts.find(({ run, name }) => String(run) === args[2] && name === option('--name'));
  if (found === undefined) fail('no valid artifacts found to download');
  else execFileSync('python3', ['-m', 'zipfile', '-e', path.join(state, 'zips', `${found.id}.zip`), option('--dir')]);
} else if (call.startsWith(`api --paginate ${repository}/actions/artifacts?`)) {
  for (const { id, name, fork } of artifacts.toReversed()) if (name.startsWith('runweave-') && !fork) console.log(id);
} else if (/^api \S+\/zip$/.test(call) && call.includes(`${repository}/actions/artifacts/`)) {
  process.stdout.write(readFileSync(path.join(state, 'zips', `${call.split('/').at(-2)}.zip`)));
} else if (call.startsWith(`api --paginate ${repository}/issues/7/comments?`)) {
  const mark = /startswith\("(.*?)"\)/.exec(option('--jq'))?.[1];
  for (const comment of read('comments.json')) if (comment.body.startsWith(mark)) console.log(comment.id);
} else if (call.includes(`--method POST ${repository}/issues/7/comments `)) {
  const comments = read('comments.json');
  writeFileSync(path.join(state, 'comments.json'), JSON.stringify([...comments, { id: comments.length + 1, body: body() }]));
} else if (call.includes(`--method PATCH ${repository}/issues/comments/`)) {
  const id = Number(/comments\/(\d+)/.exec(call)?.[1]);
  writeFileSync(path.join(state, 'comments.json'), JSON.stringify(read('comments.json').map((each) => (each.id === id ? { id, body: body() } : each))));
} else fail(`the stand-in for gh does not know: gh ${call}`);

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
