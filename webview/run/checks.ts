/** What had to hold for an attempt to succeed, and what was found instead. */
import { plainText } from '../../src/model/plain-text.ts';
import type { CheckResult } from '../../src/model/check.ts';
import { h } from '../dom.ts';
import { phaseMark } from './format.ts';

const places: Readonly<Record<CheckResult['type'], string>> = { condition: '', before: 'before the task', after: 'after the task' };

export function checksView(checks: readonly CheckResult[]): HTMLElement {
  const row = ({ type, check, outcome, found = '' }: CheckResult): HTMLElement =>
    h('li', {}, phaseMark(outcome), ' ', h('code', {}, plainText(check)), h('span', { class: 'quiet' }, [places[type], plainText(found)].filter((part) => part !== '').map((part) => ` · ${part}`).join('')));
  return h('ul', { class: 'checks' }, ...checks.map(row));
}
