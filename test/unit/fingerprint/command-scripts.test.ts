import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { namedScripts } from '../../../src/fingerprint/command-scripts.ts';

const named = (command: string, isWindows = false): readonly string[] => namedScripts(command, { isWindows }).map(({ path: file, mayBeCompiled }) => file.replaceAll(path.sep, '/') + (mayBeCompiled ? ' (may be compiled)' : ''));

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
  ['{ cd tools && ./gen > ../build/g.txt; }', ['tools/gen']],
  ['A=1 cd tools; ./gen', ['tools/gen']],
  ['time cd tools; command cd a; builtin cd b; ./gen', ['tools/a/b/gen']],
  ['pushd tools; ./gen; popd; ./run', ['tools/gen', 'run (may be compiled)']],
  ['cd a; cd b; cd -; ./gen', ['a/gen']],
  ['while cd tools; do ./gen; done', ['tools/gen']],
  ['cd $X; cd ..; ./gen', ['gen', '../gen']],
  ['cd tools &>log; ./gen', ['tools/gen']],
  ["eval cd tools; eval 'cd sub'; ./gen", ['tools/sub/gen']],
  ["sh -c 'cd tools'; sh gen.sh", ['gen.sh']],
];

const branches: readonly (readonly [command: string, expected: readonly string[]])[] = [
  ['if [ -d tools ]; then cd tools; fi; sh gen.sh', ['gen.sh', 'tools/gen.sh']],
  ['if x; then cd a; else cd b; fi; sh gen.sh', ['gen.sh', 'a/gen.sh', 'b/gen.sh']],
  ['if ! cd a; then sh x.sh; elif cd b; then sh y.sh; fi', ['x.sh', 'a/x.sh', 'b/y.sh', 'a/b/y.sh']],
  ['for d in tools; do cd tools; sh gen.sh; done; sh x.sh', ['tools/gen.sh', 'x.sh', 'tools/x.sh']],
  ['for d in a b; do cd $d; make; cd ..; done; sh gen.sh', ['gen.sh', '../gen.sh']],
  ['while read x; do cd tools; sh a.sh; done; sh gen.sh', ['tools/a.sh', 'gen.sh', 'tools/gen.sh']],
  ['case $x in a|b) cd tools; sh a.sh;; c) sh b.sh; esac; sh c.sh', ['tools/a.sh', 'b.sh', 'c.sh', 'tools/c.sh']],
  ['case $x in a) cd tools ;& b) sh b.sh;; c) sh c.sh; esac', ['b.sh', 'tools/b.sh', 'c.sh']],
  ['case $x in a) cd tools ;;& b) sh b.sh;; c) sh c.sh; esac', ['b.sh', 'tools/b.sh', 'c.sh']],
  ['(cd a; case $x in x) sh x.sh;; esac; sh gen.sh); sh y.sh', ['a/x.sh', 'a/gen.sh', 'y.sh']],
  ['! cd tools && sh gen.sh', ['gen.sh', 'tools/gen.sh']],
  ['[ -d tools ] && cd tools\nsh gen.sh', ['gen.sh', 'tools/gen.sh']],
  ['cd a || cd b; sh gen.sh', ['a/gen.sh', 'b/gen.sh', 'a/b/gen.sh']],
  ['cd a || exit 1; sh gen.sh', ['a/gen.sh']],
  ['cd a || { echo no; exit 1; }; sh gen.sh', ['a/gen.sh']],
  ['exit; [ -d a ] && cd a; sh gen.sh', ['gen.sh', 'a/gen.sh']],
  ['f() { cd tools; exit; }; sh gen.sh', ['gen.sh']],
  ['f() { cd tools; sh f.sh; }; sh gen.sh', ['tools/f.sh', 'gen.sh', 'tools/gen.sh']],
  ['function f { cd tools; }; sh gen.sh', ['gen.sh', 'tools/gen.sh']],
  ['cd tools | cat; cd sub & sh gen.sh', ['gen.sh']],
  ['{ cd tools; sh a.sh; } | tee log; sh gen.sh', ['tools/a.sh', 'gen.sh']],
  ['cat x | { cd tools; }; sh gen.sh', ['gen.sh', 'tools/gen.sh']],
  ['`cd tools; sh a.sh`; sh gen.sh', ['tools/a.sh', 'gen.sh']],
  ['echo if then; "if" x; echo } done fi esac; done; fi; }; esac; ); cd a; sh gen.sh', ['a/gen.sh']],
];

