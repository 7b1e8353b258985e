import assert from 'node:assert/strict';
import test from 'node:test';
import { MAX_DEPTH, members, NotStrictJson } from '../strict-json.js';

test('a member is handed on as the text that it was', () => {
  const text = ' {"a" : 9007199254740993 , "b":[1.10, {"c":"\\ud800"}],"\\u0063":-0.0 } ';
  assert.deepEqual([...members(text)], [['a', '9007199254740993'], ['b', '[1.10, {"c":"\\ud800"}]'], ['c', '-0.0']]);
});

test('a name that objects have by nature is a name like any other', () => {
  assert.deepEqual([...members('{"__proto__":1,"constructor":2}').keys()], ['__proto__', 'constructor']);
});

const REFUSED = {
  'nothing': '',
  'an array': '[]',
  'a byte order mark': '\ufeff{}',
  'two texts': '{}{}',
  'a trailing comma': '{"a":1,}',
  'a trailing comma in an array': '{"a":[1,]}',
  'a missing value': '{"a":}',
  'a missing colon': '{"a" 1}',
  'an unfinished object': '{"a":1',
  'an unfinished string': '{"a":"b',
  'a bracket closed by another': '{"a":[1}',
  'a raw control character': '{"a":"\n"}',
  'an unknown escape': '{"a":"\\x"}',
  'half an escape': '{"a":"\\u12"}',
  'a comment': '{"a":1/**/}',
  'a leading zero': '{"a":01}',
  'no digit after the point': '{"a":1.}',
  'no digit before the point': '{"a":.5}',
  'a plus': '{"a":+1}',
  'NaN': '{"a":NaN}',
  'a fraction beyond doubles': '{"a":[-1e400]}',
  'a member twice': '{"a":1,"a":1}',
  'a member twice, once escaped': '{"a":1,"\\u0061":1}',
  'a member twice, deep inside': '{"a":[{"b":{"c":1,"c":2}}]}',
};
for (const [what, text] of Object.entries(REFUSED)) {
  test(`${what} is refused`, () => assert.throws(() => members(text), NotStrictJson));
}

test('depth is a limit, not a crash', () => {
  const nested = (n) => `{"a":${'['.repeat(n - 1)}${']'.repeat(n - 1)}}`;
  assert.equal(members(nested(MAX_DEPTH)).size, 1);
  assert.throws(() => members(nested(MAX_DEPTH + 1)), NotStrictJson);
  assert.throws(() => members(`{"a":${'['.repeat(1e6)}`), NotStrictJson);
});
