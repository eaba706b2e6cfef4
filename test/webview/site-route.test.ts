import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatRoute, parseRoute, type Route } from '../../webview/site/route.ts';

const routes: readonly (readonly [string, Route])[] = [
  ['#/', { panel: 'tracker' }],
  ['#/?filter=metrics.auc+%3E+0.9&sort=-metrics.auc%2Cparams.a%252Cb&group=branch', { panel: 'tracker', table: { filter: 'metrics.auc > 0.9', sort: [{ field: 'metrics.auc', descending: true }, { field: 'params.a,b', descending: false }], group: ['branch'] } }],
  ['#/compare/a/b%2Fc', { panel: 'tracker', compared: ['a', 'b/c'] }],
  ['#/runs/a', { panel: 'run', key: 'a' }],
  ['#/runs/a/artifacts/train%5Bx%3D1%2F2%5D/..%2Fp%20q.png', { panel: 'run', key: 'a', tab: 'artifacts', task: 'train[x=1/2]', artifact: '../p q.png' }],
  ['#/lineage', { panel: 'lineage' }],
  ['#/lineage/trace/run%2Ftrain%2Fmodel.pkl', { panel: 'lineage', question: { type: 'trace', output: 'run/train/model.pkl', direction: 'upstream' } }],
  ['#/lineage/from/data.csv', { panel: 'lineage', question: { type: 'trace', output: 'data.csv', direction: 'downstream' } }],
  ['#/lineage/history/train', { panel: 'lineage', question: { type: 'history', task: 'train' } }],
  ['#/lineage/review', { panel: 'lineage', question: { type: 'review' } }],
];

describe('an address of a site', () => {
  for (const [fragment, route] of routes) {
    it(`${fragment} is read and written`, () => {
      assert.deepEqual(parseRoute(fragment), route);
      assert.equal(formatRoute(route), fragment);
    });
  }
  for (const fragment of ['', '#', '#nonsense', '#/runs', '#/compare/a']) {
    it(`${fragment || 'none'} is the table`, () => assert.deepEqual(parseRoute(fragment), { panel: 'tracker' }));
  }
  it('is taken as it is where it is not encoded right', () => assert.deepEqual(parseRoute('#/runs/%zz'), { panel: 'run', key: '%zz' }));
});
