// One connection of a client. It carries one call at a time: its replies have no ids, so whoever gives a call up gives the
// connection up with it, or the next call would get the late reply.

import { once } from 'node:events';
import { connect } from 'node:net';
import { frame, FrameReader, FrameTooLarge } from './frames.js';

/** A call that failed. `kind` is one of the contract's; `code` stands beside the kind "remote". */
export class CallError extends Error {
  constructor(kind, message, code) {
    super(message);
    this.kind = kind;
    this.code = code;
  }
}

export class Connection {
  #socket;
  #reader = new FrameReader();
  #call = null; // {resolve, reject} while a reply is awaited

  /** Connects to {host, port}, or throws: then nothing has been sent. */
  static async open({ host, port }, withinMs) {
    const socket = connect({ host, port, noDelay: true });
    socket.on('error', () => {}); // 'close' follows
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(Math.ceil(withinMs)) });
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return new Connection(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('end', () => this.close());
    socket.on('close', () => this.#call?.reject(new CallError('transport', 'the connection broke before the reply was whole')));
  }

  /** Whether another call can be made: connected, in step, and with no word of its end. */
  get usable() {
    return !this.#socket.destroyed && this.#call === null && this.#reader.size === 0;
  }

  /** Sends a request's body, resolves to the reply's. Throws CallError: timeout, transport or protocol. */
  async ask(body, withinMs) {
    let timer;
    try {
      return await new Promise((resolve, reject) => {
        this.#call = { resolve, reject };
        timer = setTimeout(() => reject(new CallError('timeout', 'no reply in time')), withinMs);
        this.#socket.write(frame(body));
      });
    } catch (error) {
      this.close();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#call = null;
    }
  }

  close() {
    this.#socket.destroy();
  }

  #take(chunk) {
    if (this.#call === null) return this.close(); // nobody asked
    try {
      this.#reader.push(chunk);
      const body = this.#reader.next();
      if (body) this.#call.resolve(body);
    } catch (error) {
      if (!(error instanceof FrameTooLarge)) throw error;
      this.#call.reject(new CallError('protocol', error.message));
    }
    return undefined;
  }
}
