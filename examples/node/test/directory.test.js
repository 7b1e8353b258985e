import assert from 'node:assert/strict';
import test from 'node:test';
import { parseServer } from '../directory.js';

test('an address is read, whatever stands beside it', () => {
  assert.deepEqual(parseServer(Buffer.from('{"port":1,"host":"a-b.c","x":[]}')), { host: 'a-b.c', port: 1, name: 'a-b.c:1' });
});

const UNUSABLE = ['', 'x', '{}', '[]', '{"host":"h"}', '{"host":"h","port":"1"}', '{"host":"h","port":0}', '{"host":"h","port":65536}',
  '{"host":"h","port":1.5}', '{"host":"h","port":-1}', '{"host":"","port":1}', '{"host":"a b","port":1}', '{"host":"a\\r\\nb","port":1}',
  '{"host":1,"port":1}', '{"host":"h","host":"i","port":1}'];
for (const data of UNUSABLE) {
  test(`${data || 'empty data'} is no address`, () => assert.equal(parseServer(Buffer.from(data)), null));
}
