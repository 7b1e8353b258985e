// Calls. A server is chosen at random; one that can't be connected to is passed over for the next; and a request that may
// have been executed is never sent again.

import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { CallError, Connection } from './connection.js';
import { members, NotStrictJson } from './strict-json.js';

const IDLE_MAX = 16; // connections kept for one server
const AVOID_MS = 1000; // a server that could not be connected to is tried after the others for so long

export class Client {
  #directory;
  #idle = new Map(); // server's name -> its idle connections
  #avoided = new Map(); // server's name -> until when

  constructor(directory) {
    this.#directory = directory;
    directory.on('read', () => this.#leaveRemoved());
  }

  /**
   * Calls `method`, a string; `params` and the result are JSON texts; `end` is the deadline on performance.now()'s clock.
   * Resolves to {out, result}; throws CallError.
   */
  async call(method, params, end) {
    const left = () => Math.max(1, end - performance.now());
    const servers = this.#directory.servers ?? (await this.#firstList(left()));
    const { server, connection } = await this.#connect(this.#inOrder(servers), left);
    const request = Buffer.from(`{"in":${JSON.stringify(method)},"params":${params}}`);
    try {
      const reply = parseReply(await connection.ask(request, left()));
      this.#keep(server, connection);
      if (reply.error) throw reply.error;
      return reply;
    } catch (error) {
      if (error.kind === 'protocol') connection.close();
      if (error.kind === 'timeout') this.#drop(server.name); // what swallowed this call would swallow the next ones
      throw error;
    }
  }

  async #firstList(withinMs) {
    try {
      await once(this.#directory, 'read', { signal: AbortSignal.timeout(Math.ceil(withinMs)) });
    } catch {
      throw new CallError('unavailable', 'no list of servers has been read from the registry yet');
    }
    return this.#directory.servers;
  }

  /** Shuffled, those to be avoided last. */
  #inOrder(servers) {
    const now = performance.now();
    const rank = ({ name }) => (this.#avoided.get(name) > now ? 1 : 0) + Math.random();
    return servers
      .map((server) => ({ server, rank: rank(server) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ server }) => server);
  }

  /** The first of `servers` that has, or accepts, a connection. Each is tried once; the time left is shared among them. */
  async #connect(servers, left) {
    for (const [i, server] of servers.entries()) {
      const connection = (await this.#takeIdle(server.name)) ?? (await this.#dial(server, left() / (servers.length - i)));
      if (connection) return { server, connection };
      if (left() === 1) throw new CallError('timeout', `no time left after ${server.name} did not accept a connection`);
    }
    throw new CallError('unavailable', servers.length ? 'no server accepts connections' : 'no server is registered');
  }

  async #takeIdle(name) {
    // Between two turns lies a poll of all sockets: the end of an idle connection that has reached this machine is seen now.
    await turn();
    await turn();
    for (let connection; (connection = this.#idle.get(name)?.pop()); ) if (connection.usable) return connection;
    return null;
  }

  async #dial(server, withinMs) {
    try {
      const connection = await Connection.open(server, withinMs);
      this.#avoided.delete(server.name);
      return connection;
    } catch {
      this.#avoided.set(server.name, performance.now() + AVOID_MS);
      return null;
    }
  }

  #keep({ name }, connection) {
    const idle = this.#idle.get(name) ?? [];
    if (!connection.usable || idle.length === IDLE_MAX || !this.#isListed(name)) connection.close();
    else this.#idle.set(name, [...idle.filter((each) => each.usable), connection]);
  }

  #isListed(name) {
    return this.#directory.servers.some((server) => server.name === name);
  }

  #leaveRemoved() {
    for (const name of this.#idle.keys()) if (!this.#isListed(name)) this.#drop(name);
    for (const name of this.#avoided.keys()) if (!this.#isListed(name)) this.#avoided.delete(name);
  }

  #drop(name) {
    for (const connection of this.#idle.get(name) ?? []) connection.close();
    this.#idle.delete(name);
  }
}

/** {out, result} as JSON texts, with `error` if it is one. Throws CallError of kind protocol. */
export function parseReply(body) {
  try {
    const given = members(isUtf8(body) ? body.toString() : '');
    const [out, result] = [given.get('out'), given.get('result')];
    if (!out?.startsWith('"') || result === undefined) throw new NotStrictJson('no "out", or no "result"');
    return JSON.parse(out) === 'error' ? { out, result, error: remoteError(result) } : { out, result };
  } catch (error) {
    if (error instanceof NotStrictJson) throw new CallError('protocol', `not a reply: ${error.message}`);
    throw error;
  }
}

function remoteError(result) {
  const given = members(result);
  const [code, message] = [given.get('code'), given.get('message')];
  if (!code?.startsWith('"') || !message?.startsWith('"')) throw new NotStrictJson('an error without code or message');
  return new CallError('remote', JSON.parse(message), JSON.parse(code));
}
