// A ZooKeeper session that stays: node-zookeeper-client 1.1.3 keeps one over reconnects, and this adds what it leaves out:
// a new session when one has expired, a deadline for every operation, and a link that has gone silent is given up.

import { EventEmitter, once } from 'node:events';
import zookeeper from 'node-zookeeper-client';

const SESSION_TIMEOUT_MS = 6000; // asked for; the registry decides
const RECONNECT_PAUSE_MS = { first: 100, max: 1000 };
const OPERATION_MIN_MS = 1000;
const SILENCE = 2 / 3; // of the session timeout that is waited for a sign of life; the library pings every third of it

export const { CreateMode, Exception } = zookeeper;

/** Splits "host:port,host:port/chroot" so that the chroot is made like any other missing path. */
export function parseConnect(text) {
  const slash = text.indexOf('/');
  if (slash < 0) return { servers: text, chroot: '' };
  return { servers: text.slice(0, slash), chroot: text.slice(slash).replace(/\/+$/, '') };
}

/** Emits 'connected' after every connect or reconnect, with this session or with a new one: compare `id`. */
export class Session extends EventEmitter {
  id = null; // of the session, in hexadecimal, as ephemeralOwner is told by owner()
  connected = false;
  #servers;
  #client;
  #closing = false;
  #silence;

  constructor(servers) {
    super();
    this.setMaxListeners(0);
    this.#servers = servers;
  }

  start() {
    this.#open();
  }

  /** One operation of the library's client, as a promise of what it hands to its callback after the error. */
  call(operation, ...args) {
    if (!this.connected) return Promise.reject(new Error('the registry is not connected'));
    const link = this.#client.connectionManager;
    return new Promise((resolve, reject) => {
      const late = () => link.socket.destroy(new Error(`${operation} unanswered`)); // the library then fails the operation
      const timer = setTimeout(late, Math.max(OPERATION_MIN_MS, link.getSessionTimeout()));
      this.#client[operation](...args, (error, ...results) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve(results);
      });
    });
  }

  /** Ends the session at the registry, which drops its nodes; gives up when `withinMs` are over. */
  async close(withinMs) {
    const signal = AbortSignal.timeout(withinMs);
    this.#closing = true;
    try {
      if (!this.connected) await once(this, 'connected', { signal });
      this.#client.close();
      await once(this, 'disconnected', { signal });
    } catch (error) {
      if (!signal.aborted) throw error; // out of reach: the session is left to expire
    }
    clearTimeout(this.#silence);
  }

  #open() {
    const client = zookeeper.createClient(this.#servers, { sessionTimeout: SESSION_TIMEOUT_MS });
    guard(client.connectionManager);
    client.on('connected', () => {
      this.id = client.getSessionId().toString('hex');
      this.connected = true;
      this.#listen();
      this.emit('connected');
    });
    client.on('disconnected', () => {
      this.connected = false;
      this.emit('disconnected');
    });
    client.on('expired', () => {
      client.removeAllListeners();
      client.connectionManager.socket.destroy();
      this.connected = false;
      if (!this.#closing) this.#open();
    });
    this.#client = client;
    client.connect();
    this.#listen();
  }

  /** Gives up a link on which nothing came for too long: the library would wait for ever. */
  #listen() {
    clearTimeout(this.#silence);
    const link = this.#client.connectionManager;
    const patienceMs = link.getSessionTimeout() * SILENCE;
    if (Date.now() - link.heardAt > patienceMs) link.socket?.destroy();
    this.#silence = setTimeout(() => this.#listen(), patienceMs / 8);
  }
}

/** The session that owns a node, given its stat. */
export function owner(stat) {
  return stat.ephemeralOwner.toString('hex');
}

/** What is missing in the library's link, put where it is missing: none of it can be had through the public interface. */
function guard(link) {
  const { onSocketConnected, onSocketData, onSocketClosed } = link;
  let longestMs = 0; // before the next attempt
  let snubbed = false; // connected, and not answered yet
  link.heardAt = Date.now();
  link.findNextServer = (dial) => {
    const server = link.servers[link.nextServerIndex++ % link.servers.length];
    const pauseMs = longestMs * (0.5 + Math.random() / 2); // jitter: a registry that comes back meets no herd
    longestMs = Math.min(RECONNECT_PAUSE_MS.max, 2 * longestMs || RECONNECT_PAUSE_MS.first);
    setTimeout(() => {
      link.heardAt = Date.now();
      dial(server);
    }, pauseMs);
  };
  link.onSocketConnected = () => {
    snubbed = true;
    onSocketConnected.call(link);
  };
  link.onSocketData = (bytes) => {
    snubbed = false;
    link.heardAt = Date.now();
    longestMs = RECONNECT_PAUSE_MS.first;
    try {
      onSocketData.call(link, bytes);
    } catch {
      link.socket.destroy(); // it throws at an error code that it doesn't know, which is no reason to end the process
    }
  };
  link.onSocketClosed = (failed) => {
    link.pendingBuffer = null; // half a frame of the old connection would be read as the beginning of the new one
    // A registry that has lost its data hangs up on whoever has seen a later state, for ever. Told of none, it says that the
    // session has expired; one that still has its data goes on with the session, and everything is read again anyway.
    if (snubbed) link.zxid = Buffer.alloc(8);
    snubbed = false;
    onSocketClosed.call(link, failed);
  };
}
