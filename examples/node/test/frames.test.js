import assert from 'node:assert/strict';
import test from 'node:test';
import { frame, FrameReader, FrameTooLarge, MAX_FRAME_BYTES } from '../frames.js';

const BODIES = ['{"a":"é😀"}', '', 'x'.repeat(5000), '{}'];
const STREAM = Buffer.concat(BODIES.map((body) => frame(Buffer.from(body))));

function read(pieces) {
  const reader = new FrameReader();
  const bodies = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let body; (body = reader.next()); ) bodies.push(body.toString());
  }
  return bodies;
}

test('the length counts bytes, lowest first', () => {
  assert.deepEqual([...frame(Buffer.from('é'))], [2, 0, 0, 0, 0xc3, 0xa9]);
});

for (const size of [1, 2, 3, 7, 4096, STREAM.length]) {
  test(`frames come whole out of pieces of ${size} bytes`, () => {
    const pieces = [];
    for (let at = 0; at < STREAM.length; at += size) pieces.push(STREAM.subarray(at, at + size));
    assert.deepEqual(read(pieces), BODIES);
  });
}

test('a body that was given back is not overwritten by what comes later', () => {
  const reader = new FrameReader();
  reader.push(Buffer.from([1, 0, 0, 0]));
  reader.push(Buffer.from('a'));
  const body = reader.next();
  for (let i = 0; i < 100; i += 1) reader.push(Buffer.from('\x01\0\0\0b'));
  assert.equal(body.toString(), 'a');
});

test('a length over the limit is refused at sight, as an unsigned number', () => {
  for (const length of [MAX_FRAME_BYTES + 1, 0x7fffffff, 0x80000000, 0xffffffff]) {
    const reader = new FrameReader();
    const header = Buffer.alloc(4);
    header.writeUInt32LE(length);
    reader.push(header);
    assert.throws(() => reader.next(), FrameTooLarge);
  }
});
