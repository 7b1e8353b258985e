// node drive.js ZOOKEEPER ROOT
//
// The driver: requests on standard input, replies on standard output, one JSON object a line (spec/client.md).
// Complete as it is: what you supply is client.js. Calls run at once, and are answered as they end.

import { CallFailed, Client } from './client.js';
import { NotStrictJson, strictObject, string } from './strict-json.js';

const TIMEOUT_S = 5; // of a call that says none
const NEWLINE = 10;

const client = new Client(process.argv[2], process.argv[3]);
process.stdout.on('error', () => process.exit(0)); // nobody reads any more

/** The lines of standard input, as bytes: what is not UTF-8 is for strictObject to refuse. */
async function* lines() {
  let pieces = [];
  for await (let chunk of process.stdin) {
    for (let end; (end = chunk.indexOf(NEWLINE)) >= 0; chunk = chunk.subarray(end + 1)) {
      yield Buffer.concat([...pieces, chunk.subarray(0, end)]);
      pieces = [];
    }
    pieces.push(chunk);
  }
  const last = Buffer.concat(pieces);
  if (last.length > 0) yield last;
}

/** Whether this was the last request. */
function handle(line) {
  let request = new Map();
  try {
    request = strictObject(line);
    const op = string(request.get('op'));
    if (op === 'close') return reply(request, '');
    if (op === 'call') attempt(request, call(request));
    else if (op === 'servers') attempt(request, servers());
    else throw new CallFailed('protocol', 'op is one of call, servers, close');
  } catch (error) {
    fail(request, error);
  }
  return false;
}

async function attempt(request, outcome) {
  try {
    reply(request, await outcome);
  } catch (error) {
    fail(request, error);
  }
}

async function servers() {
  return `,"servers":${JSON.stringify(await client.servers())}`;
}

async function call(request) {
  const [method, params] = [string(request.get('in')), request.get('params')];
  if (method === undefined || params === undefined) throw new CallFailed('protocol', 'a call has "in", a string, and "params"');
  const { out, result } = await client.call(method, params, timeoutS(request.get('timeout_s') ?? String(TIMEOUT_S)));
  return `,"out":${JSON.stringify(out)},"result":${result.replaceAll('\n', ' ')}`; // in JSON a bare one is white space
}

function timeoutS(text) {
  const seconds = /^\d/.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(seconds)) throw new CallFailed('protocol', 'timeout_s is a number of seconds, not negative');
  return seconds;
}

/** Answers with an error: a CallFailed as it is, any other as unavailable. */
function fail(request, error) {
  const kind = error instanceof NotStrictJson ? 'protocol' : error.kind ?? 'unavailable';
  reply(request, `,"error":${JSON.stringify({ kind, message: error.message, code: error.code })}`);
}

/** Writes a line; `rest` is what follows the id. */
function reply(request, rest) {
  process.stdout.write(`{"id":${request.get('id') ?? 'null'}${rest}}\n`);
  return true;
}

for await (const line of lines()) if (handle(line)) break;
await client.close();
process.stdout.write('', () => process.exit(0)); // once everything before it is written
