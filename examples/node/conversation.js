// One connection of a server: requests are answered one after the other, so replies leave in their order.

import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { frame, FrameReader, FrameTooLarge, MAX_FRAME_BYTES } from './frames.js';
import { log } from './log.js';
import { METHODS, Refusal } from './methods.js';
import { members, NotStrictJson } from './strict-json.js';

const READ_AHEAD = 64 * 1024; // bytes taken in while a call runs: a lost client is noticed, a fast one is held back
const LAST_REQUEST_MS = 500; // an idle connection may bring one more when its worker leaves: it can be on its way already
const LINGER_MS = 1000; // closing a socket with bytes unread sends an RST, which can overtake the last reply

export class Conversation {
  #socket;
  #reader = new FrameReader();
  #answering = false;
  #ended = false; // the client sends no more
  #leaving = false; // the server wants to go
  #closing = false; // no request is read any more
  #hangup = new AbortController();

  constructor(socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('end', () => {
      this.#ended = true;
      this.#closeIfDone();
    });
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => this.#hangup.abort());
  }

  /** Answers the calls in hand, or one that comes soon, then closes. */
  leave() {
    this.#leaving = true;
    setTimeout(() => setImmediate(() => this.#closeIfDone()), LAST_REQUEST_MS); // once what has arrived is read
  }

  #take(chunk) {
    if (this.#closing) return;
    this.#reader.push(chunk);
    if (!this.#answering) this.#answerAll();
    else if (this.#reader.size > READ_AHEAD) this.#socket.pause();
  }

  async #answerAll() {
    this.#answering = true;
    try {
      for (let body; (body = this.#reader.next()); ) await this.#send(await answer(body, this.#hangup.signal));
      this.#answering = false;
      this.#socket.resume();
      this.#closeIfDone();
    } catch (error) {
      if (error instanceof FrameTooLarge) this.#close(frame(refusal('too_large', error.message)));
      else this.#socket.destroy();
    }
  }

  async #send(reply) {
    if (!this.#socket.write(frame(reply))) await once(this.#socket, 'drain', { signal: this.#hangup.signal });
  }

  #closeIfDone() {
    if ((this.#ended || this.#leaving) && !this.#answering && !this.#closing) this.#close();
  }

  /** Says `last`, if anything; when all is said, goes as soon as the client has gone or LINGER_MS are over. */
  #close(last) {
    this.#closing = true;
    this.#socket.end(last, () => setTimeout(() => this.#socket.destroy(), LINGER_MS).unref());
    this.#socket.resume();
  }
}

/** The body of the reply to the request in `body`: every way to fail is a reply too, unless the client has hung up. */
export async function answer(body, signal) {
  try {
    const { method, params } = request(body);
    const [out, result] = await method(params, signal);
    const reply = Buffer.from(`{"out":"${out}","result":${result}}`);
    if (reply.length > MAX_FRAME_BYTES) throw new Refusal('too_large', 'the reply would be larger than a frame');
    return reply;
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof Refusal) return refusal(error.code, error.message);
    if (error instanceof NotStrictJson) return refusal('bad_request', error.message);
    log(`call failed: ${JSON.stringify(String(error))}`);
    return refusal('internal', 'the call failed'); // what went wrong in here is not the client's to see
  }
}

function request(body) {
  if (!isUtf8(body)) throw new Refusal('bad_request', 'not UTF-8');
  const given = members(body.toString());
  const [name, params] = [given.get('in'), given.get('params')];
  if (!name?.startsWith('"')) throw new Refusal('bad_request', '"in" must be the name of a method');
  if (params === undefined) throw new Refusal('bad_request', '"params" is missing');
  const method = METHODS.get(JSON.parse(name));
  if (method === undefined) throw new Refusal('unknown_method', 'no such method');
  return { method, params };
}

function refusal(code, message) {
  return Buffer.from(JSON.stringify({ out: 'error', result: { code, message } }));
}
