import type { RecordedFailure, RunEvent } from '../model/run-event.ts';
import type { RunState } from '../model/run-state.ts';
import type { UnixNano } from '../model/time.ts';

const failure: RecordedFailure = { type: 'interrupted', message: 'the executor ended while this was running' };

/**
 * The events that a run still needs to be over when its executor died: none if it had ended. When it died is not
 * known; `time` is that of its last event.
 */
export function interruption(state: RunState, time: UnixNano): readonly RunEvent[] {
  if (state.outcome !== undefined) return [];
  const events: RunEvent[] = [];
  for (const { node, phase, attempts } of state.tasks) {
    const task = node.id;
    for (const attempt of attempts) {
      if (attempt.end === undefined) events.push({ type: 'attempt-ended', task, attempt: attempt.number, time, outcome: 'error', failure });
    }
    if (phase === 'running') events.push({ type: 'task-ended', task, time, outcome: 'error', failure, outputs: [], returns: {} });
    else if (phase === 'pending' || phase === 'stale') events.push({ type: 'task-skipped', task, time, reason: 'stopped' });
  }
  events.push({ type: 'run-ended', time, outcome: 'error', interrupted: true });
  return events;
}
