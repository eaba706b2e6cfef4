/**
 * What OTLP/HTTP answers, in the encoding of the request:
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { ServiceResponse } from '../service.ts';

export type Encoding = 'protobuf' | 'json';

export const contentTypes: Readonly<Record<Encoding, string>> = { protobuf: 'application/x-protobuf', json: 'application/json' };

/** `undefined` for any other type of content. */
export function encodingOf(contentType: string | undefined): Encoding | undefined {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === contentTypes.protobuf) return 'protobuf';
  return type === contentTypes.json ? 'json' : undefined;
}

export interface PartialSuccess {
  /** `rejectedSpans`, `rejectedDataPoints` or `rejectedLogRecords`. */
  readonly field: string;
  readonly count: number;
  readonly message: string;
}

/** `Export…ServiceResponse`: empty when all was taken. */
export function success(encoding: Encoding, partial: PartialSuccess | undefined): ServiceResponse {
  const headers = { 'content-type': contentTypes[encoding] };
  if (encoding === 'json') {
    return { status: 200, headers, body: JSON.stringify(partial === undefined ? {} : { partialSuccess: { [partial.field]: String(partial.count), errorMessage: partial.message } }) };
  }
  if (partial === undefined) return { status: 200, headers };
  const inner = new BinaryWriter().tag(1, WireType.Varint).int64(partial.count).tag(2, WireType.LengthDelimited).string(partial.message).finish();
  return { status: 200, headers, body: Buffer.from(new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(inner).finish()) };
}

/** `google.rpc.Status`; its code is of gRPC. */
export function failure(encoding: Encoding, status: number, message: string): ServiceResponse {
  const headers = { 'content-type': contentTypes[encoding], ...((status === 429 || status === 503) && { 'retry-after': '1' }) };
  const code = codes[status] ?? 2;
  if (encoding === 'json') return { status, headers, body: JSON.stringify({ code, message }) };
  return { status, headers, body: Buffer.from(new BinaryWriter().tag(1, WireType.Varint).int32(code).tag(2, WireType.LengthDelimited).string(message).finish()) };
}

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto: invalid argument, unauthenticated, … */
const codes: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 408: 4, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14 };
