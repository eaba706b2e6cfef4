/** What tasks report over OTLP, by the real clients, through the real command line into the record. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { AttemptState, RunState, TaskState } from '../../src/model/run-state.ts';
import { spanTree } from '../../src/model/reported.ts';
import { readRecord } from '../../src/store/read-record.ts';
import { repository, workspace, type Workspace } from './runweave.ts';

const environment = path.join(repository, '.venv');
const fixtures = path.join(repository, 'test', 'fixtures', 'otel');

/** A workspace whose Python has OpenTelemetry's SDK. */
function instrumented(t: TestContext, files: Readonly<Record<string, string>>): Workspace {
  const space = workspace(t, files);
  symlinkSync(environment, path.join(space.folder, '.venv'), 'junction');
  for (const file of readdirSync(fixtures)) copyFileSync(path.join(fixtures, file), path.join(space.folder, file));
  return space;
}

async function recordOf({ folder }: Workspace): Promise<{ readonly file: string; readonly state: RunState }> {
  const runs = path.join(folder, '.runweave', 'runs');
  const file = path.join(runs, readdirSync(runs).sort().at(-1) ?? '');
  const read = await readRecord(file);
  if (read.type !== 'run') assert.fail(JSON.stringify(read).slice(0, 300));
  return { file, state: read.state };
}

/** By the official definition. */
function assertValid(file: string): void {
  const python = path.join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const { status, stderr } = spawnSync(python, [path.join(repository, 'test/python/check_otlp.py'), file], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

function taskOf(state: RunState, id: string): TaskState & { readonly attempt: AttemptState } {
  const task = state.tasks.find(({ node }) => node.id === id);
  const attempt = task?.attempts.at(-1);
  if (task === undefined || attempt === undefined) assert.fail(`${id} did not run`);
  return { ...task, attempt };
}

const tree = (attempt: AttemptState): readonly string[] => spanTree(attempt.spans).map(({ span, depth }) => `${'  '.repeat(depth)}${span.name}`);

describe('OTLP, the SDK of Python as it is', () => {
  it('reports spans, metrics and logs from tasks of every kind', async (t) => {
    const space = instrumented(t, {
      'runweave.yaml': `
name: shop
tasks:
  script: {python: instrumented.py}
  function: {call: "shop:main"}
  shell: {shell: ".venv/bin/python instrumented.py"}
`,
      'shop.py': 'def main():\n    import instrumented\n',
    });
    const { code, lines } = await space.run();
    assert.equal(code, 0);
    assert.ok(lines.some((line) => line.type === 'span'), 'spans are events of the run');
    const { file, state } = await recordOf(space);
    assertValid(file);
    for (const id of ['script', 'function', 'shell']) {
      const { attempt, metrics } = taskOf(state, id);
      assert.deepEqual(tree(attempt), ['outer', '  inner 0', '  inner 1', '  inner 2', '  fails', 'elsewhere'], id);
      const [outer, , , , fails, elsewhere] = spanTree(attempt.spans).map(({ span }) => span);
      assert.deepEqual([outer?.traceId, outer?.parentSpanId, outer?.attributes, outer?.scope], [state.traceId, attempt.spanId, { items: 3 }, { name: 'shop', version: '1.2' }]);
      assert.equal(outer?.resource?.['service.name'], id);
      assert.equal(outer.resource['cicd.pipeline.run.id'], undefined);
      assert.equal(fails?.status.code, 2);
      assert.equal(fails.events[0]?.attributes['exception.type'], 'ValueError');
      assert.notEqual(elsewhere?.traceId, state.traceId);
      assert.equal(metrics['requests{path="/a"}']?.last, 3);
      assert.deepEqual(['count', 'sum', 'min', 'max'].map((part) => metrics[`latency.${part}`]?.last), [3, 30, 0, 20]);
      assert.equal(metrics['latency.count']?.details?.[0]?.['unit'], 'ms');
      const logs = attempt.output.flatMap(({ log }) => log ?? []);
      assert.deepEqual(logs.map(({ body, severityNumber, scope }) => [body, severityNumber, scope]), [['item 0', 13, 'shop.cart'], ['item 1', 13, 'shop.cart'], ['item 2', 13, 'shop.cart'], ['could not be sold', 17, 'shop']]);
      assert.equal(logs[0]?.spanId, spanTree(attempt.spans)[1]?.span.spanId);
    }
    // In the file, all spans are of one trace, and hang on it.
    const inFile = readFileSync(file, 'utf8').trimEnd().split('\n').flatMap((line) => (JSON.parse(line) as { resourceSpans: { scopeSpans: { spans: { traceId: string; spanId: string; parentSpanId?: string }[] }[] }[] }).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)));
    const ids = new Set(inFile.map(({ spanId }) => spanId));
    assert.deepEqual(new Set(inFile.map(({ traceId }) => traceId)), new Set([state.traceId]));
    assert.deepEqual(inFile.filter(({ parentSpanId }) => parentSpanId !== undefined && !ids.has(parentSpanId)), []);
    const shown = await space.runweave('show', 'latest/script');
    assert.match(shown.stdout, /Spans\n {2}outer .*\n {4}inner 0/);
    assert.match(shown.stdout, /fails .* (ValueError: )?no such item/);
    const logged = await space.runweave('logs', 'latest/script');
    assert.match(logged.stderr, /WARN\w* shop\.cart: item 0\nWARN\w* shop\.cart: item 1\n/);
    assert.match(logged.stderr, /ERROR shop: could not be sold\nTraceback[\s\S]*ValueError: no such item/);
  });
});

