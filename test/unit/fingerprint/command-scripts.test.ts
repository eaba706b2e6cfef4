import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { namedScripts } from '../../../src/fingerprint/command-scripts.ts';

const named = (command: string, isWindows = false): readonly string[] => namedScripts(command, isWindows).map(({ path: file, mayBeCompiled }) => file.replaceAll(path.sep, '/') + (mayBeCompiled ? ' (may be compiled)' : ''));

const programs: readonly (readonly [command: string, expected: readonly string[]])[] = [
  ['./one\n./two\n', ['one', 'two (may be compiled)']],
  ['echo a; ./two && ./three', ['two', 'three (may be compiled)']],
  ['set -e\nmkdir -p out\n./two a b >out/x', ['two']],
  ['MODE=1 ./one', ['one']],
  ['MODE="a b" LEVEL+=2 ./one', ['one']],
  ['env -i MODE=1 time -p nice -n 5 nohup ./one', ['one']],
  ['/usr/bin/env ./one', ['one']],
  ['timeout 10s exec ./one', ['one']],
  ['if ./check; then ./run; else ! ./other; fi', ['check', 'run (may be compiled)', 'other (may be compiled)']],
  ['while ! ./ready; do sleep 1; done', ['ready']],
  ['case $x in a) ./one;; esac', ['one (may be compiled)']],
  ['cat x | ./one || ./two & ./three', ['one (may be compiled)', 'two (may be compiled)', 'three (may be compiled)']],
  ['./"my tool" "./other"', ['my tool']],
  ['./my\\ tool', ['my tool']],
  ['./on\\\ne', ['one']],
  ["'./it'\"'\"'s'", ["it's"]],
  ['echo "$(./one)" `./two` $(./three)', ['one', 'two', 'three (may be compiled)']],
  ['x=$(./one)', ['one']],
  ['for f in $(find . -type f) ../out/x; do cat $f; done; cat `ls` ./y', []],
  ['cat $(ls) ./x && ./one', ['one (may be compiled)']],
  ['# ./none; sh none.sh\n./one # sh none.sh', ['one']],
  ['./one#a', ['one#a']],
  ['one', []],
  ['echo ./one', []],
  ['$TOOL/one; "${TOOL}/two"; ./t*; ~/x', ['~/x (may be compiled)']],
  ['/opt/one', ['/opt/one']],
  ['', []],
  [" \t\n;;&& | ( ) ` ' \" \\", []],
];

const given: readonly (readonly [command: string, expected: readonly string[]])[] = [
  ['sh gen', ['gen']],
  ['bash -eu gen --x', ['gen']],
  ['. ./env && source other', ['env', 'other']],
  ['python3.12 -u tasks/train', ['tasks/train']],
  ['.venv/bin/python train.py', ['.venv/bin/python', 'train.py']],
  ['sh < gen', ['gen']],
  ['sh -c "./one && sh two"', ['one', 'two']],
  ["bash -c 'cd tools; ./gen'; ./run", ['tools/gen', 'run (may be compiled)']],
  ['sh -ec "cat <<X\nit\'s\nX\n./one"', ['one (may be compiled)']],
  ['uv run train.py --on "data set.sql"', ['train.py', 'data set.sql', 'set.sql']],
  ['sh "$DIR/gen.sh" $X.sh', []],
  ['sh gen.sh >log.sh 2>&1 </dev/null', ['gen.sh']],
  ['echo x >made.sh; chmod +x made.sh && ./made.sh', []],
  ['curl -o got.sh x; sh got.sh', ['got.sh']],
];

const folders: readonly (readonly [command: string, expected: readonly string[]])[] = [
  ['cd tools && sh gen.sh', ['tools/gen.sh']],
  ['cd tools\n./gen\ncd sub/..\n./gen2', ['tools/gen', 'tools/gen2 (may be compiled)']],
  ['(cd tools && ./gen); ./run', ['tools/gen', 'run (may be compiled)']],
  ['x=$(cd tools; ./gen) ./run', ['tools/gen', 'run (may be compiled)']],
  ['cd "my tools" && ./gen', ['my tools/gen']],
  ['cd -P -- tools && ./gen', ['tools/gen']],
  ['cd ../.. && ./gen', ['../../gen']],
  ['cd /opt && ./gen', ['/opt/gen']],
  ['cd $X && ./gen', ['gen']],
  ['cd - && cd && cd ~ && ./gen', ['gen']],
];

for (const [what, cases] of [['programs', programs], ['what interpreters are given', given], ['folders that a command goes to', folders]] as const) {
  describe(`scripts that a command names: ${what}`, () => {
    for (const [command, expected] of cases) it(JSON.stringify(command), () => assert.deepEqual(named(command), expected));
  });
}

describe('scripts that a command names', () => {
  it('have backslashes in their paths on Windows, and need no folder', () => {
    assert.deepEqual(namedScripts('tools\\gen.bat & publish', true).map((each) => each.path), [path.join('tools\\gen.bat'), 'publish']);
  });

  it('are those that start the command at one place at least', () => {
    assert.deepEqual(named('./one; ./one'), ['one']);
  });
});
