import type { RecordedFailure, RunEvent } from '../model/run-event.ts';
import type { RunState } from '../model/run-state.ts';
import type { UnixNano } from '../model/time.ts';

const failure: RecordedFailure = { type: 'interrupted', message: 'the executor ended while this was running' };

/**
 * The events that a run still needs to be over when its executor died: none if it had ended. When it died is not
 * known; `time` is that of its last event.
 */
export function interruption(state: RunState, time: UnixNano): readonly RunEvent[] {
  return state.outcome === undefined ? [...unfinished(state, time, failure), { type: 'run-ended', time, outcome: 'error', interrupted: true }] : [];
}

/** Those that what was under way still needs to be over, by that failure, and what was to come. */
export function unfinished(state: RunState, time: UnixNano, failure: RecordedFailure): readonly RunEvent[] {
  const events: RunEvent[] = [];
  for (const { node, phase, attempts } of state.tasks) {
    const task = node.id;
    for (const attempt of attempts) {
      if (attempt.end === undefined) events.push({ type: 'attempt-ended', task, attempt: attempt.number, time, outcome: 'error', failure });
    }
    if (phase === 'running') events.push({ type: 'task-ended', task, time, outcome: 'error', failure, outputs: [], returns: {} });
    else if (phase === 'pending' || phase === 'stale') events.push({ type: 'task-skipped', task, time, reason: 'stopped' });
  }
  return events;
}
