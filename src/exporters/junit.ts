/**
 * Tasks as test cases, in the form that CI systems read (the de-facto schema of Jenkins' JUnit plugin:
 * https://github.com/testmoapp/junitxml).
 */
import type { RunState, TaskState } from '../model/run-state.ts';
import { elapsed, toDate } from '../model/time.ts';

/** Of a failed task, so much of the end of its output, in characters. */
const outputTail = 20_000;

export const junitStart = '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n';
export const junitEnd = '</testsuites>\n';

/** A run; between `junitStart` and `junitEnd`. */
export function toJunitSuite(run: RunState): string {
  const count = (...phases: readonly string[]): number => run.tasks.filter((task) => phases.includes(task.phase)).length;
  const attributes = {
    name: run.pipeline.name,
    id: run.runId,
    tests: run.tasks.length,
    failures: count('failure', 'timeout'),
    errors: count('error', 'cancellation'),
    skipped: count('skip', 'pending', 'stale'),
    time: seconds(run.start, run.end),
    timestamp: toDate(run.start).toISOString(),
  };
  const properties = Object.entries(run.params).map(([name, value]) => `      <property${attributesText({ name: `param.${name}`, value: typeof value === 'string' ? value : JSON.stringify(value) })}/>\n`);
  return `  <testsuite${attributesText(attributes)}>\n${properties.length === 0 ? '' : `    <properties>\n${properties.join('')}    </properties>\n`}${run.tasks.map((task) => testCase(run, task)).join('')}  </testsuite>\n`;
}

function testCase(run: RunState, task: TaskState): string {
  const head = `    <testcase${attributesText({ classname: run.pipeline.name, name: task.node.id, time: task.start === undefined ? '0' : seconds(task.start, task.end), ...(task.node.kind !== 'shell' && { file: task.node.source }) })}`;
  const metrics = Object.entries(task.metrics).map(([name, { last }]) => `        <property${attributesText({ name: `metric.${name}`, value: String(last) })}/>\n`);
  const parts = [...(metrics.length === 0 ? [] : [`      <properties>\n${metrics.join('')}      </properties>\n`]), ...outcome(task)];
  return parts.length === 0 ? `${head}/>\n` : `${head}>\n${parts.join('')}    </testcase>\n`;
}

function outcome(task: TaskState): readonly string[] {
  const { failure } = task;
  const told = (element: 'failure' | 'error', message: string): readonly string[] => [
    `      <${element}${attributesText({ type: failure?.type ?? task.phase, message })}>${text(failure?.stacktrace ?? '')}</${element}>\n`,
    ...output(task),
  ];
  switch (task.phase) {
    case 'success':
      return [];
    case 'failure':
    case 'timeout':
      return told('failure', failure?.message ?? task.phase);
    case 'error':
      return told('error', failure?.message ?? 'could not be run');
    case 'cancellation':
      return told('error', 'cancelled');
    case 'running':
      return told('error', 'did not end');
    case 'skip':
      return [`      <skipped${attributesText({ message: skipText(task) })}/>\n`];
    case 'pending':
    case 'stale':
      return [`      <skipped${attributesText({ message: 'not run' })}/>\n`];
    default:
      return task.phase satisfies never;
  }
}

function skipText({ skipReason, madeBy, blockedBy }: TaskState): string {
  const made = madeBy === undefined ? '' : `, made by ${madeBy.runId}`;
  if (skipReason === 'upstream') return `did not succeed: ${(blockedBy ?? []).join(', ')}`;
  return `${(skipReason ?? 'not run').replaceAll('-', ' ')}${made}`;
}

function output(task: TaskState): readonly string[] {
  return (['stdout', 'stderr'] as const).flatMap((stream) => {
    const whole = (task.attempts.at(-1)?.output ?? []).filter((chunk) => chunk.stream === stream).map((chunk) => chunk.text).join('');
    const element = stream === 'stdout' ? 'system-out' : 'system-err';
    return whole === '' ? [] : [`      <${element}>${text(whole.slice(-outputTail))}</${element}>\n`];
  });
}

function seconds(start: RunState['start'], end: RunState['end']): string {
  return end === undefined ? '0' : (elapsed(start, end) / 1000).toFixed(3);
}

function attributesText(attributes: Readonly<Record<string, string | number>>): string {
  return Object.entries(attributes).map(([name, value]) => ` ${name}="${text(String(value)).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`).join('');
}

/** As XML 1.0 allows it: without escape sequences, other control characters and lone surrogates. */
function text(value: string): string {
  return value
     
    .replaceAll(/\u001b\[[\d;:]*[A-Za-z]/g, '')
     
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