const evaluated: readonly (readonly [command: string, expected: readonly string[]])[] = [
  ['eval "python scripts/x.py --a b"', ['scripts/x.py']],
  ["MODE=1 eval 'sh scripts/gen' >out", ['scripts/gen']],
  ['eval "$(./tool)"', ['tool']],
  ["eval 'sh' \"gen\" a", ['gen']],
  ["eval 'eval \"sh gen\"'", ['gen']],
  ['eval ./gen', ['gen']],
  ["echo 'eval' './gen'", []],
  ['eval "$X"; eval', []],
];

/** Of each module the folder that it would be, and where it is looked for, if that is another one. */
const modules: readonly (readonly [command: string, expected: readonly string[]])[] = [
  ['python -m src.train --x', ['src/train']],
  ['python3 -u -W ignore -m pkg', ['pkg']],
  ['python -Impkg.mod', ['pkg/mod']],
  ['cd tools && .venv/bin/python -m train', ['tools:train']],
  ['if x; then python3.12 -m train; fi', ['train']],
  ['"$PYTHON" -m train; $TOOL gen', ['train']],
  ['uv run python -m a.b && poetry run python -m c', ['a/b', 'c']],
  ['uv run -m a.b', ['a/b']],
  ['coverage run --source x -m a.b', ['a/b']],
  ['python -m cProfile -o out -m a.b', ['cProfile', 'a/b']],
  ['torchrun --nproc-per-node 2 -m a.b --x', ['a/b']],
  ['accelerate launch --module --num_processes 2 a.b -m c', ['a/b']],
  ['python train -m x', []],
  ['python -c "import x" -m y', []],
  ['python -m pytest -m slow', ['pytest']],
  ['uv run pytest -m slow', []],
  ['torchrun train.py -m x', []],
  ['git commit -m fix', []],
  ['echo python -m train', []],
  ['tar -C lib/python -vf bundle.tar --create .', []],
  ['grep -r python results.txt', []],
  ['python -m $X; python -m a-b; python -m ./x; python -m', []],
];

const elsewhere: typeof programs = [
  ['env -C sub ./x; ./y', ['sub/x', 'y (may be compiled)']],
  ['env -iC sub A=1 ./x.sh', ['sub/x.sh']],
  ['nice env -Csub sh gen && sh gen', ['sub/gen', 'gen']],
  ['/usr/bin/env --chdir=a --chdir b ./x', ['a/b/x']],
  ['cd a && env -C ../b python train.py', ['b/train.py']],
  ["env -C sub sh -c './x; cd more; ./y'; ./z", ['sub/x', 'sub/more/y (may be compiled)', 'z (may be compiled)']],
  ['env -C "$X" ./x', ['x']],
  ['echo x >> ./gen.sh; ./gen.sh', ['gen.sh']],
  ['>> gen.sh echo x; sh gen.sh', ['gen.sh']],
  ['echo x > ./gen.sh; echo y >> ./gen.sh; ./gen.sh', []],
  ["cat >> job <<'EOF'\npython train.py\nEOF\nsbatch job", ['train.py']],
  ['env -C sub ./x > made.sh; sh made.sh; sh sub/made.sh', ['sub/x', 'sub/made.sh']],
  ['env -u NAME ./x', ['x']],
  ['sudo -u me ./x; timeout -s KILL 5 ./y; exec -a name ./z', ['x', 'y (may be compiled)', 'z (may be compiled)']],
  ['python -W sub x.py', ['x.py']],
  ['make -C sub gen.sh; sh gen.sh', ['sub/gen.sh', 'gen.sh']],
  ['cd a; make all -kC b --directory=c x.py', ['a/b/c/x.py']],
  ['make -C sub; ./x', ['x (may be compiled)']],
];

