/** Says changes of state to screen readers: at most one sentence in a while, however many tasks change. */
import { h } from './dom.ts';

export interface Announcer {
  readonly element: HTMLElement;
  /** `subject` is told in its latest state. */
  say(subject: string, state: string): void;
}

export function createAnnouncer(delay = 1500): Announcer {
  const element = h('div', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite' });
  const pending = new Map<string, string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = (): void => {
    timer = undefined;
    const entries = [...pending];
    pending.clear();
    if (entries.length <= 3) element.textContent = entries.map(([subject, state]) => `${subject} ${state}`).join(', ');
    else {
      const counts = new Map<string, number>();
      for (const [, state] of entries) counts.set(state, (counts.get(state) ?? 0) + 1);
      element.textContent = [...counts].map(([state, count]) => `${count} tasks ${state}`).join(', ');
    }
  };
  return {
    element,
    say: (subject, state) => {
      pending.set(subject, state);
      timer ??= setTimeout(flush, delay);
    },
  };
}
