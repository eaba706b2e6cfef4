/** Waiting for a state of another process (a browser, an editor, a task) that says nothing when it has come. */
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asserts again until it holds; after `patience` milliseconds it fails as it failed last. Only looking belongs in
 * `look`: it is done any number of times.
 */
export async function eventually(look: () => void | Promise<void>, patience = 60_000): Promise<void> {
  const end = performance.now() + patience;
  for (;;) {
    try {
      await look();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await pause(20);
  }
}