describe('OTLP, other clients', () => {
  it('takes the SDK of Node, in JSON', async (t) => {
    const space = workspace(t, { 'runweave.yaml': `name: node\ntasks:\n  js: {shell: '"${process.execPath}" "${path.join(fixtures, 'spans.mjs')}"'}\n` });
    assert.equal((await space.run()).code, 0);
    const { file, state } = await recordOf(space);
    assertValid(file);
    const { attempt } = taskOf(state, 'js');
    assert.deepEqual(tree(attempt), ['node outer', '  node inner']);
    // This SDK counts starts in milliseconds, so that both may have the same.
    const named = (wanted: string) => attempt.spans.find(({ name }) => name === wanted);
    assert.deepEqual(named('node outer')?.attributes, { list: [1, 2.5], flag: true });
    assert.deepEqual(named('node inner')?.events.map(({ name, attributes }) => [name, attributes]), [['half way', { percent: 50 }]]);
  });

  it('takes curl, with JSON and with gzip, and joins its metrics with those of RUNWEAVE_LOG', async (t) => {
    const space = workspace(t, {
      'runweave.yaml': 'name: curl\ntasks:\n  sh: {shell: "sh ./report.sh"}\n',
      'report.sh': `set -e
key="Authorization: $(printf %s "$OTEL_EXPORTER_OTLP_HEADERS" | sed 's/^authorization=//; s/%20/ /')"
echo 'metric loss=1' >> "$RUNWEAVE_LOG"
printf '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"loss","gauge":{"dataPoints":[{"asDouble":0.5}]}}]}]}]}' > metrics.json
curl -sSf -H "$key" -H 'Content-Type: application/json' -d @metrics.json "$OTEL_EXPORTER_OTLP_ENDPOINT/v1/metrics"
printf '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":9,"body":{"stringValue":"by curl"}}]}]}]}' | gzip > logs.json.gz
curl -sSf -H "$key" -H 'Content-Type: application/json' -H 'Content-Encoding: gzip' --data-binary @logs.json.gz "$OTEL_EXPORTER_OTLP_ENDPOINT/v1/logs"
echo done
curl -s -o /dev/null -w '%{http_code} ' "$OTEL_EXPORTER_OTLP_ENDPOINT/v1/logs" -d x
curl -s -o /dev/null -w '%{http_code} ' -H "$key" -H 'Content-Type: application/x-protobuf' "$OTEL_EXPORTER_OTLP_ENDPOINT/v1/logs" -d x
curl -s -o /dev/null -w '%{http_code} ' -H "$key" "$OTEL_EXPORTER_OTLP_ENDPOINT/v2/logs"
curl -s -o /dev/null -w '%{http_code}' -H "$key" -H 'Origin: https://a.example' "$OTEL_EXPORTER_OTLP_ENDPOINT/v1/logs"
`,
    });
    assert.equal((await space.run()).code, 0);
    const { state } = await recordOf(space);
    const { attempt, metrics } = taskOf(state, 'sh');
    // The two ways are not in step with each other.
    assert.deepEqual(metrics['loss']?.values.toSorted(), [0.5, 1]);
    assert.deepEqual(attempt.output.flatMap(({ log, text }) => (log === undefined ? [] : [text])), ['INFO: by curl\n']);
    const output = attempt.output.flatMap(({ log, text }) => (log === undefined ? [text] : [])).join('');
    assert.match(output, /^\{\}\{\}done\n401 400 404 403/);
  });
});

