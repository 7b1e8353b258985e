// The workers: as many as wanted, of the newest generation that boots.

import cluster from 'node:cluster';
import { EventEmitter } from 'node:events';
import { CANNOT_LISTEN } from './listener.js';
import { log } from './log.js';

const GRACE_MS = 10_000; // grace_s of the contract: for the calls in flight of a worker that is to go
const NEWBORN_GRACE_MS = 1000; // one that never got ready has no calls
const STEADY_MS = 500; // of service, after which a worker is no part of a crash loop
const BEREFT_MS = 5000; // respawn_s of the contract
const RESPAWN_PAUSE_MS = { first: 200, max: 1000 }; // 200 ms: at most 5 a second for each worker wanted
const UNREAPED_MS = { again: 100, givenUp: 2000 };

/**
 * Emits 'settled' when somebody serves and nobody boots; 'failed' when the first workers can't even listen.
 * A member is {worker, generation, readyAt, leaving}; it is one until its process has ended.
 */
export class Fleet extends EventEmitter {
  #size;
  #members = new Set();
  #generation = 1; // what is spawned
  #proven = 1; // what serves, and is gone back to when a reload fails
  #reloadAgain = false;
  #deathsInARow = 0; // early ones, since a worker last got ready
  #respawn = null; // the timer that holds back the next spawn
  #stopping = false;
  #steadyAt = null;

  constructor(size) {
    super();
    this.#size = size;
  }

  start() {
    this.#maintain();
  }

  resize(by) {
    this.#size = Math.max(1, this.#size + by);
    this.#maintain();
  }

  /** New workers first; the old ones leave when all of the new serve. One reload at a time, and one more for those who asked meanwhile. */
  reload() {
    this.#reloadAgain = this.#generation !== this.#proven;
    if (this.#reloadAgain) return;
    this.#generation += 1;
    this.#deathsInARow = 0;
    this.#maintain();
  }

  /** Resolves when every worker has ended: by itself after its calls, or killed when the grace is over. */
  async stop() {
    this.#stopping = true;
    clearTimeout(this.#respawn);
    for (const member of this.#members) this.#dismiss(member);
    while (this.#members.size > 0) await new Promise((resolve) => this.once('gone', resolve));
  }

  /** Whether there is a service at all: false once BEREFT_MS have passed without a worker that lives. To be asked now and then. */
  serves() {
    const now = Date.now();
    const steady = [...this.#members].some(({ readyAt }) => readyAt && now - readyAt >= STEADY_MS);
    if (steady || this.#steadyAt === null) this.#steadyAt = now;
    return now - this.#steadyAt < BEREFT_MS;
  }

  #current() {
    return [...this.#members].filter((member) => member.generation === this.#generation && !member.leaving);
  }

  #maintain() {
    if (this.#stopping) return;
    const current = this.#current();
    for (const surplus of current.slice(this.#size)) this.#dismiss(surplus);
    if (this.#respawn !== null) return;
    for (let missing = this.#size - current.length; missing > 0; missing -= 1) this.#spawn();
  }

  #spawn() {
    const member = { worker: null, generation: this.#generation, readyAt: null, leaving: false };
    this.#members.add(member);
    try {
      member.worker = cluster.fork();
    } catch (error) {
      process.nextTick(() => this.#onGone(member, error.message));
      return;
    }
    const { worker } = member;
    worker.on('message', (message) => message === 'ready' && this.#onReady(member));
    worker.once('exit', (code, signal) => this.#onGone(member, signal ?? code));
    worker.once('disconnect', () => setTimeout(() => this.#reap(member), UNREAPED_MS.again));
    worker.on('error', (error) => worker.process.pid ?? this.#onGone(member, error.message)); // the fork failed
  }

  /**
   * A worker's channel has closed, so it has ended or is about to. Where a wait for it was answered with ECHILD, Node forgets the
   * matter until the next SIGCHLD, so there is one; and a worker that somebody else has reaped is not waited for for ever.
   */
  #reap(member, since = Date.now()) {
    const { pid, exitCode, signalCode } = member.worker.process;
    if (exitCode !== null || signalCode !== null) return;
    const reapedByOthers = !exists(pid);
    if (reapedByOthers || Date.now() - since > UNREAPED_MS.givenUp) this.#onGone(member, 'lost');
    if (reapedByOthers) return;
    process.kill(process.pid, 'SIGCHLD');
    setTimeout(() => this.#reap(member, since), UNREAPED_MS.again);
  }

  #onReady(member) {
    member.readyAt = Date.now();
    if (member.leaving) this.#tellToLeave(member);
    this.#deathsInARow = 0;
    const current = this.#current();
    if (current.length >= this.#size && current.every(({ readyAt }) => readyAt)) this.#onGenerationServes();
    this.#tellIfSettled();
  }

  #onGenerationServes() {
    this.#proven = this.#generation;
    for (const member of this.#members) if (member.generation < this.#proven) this.#dismiss(member);
    if (this.#reloadAgain) this.reload();
  }

  #onGone(member, how) {
    if (!this.#members.delete(member)) return;
    clearTimeout(member.killer);
    this.emit('gone');
    if (this.#stopping) return;
    if (!member.leaving) this.#onDeath(member, how);
    this.#maintain();
    this.#tellIfSettled();
  }

  #onDeath(member, how) {
    log(`worker ${member.worker?.process.pid ?? '(never forked)'} ended: ${how}`);
    if (how === CANNOT_LISTEN && ![...this.#members].some(({ readyAt }) => readyAt)) this.emit('failed');
    // A worker of a new generation that ends by itself before it serves: the reload was a bad one.
    if (member.generation > this.#proven && !member.readyAt && typeof how === 'number') this.#rollBack();
    else if (!member.readyAt || Date.now() - member.readyAt < STEADY_MS) this.#holdBack();
  }

  #rollBack() {
    log('the new workers do not boot: the old ones stay');
    for (const member of this.#members) if (member.generation > this.#proven) this.#dismiss(member);
    this.#generation = this.#proven;
    this.#reloadAgain = false;
  }

  #holdBack() {
    if (this.#respawn !== null) return;
    const { first, max } = RESPAWN_PAUSE_MS;
    this.#respawn = setTimeout(
      () => {
        this.#respawn = null;
        this.#maintain();
      },
      Math.min(max, first * 2 ** this.#deathsInARow),
    );
    this.#deathsInARow += 1;
  }

  #tellIfSettled() {
    const members = [...this.#members];
    if (members.length > 0 && members.every(({ readyAt }) => readyAt)) this.emit('settled');
  }

  /** A newborn would not hear: what reaches an ES module before it listens is lost. It is told when it is ready. */
  #dismiss(member) {
    if (member.leaving) return;
    member.leaving = true;
    if (member.readyAt) this.#tellToLeave(member);
    else this.#killAfter(member, NEWBORN_GRACE_MS);
  }

  #tellToLeave(member) {
    if (member.worker.isConnected()) member.worker.send('leave', () => {}); // a failed send is a worker on its way out
    this.#killAfter(member, GRACE_MS);
  }

  #killAfter(member, graceMs) {
    clearTimeout(member.killer);
    member.killer = setTimeout(() => member.worker.process.kill('SIGKILL'), graceMs);
  }
}

function exists(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
