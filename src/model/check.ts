/**
 * What has to hold for a task to succeed: conditions on what it reported, and commands before and after it.
 *
 *     NAME[.STATISTIC] OPERATOR VALUE        roc_auc >= 0.95   loss.min < 0.1   returns.rows > 0   `val loss` < 1
 *
 * A name is that of a metric, else of a return; `metrics.` or `returns.` before it says which.
 */
import type { Json, JsonObject } from './json.ts';

export type Operator = '<' | '<=' | '>' | '>=' | '==' | '!=';
export const statistics = ['last', 'min', 'max', 'mean', 'count'] as const;
export type Statistic = (typeof statistics)[number];

export interface Condition {
  readonly type: 'condition';
  /** As it was written. */
  readonly text: string;
  readonly of: 'metrics' | 'returns' | 'any';
  readonly name: string;
  readonly operator: Operator;
  readonly value: string | number | boolean | null;
}

export type Check = Condition | { readonly type: 'before' | 'after'; /** For the shell. */ readonly command: string };

export interface CheckResult {
  readonly type: Check['type'];
  /** The condition or the command. */
  readonly check: string;
  readonly outcome: 'success' | 'failure';
  /** What was found instead, in words: `it is 0.93`, `exited with code 1`. */
  readonly found?: string;
}

/** All values of one metric so far. */
export type Measured = Readonly<Record<Statistic, number>>;

export interface Reported {
  readonly metric: (name: string) => Measured | undefined;
  readonly returns: JsonObject;
}

const pattern = /^\s*(?:(metrics|returns)\.)?(?:`([^`]+)`|([^\s<>=!`"{}]+))\s*(<=|>=|==|!=|=|<|>)\s*(.+?)\s*$/;

/** The condition, or `undefined` if the text is none. */
export function parseCondition(text: string): Condition | undefined {
  const [, of, quoted, plain, operator, written] = pattern.exec(text) ?? [];
  const name = quoted ?? plain;
  if (name === undefined || operator === undefined || written === undefined || /^[<>=!]/.test(written)) return undefined;
  return { type: 'condition', text: text.trim(), of: (of as 'metrics' | 'returns' | undefined) ?? 'any', name, operator: (operator === '=' ? '==' : operator) as Operator, value: valueOf(written) };
}

function valueOf(text: string): Condition['value'] {
  if (/^(true|false|null)$/.test(text)) return JSON.parse(text) as boolean | null;
  const inQuotes = /^(?:"([^"]*)"|'([^']*)')$/.exec(text);
  if (inQuotes !== null) return inQuotes[1] ?? inQuotes[2] ?? '';
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

/** Whether it holds. Nothing but `!=` holds for NaN, and nothing for what was not reported. */
export function evaluate(condition: Condition, reported: Reported): CheckResult {
  const result = { type: condition.type, check: condition.text } as const;
  const actual = actualOf(condition, reported);
  if (actual === undefined) return { ...result, outcome: 'failure', found: `${condition.name} was not reported` };
  if (holds(actual, condition.operator, condition.value)) return { ...result, outcome: 'success' };
  return { ...result, outcome: 'failure', found: `it is ${typeof actual === 'number' ? String(actual) : JSON.stringify(actual)}` };
}

function actualOf({ of, name }: Condition, { metric, returns }: Reported): Json | undefined {
  if (of !== 'returns') {
    const found = metric(name);
    if (found !== undefined) return found.last;
    const statistic = statistics.find((each) => name.endsWith(`.${each}`));
    const whole = statistic === undefined ? undefined : metric(name.slice(0, -statistic.length - 1));
    if (statistic !== undefined && whole !== undefined) return whole[statistic];
  }
  return of !== 'metrics' && Object.hasOwn(returns, name) ? returns[name] : undefined;
}

function holds(actual: Json, operator: Operator, value: Condition['value']): boolean {
  if (operator === '==') return actual === value;
  if (operator === '!=') return actual !== value;
  if (typeof actual !== typeof value || (typeof actual !== 'number' && typeof actual !== 'string')) return false;
  const [a, b] = [actual, value as typeof actual];
  return operator === '<' ? a < b : operator === '<=' ? a <= b : operator === '>' ? a > b : a >= b;
}

/** Collects what a task measures, for its conditions. */
export function measuring(): { readonly add: (name: string, value: number) => void; readonly of: (name: string) => Measured | undefined } {
  const sums = new Map<string, { last: number; min: number; max: number; sum: number; count: number }>();
  return {
    add: (name, value) => {
      const { min, max, sum, count } = sums.get(name) ?? { min: Infinity, max: -Infinity, sum: 0, count: 0 };
      sums.set(name, { last: value, min: Math.min(min, value), max: Math.max(max, value), sum: sum + value, count: count + 1 });
    },
    of: (name) => {
      const found = sums.get(name);
      return found && { last: found.last, min: found.min, max: found.max, mean: found.sum / found.count, count: found.count };
    },
  };
}
