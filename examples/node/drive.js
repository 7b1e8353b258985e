// The driver: requests on standard input, one JSON object a line, answers on standard output as they come.

import { Client } from './client.js';
import { CallError } from './connection.js';
import { Directory } from './directory.js';
import { parseConnect, Session } from './session.js';
import { members } from './strict-json.js';

const LEAVE_MS = 1000; // for closing the session; stop_s allows more
const TIMEOUT_S = 5; // of a call that names none

export async function drive({ zookeeper, root }) {
  const { servers, chroot } = parseConnect(zookeeper);
  const directory = new Directory(new Session(servers), chroot + root);
  const client = new Client(directory);
  directory.start();
  let last = '';
  for await (const { line, begun } of lines(process.stdin)) {
    const request = members(line);
    const op = JSON.parse(request.get('op'));
    if (op === 'call') call(client, request, begun);
    else if (op === 'servers') say(request, `"servers":${JSON.stringify((directory.servers ?? []).map(({ name }) => name))}`);
    else if (op === 'close') {
      last = `{"id":${request.get('id')}}\n`;
      break;
    } else throw new Error(`no such op: ${op}`);
  }
  await directory.stop(LEAVE_MS);
  process.stdout.write(last, () => process.exit(0));
}

async function call(client, request, begun) {
  try {
    const end = begun + Number(request.get('timeout_s') ?? TIMEOUT_S) * 1000;
    const reply = await client.call(JSON.parse(request.get('in')), request.get('params'), end);
    say(request, `"out":${reply.out},"result":${reply.result}`);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const { kind, message, code } = error;
    say(request, `"error":${JSON.stringify({ kind, message, code })}`);
  }
}

/** Line breaks can stand in JSON only between its tokens, so here they are white space like any other. */
function say(request, answer) {
  process.stdout.write(`{"id":${request.get('id')},${answer}}`.replaceAll(/[\r\n]/g, ' ') + '\n');
}

/**
 * Each line, and when its first bytes came: a call's time runs while its params come in.
 * Split at U+000A alone: readline would also split at U+2028, which JSON allows inside a string.
 */
async function* lines(stream) {
  let parts = [];
  let begun;
  for await (const chunk of stream) {
    let start = 0;
    if (parts.length === 0) begun = performance.now();
    for (let end; (end = chunk.indexOf('\n', start)) >= 0; start = end + 1) {
      yield { line: Buffer.concat([...parts, chunk.subarray(start, end)]).toString(), begun };
      parts = [];
      begun = performance.now();
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
}
