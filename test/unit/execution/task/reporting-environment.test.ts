import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reportingOf, withCollector } from '../../../../src/execution/task/reporting-environment.ts';

const context = { url: 'http://127.0.0.1:4000', token: 'rwt_t', runId: 'r1', task: 'train[rate=0.1]', experiment: 'digits' } as never;
const environment = (inherited: Record<string, string>, own: Record<string, string> = {}): Record<string, string> => ({ ...withCollector({ ...inherited, ...own }, own, context), ...reportingOf({ ...inherited, ...own }, own, context) });
const ours = {
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4000',
  OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20rwt_t',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  OTEL_RESOURCE_ATTRIBUTES: 'cicd.pipeline.run.id=r1,cicd.pipeline.task.run.id=r1%2Ftrain%5Brate%3D0.1%5D',
  OTEL_BSP_SCHEDULE_DELAY: '500',
  OTEL_BLRP_SCHEDULE_DELAY: '500',
};
const habits = { MLFLOW_ENABLE_OTLP_EXPORTER: 'false', MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT: 'true', MLFLOW_DISABLE_TELEMETRY: 'true' };
const mlflow = { ...habits, MLFLOW_TRACKING_URI: 'http://127.0.0.1:4000', MLFLOW_TRACKING_TOKEN: 'rwt_t', MLFLOW_EXPERIMENT_NAME: 'digits' };

describe('the variables of the collector', () => {
  it('are those of OpenTelemetry and MLflow', () => {
    assert.deepEqual(environment({}), { ...ours, ...mlflow });
  });

  it('take the place of what was inherited, also for single signals', () => {
    const inherited = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://vendor',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://vendor/v1/traces',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'api-key=k',
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca.pem',
      MLFLOW_TRACKING_URI: 'https://mlflow',
      MLFLOW_TRACKING_USERNAME: 'me',
      MLFLOW_RUN_ID: 'abc',
    };
    assert.deepEqual(environment({ ...inherited, MLFLOW_HTTP_REQUEST_TIMEOUT: '5', OTEL_SDK_DISABLED: 'true' }), { ...ours, ...mlflow, MLFLOW_HTTP_REQUEST_TIMEOUT: '5', OTEL_SDK_DISABLED: 'true' });
  });

  it('keep the resource attributes that there are', () => {
    assert.equal(environment({ OTEL_RESOURCE_ATTRIBUTES: 'team=ml' })['OTEL_RESOURCE_ATTRIBUTES'], `team=ml,${ours.OTEL_RESOURCE_ATTRIBUTES}`);
  });

  it('stand back where the pipeline file names another endpoint, which never gets our token', () => {
    const inherited = { OTEL_EXPORTER_OTLP_HEADERS: 'api-key=k', MLFLOW_TRACKING_TOKEN: 'mine' };
    for (const own of [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://vendor' }, { OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'https://vendor/v1/logs' }]) assert.deepEqual(environment(inherited, own), { OTEL_EXPORTER_OTLP_HEADERS: 'api-key=k', ...own, ...mlflow });
    const own = { MLFLOW_TRACKING_URI: 'https://mlflow' };
    assert.deepEqual(environment(inherited, own), { ...ours, MLFLOW_TRACKING_TOKEN: 'mine', ...own });
  });

  it('yield to single ones that the pipeline file sets', () => {
    const own = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', MLFLOW_EXPERIMENT_NAME: 'other', OTEL_BSP_SCHEDULE_DELAY: '50' };
    assert.deepEqual(environment({ OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }, own), { ...ours, ...mlflow, ...own });
  });

  it('are reached past a proxy', () => {
    assert.equal(environment({})['NO_PROXY'], undefined);
    const proxied = environment({ https_proxy: 'http://proxy', NO_PROXY: 'a.example' });
    assert.deepEqual([proxied['NO_PROXY'], proxied['no_proxy']], ['a.example,127.0.0.1', 'a.example,127.0.0.1']);
    assert.equal(environment({ HTTP_PROXY: 'http://proxy' })['no_proxy'], '127.0.0.1');
    assert.equal(environment({ ALL_PROXY: 'http://proxy', no_proxy: '*' })['no_proxy'], '*');
  });
});
