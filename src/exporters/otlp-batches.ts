/** Lines of a record as requests of bounded size: collectors refuse what is larger than they take. */

interface ScopeSpans {
  readonly spans?: readonly unknown[];
}
interface ResourceSpans {
  readonly scopeSpans?: readonly ScopeSpans[];
}
export interface TracesData {
  readonly resourceSpans: readonly ResourceSpans[];
}

export interface BatchLimits {
  readonly spans: number;
  /** Characters of JSON, about. A span that is longer goes alone. */
  readonly size: number;
}

/** Collectors of OpenTelemetry take 20 MiB, others 4. */
export const batchLimits: BatchLimits = { spans: 512, size: 2_000_000 };

/** `line`: a TracesData document. Yields what it holds in one or more; nothing where it holds no spans. */
export function* batchesOf(line: string, limits: BatchLimits = batchLimits): Generator<{ readonly data: TracesData; readonly spans: number }> {
  const { resourceSpans = [] } = JSON.parse(line) as Partial<TracesData>;
  for (const resource of resourceSpans) {
    for (const scope of resource.scopeSpans ?? []) {
      let batch: unknown[] = [];
      let size = 0;
      const whole = (): { readonly data: TracesData; readonly spans: number } => ({ data: { resourceSpans: [{ ...resource, scopeSpans: [{ ...scope, spans: batch }] }] }, spans: batch.length });
      for (const span of scope.spans ?? []) {
        const length = JSON.stringify(span).length;
        if (batch.length > 0 && (batch.length >= limits.spans || size + length > limits.size)) {
          yield whole();
          batch = [];
          size = 0;
        }
        batch.push(span);
        size += length;
      }
      if (batch.length > 0) yield whole();
    }
  }
}
