/**
 * Metrics of OTLP as points of series. A series is a metric's name with the attributes of the point; a histogram or
 * summary is several: `.count`, `.sum`, `.min`, `.max`, and each quantile. What is no number of its own (unit,
 * temporality, buckets, exemplars, …) is the point's detail; what is the same for all points of a series is told with
 * its first point, and again when it changes.
 */
import type { Json, JsonObject } from '../../model/json.ts';
import type { Report } from '../../model/reported.ts';
import { seriesName } from '../../model/reported.ts';
import type { UnixNano } from '../../model/time.ts';
import type { Buckets, DataPoint, Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, Scope, SummaryDataPoint } from './messages.ts';
import { attributesOf, integerOf, numberOf, present, timeOf } from './values.ts';

type MetricReport = Extract<Report, { readonly type: 'metric' }>;

export interface MetricOrigin {
  readonly now: UnixNano;
  readonly scope: Scope | undefined;
  readonly resource: JsonObject;
}

export interface MetricReports {
  readonly pointsOf: (metric: Metric, origin: MetricOrigin) => readonly MetricReport[];
}

const temporalities = ['unspecified', 'delta', 'cumulative'];

export function createMetricReports(): MetricReports {
  /** What was told of each series. */
  const told = new Map<string, string>();

  const pointsOf = (metric: Metric, { now, scope, resource }: MetricOrigin): readonly MetricReport[] => {
    const reports: MetricReport[] = [];
    const { name = '', gauge, sum, histogram, exponentialHistogram, summary } = metric;
    const constant = (type: string, temporality?: number, isMonotonic?: boolean): JsonObject =>
      present({
        type,
        unit: metric.unit === '' ? undefined : metric.unit,
        description: metric.description === '' ? undefined : metric.description,
        temporality: temporality === undefined ? undefined : (temporalities[temporality] ?? temporality),
        monotonic: isMonotonic,
        metadata: nonEmpty(attributesOf(metric.metadata)),
        scope: nonEmpty(present({ name: scope?.name, version: scope?.version, attributes: nonEmpty(attributesOf(scope?.attributes)) })),
        resource: nonEmpty(resource),
      });
    const add = (suffix: string, value: number | undefined, point: DataPoint, details: { readonly constant: JsonObject; readonly own?: JsonObject; readonly attributes?: JsonObject }): void => {
      if (value === undefined) return;
      const attributes = { ...attributesOf(point.attributes), ...details.attributes };
      const series = seriesName(name + suffix, attributes);
      const said = JSON.stringify([details.constant, point.startTimeUnixNano]);
      const isNew = told.get(series) !== said;
      told.set(series, said);
      const detail = { ...(isNew && { ...details.constant, ...present({ start: timeOf(point.startTimeUnixNano) }) }), ...present({ flags: point.flags === 0 ? undefined : point.flags }), ...details.own };
      const time = timeOf(point.timeUnixNano) ?? now;
      reports.push({ type: 'metric', name: name + suffix, value, time, ...(Object.keys(attributes).length > 0 && { attributes }), ...(Object.keys(detail).length > 0 && { detail }) });
    };

    const numbers = (points: readonly NumberDataPoint[] = [], details: JsonObject): void => {
      for (const point of points) add('', numberIn(point), point, { constant: details, own: present({ exemplars: exemplarsOf(point.exemplars) }) });
    };
    const distribution = (point: HistogramDataPoint | ExponentialHistogramDataPoint, details: JsonObject, buckets: JsonObject): void => {
      add('.count', Number(point.count ?? 0), point, { constant: details, own: { ...buckets, ...present({ exemplars: exemplarsOf(point.exemplars) }) } });
      add('.sum', point.sum, point, { constant: details });
      add('.min', point.min, point, { constant: details });
      add('.max', point.max, point, { constant: details });
    };

    if (gauge !== undefined) numbers(gauge.dataPoints, constant('gauge'));
    if (sum !== undefined) numbers(sum.dataPoints, constant('sum', sum.aggregationTemporality ?? 0, sum.isMonotonic === true));
    for (const point of histogram?.dataPoints ?? []) {
      if (isMissing(point)) continue;
      distribution(point, constant('histogram', histogram?.aggregationTemporality ?? 0), present({ buckets: bucketsOf(point) }));
    }
    for (const point of exponentialHistogram?.dataPoints ?? []) {
      if (isMissing(point)) continue;
      distribution(point, constant('exponential histogram', exponentialHistogram?.aggregationTemporality ?? 0), { buckets: exponentialBucketsOf(point) });
    }
    for (const point of summary?.dataPoints ?? []) {
      if (isMissing(point)) continue;
      const details = { constant: constant('summary') };
      add('.count', Number(point.count ?? 0), point, details);
      add('.sum', point.sum ?? 0, point, details);
      for (const { quantile = 0, value = 0 } of (point satisfies SummaryDataPoint).quantileValues ?? []) add('', value, point, { ...details, attributes: { quantile } });
    }
    return reports;
  };
  return { pointsOf };
}

/** Says that there is no value (`DataPointFlags`, metrics.proto): a series that has ended. */
function isMissing(point: DataPoint): boolean {
  return ((point.flags ?? 0) & 1) === 1;
}

function numberIn(point: NumberDataPoint): number | undefined {
  if (isMissing(point)) return undefined;
  return point.asDouble ?? (point.asInt === undefined ? 0 : Number(point.asInt));
}

function bucketsOf({ explicitBounds = [], bucketCounts = [] }: HistogramDataPoint): Json | undefined {
  return bucketCounts.length === 0 ? undefined : { bounds: explicitBounds.map(numberOf), counts: bucketCounts.map(integerOf) };
}

function exponentialBucketsOf({ scale = 0, zeroCount = '0', zeroThreshold, positive, negative }: ExponentialHistogramDataPoint): JsonObject {
  const side = (buckets: Buckets | undefined): Json | undefined => (buckets?.bucketCounts === undefined ? undefined : { offset: buckets.offset ?? 0, counts: buckets.bucketCounts.map(integerOf) });
  return present({ scale, zeroCount: integerOf(zeroCount), zeroThreshold: zeroThreshold === undefined || zeroThreshold === 0 ? undefined : numberOf(zeroThreshold), positive: side(positive), negative: side(negative) });
}

function exemplarsOf(exemplars: readonly Exemplar[] = []): Json | undefined {
  if (exemplars.length === 0) return undefined;
  return exemplars.map(({ timeUnixNano, asDouble, asInt, traceId, spanId, filteredAttributes }) =>
    present({
      time: timeUnixNano,
      value: asDouble === undefined ? integerOf(asInt ?? '0') : numberOf(asDouble),
      traceId: traceId === '' ? undefined : traceId,
      spanId: spanId === '' ? undefined : spanId,
      attributes: nonEmpty(attributesOf(filteredAttributes)),
    }),
  );
}

function nonEmpty(object: JsonObject): JsonObject | undefined {
  return Object.keys(object).length === 0 ? undefined : object;
}
