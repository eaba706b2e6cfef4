/** Log records of OTLP as reports. */
import type { JsonObject } from '../../model/json.ts';
import type { ReportedLog } from '../../model/reported.ts';
import type { SpanId, TraceId } from '../../model/run-event.ts';
import { otelDroppedAttributes } from '../../model/semantic-conventions.ts';
import type { UnixNano } from '../../model/time.ts';
import type { LogRecord, Scope } from './messages.ts';
import { isId } from './spans.ts';
import { attributesOf, present, timeOf, valueOf } from './values.ts';

export function reportedLog(record: LogRecord, { now, scope, resource }: { readonly now: UnixNano; readonly scope: Scope | undefined; readonly resource: JsonObject }): ReportedLog {
  const { severityNumber = 0, severityText, traceId = '', spanId = '', eventName } = record;
  return {
    time: timeOf(record.timeUnixNano) ?? timeOf(record.observedTimeUnixNano) ?? now,
    severityNumber: severityNumber >= 0 && severityNumber <= 24 ? severityNumber : 0,
    ...(severityText !== undefined && severityText !== '' && { severityText }),
    body: record.body === undefined ? (eventName ?? '') : valueOf(record.body),
    attributes: {
      ...attributesOf(record.attributes),
      ...present({ 'event.name': eventName === '' ? undefined : eventName, [otelDroppedAttributes]: record.droppedAttributesCount === 0 ? undefined : record.droppedAttributesCount }),
    },
    ...(isId(traceId, 32) && { traceId: traceId as TraceId }),
    ...(isId(spanId, 16) && { spanId: spanId as SpanId }),
    ...(scope?.name !== undefined && scope.name !== '' && { scope: scope.name }),
    ...(Object.keys(resource).length > 0 && { resource }),
  };
}
