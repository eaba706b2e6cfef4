/**
 * Every attribute and event name that a record is made of, in one place. Names of OpenTelemetry's semantic conventions
 * (version 1.45, https://opentelemetry.io/docs/specs/semconv/registry/attributes/) wherever they say what is meant;
 * `runweave.*` only where none does. They are written out, because the conventions' package keeps names that are not
 * yet stable in an entry point without a promise of compatibility, and a record has to be readable for years.
 */

// registry/attributes/cicd
export const cicdPipelineName = 'cicd.pipeline.name';
export const cicdPipelineResult = 'cicd.pipeline.result';
export const cicdPipelineRunId = 'cicd.pipeline.run.id';
export const cicdPipelineTaskName = 'cicd.pipeline.task.name';
export const cicdPipelineTaskRunId = 'cicd.pipeline.task.run.id';
export const cicdPipelineTaskRunResult = 'cicd.pipeline.task.run.result';

// registry/attributes/process
export const processCommandArgs = 'process.command_args';
export const processExitCode = 'process.exit.code';
export const processPid = 'process.pid';
export const processWorkingDirectory = 'process.working_directory';

// The metrics of docs/system/process-metrics and docs/hardware/gpu as what an attempt used in all: CPU seconds, their
// share of the time that passed, mean resident memory.
export const processCpuTime = 'process.cpu.time';
export const processCpuUtilization = 'process.cpu.utilization';
export const processMemoryUsage = 'process.memory.usage';
export const processDiskRead = 'process.disk.io.read';
export const processDiskWritten = 'process.disk.io.write';
export const networkReceived = 'system.network.io.receive';
export const networkSent = 'system.network.io.transmit';
export const gpuUtilization = 'hw.gpu.utilization';

// registry/attributes/vcs
export const vcsRefHeadName = 'vcs.ref.head.name';
export const vcsRefHeadRevision = 'vcs.ref.head.revision';

// registry/attributes/error, exception, code; specification/trace/exceptions for the event
export const codeFilePath = 'code.file.path';
export const codeFunctionName = 'code.function.name';
export const codeLineNumber = 'code.line.number';
export const errorType = 'error.type';
export const exceptionEvent = 'exception';
export const exceptionMessage = 'exception.message';
export const exceptionStacktrace = 'exception.stacktrace';
export const exceptionType = 'exception.type';

// registry/attributes/artifact
export const artifactFilename = 'artifact.filename';

// registry/attributes/service, otel
export const otelDroppedAttributes = 'otel.dropped_attributes_count';
export const otelDroppedEvents = 'otel.dropped_events_count';
export const otelDroppedLinks = 'otel.dropped_links_count';
export const serviceName = 'service.name';

/** Of any span or event: the names of those of its attributes whose value is JSON text (see `recording/attributes.ts`). */
export const jsonAttributes = 'runweave.json';
/** `start` and `end`, where a span needs a time that the run did not give: not started, or not ended. */
export const unsetTimes = 'runweave.unset_times';

// Of the run span.
/** Present on every run span, and only there: what tells a record of ours from any other trace. */
export const recordVersion = 'runweave.record.version';
export const pipelineFile = 'runweave.pipeline.file';
/** Digest of the pipeline file's content in `objects/`. */
export const pipelineFileDigest = 'runweave.pipeline.digest';
/** How the checkout differed from its commit. */
export const vcsChanges = 'runweave.vcs.changes';
export const trigger = 'runweave.trigger';
export const warnings = 'runweave.warnings';
export const interrupted = 'runweave.interrupted';
/** Resource attributes: the Python that tasks ran with. */
export const interpreterPath = 'runweave.interpreter.path';
export const interpreterVersion = 'runweave.interpreter.version';
/** Resource attribute: whether the checkout differed from the commit. */
export const vcsDirty = 'runweave.vcs.dirty';

// Of a task span; `runweave.param.*` of the run span too.
export const taskId = 'runweave.task.id';
export const taskKind = 'runweave.task.kind';
export const taskSource = 'runweave.task.source';
export const taskMatrix = 'runweave.task.matrix';
export const taskDependencies = 'runweave.task.dependencies';
export const taskDeclaredOutputs = 'runweave.task.declared_outputs';
export const taskOwner = 'runweave.task.owner';
export const taskDescription = 'runweave.task.description';
export const taskTags = 'runweave.task.tags';
/** Only of a task that had no result when the run ended: `pending`, `stale` or `running`. */
export const taskPhase = 'runweave.task.phase';
export const taskReasons = 'runweave.reasons';
export const taskFingerprint = 'runweave.fingerprint';
export const taskOutputs = 'runweave.outputs';
/** Bytes by the fingerprint's names of inputs. */
export const taskInputSizes = 'runweave.input_sizes';
/** Contents of the source files that were used, by path: digests in `objects/`. */
export const taskSources = 'runweave.sources';
export const taskReturns = 'runweave.returns';
/** Of a run: those of its params that hold whole floats, with an object in the place of each; of a task: those of its returns. */
export const wholeFloats = 'runweave.whole_floats';
export const taskSkipReason = 'runweave.skip.reason';
export const taskBlockedBy = 'runweave.skip.blocked_by';
/** The parameters that a run or task was given, by name. */
export const paramPrefix = 'runweave.param.';
/** What the last attempt logged, by name. */
export const loggedParamPrefix = 'runweave.logged_param.';
export const tagPrefix = 'runweave.tag.';
/** Last value of a metric, by name. */
export const metricPrefix = 'runweave.metric.';
/** Of each metric, by name: how many points, and least, greatest and mean of those that are numbers. */
export const metricSummaries = 'runweave.metric_summaries';