const documents: typeof programs = [
  ["cat <<EOF\n./x\ncd sub; don't (\nEOF\nsh y.sh", ['y.sh']],
  ["cat > out.txt <<'EOF'\n$(./x)\nEOF\nsh y.sh", ['y.sh']],
  ['cat <<-EOF >&2 || exit\n\t./x\n\tEOF\nsh y.sh', ['y.sh']],
  ['usage() { cat >&2 <<"THE END"\nsh x.sh\nEOF\nTHE END\n}; sh y.sh', ['y.sh']],
  ['cat <<A; cat <<B; ./z\n./x\nA\n./y\nB\n./w', ['z (may be compiled)', 'w (may be compiled)']],
  ['cat <<EOF | tee a.txt | grep b\n./x\nEOF\n./y', ['y (may be compiled)']],
  // It is expanded.
  ['cat <<EOF\n$(sh x.sh) `sh y.sh`\nEOF\n', ['x.sh', 'y.sh']],
  // It is run, or may be.
  ['sh <<EOF\ncd sub\n./x\nEOF\n./y', ['sub/x', 'y (may be compiled)']],
  ['cat <<EOF | bash\n./x\nEOF', ['x']],
  ['python - <<EOF\nrun("gen.py")\nEOF', ['gen.py']],
  ['ssh host <<EOF\nsh x.sh\nEOF', ['x.sh']],
  ['cat > job <<EOF\npython train.py\nEOF\nsbatch job', ['train.py']],
  ['tee a/job.sh <<EOF && sh a/job.sh\n./x\nEOF', ['a/job.sh', 'x']],
  ['eval "$(cat <<EOF\n./x\nEOF\n)"', ['x']],
  ['while read f; do sh $f; done <<EOF\nx.sh\nEOF', ['x.sh']],
  // It is none.
  ['cat <<< EOF ./x\nsh x.sh\nEOF', ['x.sh']],
  ['x=$((1 << 2)); sh x.sh\nsh y.sh', ['x.sh', 'y.sh']],
  ['cat <<EOF\nsh x.sh', ['x.sh']],
];

for (const [what, cases] of [['programs', programs], ['what interpreters are given', given], ['folders that a command goes to', folders], ['folders that it may go to', branches], ['what is evaluated', evaluated], ['folders in which a program starts them', elsewhere], ['here-documents', documents]] as const) {
  describe(`scripts that a command names: ${what}`, () => {
    for (const [command, expected] of cases) it(JSON.stringify(command), () => assert.deepEqual(named(command), expected));
  });
}

describe('modules that a command names', () => {
  for (const [command, expected] of modules) {
    it(JSON.stringify(command), () => {
      const packages = named(command).filter((file) => file.endsWith('/__main__.py'));
      const folders = expected.flatMap((file) => [file.replace(':', '/'), file.includes(':') ? file.replace(':', '/src/') : `src/${file}`]);
      assert.deepEqual(packages, folders.map((folder) => `${folder}/__main__.py`));
    });
  }

  it('are a file or a package, in the folder or its `src`, with the packages around them', () => {
    const files = ['a/b.py', 'a/b/__main__.py', 'a/__init__.py', 'a/b/__init__.py'];
    assert.deepEqual(named('python -m a.b'), files.flatMap((file) => [file, `src/${file}`]));
  });

  it('are looked for along a PYTHONPATH that is written out', () => {
    const folders = (command: string, pythonPath?: string): readonly string[] =>
      namedScripts(command, { isWindows: false, pythonPath }).map((each) => each.path).filter((file) => path.basename(file) === 't.py').map((file) => path.dirname(file).replaceAll(path.sep, '/'));
    assert.deepEqual(folders('PYTHONPATH=lib:/opt/x:$PYTHONPATH python -m t'), ['.', 'src', 'lib', '/opt/x']);
    assert.deepEqual(folders('export PYTHONPATH="$PWD/../lib"\ncd a; python -m t'), ['a', 'a/src', 'lib']);
    assert.deepEqual(folders('python -m t', 'lib'), ['.', 'src', 'lib']);
    assert.deepEqual(folders('echo PYTHONPATH lib; python -m t'), ['.', 'src']);
  });
});

describe('scripts that a command names', () => {
  it('are found in a time that grows with the length of the command', () => {
    // Each takes minutes where the time is its square; or ends for want of stack.
    const parts = ['cd a;', 'pushd a;', 'if ', 'if ) ', 'fi;', '{ ', 'case x in ', ')', '(', 'eval ', 'eval A=1 "" ', "eval ''", 'cd a || ', 'python -m a.', 'a.', 'python -m a;', '-m ', 'python ', 'PYTHONPATH=a ', 'PYTHONPATH=a:b python -m a;', '`', '"\\"', '\'"', 'f() ', 'function f { ', '! ', 'env -C a ', 'make -C a ', 'make -C a;', 'sudo -u ', 'cat <<a;', 'cat <<a\n', 'cat <<a\na\n', 'cat >a <<a | sh\na\n'];
    for (const part of parts) assert.ok(namedScripts(part.repeat(100_000 / part.length), { isWindows: false }).length < 100, part);
  });

  it('have backslashes in their paths on Windows, and need no folder', () => {
    assert.deepEqual(namedScripts('tools\\gen.bat & publish', { isWindows: true }).map((each) => each.path), [path.join('tools\\gen.bat'), 'publish']);
  });

  it('are those that start the command at one place at least', () => {
    assert.deepEqual(named('./one; ./one'), ['one']);
  });
});
