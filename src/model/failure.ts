/** Why a task failed, in a few words. */
import { plainText } from './plain-text.ts';
import type { RecordedFailure } from './run-event.ts';

/** `ValueError: no such digit`; our own words (`exit-code`, …) are no exception's type, and their messages say it all. */
export function failureMessage(failure: Pick<RecordedFailure, 'type' | 'message'>): string {
  const [type = '', message = ''] = [failure.type, failure.message].map((text) => plainText(text).replace(/\s+/g, ' ').trim());
  if (message === '') return type;
  return /^[a-z-]+$/.test(type) ? message : `${type}: ${message}`;
}
