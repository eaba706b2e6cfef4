/** What the fast parser says is what the careful one says, in text as people write it and break it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parsePlainYaml } from '../../../src/definition/plain-yaml.ts';
import { createReporter } from '../../../src/definition/reporter.ts';
import { parseYaml, type YamlNode } from '../../../src/definition/yaml-tree.ts';
import { randomFrom } from '../random.ts';

/** Values, how they were written, and the places of keys. */
function said(node: YamlNode): unknown {
  const { type, hasReference, size } = node;
  if (type === 'scalar') return { value: node.value, source: node.source, hasReference, size };
  if (type === 'sequence') return { items: node.items.map(said), hasReference, size };
  return { entries: [...node.entries].map(([name, { key, value }]) => [name, { start: key.start, end: key.end }, said(value)]), hasReference, size };
}

function careful(text: string): { readonly tree: unknown; readonly mistakes: readonly string[] } {
  const reporter = createReporter('runweave.yaml', text);
  const tree = parseYaml(text, reporter);
  return { tree: tree && said(tree), mistakes: reporter.diagnostics().map(({ message }) => message) };
}

const everyStyle = `
a: 'it''s'
"b": "tab\\t, \\u00e9 and
  a second line"
c: |
  one
   two

d: >-
  f
  g

  h
e: [1, 1.10, -0, +5, 007, .5, 5., 1_000, ~, null, True, yes, '', "1", 2024-01-01, 1.2.3, -x, a:b]
f:
- a
- b: c
  d: e
-
  - \${params.x}
? k
: v
g: {a: b, c, d: [e, f], "q":1}
h: # a comment
  plain text
  over lines
`;
const example = readFileSync(path.join(import.meta.dirname, '..', '..', '..', 'examples', 'digits', 'runweave.yaml'), 'utf8');
const pieces = [' ', '  ', '\n', '\t', ':', ': ', '- ', '#', ' #', '"', "'", '[', ']', '{', '}', ',', '&a ', '*a', '!x ', '|', '>', '%', '@', '`', '\\', '\0', 'é', '\r\n', '<<: ', '---\n', '...\n', '? ', 'a', '1', '-', '.5', 'e3', '~', 'null', '${x}', '\u2028'];

void describe('YAML without mistakes', () => {
  for (const [name, text] of Object.entries({ 'every style': everyStyle, 'the example': example, 'an explicit start': `---\n${example}`, 'lines of Windows': example.replaceAll('\n', '\r\n') })) {
    void it(`reads ${name}`, () => {
      const plain = parsePlainYaml(text);
      assert.ok(plain);
      assert.deepEqual({ tree: said(plain), mistakes: [] }, careful(text));
    });
  }

  void it('leaves to the careful parser what has more to it', () => {
    const others = ['a: &x b', 'a: &x b\nc: *x', 'a: !x b', '<<: {a: b}', 'a: b\na: c', '~: b', '[a]: b', '%YAML 1.2\n---\na: b', 'a: b\n---\nc: d', 'a: 0o17', 'a: 0x1F', 'a: 1e3', 'a: 1e999', 'a: .inf', 'a: "\\0"', 'a: [', '', '# nothing', 'text', '- a', '...\na: b', 'a: b\rc: d', '? |\n  a\n: b', '['.repeat(200)];
    assert.deepEqual(others.filter((text) => parsePlainYaml(text) !== undefined), []);
  });

  void it('says the same of text that was broken at random, or leaves it', () => {
    const below = randomFrom(7);
    let read = 0;
    for (let count = 0; count < 1500; count += 1) {
      const lines = (count % 2 === 0 ? everyStyle : example).split('\n');
      const from = below(lines.length);
      let text = lines.slice(from, from + 1 + below(12)).join('\n');
      for (let left = below(4); left > 0; left -= 1) {
        const at = below(text.length + 1);
        text = text.slice(0, at) + (below(5) < 3 ? (pieces[below(pieces.length)] ?? '') : '') + text.slice(at + below(3));
      }
      const plain = parsePlainYaml(text);
      if (plain === undefined) continue;
      read += 1;
      assert.deepEqual({ tree: said(plain), mistakes: [] }, careful(text), JSON.stringify(text));
    }
    assert.ok(read > 100, String(read));
  });
});
