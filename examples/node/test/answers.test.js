import assert from 'node:assert/strict';
import test from 'node:test';
import { answer } from '../conversation.js';
import { MAX_FRAME_BYTES } from '../frames.js';

const never = new AbortController().signal;
const say = async (request) => (await answer(Buffer.from(request), never)).toString();
const code = async (request) => JSON.parse(await say(request)).result.code;

test('ping gives the very text back', async () => {
  assert.equal(await say('{"in":"ping","params":[18446744073709551616,1e-400,"\\ud800"]}'),
    '{"out":"pong","result":[18446744073709551616,1e-400,"\\ud800"]}');
});

test('divide takes doubles and what doubles can carry', async () => {
  assert.equal(await say('{"in":"divide","params":{"num1":1,"num2":3}}'), '{"out":"divide_r","result":0.3333333333333333}');
  assert.equal(await code('{"in":"divide","params":{"num1":9007199254740993}}'), 'bad_params');
  assert.equal(await code('{"in":"divide","params":{"num1":0,"num2":-0.0}}'), 'invalid_operation');
  assert.equal(await code('{"in":"divide","params":{"num1":1e308,"num2":1e-10}}'), 'invalid_operation');
  assert.equal(await code('{"in":"divide","params":{"num1":true}}'), 'bad_params');
});

test('pi is summed to the last digits', async () => {
  const { result } = JSON.parse(await say('{"in":"pi","params":1000000}'));
  assert.ok(Math.abs(result - 3.141592335280209) < 1e-15, result);
});

test('no method is found in the prototype of anything', async () => {
  for (const name of ['constructor', '__proto__', 'toString', 'get', '']) {
    assert.equal(await code(JSON.stringify({ in: name, params: null })), 'unknown_method');
  }
});

test('what is not UTF-8 is no request', async () => {
  assert.equal(JSON.parse(await answer(Buffer.from('{"in":"ping","params":"\xff"}', 'latin1'), never)).result.code, 'bad_request');
});

test('a reply over the limit is not sent', async () => {
  const shortest = '{"in":"ping","params":""}';
  assert.equal(await code(shortest.replace('""', `"${'x'.repeat(MAX_FRAME_BYTES - shortest.length)}"`)), 'too_large');
});
