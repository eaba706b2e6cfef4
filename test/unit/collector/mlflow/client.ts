/** A client of the service without HTTP: requests in, answers and reports out. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { createMlflow } from '../../../../src/collector/mlflow/mlflow-service.ts';
import type { CollectedAttempt, Report, ServiceResponse } from '../../../../src/collector/service.ts';
import type { JsonObject } from '../../../../src/model/json.ts';
import type { TaskId } from '../../../../src/model/pipeline.ts';
import type { RunId, SpanId, TraceId } from '../../../../src/model/run-event.ts';
import type { UnixNano } from '../../../../src/model/time.ts';

export const attemptSpan = '1234567890abcdef' as SpanId;
export const attemptTrace = 'a'.repeat(32) as TraceId;

/** What is at `run.info.run_id`, or at `metrics.*.step` of every metric. */
export function at(answer: unknown, where: string): unknown {
  const [name = '', ...rest] = where.split('.');
  if (where === '') return answer;
  if (name === '*') return (answer as readonly unknown[]).map((each) => at(each, rest.join('.')));
  return at((answer as Readonly<Record<string, unknown>>)[name], rest.join('.'));
}

export function textOf({ body }: ServiceResponse): string {
  return typeof body === 'string' ? body : '';
}

/** `400 INVALID_PARAMETER_VALUE`; `200 ` of what was not refused. */
export function refusalOf(response: ServiceResponse): string {
  const { error_code: code } = JSON.parse(textOf(response)) as { readonly error_code?: string };
  return `${response.status} ${code ?? ''}`;
}

export interface Client {
  readonly reports: readonly Report[];
  readonly scratch: string;
  /** Below `/api/2.0/mlflow/`, or from the root when it begins with `/`. Throws where the service refuses. */
  readonly call: (method: string, path: string, fields?: JsonObject) => Promise<unknown>;
  /** `<status> <code>` of what is refused. */
  readonly refusal: (method: string, path: string, fields?: JsonObject) => Promise<string>;
  readonly send: (method: string, path: string, body?: string | Buffer, query?: string) => Promise<ServiceResponse>;
  readonly put: (path: string, text: string) => Promise<ServiceResponse>;
  readonly run: (fields?: JsonObject) => Promise<string>;
  readonly close: () => void;
}

/** `now` counts up from one second after the epoch. */
export function openClient(context: TestContext, task = 'train'): Client {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-mlflow-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const reports: Report[] = [];
  let now = 1000;
  let files = 0;
  const attempt: CollectedAttempt = {
    runId: 'run' as RunId,
    task: task as TaskId,
    attempt: 1,
    traceId: attemptTrace,
    spanId: attemptSpan,
    start: '0' as UnixNano,
    scratch: path.join(folder, '1'),
    report: (report) => reports.push(report),
  };
  const service = createMlflow(() => (now += 1)).open(attempt);
  const send: Client['send'] = (method, target, body = '', query = '') =>
    service.handle({
      method,
      path: target.startsWith('/') ? target : `/api/2.0/mlflow/${target}`,
      query: new URLSearchParams(query),
      headers: {},
      body: () => Promise.resolve(Buffer.from(body)),
      bodyAsFile: () => {
        files += 1;
        const file = `${attempt.scratch}.body-${files}`;
        writeFileSync(file, body);
        return Promise.resolve(file);
      },
    });
  const ask = async (method: string, target: string, fields: JsonObject = {}): Promise<ServiceResponse> => {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(fields)) for (const each of Array.isArray(value) ? (value as readonly string[]) : [value]) query.append(name, typeof each === 'string' ? each : JSON.stringify(each));
    return method === 'GET' ? send(method, target, '', query.toString()) : send(method, target, JSON.stringify(fields));
  };
  const call: Client['call'] = async (method, target, fields) => {
    const response = await ask(method, target, fields);
    if (response.status !== 200) throw new Error(`${response.status} ${textOf(response)}`);
    return JSON.parse(textOf(response)) as unknown;
  };
  return {
    reports,
    scratch: attempt.scratch,
    send,
    call,
    refusal: async (method, target, fields) => refusalOf(await ask(method, target, fields)),
    put: (target, text) => send('PUT', `/api/2.0/mlflow-artifacts/artifacts/${target}`, text),
    run: async (fields = {}) => {
      const answer = await call('POST', 'runs/create', { experiment_id: '0', start_time: 500, ...fields });
      return at(answer, 'run.info.run_id') as string;
    },
    close: () => service.close?.(),
  };
}
