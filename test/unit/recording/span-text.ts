import type { TraceId } from '../../../src/model/run-event.ts';
import { createSpanWriter } from '../../../src/recording/span-json.ts';
import type { SpanDescription, WrittenSpan } from '../../../src/recording/spans.ts';

export function spanText(traceId: TraceId, span: SpanDescription | WrittenSpan): string {
  const pieces: string[] = [];
  createSpanWriter(traceId, (piece) => pieces.push(piece))(span);
  return pieces.join('');
}
