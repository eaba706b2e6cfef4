import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shapeGraph } from '../../../src/model/graph-shape.ts';
import { escapeLabel, graphToMermaid } from '../../../src/model/mermaid.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { GraphTask, TaskStatus } from '../../../src/model/graph-task.ts';
import { digitsGraph } from '../../webview/digits.ts';

function task(id: string, dependencies: readonly string[] = [], status: Partial<TaskStatus> = {}, name = id.replace(/\[.*/, '')): GraphTask {
  return { id: id as TaskId, name, kind: 'python', dependencies: dependencies as readonly TaskId[], source: 'a.py', hasOutput: false, status: { phase: 'pending', reasons: [], ...status } };
}

describe('graphToMermaid', () => {
  it('draws a matrix as one node', () => {
    assert.equal(
      graphToMermaid(digitsGraph()),
      `flowchart TB
  n0("ingest")
  n1("eda")
  n2("split")
  n3[["train ×3"]]
  n4[["benchmark ×3"]]
  n5("summary")
  n0 --> n1
  n0 --> n2
  n2 --> n3
  n3 --> n4
  n4 --> n5
`,
    );
  });

  it('draws an opened matrix as a frame around its values, paired values joined one to one', () => {
    const text = graphToMermaid(digitsGraph(), { open: 'all', direction: 'LR' });
    assert.match(text, /^flowchart LR\n/);
    assert.match(text, / {2}subgraph c0\["train ×3"\]\n {4}n3\("nr_train_images=400"\)\n/);
    assert.match(text, /n3 --> n6\n {2}n4 --> n7\n {2}n5 --> n8\n/);
    assert.doesNotMatch(text, /n3 --> n7/);
  });

  it('adds states and colours when asked', () => {
    const text = graphToMermaid([task('a', [], { phase: 'success', duration: 3200 }), task('b', ['a'], { phase: 'failure' })], { states: true });
    assert.match(text, /n0\("a<br\/>✓ 3\.2 s"\):::success/);
    assert.match(text, /n1\("b<br\/>✗ failed"\):::failure/);
    assert.match(text, /classDef failure stroke:#d1242f/);
  });

  it('lets no name add syntax', () => {
    const hostile = ['"]; click n0 "javascript:alert(1)"', '%%{init: {"securityLevel":"loose"}}%%', 'a\n  end\n  n9["x"]', '<img src=x onerror=alert(1)>', '`**b**`', '$$x$$', '1. one', '- item', '#quot;', 'https://example.com'];
    const lines = graphToMermaid(hostile.map((name) => task(name, [], {}, name))).trimEnd().split('\n');
    assert.equal(lines.length, 1 + hostile.length);
    for (const line of lines.slice(1)) assert.match(line, /^ {2}n\d+\("(?:[^"<>`*%{}|@$!\\&;#]|#\d+;)*"\)$/u);
  });

  it('says how many tasks are left out', () => {
    const many = Array.from({ length: 400 }, (_, index) => task(`${String.fromCharCode(97 + (index % 26))}${index}`));
    assert.match(graphToMermaid(many, { limit: 100 }), /%% 300 tasks are not drawn\n$/);
  });
});

describe('escapeLabel', () => {
  it('leaves ordinary names as they are', () => assert.equal(escapeLabel('train[nr_train_images=400, lr=1e-3]'), 'train[nr_train_images=400, lr=1e-3]'));
});

describe('shapeGraph', () => {
  it('draws thousands of matrix values as one node, and opened no more than a few, the urgent first', () => {
    const values = Array.from({ length: 5000 }, (_, index) => task(`fit[seed=${index}]`, [], index === 4999 ? { phase: 'failure' } : {}));
    assert.deepEqual(shapeGraph(values).nodes.map((node) => [node.type, node.tasks.length]), [['matrix', 5000]]);
    const { nodes, hidden } = shapeGraph(values, { open: new Set(['matrix:fit']) });
    assert.ok(nodes.length <= 61);
    assert.ok(nodes.some((node) => node.id === 'fit[seed=4999]'));
    assert.equal(nodes.at(-1)?.type, 'more');
    assert.equal(hidden, 0);
  });

  it('groups names with a common prefix when there are too many', () => {
    const many = ['load', 'clean', 'join'].flatMap((prefix) => Array.from({ length: 100 }, (_, index) => task(`${prefix}_${index}`, prefix === 'load' ? [] : [`load_${index}`])));
    const shape = shapeGraph(many);
    assert.deepEqual(shape.nodes.map((node) => [node.id, node.tasks.length]), [['group:load', 100], ['group:clean', 100], ['group:join', 100]]);
    assert.deepEqual(shape.edges, [['group:load', 'group:clean'], ['group:load', 'group:join']]);
  });

  it('keeps what needs attention when it must hide', () => {
    const many = Array.from({ length: 300 }, (_, index) => task(`t${index}x`, [], index === 299 ? { phase: 'running' } : { phase: 'success' }));
    const shape = shapeGraph(many, { limit: 10 });
    assert.equal(shape.nodes.length, 10);
    assert.equal(shape.hidden, 290);
    assert.equal(shape.nodes.at(-1)?.id, 't299x');
  });

  it('filters to the matches and their neighbours', () => {
    const shape = shapeGraph(digitsGraph(), { filter: 'split' });
    assert.deepEqual(shape.nodes.map((node) => node.id), ['ingest', 'split', 'matrix:train']);
  });

  it('draws one edge between frames where every value meets every value', () => {
    const left = Array.from({ length: 10 }, (_, index) => task(`a[i=${index}]`));
    const right = Array.from({ length: 10 }, (_, index) => task(`b[j=${index}]`, left.map(({ id }) => id)));
    assert.deepEqual(shapeGraph([...left, ...right], { open: 'all' }).edges, [['matrix:a', 'matrix:b']]);
  });
});