describe('OTLP, tasks that misuse it', () => {
  it('tell nobody their token, and can use it no longer than they run', async (t) => {
    const space = workspace(t, {
      'runweave.yaml': `
name: tokens
tasks:
  first: {shell: 'env; env > env.txt; printf "%s" "$MLFLOW_TRACKING_TOKEN" > token; echo "param key=$MLFLOW_TRACKING_TOKEN" >> "$RUNWEAVE_LOG"; echo "artifact env.txt" >> "$RUNWEAVE_LOG"', outputs: [token], keep: false}
  second: {needs: [first], shell: 'curl -s -o /dev/null -w "%{http_code}" -H "Authorization: Bearer $(cat token)" -H "Content-Type: application/json" -d "{}" "$OTEL_EXPORTER_OTLP_ENDPOINT/v1/logs"'}
`,
    });
    const { code, lines } = await space.run();
    assert.equal(code, 0);
    const token = space.read('token');
    assert.match(token, /^rwt_[\w-]{43}$/);
    const { file, state } = await recordOf(space);
    assert.equal(taskOf(state, 'second').attempt.output.map(({ text }) => text).join(''), '401');
    assert.ok(taskOf(state, 'first').attempt.output.some(({ text }) => text.includes('MLFLOW_TRACKING_TOKEN=***')));
    for (const text of [JSON.stringify(lines), readFileSync(file, 'utf8'), JSON.stringify(state)]) {
      assert.ok(!text.includes(token));
      assert.ok(!text.includes(Buffer.from(token).toString('base64').slice(4, -4)));
    }
  });

  it('do no harm: bombs, halves, floods, and spans that pass for ours', async (t) => {
    const space = instrumented(t, {
      'runweave.yaml': 'name: hostile\ntasks:\n  attack: {python: attack.py}\n  bystander: {shell: "echo fine"}\n',
      'attack.py': `
import gzip, json, os, socket, threading, urllib.error, urllib.request
from http.client import HTTPConnection
from urllib.parse import unquote, urlparse

url = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]
auth = {"Authorization": unquote(os.environ["OTEL_EXPORTER_OTLP_HEADERS"].split("=", 1)[1])}

def post(body, headers, path="/v1/traces"):
    try:
        return urllib.request.urlopen(urllib.request.Request(url + path, data=body, headers={**auth, **headers}), timeout=60).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return "cut off"

print("bomb", post(gzip.compress(bytes(200 * 1024 * 1024)), {"Content-Type": "application/json", "Content-Encoding": "gzip"}))
print("half", post(bytes.fromhex("0affff01"), {"Content-Type": "application/x-protobuf"}))
print("text", post(b"x" * 1000, {"Content-Type": "text/plain"}))
_, trace, span, _ = os.environ["TRACEPARENT"].split("-")
text = lambda value: {"stringValue": value}
pretend = [{"key": "runweave.record.version", "value": {"intValue": 1}}, {"key": "runweave.task.id", "value": text("bystander")}, {"key": "runweave.reported.attempt", "value": text("x")}]
made = {"traceId": trace, "spanId": "00000000000000aa", "name": "RUN other", "startTimeUnixNano": "18446744073709551615", "attributes": pretend}
print("pretend", post(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [made, {**made, "spanId": span}]}]}]}).encode(), {"Content-Type": "application/json"}))

address = (urlparse(url).hostname, urlparse(url).port)
open_ones = []
for _ in range(1000):
    try:
        open_ones.append(socket.create_connection(address, timeout=30))
        open_ones[-1].sendall(b"POST /v1/traces HTTP/1.1\\r\\nHost: ")
    except OSError:
        pass
print("after", post(b"{}", {"Content-Type": "application/json"}))
answers = []
def ask():
    answers.append(post(b"{}", {"Content-Type": "application/json"}))
threads = [threading.Thread(target=ask) for _ in range(100)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("parallel", answers.count(200))
`,
    });
    const { code } = await space.run();
    const { file, state } = await recordOf(space);
    assertValid(file);
    const { attempt } = taskOf(state, 'attack');
    const output = attempt.output.map(({ text }) => text).join('');
    assert.equal(code, 0, output);
    assert.equal(output, 'bomb 413\nhalf 400\ntext 415\npretend 200\nafter 200\nparallel 100\n');
    assert.deepEqual(attempt.spans.map(({ name, attributes }) => [name, attributes['runweave.task.id']]), [['RUN other', 'bystander']]);
    assert.deepEqual(state.tasks.map(({ node, phase }) => [node.id, phase]), [['attack', 'success'], ['bystander', 'success']]);
    assert.deepEqual(state.warnings, []);
  });

  it('report elsewhere where the pipeline file says so', async (t) => {
    const space = workspace(t, {
      'runweave.yaml': 'name: elsewhere\ntasks:\n  own: {shell: "env | grep -E \'^(OTEL_EXPORTER|MLFLOW)\' | sort; true", env: {OTEL_EXPORTER_OTLP_ENDPOINT: "https://vendor.example", MLFLOW_TRACKING_URI: "https://mlflow.example"}}\n',
    });
    await space.run();
    const { state } = await recordOf(space);
    assert.equal(taskOf(state, 'own').attempt.output.map(({ text }) => text).join(''), 'MLFLOW_TRACKING_URI=https://mlflow.example\nOTEL_EXPORTER_OTLP_ENDPOINT=https://vendor.example\n');
  });
});

