// The servers that stand in the registry, kept up to date by a watch that is set again with every read.

import { isUtf8 } from 'node:buffer';
import { EventEmitter } from 'node:events';
import { join, PREFIX } from './registration.js';
import { Reconciler } from './reconciler.js';
import { Exception } from './session.js';
import { members, NotStrictJson } from './strict-json.js';

/** Emits 'read' after every list that was read. `servers` is null before the first; a registry out of reach changes nothing. */
export class Directory extends EventEmitter {
  servers = null; // [{host, port, name: "host:port"}], each address once
  #session;
  #root;
  #reconciler = new Reconciler(() => this.#read());
  #changed = () => this.#reconciler.changed(); // one function for ever: the library sets the same watcher only once

  constructor(session, root) {
    super();
    this.setMaxListeners(0);
    this.#session = session;
    this.#root = root;
  }

  start() {
    this.#session.on('connected', this.#changed); // also after a short cut: what changed meanwhile was told to nobody
    this.#session.start();
  }

  async stop(withinMs) {
    this.#reconciler.stop();
    await this.#session.close(withinMs);
  }

  async #read() {
    if (!this.#session.connected) return;
    const names = (await this.#children()).filter((name) => name.startsWith(PREFIX));
    const found = await Promise.all(names.map((name) => this.#server(join(this.#root, name))));
    this.servers = [...new Map(found.filter(Boolean).map((server) => [server.name, server])).values()];
    this.emit('read');
  }

  async #children() {
    try {
      const [names] = await this.#session.call('getChildren', this.#root, this.#changed);
      return names;
    } catch (error) {
      if (error.code !== Exception.NO_NODE) throw error;
    }
    const [stat] = await this.#session.call('exists', this.#root, this.#changed); // no root yet: wait for it to be made
    if (stat !== null) this.#changed();
    return [];
  }

  /** What a node says, or null if it has vanished or says nothing that can be used. */
  async #server(path) {
    try {
      const [data] = await this.#session.call('getData', path);
      return parseServer(data ?? Buffer.alloc(0)); // the library's word for empty data is undefined
    } catch (error) {
      if (error.code === Exception.NO_NODE) return null;
      throw error;
    }
  }
}

/** {host, port, name} from a node's data, or null: the registry is open to others, so nothing in it is taken on trust. */
export function parseServer(data) {
  try {
    const given = members(isUtf8(data) ? data.toString() : '');
    const host = JSON.parse(given.get('host') ?? 'null');
    const port = /^[0-9]{1,5}$/.test(given.get('port')) ? Number(given.get('port')) : 0;
    const usable = typeof host === 'string' && /^[\w.:-]{1,253}$/.test(host) && port >= 1 && port <= 65535;
    return usable ? { host, port, name: `${host}:${port}` } : null;
  } catch (error) {
    if (error instanceof NotStrictJson) return null;
    throw error;
  }
}
