// The primary: makes the listening socket, keeps the workers, holds the one registration, and turns signals into steps.

import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { Fleet } from './fleet.js';
import { bind, reachable, stdio } from './listener.js';
import { Registration } from './registration.js';
import { parseConnect, Session } from './session.js';

const WORKER = fileURLToPath(new URL('worker.js', import.meta.url));
const DEREGISTER_MS = 1000; // of stop_s
const CHECKUP_MS = 500;

export class Primary {
  #options;
  #fleet;
  #listener = null;
  #registration = null;
  #stopping = false;

  constructor(options) {
    this.#options = options;
    this.#fleet = new Fleet(options.workers);
    this.#fleet.once('settled', () => this.#register());
    this.#fleet.once('failed', () => this.#stop(1));
    process.on('SIGTERM', () => this.#stop(0));
    process.on('SIGINT', () => this.#stop(0));
    process.on('SIGHUP', () => this.#fleet.reload());
    process.on('SIGTTIN', () => this.#fleet.resize(+1));
    process.on('SIGTTOU', () => this.#fleet.resize(-1));
  }

  async start() {
    this.#listener = await bind(this.#options.host, this.#options.port);
    cluster.setupPrimary({ exec: WORKER, args: [], stdio: stdio(this.#listener) });
    this.#fleet.start();
  }

  #register() {
    if (this.#stopping) return;
    const { servers, chroot } = parseConnect(this.#options.zookeeper);
    const address = { host: reachable(this.#options.host), port: this.#listener.port };
    const session = new Session(servers);
    this.#registration = new Registration(session, chroot + this.#options.root, address);
    this.#registration.want(true);
    session.start();
    setInterval(() => this.#registration.want(this.#fleet.serves()), CHECKUP_MS);
  }

  /** The node goes first, so that nobody finds a server that goes; a registry out of reach holds nothing up for long. */
  async #stop(status) {
    if (this.#stopping) return;
    this.#stopping = true;
    await this.#registration?.stop(DEREGISTER_MS);
    this.#listener?.close();
    await this.#fleet.stop();
    process.exit(status);
  }
}