// Of a link.
export const linkType = 'runweave.link.type';
export const linkTypeMadeBy = 'made-by';
export const linkRunId = 'runweave.run.id';

// Of an attempt span.
export const attemptNumber = 'runweave.attempt.number';
export const attemptCause = 'runweave.attempt.cause';
export const attemptResult = 'runweave.attempt.result';
export const attemptSignal = 'runweave.attempt.signal';

/** Highest of the samples, in bytes. */
export const memoryPeak = 'runweave.process.memory.peak';
export const gpuMemoryPeak = 'runweave.gpu.memory.peak';
/** How many spans the task reported; absent where there are none. */
export const attemptSpanCount = 'runweave.attempt.span_count';

// Of a span that a task reported.
/** The span id of the attempt that reported it. Present on every such span, and only there. */
export const reportedAttempt = 'runweave.reported.attempt';
/** The trace that it was of, where that is not the run's. */
export const reportedTraceId = 'runweave.reported.trace_id';
/** Its parent, where that is not in the record: the span hangs below the attempt. */
export const reportedParentSpanId = 'runweave.reported.parent_span_id';
/** Attributes of its resource that differ from the run's. */
export const reportedResource = 'runweave.reported.resource';
/** Attributes whose names are those of ours. */
export const reportedAttributes = 'runweave.reported.attributes';
/** What begins a name of ours. */
export const reservedPrefix = 'runweave.';

// Of a span of a notebook's cell.
export const cellIndex = 'runweave.cell.index';
export const cellStatus = 'runweave.cell.status';
export const cellLabel = 'runweave.cell.label';
/** Where the evaluated notebook was not recorded: the code, and the outputs as JSON of nbformat 4. */
export const cellSource = 'runweave.cell.source';
export const cellOutputs = 'runweave.cell.outputs';

// Events of an attempt span, and their attributes.
export const outputEvent = 'runweave.output';
export const outputStream = 'runweave.output.stream';
export const outputText = 'runweave.output.text';
export const metricsEvent = 'runweave.metrics';
export const metricsName = 'runweave.metrics.name';
/** Nanoseconds from the event's time, one a point. */
export const metricsTimes = 'runweave.metrics.times';
export const metricsValues = 'runweave.metrics.values';
/** One a point; absent when no point has a step. */
export const metricsSteps = 'runweave.metrics.steps';
/** One object a point, or null; absent when no point has one. */
export const metricsDetails = 'runweave.metrics.details';
export const logEvent = 'runweave.log';
export const logSeverityNumber = 'runweave.log.severity_number';
export const logSeverityText = 'runweave.log.severity_text';
export const logBody = 'runweave.log.body';
export const logAttributes = 'runweave.log.attributes';
export const logTraceId = 'runweave.log.trace_id';
export const logSpanId = 'runweave.log.span_id';
export const logScope = 'runweave.log.scope';
export const logResource = 'runweave.log.resource';
export const datasetEvent = 'runweave.dataset';
export const datasetName = 'runweave.dataset.name';
export const datasetDigest = 'runweave.dataset.digest';
export const datasetContext = 'runweave.dataset.context';
export const datasetSourceType = 'runweave.dataset.source_type';
export const datasetSource = 'runweave.dataset.source';
export const datasetSchema = 'runweave.dataset.schema';
export const datasetProfile = 'runweave.dataset.profile';
export const paramEvent = 'runweave.param';
export const tagEvent = 'runweave.tag';
export const returnEvent = 'runweave.return';
/** Of the three events above. */
export const eventName = 'runweave.name';
export const eventValue = 'runweave.value';
export const artifactEvent = 'runweave.artifact';
export const artifactMediaType = 'runweave.artifact.media_type';
export const artifactSize = 'runweave.artifact.size';
export const artifactDigest = 'runweave.artifact.digest';
/** `utf8`, `base64` or `reference`. */
export const artifactContentType = 'runweave.artifact.content_type';
export const artifactContent = 'runweave.artifact.content';
export const observedEvent = 'runweave.observed';
export const observedModules = 'runweave.observed.modules';
export const observedRead = 'runweave.observed.read';
export const observedWritten = 'runweave.observed.written';
export const observedPackages = 'runweave.observed.packages';
/** What an attempt used, sample by sample, in columns. */
export const resourcesEvent = 'runweave.resources';
/** Nanoseconds from the event's time, one a sample. */
export const resourcesTimes = 'runweave.resources.times';
export const resourcesPrefix = 'runweave.resources.';
/** What had to hold for the attempt to succeed: a list of type, check, outcome and found. */
export const attemptChecks = 'runweave.attempt.checks';
/** How the attempt was started, where that is not the usual way. */
export const attemptNote = 'runweave.attempt.note';
/** What the attempt was warned of: a list of category, message, file, line and count. */
export const attemptWarnings = 'runweave.attempt.warnings';
/** Of an exception event. */
export const exceptionFrames = 'runweave.exception.frames';

// Resource attributes of an imported run, and only of such a run.
/** The format that it came in. */
export const importFormat = 'runweave.import.format';
/** The file or folder that it came from, as it was named. */
export const importSource = 'runweave.import.source';
/** `trace`: of spans without tasks. */
export const importShape = 'runweave.import.shape';