describe('OTLP, between runs', () => {
  it('is served by nobody', async (t) => {
    const space = workspace(t, { 'runweave.yaml': 'name: w\ntasks:\n  a: {shell: "echo $OTEL_EXPORTER_OTLP_ENDPOINT > url; cat in", inputs: [in]}\n', in: '1' });
    const running = space.start('watch', '--json');
    const isRefused = async (): Promise<void> => {
      await assert.rejects(fetch(space.read('url').trim()), (error: Error) => (error.cause as NodeJS.ErrnoException).code === 'ECONNREFUSED');
    };
    await running.until((line) => line.type === 'sealed');
    await isRefused();
    const from = running.lines.length;
    space.write('in', '2');
    await running.until((line) => line.type === 'sealed', from);
    await isRefused();
    running.process.kill('SIGINT');
    await running.ended;
  });
});

describe('OTLP, twenty thousand spans', () => {
  it('are all in the record, and the first of them in what is shown', async (t) => {
    const space = instrumented(t, {
      'runweave.yaml': 'name: many\ntasks:\n  many: {python: many.py}\n',
      'many.py': `
import json, os, urllib.request
from urllib.parse import unquote
url = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces"
headers = {"Authorization": unquote(os.environ["OTEL_EXPORTER_OTLP_HEADERS"].split("=", 1)[1]), "Content-Type": "application/json"}
_, trace, parent, _ = os.environ["TRACEPARENT"].split("-")
for batch in range(20):
    spans = [{"traceId": trace, "spanId": f"{batch * 1000 + n + 1:016x}", "parentSpanId": parent, "name": f"span {batch * 1000 + n}", "startTimeUnixNano": str(1795000000000000000 + batch * 1000 + n), "endTimeUnixNano": str(1795000001000000000)} for n in range(1000)]
    urllib.request.urlopen(urllib.request.Request(url, json.dumps({"resourceSpans": [{"scopeSpans": [{"scope": {"name": f"scope {batch % 3}"}, "spans": spans}]}]}).encode(), headers)).read()
`,
    });
    assert.equal((await space.runweave('run')).code, 0);
    const { file, state } = await recordOf(space);
    const { attempt } = taskOf(state, 'many');
    assert.equal(attempt.spanCount, 20_000);
    assert.equal(attempt.spans.length, 5000);
    assert.equal(attempt.spans.at(-1)?.name, 'span 4999');
    const names = new Set(readFileSync(file, 'utf8').match(/"name":"span \d+"/g));
    assert.equal(names.size, 20_000);
  });
});
