import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { describe, it } from 'node:test';
import { createMlflow } from '../../../../src/collector/mlflow/mlflow-service.ts';
import type { Report } from '../../../../src/collector/service.ts';
import { at, attemptSpan, openClient, refusalOf, textOf, type Client } from './client.ts';

const of = <T extends Report['type']>(client: Client, type: T): readonly Extract<Report, { readonly type: T }>[] => client.reports.filter((report): report is Extract<Report, { readonly type: T }> => report.type === type);
const tags = (client: Client): Record<string, string> => Object.fromEntries(of(client, 'tag').map(({ name, value }) => [name, value]));

describe('endpoints', () => {
  it('owns what is MLflow\'s', () => {
    const { owns } = createMlflow(() => 0);
    for (const path of ['/api/2.0/mlflow/runs/get', '/api/3.0/mlflow/server-info', '/ajax-api/2.0/mlflow/x', '/api/2.0/mlflow-artifacts/artifacts', '/version', '/health', '/api/unheard-of']) assert.ok(owns(path), path);
    for (const path of ['/v1/traces', '/', '/versions', '/apis']) assert.ok(!owns(path), path);
  });

  it('says what it is', async (context) => {
    const client = openClient(context);
    assert.match(textOf(await client.send('GET', '/version')), /^3\.\d+\.\d+$/);
    assert.equal((await client.send('GET', '/health')).body, 'OK');
    const info = await client.call('GET', '/api/3.0/mlflow/server-info');
    assert.deepEqual([at(info, 'workspaces_enabled'), at(info, 'multipart_uploads_enabled')], [false, false]);
  });

  const refusals: readonly (readonly [string, string, string | undefined, string])[] = [
    ['GET', 'unheard/of', undefined, '404 ENDPOINT_NOT_FOUND'],
    ['GET', '/api/2.0/elsewhere/runs/get', undefined, '404 ENDPOINT_NOT_FOUND'],
    ['GET', '/api/2.0/mlflow-artifacts/unheard', undefined, '404 ENDPOINT_NOT_FOUND'],
    ['POST', 'constructor', undefined, '404 ENDPOINT_NOT_FOUND'],
    ['POST', 'runs/create', 'no json', '400 BAD_REQUEST'],
    ['POST', 'runs/create', '[]', '400 BAD_REQUEST'],
    ['POST', 'runs/create', `{"run_name": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`, '400 BAD_REQUEST'],
    ['POST', 'runs/create', '{"run_name": [["}"]]}', '400 INVALID_PARAMETER_VALUE'],
    ['POST', 'runs/create', '{"tags": 5}', '400 INVALID_PARAMETER_VALUE'],
    ['POST', 'runs/create', '{"experiment_id": "9"}', '404 RESOURCE_DOES_NOT_EXIST'],
    ['GET', 'runs/get', undefined, '400 INVALID_PARAMETER_VALUE'],
    ['POST', '/api/2.0/mlflow-artifacts/mpu/create/a/b', '{}', '501 NOT_IMPLEMENTED'],
    ['GET', '/api/3.0/mlflow/traces/get', undefined, '501 NOT_IMPLEMENTED'],
  ];
  for (const [method, path, body, expected] of refusals) {
    it(`${method} ${path} with ${(body ?? 'nothing').slice(0, 40)}: ${expected}`, async (context) => {
      const answer = await openClient(context).send(method, path, body);
      assert.equal(refusalOf(answer), expected);
      assert.match(textOf(answer), /"message":".{10,}"/);
    });
  }

  it('has the words by which the client uploads in one piece', async (context) => {
    assert.match(textOf(await openClient(context).send('POST', '/api/2.0/mlflow-artifacts/mpu/create/x', '{}')), /"message":"Multipart upload is not supported for the current artifact repository/);
  });

  it('shapes the errors of the server', () => {
    const error = createMlflow(() => 0).error(401, 'no token', { headers: {} });
    assert.deepEqual([error.status, JSON.parse(textOf(error))], [401, { error_code: 'UNAUTHENTICATED', message: 'no token' }]);
  });
});

describe('runs', () => {
  it('takes the first run for the task, and every other for a child', async (context) => {
    const client = openClient(context, 'train[n=4]');
    const own = await client.run();
    assert.ok(own.startsWith(attemptSpan) && /^[0-9a-f]{32}$/.test(own));
    const nested = await client.run({ tags: [{ key: 'mlflow.parentRunId', value: own }] });
    const inner = await client.run({ run_name: 'inner', tags: [{ key: 'mlflow.parentRunId', value: nested }] });
    const again = await client.run();
    const names = await Promise.all([own, nested, inner, again].map(async (id) => at(await client.call('GET', 'runs/get', { run_id: id }), 'run.info.run_name')));
    assert.deepEqual(names, ['train[n=4]', 'child-1', 'inner', 'run-2']);
    for (const id of [inner, nested, again]) await client.call('POST', 'runs/update', { run_id: id, status: 'FINISHED', end_time: 900 });
    assert.deepEqual(
      of(client, 'span').map(({ span }) => [span.name, span.spanId, span.parentSpanId, span.start, span.end]),
      [
        ['child-1/inner', inner.slice(0, 16), nested.slice(0, 16), '500000000', '900000000'],
        ['child-1', nested.slice(0, 16), attemptSpan, '500000000', '900000000'],
        ['run-2', again.slice(0, 16), attemptSpan, '500000000', '900000000'],
      ],
    );
  });

  it('has the same ids each time', async (context) => {
    assert.equal(await openClient(context).run(), await openClient(context).run());
  });

  it('reports what is logged, children\'s metrics under their label', async (context) => {
    const client = openClient(context);
    const own = await client.run();
    const child = await client.run({ run_name: 'fold', tags: [{ key: 'mlflow.parentRunId', value: own }] });
    await client.call('POST', 'runs/log-metric', { run_id: own, key: 'loss', value: 0.5, timestamp: 1700000000123, step: 3 });
    await client.call('POST', 'runs/log-metric', { run_id: child, key: 'loss', value: 'NaN', timestamp: 5 });
    await client.call('POST', 'runs/log-batch', { run_id: child, metrics: [{ key: 'loss', value: '-Infinity', timestamp: 6, step: 1 }], params: [{ key: 'p', value: '1' }], tags: [{ key: 't', value: 'x' }] });
    await client.call('POST', 'runs/log-parameter', { run_id: own, key: 'p', value: '2' });
    assert.deepEqual(
      of(client, 'metric').map(({ name, value, step, time }) => [name, value, step, time]),
      [['loss', 0.5, 3, '1700000000123000000'], ['fold/loss', NaN, 0, '5000000'], ['fold/loss', -Infinity, 1, '6000000']],
    );
    assert.deepEqual(of(client, 'param').map(({ name, value }) => [name, value]), [['p', '2']]);
    assert.deepEqual(at(await client.call('GET', 'metrics/get-history', { run_id: child, metric_key: 'loss' }), 'metrics'), [{ key: 'loss', value: 'NaN', timestamp: 5, step: 0 }, { key: 'loss', value: '-Infinity', timestamp: 6, step: 1 }]);
    await client.call('POST', 'runs/update', { run_id: child, status: 'FAILED' });
    const [told] = of(client, 'span');
    assert.deepEqual([told?.span.status.code, told?.span.attributes['mlflow.param.p'], told?.span.attributes['mlflow.tag.t'], told?.span.attributes['mlflow.metric.loss']], [2, '1', 'x', '-Infinity']);

    await client.call('POST', 'runs/log-parameter', { run_id: child, key: 'late', value: 'y' });
    await client.call('POST', 'runs/update', { run_id: child, status: 'FINISHED' });
    client.close();
    assert.deepEqual(of(client, 'param').at(-1), { type: 'param', name: 'fold/late', value: 'y' });
    assert.equal(of(client, 'span').length, 1, 'a span is told once');
  });

  it('tells at the end what was not ended', async (context) => {
    const client = openClient(context);
    const own = await client.run();
    const outer = await client.run({ run_name: 'outer', tags: [{ key: 'mlflow.parentRunId', value: own }] });
    await client.run({ run_name: 'inner', tags: [{ key: 'mlflow.parentRunId', value: outer }] });
    client.close();
    assert.deepEqual(of(client, 'span').map(({ span }) => [span.name, span.status.code, span.attributes['mlflow.status']]), [['outer/inner', 0, 'RUNNING'], ['outer', 0, 'RUNNING']]);
  });

  it('gives equal names numbers', async (context) => {
    const client = openClient(context);
    const own = await client.run();
    for (let index = 0; index < 3; index += 1) await client.run({ run_name: 'fold', tags: [{ key: 'mlflow.parentRunId', value: own }] });
    client.close();
    assert.deepEqual(of(client, 'span').map(({ span }) => span.name).sort(), ['fold', 'fold-2', 'fold-3']);
  });

  it('refuses another value for a parameter, and nothing of a refused batch is logged', async (context) => {
    const client = openClient(context);
    const run_id = await client.run();
    await client.call('POST', 'runs/log-parameter', { run_id, key: 'p', value: '1' });
    await client.call('POST', 'runs/log-parameter', { run_id, key: 'p', value: '1' });
    const reported = client.reports.length;
    assert.equal(await client.refusal('POST', 'runs/log-parameter', { run_id, key: 'p', value: '2' }), '400 INVALID_PARAMETER_VALUE');
    const metric = { key: 'm', value: 1, timestamp: 1, step: 0 };
    const refused: readonly object[] = [
      { metrics: [metric], params: [{ key: 'p', value: '2' }] },
      { metrics: [metric], params: [{ key: 'q', value: '1' }, { key: 'q', value: '2' }] },
      { metrics: [metric, { key: 'n', value: 'much', timestamp: 1 }] },
      { metrics: [metric, { key: 'n', value: 1 }] },
      { metrics: [metric, { key: 'n', value: 1, timestamp: -1 }] },
      { metrics: [metric, { key: 'n', value: 1, timestamp: 1, step: 1e30 }] },
      { metrics: [metric, { key: '../n', value: 1, timestamp: 1 }] },
      { metrics: Array.from({ length: 1001 }, () => metric) },
      { metrics: [metric], tags: Array.from({ length: 101 }, (_, index) => ({ key: `t${index}`, value: '' })) },
      { metrics: Array.from({ length: 950 }, () => metric), params: Array.from({ length: 60 }, (_, index) => ({ key: `x${index}`, value: '' })) },
      { metrics: [metric], params: [{ key: 'large', value: 'x'.repeat(1_000_001) }] },
    ];
    for (const batch of refused) assert.equal(await client.refusal('POST', 'runs/log-batch', { run_id, ...batch }), '400 INVALID_PARAMETER_VALUE');
    assert.equal(client.reports.length, reported);
  });

  it('keeps what looks like an object\'s own name apart from it', async (context) => {
    const client = openClient(context);
    const run_id = await client.run();
    await client.call('POST', 'runs/log-parameter', { run_id, key: '__proto__', value: 'x' });
    await client.call('POST', 'runs/log-metric', { run_id, key: 'constructor', value: 1, timestamp: 1 });
    const answer = await client.call('GET', 'runs/get', { run_id });
    assert.deepEqual([at(answer, 'run.data.params'), at(answer, 'run.data.metrics.0.key')], [[{ key: '__proto__', value: 'x' }], 'constructor']);
  });

  it('says under which run the task was logged, and that its code called it failed', async (context) => {
    const client = openClient(context);
    const run_id = await client.run();
    await client.call('POST', 'runs/update', { run_id, status: 'FAILED', end_time: 5 });
    assert.deepEqual([tags(client)['mlflow.run_id'], tags(client)['mlflow.status']], [run_id, 'FAILED']);
    assert.equal(of(client, 'span').length, 0);
  });

  it('records no time that a record can\'t hold', async (context) => {
    const client = openClient(context);
    const run_id = await client.run();
    const nanoseconds = 1_700_000_000_123_456_800;
    await client.call('POST', 'runs/log-metric', { run_id, key: 'm', value: 1, timestamp: nanoseconds });
    const child = await client.run({ start_time: nanoseconds, tags: [{ key: 'mlflow.parentRunId', value: run_id }] });
    await client.call('POST', 'runs/update', { run_id: child, status: 'FINISHED', end_time: 5 });
    assert.equal(of(client, 'metric')[0]?.time, undefined);
    assert.deepEqual(of(client, 'span').map(({ span }) => span.start === span.end && BigInt(span.end) < 2n ** 64n), [true]);
    assert.equal(at(await client.call('GET', 'metrics/get-history', { run_id, metric_key: 'm' }), 'metrics.0.timestamp'), nanoseconds);
  });

  it('records datasets once, with what is known of them', async (context) => {
    const client = openClient(context);
    const run_id = await client.run();
    const input = { dataset: { name: 'd', digest: '1', source_type: 'http', source: '{"url": "u"}', schema: 'no json' }, tags: [{ key: 'mlflow.data.context', value: 'training' }] };
    await client.call('POST', 'runs/log-inputs', { run_id, datasets: [input, input] });
    assert.deepEqual(of(client, 'dataset').map(({ dataset }) => dataset), [{ name: 'd', digest: '1', context: 'training', sourceType: 'http', source: { url: 'u' }, schema: 'no json' }]);
  });

  it('gives the history of a long metric in pages', async (context) => {
    const client = openClient(context);
    const run_id = await client.run();
    for (let start = 0; start < 60_000; start += 1000) {
      await client.call('POST', 'runs/log-batch', { run_id, metrics: Array.from({ length: 1000 }, (_, index) => ({ key: 'm', value: start + index, timestamp: 1, step: start + index })) });
    }
    const first = await client.call('GET', 'metrics/get-history', { run_id, metric_key: 'm' });
    const second = await client.call('GET', 'metrics/get-history', { run_id, metric_key: 'm', page_token: at(first, 'next_page_token') as string });
    assert.deepEqual([at(first, 'metrics.length'), at(second, 'metrics.length'), at(second, 'metrics.9999.step'), at(second, 'next_page_token')], [50_000, 10_000, 59_999, undefined]);
    const bulk = await client.call('GET', 'metrics/get-history-bulk-interval', { run_ids: [run_id], metric_key: 'm', start_step: '10', end_step: '12' });
    assert.deepEqual(at(bulk, 'metrics.*.step'), [10, 11, 12]);
  });
});

describe('artifacts', () => {
  it('go into the record under the name that they have in their run, and stay readable', async (context) => {
    const client = openClient(context);
    const own = await client.run();
    const child = await client.run({ run_name: 'fold', tags: [{ key: 'mlflow.parentRunId', value: own }] });
    assert.equal((await client.put(`0/${own}/artifacts/a/b.txt`, 'one')).status, 200);
    await client.put(`0/${child}/artifacts/b.txt`, 'two');
    await client.put('0/traces/tr-1/artifacts/traces.json', '{}');
    const reported = of(client, 'artifact');
    assert.deepEqual(reported.map(({ name }) => name), ['a/b.txt', 'fold/b.txt', 'mlflow/0/traces/tr-1/artifacts/traces.json']);
    assert.ok(reported.every(({ file }) => file.startsWith(client.scratch)));
    // Who is told owns the file, and may take it away.
    assert.equal(readFileSync(reported[0]?.file ?? '', 'utf8'), 'one');
    for (const { file } of reported) rmSync(file);
    const { body } = await client.send('GET', `/api/2.0/mlflow-artifacts/artifacts/0/${own}/artifacts/a/b.txt`);
    assert.ok(typeof body === 'object' && 'file' in body);
    assert.deepEqual([readFileSync(body.file, 'utf8'), body.size], ['one', 3]);
    assert.deepEqual(at(await client.call('GET', 'artifacts/list', { run_id: own }), 'files'), [{ path: 'a', is_dir: true }]);
    assert.deepEqual(at(await client.call('GET', '/api/2.0/mlflow-artifacts/artifacts', { path: `0/${own}/artifacts/a` }), 'files'), [{ path: 'b.txt', is_dir: false, file_size: 3 }]);
    client.close();
    assert.ok(!existsSync(body.file));
  });

  it('has the same name twice as two versions, and reads the later one', async (context) => {
    const client = openClient(context);
    const own = await client.run();
    const where = `0/${own}/artifacts/t.json`;
    await client.put(where, 'first');
    const { body: first } = await client.send('GET', `/api/2.0/mlflow-artifacts/artifacts/${where}`);
    await client.put(where, 'second one');
    assert.ok(typeof first === 'object' && 'file' in first && !existsSync(first.file), 'what nobody can read any more is gone');
    assert.equal(of(client, 'artifact').length, 2);
    const { body } = await client.send('GET', `/api/2.0/mlflow-artifacts/artifacts/${where}`);
    assert.equal(typeof body === 'object' && 'file' in body ? body.size : 0, 10);
    await client.call('DELETE', `/api/2.0/mlflow-artifacts/artifacts/${where}`);
    assert.equal(await client.refusal('GET', `/api/2.0/mlflow-artifacts/artifacts/${where}`), '404 RESOURCE_DOES_NOT_EXIST');
  });

  it('refuses what is no path of an artifact, and leaves no file of it', async (context) => {
    const client = openClient(context);
    await client.put('0/x/artifacts/file', 'x');
    const reported = client.reports.length;
    for (const path of ['', '../up', 'a/../../b', '/etc/passwd', 'C:/x', 'a\\b', 'a\0b', '0/x/artifacts', '0/x/artifacts/file/below']) {
      assert.equal(refusalOf(await client.put(path, 'text')), '400 INVALID_PARAMETER_VALUE', path);
    }
    assert.equal(client.reports.length, reported);
    assert.equal(await client.refusal('GET', '/api/2.0/mlflow-artifacts/artifacts', { path: '../..' }), '400 INVALID_PARAMETER_VALUE');
  });
});

describe('models', () => {
  it('of MLflow 3 have their files under their name', async (context) => {
    const client = openClient(context);
    const own = await client.run();
    const model = await client.call('POST', 'logged-models', { experiment_id: '0', name: 'best', source_run_id: own, params: [{ key: 'a', value: '1' }] });
    const id = at(model, 'model.info.model_id') as string;
    await client.call('POST', 'registered-models/create', { name: 'named' });
    await client.call('POST', 'model-versions/create', { name: 'named', source: `models:/${id}`, model_id: id });
    assert.equal(tags(client)['mlflow.registered_model.named'], '1');
    assert.equal(at(model, 'model.info.status'), 'LOGGED_MODEL_PENDING');
    await client.put(`${(at(model, 'model.info.artifact_uri') as string).replace('mlflow-artifacts:/', '')}/MLmodel`, 'x');
    assert.equal(of(client, 'artifact')[0]?.name, 'best/MLmodel');
    await client.call('PATCH', `logged-models/${id}`, { status: 'LOGGED_MODEL_READY' });
    await client.call('POST', 'runs/log-metric', { run_id: own, key: 'm', value: 0.5, timestamp: 1, model_id: id, dataset_name: 'd', dataset_digest: '1' });
    assert.deepEqual(of(client, 'metric')[0]?.detail, { 'mlflow.model_id': id, 'mlflow.dataset.name': 'd', 'mlflow.dataset.digest': '1' });
    const found = await client.call('POST', 'logged-models/search', { experiment_ids: ['0'], filter: "metrics.m > 0.1 AND params.a = '1'", order_by: [{ field_name: 'creation_timestamp', ascending: false }] });
    assert.equal(at(found, 'models.0.data.metrics.0.value'), 0.5);
    assert.equal(tags(client)['mlflow.model_id.best'], id);
    assert.deepEqual(at(await client.call('GET', `logged-models/${id}/artifacts/directories`), 'files'), [{ path: 'MLmodel', is_dir: false, file_size: 1 }]);
    await client.call('DELETE', `logged-models/${id}`);
    assert.equal(await client.refusal('GET', `logged-models/${id}`), '404 RESOURCE_DOES_NOT_EXIST');
    for (const name of ['a/b', '..', 'a:b', 'a\\b']) assert.equal(await client.refusal('POST', 'logged-models', { experiment_id: '0', name }), '400 INVALID_PARAMETER_VALUE');
  });

  it('of MLflow 2 are in the history of their run, and a tag says their flavours', async (context) => {
    const client = openClient(context);
    const run_id = await client.run();
    await client.call('POST', 'runs/set-tag', { run_id, key: 'mlflow.log-model.history', value: 'not json' });
    for (const name of ['a', 'b']) await client.call('POST', 'runs/log-model', { run_id, model_json: JSON.stringify({ artifact_path: name, flavors: { sklearn: {}, python_function: {} } }) });
    const logged = at(await client.call('GET', 'runs/get', { run_id }), 'run.data.tags') as readonly { readonly key: string; readonly value: string }[];
    const history = logged.find(({ key }) => key === 'mlflow.log-model.history')?.value ?? '';
    assert.deepEqual(at(JSON.parse(history), '*.artifact_path'), ['a', 'b']);
    assert.deepEqual([tags(client)['mlflow.model.a'], tags(client)['mlflow.log-model.history']], ['sklearn, python_function', undefined]);
    assert.equal(await client.refusal('POST', 'runs/log-model', { run_id, model_json: '{' }), '400 INVALID_PARAMETER_VALUE');
    assert.equal(await client.refusal('POST', 'runs/log-model', { run_id, model_json: `{"artifact_path": "deep", "flavors": {}, "x": ${'['.repeat(10_000)}${']'.repeat(10_000)}}` }), '400 INVALID_PARAMETER_VALUE');
  });

  it('can be registered for as long as the task runs', async (context) => {
    const client = openClient(context);
    const run_id = await client.run();
    await client.call('POST', 'registered-models/create', { name: 'sums' });
    assert.equal(await client.refusal('POST', 'registered-models/create', { name: 'sums' }), '400 RESOURCE_ALREADY_EXISTS');
    for (const version of ['1', '2']) assert.equal(at(await client.call('POST', 'model-versions/create', { name: 'sums', source: 'models:/m-1', run_id }), 'model_version.version'), version);
    await client.call('POST', 'registered-models/alias', { name: 'sums', alias: 'best', version: '1' });
    assert.equal(at(await client.call('GET', 'registered-models/alias', { name: 'sums', alias: 'best' }), 'model_version.version'), '1');
    await client.call('POST', 'model-versions/transition-stage', { name: 'sums', version: '2', stage: 'production', archive_existing_versions: true });
    assert.deepEqual(at(await client.call('GET', 'registered-models/get-latest-versions', { name: 'sums', stages: ['Production'] }), 'model_versions.*.version'), ['2']);
    assert.equal(at(await client.call('GET', 'registered-models/search', { filter: "tag.`mlflow.prompt.is_prompt` != 'true'" }), 'registered_models.length'), 1);
    assert.equal(at(await client.call('GET', 'model-versions/search', { filter: `name = 'sums' and run_id = '${run_id}'`, max_results: '1' }), 'model_versions.0.version'), '2');
    await client.call('DELETE', 'model-versions/delete', { name: 'sums', version: '1' });
    assert.equal(await client.refusal('GET', 'model-versions/get', { name: 'sums', version: '1' }), '404 RESOURCE_DOES_NOT_EXIST');
    assert.equal(await client.refusal('GET', 'registered-models/get', { name: 'unheard' }), '404 RESOURCE_DOES_NOT_EXIST');
    assert.equal(tags(client)['mlflow.registered_model.sums'], '2');
  });
});

describe('traces', () => {
  it('of MLflow 3 are taken, and their spans are known to be elsewhere', async (context) => {
    const client = openClient(context);
    const trace = await client.call('POST', '/api/3.0/mlflow/traces', { trace: { trace_info: { trace_id: 'tr-1', state: 'OK', tags: { a: 'b' } } } });
    assert.deepEqual(at(trace, 'trace.trace_info.tags'), { a: 'b', 'mlflow.trace.spansLocation': 'TRACKING_STORE' });
    await client.call('PATCH', '/api/3.0/mlflow/traces/tr-1/tags', { key: 'c', value: 'd' });
    assert.equal(at(await client.call('GET', '/api/3.0/mlflow/traces/tr-1'), 'trace.trace_info.tags.c'), 'd');
  });

  it('of MLflow 2 are told where their file goes', async (context) => {
    const client = openClient(context);
    const begun = await client.call('POST', 'traces', { experiment_id: '0', timestamp_ms: 10, tags: [{ key: 'a', value: 'b' }] });
    const ended = await client.call('PATCH', `traces/${at(begun, 'trace_info.request_id') as string}`, { timestamp_ms: 25, status: 'OK', request_metadata: [], tags: [] });
    assert.deepEqual([at(ended, 'trace_info.execution_time_ms'), at(ended, 'trace_info.status'), at(ended, 'trace_info.tags.1.key')], [15, 'OK', 'mlflow.artifactLocation']);
  });
});
