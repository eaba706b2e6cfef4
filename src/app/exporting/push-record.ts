/** The spans of a record to a collector, over OTLP/HTTP: https://opentelemetry.io/docs/specs/otlp/#otlphttp */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { encodeProtobuf } from '../../collector/otlp/encode.ts';
import { decodeProtobuf } from '../../collector/otlp/decode.ts';
import { traceRequest, type MessageType } from '../../collector/otlp/messages.ts';
import { batchesOf } from '../../exporters/otlp-batches.ts';
import type { OtlpSettings } from '../../exporters/otlp-settings.ts';
import { isJsonObject } from '../../model/json.ts';
import { ExportError } from './export-error.ts';
import type { HttpResponse } from './http-request.ts';
import { defaultRetryPolicy, sendWithRetry, type RetryPolicy } from './send-with-retry.ts';

export interface Pushed {
  readonly spans: number;
  readonly rejected: number;
  /** What the collector said, each once. */
  readonly messages: readonly string[];
}

/** Throws `ExportError` where the collector refuses or is not there; what was sent before then stays sent. */
export async function pushLines(lines: AsyncIterable<string>, settings: OtlpSettings, signal: AbortSignal, retry: RetryPolicy = defaultRetryPolicy): Promise<Pushed> {
  const certificate = settings.certificate === undefined ? undefined : await readFile(settings.certificate, 'utf8').catch((error: unknown) => {
    throw new ExportError(`the certificate ${settings.certificate ?? ''} could not be read: ${(error as Error).message}`);
  });
  let spans = 0;
  let rejected = 0;
  const messages = new Set<string>();
  for await (const line of lines) {
    for (const batch of batchesOf(line)) {
      signal.throwIfAborted();
      const plain = settings.encoding === 'json' ? Buffer.from(JSON.stringify(batch.data)) : encodeProtobuf(traceRequest, batch.data);
      const body = settings.compression === 'gzip' ? await promisify(gzip)(plain) : plain;
      const headers = { ...settings.headers, 'content-type': contentTypes[settings.encoding], 'user-agent': 'runweave', ...(settings.compression === 'gzip' && { 'content-encoding': 'gzip' }) };
      let response: HttpResponse;
      try {
        response = await sendWithRetry({ method: 'POST', url: settings.url, headers, body, certificate, timeout: settings.timeout, signal }, retry);
      } catch (error) {
        if (signal.aborted) throw error;
        throw new ExportError(`${withoutSecrets(settings.url)} could not be reached: ${(error as Error).message}`);
      }
      if (response.status < 200 || response.status > 299) throw new ExportError(`${withoutSecrets(settings.url)} answered ${response.status}${messageOf(response)}`);
      spans += batch.spans;
      const partial = partialSuccessOf(response);
      rejected += partial.rejectedSpans;
      if (partial.errorMessage !== '') messages.add(partial.errorMessage);
    }
  }
  return { spans, rejected, messages: [...messages] };
}

const contentTypes = { json: 'application/json', protobuf: 'application/x-protobuf' } as const;

interface PartialSuccess {
  readonly rejectedSpans?: string;
  readonly errorMessage?: string;
}
const partialSuccess: MessageType<PartialSuccess> = { name: 'collector.trace.v1.ExportTracePartialSuccess', fields: { rejectedSpans: { number: 1, kind: 'int64' }, errorMessage: { number: 2, kind: 'string' } } };
const traceResponse: MessageType<{ readonly partialSuccess?: PartialSuccess }> = { name: 'collector.trace.v1.ExportTraceServiceResponse', fields: { partialSuccess: { number: 1, kind: { message: () => partialSuccess } } } };
/** https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto */
const rpcStatus: MessageType<{ readonly message?: string }> = { name: 'google.rpc.Status', fields: { message: { number: 2, kind: 'string' } } };

function partialSuccessOf(response: HttpResponse): { readonly rejectedSpans: number; readonly errorMessage: string } {
  const { partialSuccess: partial } = answerOf(response, traceResponse);
  const given: Readonly<Record<string, unknown>> = isJsonObject(partial) ? partial : {};
  const rejectedSpans = Number(given['rejectedSpans'] ?? 0);
  const { errorMessage } = given;
  return { rejectedSpans: Number.isFinite(rejectedSpans) ? rejectedSpans : 0, errorMessage: typeof errorMessage === 'string' ? errorMessage.slice(0, 500) : '' };
}

function messageOf(response: HttpResponse): string {
  const { message } = answerOf(response, rpcStatus);
  const text = typeof message === 'string' ? message : response.body.toString('utf8');
  return text.trim() === '' ? '' : `: ${text.trim().replaceAll(/\s+/g, ' ').slice(0, 300)}`;
}

/** Servers answer in the request's encoding, or should; what is neither says nothing. */
function answerOf<T>({ headers, body }: HttpResponse, type: MessageType<T>): Readonly<Record<string, unknown>> {
  try {
    if (headers['content-type']?.includes('protobuf') === true) return decodeProtobuf(type, body) as Readonly<Record<string, unknown>>;
    const value = JSON.parse(body.toString('utf8')) as unknown;
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** A URL can hold a password. */
function withoutSecrets(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
