// Brings something in line with the registry: told that things changed, it runs its task; one run at a time, one more if
// they changed meanwhile, and again after a pause when the task failed.

import { setTimeout as pause } from 'node:timers/promises';
import { log } from './log.js';

const PAUSE_MS = { first: 50, max: 2000 };

export class Reconciler {
  #task;
  #stale = false;
  #running = false;
  #stopped = false;
  #waiting = new AbortController();

  constructor(task) {
    this.#task = task;
  }

  changed() {
    this.#stale = true;
    this.#waiting.abort();
    if (!this.#running) this.#run();
  }

  stop() {
    this.#stopped = true;
    this.#waiting.abort();
  }

  async #run() {
    this.#running = true;
    for (let failures = 0; this.#stale && !this.#stopped; ) {
      this.#stale = false;
      try {
        await this.#task();
        failures = 0;
      } catch (error) {
        log(`registry: ${JSON.stringify(error.message)}`);
        this.#stale = true;
        await this.#pause(failures);
        failures += 1;
      }
    }
    this.#running = false;
  }

  /** Exponential, with jitter; cut short when things change. */
  async #pause(failures) {
    this.#waiting = new AbortController();
    const longest = Math.min(PAUSE_MS.max, PAUSE_MS.first * 2 ** failures);
    await pause(longest * (0.5 + Math.random() / 2), undefined, { signal: this.#waiting.signal }).catch(() => {});
  }
}
