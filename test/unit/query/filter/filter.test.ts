import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FieldColumn, FieldSource, FieldValue } from '../../../../src/query/filter/match.ts';
import { compileFilter } from '../../../../src/query/filter/match.ts';
import { parseFilter } from '../../../../src/query/filter/parse.ts';
import { completeFilter } from '../../../../src/query/filter/complete.ts';

const now = new Date(2026, 10, 21, 12, 0).getTime();

interface Row {
  readonly id: string;
  readonly loss: readonly number[];
  readonly lr?: number | string;
  readonly status: string;
  readonly star: boolean;
  readonly tags: readonly string[];
  readonly start: number;
  readonly duration: number;
}

const rows: readonly Row[] = [
  { id: 'a', loss: [0.5, 0.2], lr: 0.1, status: 'success', star: true, tags: ['baseline'], start: new Date(2026, 10, 20, 9, 30).getTime(), duration: 12_000 },
  { id: 'b', loss: [0.9], lr: '0.01', status: 'failure', star: false, tags: [], start: new Date(2026, 10, 1).getTime(), duration: 700_000 },
  { id: 'c', loss: [NaN], status: 'success', star: false, tags: ['Big Model'], start: new Date(2026, 10, 21, 11, 59).getTime(), duration: 100 },
  { id: 'd', loss: [], lr: 0.001, status: 'timeout', star: false, tags: ['baseline', 'x'], start: new Date(2025, 0, 1).getTime(), duration: 3_600_000 },
];

const columns: Readonly<Record<string, { readonly kind: FieldColumn['kind']; readonly read: (row: Row) => readonly FieldValue[] }>> = {
  'metrics.loss': { kind: 'value', read: (row) => row.loss },
  'params.learning rate': { kind: 'value', read: (row) => (row.lr === undefined ? [] : [row.lr]) },
  status: { kind: 'value', read: (row) => [row.status] },
  star: { kind: 'value', read: (row) => [row.star] },
  tag: { kind: 'value', read: (row) => row.tags },
  start: { kind: 'time', read: (row) => [row.start] },
  duration: { kind: 'duration', read: (row) => [row.duration] },
};

const source: FieldSource = {
  now,
  column: (names) => {
    const found = columns[names.join('.')];
    return found === undefined ? { message: `no run has ${names.join('.')}` } : { kind: found.kind, values: (row) => rows.slice(row, row + 1).flatMap(found.read) };
  },
  holds: (row, text) => JSON.stringify(rows[row]).toLowerCase().includes(text),
};

/** The ids of the rows that pass, or the mistake with what it points at. */
function select(text: string): string {
  const parsed = parseFilter(text);
  const compiled = parsed.ok ? compileFilter(parsed.filter, source) : parsed;
  if (!compiled.ok) return `${compiled.mistake.message} [${text.slice(compiled.mistake.from, compiled.mistake.to)}]`;
  return rows.filter((_, index) => compiled.test(index)).map((row) => row.id).join('');
}

