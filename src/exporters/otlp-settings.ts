/**
 * Where runs are pushed to, from the standard variables of OpenTelemetry's exporters; those for traces win over those
 * for all signals: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export interface OtlpSettings {
  /** Of traces. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly encoding: 'protobuf' | 'json';
  readonly compression: 'gzip' | 'none';
  /** Milliseconds for one request. */
  readonly timeout: number;
  /** Path of a PEM file. */
  readonly certificate?: string;
}

export type OtlpSettingsResult = { readonly type: 'settings'; readonly settings: OtlpSettings } | { readonly type: 'none' } | { readonly type: 'problem'; readonly message: string };

type Environment = Readonly<Record<string, string | undefined>>;

const defaultTimeout = 10_000;

/** `endpoint`: of a setting or an option, for all signals unless it ends with `/v1/traces`; it wins over the variables. */
export function otlpSettings(environment: Environment, endpoint?: string): OtlpSettingsResult {
  const ofTraces = nonEmpty(environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']);
  const ofAll = nonEmpty(environment['OTEL_EXPORTER_OTLP_ENDPOINT']);
  const [written, name] = endpoint !== undefined ? [endpoint, ''] : ofTraces !== undefined ? [ofTraces, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] : [ofAll, 'OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (written === undefined) return { type: 'none' };
  /** An endpoint that was given stands for itself; what a variable holds is told with its name. */
  const problem = (what: string): OtlpSettingsResult => ({ type: 'problem', message: endpoint === undefined ? `${name} is ${what}: ${written}` : `${written} is ${what}` });
  const of = (variable: string): string | undefined => nonEmpty(environment[`OTEL_EXPORTER_OTLP_TRACES_${variable}`]) ?? nonEmpty(environment[`OTEL_EXPORTER_OTLP_${variable}`]);
  const protocol = of('PROTOCOL') ?? 'http/protobuf';
  if (protocol !== 'http/protobuf' && protocol !== 'http/json') return { type: 'problem', message: `OTEL_EXPORTER_OTLP_PROTOCOL is ${protocol}; runs are pushed with http/protobuf or http/json` };
  let url: URL;
  try {
    url = new URL(written);
  } catch {
    return problem('no URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return problem('no URL of HTTP');
  // The one for all signals is where their paths begin; the one for traces is the path itself.
  if ((endpoint !== undefined || ofTraces === undefined) && !url.pathname.endsWith('/v1/traces')) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  const compression = of('COMPRESSION') ?? 'none';
  const timeout = Number(of('TIMEOUT') ?? defaultTimeout);
  const certificate = of('CERTIFICATE');
  return {
    type: 'settings',
    settings: {
      url: url.href,
      headers: endpoint === undefined || sameOrigin(url, ofTraces ?? ofAll) ? { ...headersOf(environment['OTEL_EXPORTER_OTLP_HEADERS']), ...headersOf(environment['OTEL_EXPORTER_OTLP_TRACES_HEADERS']) } : {},
      encoding: protocol === 'http/json' ? 'json' : 'protobuf',
      compression: compression === 'gzip' ? 'gzip' : 'none',
      timeout: Number.isFinite(timeout) && timeout > 0 ? timeout : defaultTimeout,
      ...(certificate !== undefined && { certificate }),
    },
  };
}

/**
 * The same, for what is pushed without being asked for. Inside of a task of a run, the variables are those that the task
 * was given, and lead into that run.
 */
export function automaticOtlpSettings(environment: Environment, endpoint?: string): OtlpSettingsResult {
  if (nonEmpty(environment['RUNWEAVE_RUN_ID']) !== undefined) return { type: 'none' };
  if (environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || environment['OTEL_TRACES_EXPORTER'] === 'none') return { type: 'none' };
  return otlpSettings(environment, endpoint);
}

/** What was meant for one server is not sent to another; without a variable that names one, headers are for the one that is named. */
function sameOrigin(url: URL, written: string | undefined): boolean {
  if (written === undefined) return true;
  try {
    return new URL(written).origin === url.origin;
  } catch {
    return false;
  }
}

/** `name=value,name=value`, values percent-encoded, as W3C Baggage has it. */
function headersOf(text: string | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (text ?? '').split(',').flatMap((part) => {
      const at = part.indexOf('=');
      const name = part.slice(0, Math.max(0, at)).trim().toLowerCase();
      return at < 1 || !/^[\w!#$%&'*+.^`|~-]+$/.test(name) ? [] : [[name, decoded(part.slice(at + 1).trim()).replaceAll(/[\r\n\0]/g, '')]];
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text.trim();
}
