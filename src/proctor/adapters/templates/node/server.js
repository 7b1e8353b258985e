// node server.js HOST PORT WORKERS ZOOKEEPER ROOT
//
// A server to begin with: one process, the methods `ping` and `pi`. It keeps the profile `wire`; what the other profiles
// want is marked TODO.

import net from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { NotStrictJson, strictObject, string } from './strict-json.js';

const FRAME_BYTES_MAX = 16 * 1024 * 1024;
const HEADER = 4;
const PI_MAX = 1e9;
const TERMS_PER_TURN = 50_000; // other connections go on between turns

/** A request that is answered with an error of the contract. */
class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

async function ping(params) {
  return ['pong', params];
}

async function pi(params) {
  const n = /^\d{1,10}$/.test(params) ? Number(params) : NaN;
  if (!(n <= PI_MAX)) throw new Refused('bad_params', `pi takes an integer from 0 to ${PI_MAX}`);
  let sum = 0;
  for (let i = n; i >= 0; ) { // the smallest terms first: a large sum would swallow them
    const last = Math.max(0, i - TERMS_PER_TURN);
    for (; i >= last; i -= 1) sum += 1 / (2 * i + 1) ** 2;
    await turn();
  }
  return ['pi_r', JSON.stringify(Math.sqrt(8 * sum))];
}

/** A method takes the JSON text of its params. A new one is claimed in impl.toml, [capabilities]. */
const METHODS = new Map(Object.entries({ ping, pi }));

/** The reply to a request, as JSON text in bytes. */
async function answer(body) {
  try {
    const [out, result] = await execute(strictObject(body));
    const reply = Buffer.from(`{"out":${JSON.stringify(out)},"result":${result}}`);
    return reply.length <= FRAME_BYTES_MAX ? reply : refusal('too_large', 'the reply would be over the limit');
  } catch (error) {
    if (error instanceof NotStrictJson) return refusal('bad_request', error.message);
    if (error instanceof Refused) return refusal(error.code, error.message);
    return refusal('internal', 'the server is at fault');
  }
}

async function execute(request) {
  const name = string(request.get('in'));
  if (name === undefined || !request.has('params')) {
    throw new Refused('bad_request', 'a request is an object with "in", a string, and "params"');
  }
  const method = METHODS.get(name);
  if (!method) throw new Refused('unknown_method', 'there is no such method');
  return method(request.get('params'));
}

function refusal(code, message) {
  return Buffer.from(JSON.stringify({ out: 'error', result: { code, message } }));
}

/** Answers one request after the other, until the client sends no more. What is not read holds the client back. */
async function converse(socket) {
  const input = socket[Symbol.asyncIterator]();
  let rest = [];
  /** `count` bytes; null if the connection ends before. */
  async function take(count) {
    let size = rest.reduce((sum, chunk) => sum + chunk.length, 0);
    while (size < count) {
      const { value, done } = await input.next();
      if (done) return null;
      rest.push(value);
      size += value.length;
    }
    const all = Buffer.concat(rest);
    rest = [all.subarray(count)];
    return all.subarray(0, count);
  }
  for (let header; (header = await take(HEADER)); ) {
    const length = header.readUInt32LE();
    if (length > FRAME_BYTES_MAX) return send(socket, refusal('too_large', 'a frame over the limit was announced'));
    const body = await take(length);
    if (!body) return undefined;
    await send(socket, await answer(body));
  }
  return undefined;
}

/** Ends when the bytes are on their way: a client that doesn't read is waited for here, and nobody else is. */
function send(socket, body) {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(body.length);
  return new Promise((resolve, reject) => {
    socket.once('close', resolve);
    socket.write(Buffer.concat([header, body]), (error) => {
      socket.removeListener('close', resolve);
      if (error) reject(error);
      else resolve();
    });
  });
}

const [host, port, _workers, _zookeeper, _root] = process.argv.slice(2);
const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  socket.on('error', () => {}); // the client is gone
  converse(socket)
    .catch(() => {})
    .finally(() => (socket.writable ? socket.end(() => socket.destroy()) : socket.destroy()));
});
server.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
// TODO supervision, restart: keep _workers processes that accept from one listening socket.
// TODO discovery: register {"host", "port"} below _root on _zookeeper.
process.stderr.write('not supplied yet: worker processes (supervision, restart), registration (discovery)\n');
server.listen({ host, port: Number(port), backlog: 128 });