describe('a filter', () => {
  const cases: readonly (readonly [filter: string, selected: string])[] = [
    ['', 'abcd'],
    ['  ', 'abcd'],
    ['status = success', 'ac'],
    ['status == "success"', 'ac'],
    ["status = 'SUCCESS'", 'ac'],
    ['status != success', 'bd'],
    ['status:fail', 'b'],
    ['metrics.loss < 0.3', 'a'],
    ['metrics.loss >= .5', 'ab'],
    ['metrics.loss = nan', 'c'],
    ['metrics.loss = null', 'd'],
    ['metrics.loss != null', 'abc'],
    // For one of several values; the opposite for none.
    ['metrics.loss = 0.5', 'a'],
    ['metrics.loss != 0.5', 'bcd'],
    ['metrics.loss < inf', 'ab'],
    ['metrics.loss > -Infinity', 'ab'],
    ['metrics.loss > 2e-1', 'ab'],
    // A number that was logged as text compares as one.
    ['params.`learning rate` > 0.005', 'ab'],
    ['params.`learning rate` in (0.1, 0.001)', 'ad'],
    ['params.`learning rate` not in (0.1, 0.001)', 'bc'],
    ['tag:baseline', 'ad'],
    ['tag:"big model"', 'c'],
    ['tag = "big model"', 'c'],
    ['tag in (baseline, x)', 'ad'],
    ['tag ~ "^b"', 'acd'],
    ['tag !~ "^b"', 'b'],
    ['tag contains MODEL', 'c'],
    ['star', 'a'],
    ['not star', 'bcd'],
    ['star = true', 'a'],
    ['star = false', 'bcd'],
    ['start > 2026-11-01', 'ac'],
    ['start >= 2026-11-01', 'abc'],
    ['start = 2026-11-20', 'a'],
    ['start = 2026-11-20T09:30', 'a'],
    ['start <= 2026-11-20', 'abd'],
    ['start < 2d', 'ac'],
    ['start > 4w', 'd'],
    ['duration > 10m', 'bd'],
    ['duration > 12', 'bd'],
    ['duration <= 12s', 'ac'],
    ['duration < 250ms', 'c'],
    ['status = success and star', 'a'],
    ['status = success star', 'a'],
    ['status = failure or star and tag:baseline', 'ab'],
    ['(status = failure or star) and not tag:baseline', 'b'],
    ['not (status = failure or star)', 'cd'],
    ['"big mod"', 'c'],
    ['NOT star AND status = success', 'c'],
  ];
  for (const [filter, selected] of cases) it(`${filter || '(empty)'} → ${selected}`, () => assert.equal(select(filter), selected));

  const mistakes: readonly (readonly [filter: string, mistake: string])[] = [
    ['status =', 'a value is missing here []'],
    ['metrics.los < 3', 'no run has metrics.los [metrics.los]'],
    ['(star', 'a closing bracket is missing []'],
    ['star)', 'a closing bracket without an opening one [)]'],
    ['tag in baseline', 'the values after in stand in brackets: in (400, 500) [baseline]'],
    ['tag in (a b)', 'a comma or a closing bracket is missing [b]'],
    ['tag = "a', 'the text that begins with " does not end ["a]'],
    ['params.`x', 'the name that begins with ` does not end [params.`x]'],
    ['tag ~ "("', 'not a regular expression: /(/iu: Unterminated group ["("]'],
    ['start > 5', 'a time is compared with a date such as 2026-11-20, or with how long ago it was, such as 7d [start > 5]'],
    ['metrics.loss < null', 'with null only = and != are possible [metrics.loss < null]'],
    ['and star', 'a condition begins with a field, such as metrics.loss [and]'],
    ['star and', 'something is missing here: a condition such as status = failure []'],
    ['star ; x', '; means nothing here [;]'],
    [`${'('.repeat(200)}star`, 'too many brackets inside each other [(]'],
  ];
  for (const [filter, mistake] of mistakes) it(`says what is wrong with ${filter.slice(0, 30)}`, () => assert.equal(select(filter), mistake));

  it('never throws, whatever is typed', () => {
    const pieces = ['status', 'tag', '=', '!=', '~', '(', ')', ',', 'in', 'not', 'and', 'or', '"x"', '"', '`', '5', '2026-11-20', '7d', 'null', ':', '.', '\\', '😀', ' '];
    let seed = 20261121;
    const random = (n: number): number => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
    for (let round = 0; round < 20_000; round += 1) {
      const text = Array.from({ length: random(9) }, () => pieces[random(pieces.length)] ?? '').join(random(2) === 0 ? ' ' : '');
      assert.equal(typeof select(text), 'string');
      completeFilter(text, random(text.length + 1), { names: () => ['status'], valuesOf: () => ['a'] });
    }
  });
});

describe('completion', () => {
  const names = ['status', 'start', 'metrics.roc_auc', 'metrics.loss', 'params.`learning rate`', 'tag'];
  const values: Readonly<Record<string, readonly FieldValue[]>> = { status: ['success', 'failure'], tag: ['baseline', 'Big Model'], 'params.learning rate': [0.1, 0.01] };
  const complete = (text: string): readonly string[] => {
    const at = text.indexOf('|');
    const whole = text.replace('|', '');
    return completeFilter(whole, at, { names: () => names, valuesOf: (name) => values[name] ?? [] }).map((item) => `${item.text}@${item.from}-${item.to}`);
  };
  const cases: readonly (readonly [text: string, first: readonly string[]])[] = [
    ['|', ['status@0-0', 'start@0-0']],
    ['sta|', ['status@0-3', 'start@0-3']],
    ['auc|', ['metrics.roc_auc@0-3']],
    ['status |', ['=@7-7', '!=@7-7']],
    ['status = |', ['success@9-9', 'failure@9-9']],
    ['status = f|', ['failure@9-10']],
    ['tag:b|', ['baseline@4-5', '"Big Model"@4-5']],
    ['tag in (baseline, |', ['baseline@18-18', '"Big Model"@18-18']],
    ['params.`learning rate` = |', ['0.1@25-25', '0.01@25-25']],
    ['status = success |', ['and@17-17', 'or@17-17']],
    ['status = success and metr|', ['metrics.roc_auc@21-25', 'metrics.loss@21-25']],
    ['(sta|', ['status@1-4', 'start@1-4']],
  ];
  for (const [text, first] of cases) it(text, () => assert.deepEqual(complete(text).slice(0, first.length), first));
});
