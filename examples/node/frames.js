// A frame is a 4-byte little-endian unsigned length, then that many bytes. No socket here: bytes in, frames out.

export const HEADER = 4;
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** The announced length is over the limit: what follows it is not read, so no frame can be found any more. */
export class FrameTooLarge extends Error {
  constructor(length) {
    super(`a frame of ${length} bytes was announced; the limit is ${MAX_FRAME_BYTES}`);
  }
}

export function frame(body) {
  const whole = Buffer.allocUnsafe(HEADER + body.length);
  whole.writeUInt32LE(body.length, 0);
  body.copy(whole, HEADER);
  return whole;
}

/**
 * Collects bytes as they come and gives whole frames back. Memory grows with the bytes that came, by doubling, never with
 * the length that a header announces.
 */
export class FrameReader {
  #bytes = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  /** Bytes that came and have not been given back as frames. */
  get size() {
    return this.#end - this.#start;
  }

  push(chunk) {
    if (this.size === 0) return this.#adopt(chunk);
    if (this.#end + chunk.length > this.#bytes.length) this.#makeRoom(chunk.length);
    chunk.copy(this.#bytes, this.#end);
    this.#end += chunk.length;
    return undefined;
  }

  /** The next whole frame's body, or undefined until more bytes come. Throws FrameTooLarge at sight of such a header. */
  next() {
    if (this.size < HEADER) return undefined;
    const length = this.#bytes.readUInt32LE(this.#start);
    if (length > MAX_FRAME_BYTES) throw new FrameTooLarge(length);
    if (this.size < HEADER + length) return undefined;
    const from = this.#start + HEADER;
    this.#start = from + length;
    return this.#bytes.subarray(from, this.#start);
  }

  /** Usually a chunk holds whole frames: then nothing is copied, and an idle connection keeps no old memory. */
  #adopt(chunk) {
    this.#bytes = chunk;
    this.#start = 0;
    this.#end = chunk.length;
  }

  /** Frames given back earlier keep the old memory: it is left behind, never written again. */
  #makeRoom(more) {
    const roomy = Buffer.allocUnsafe(Math.max(1024, 2 * this.size, this.size + more));
    this.#bytes.copy(roomy, 0, this.#start, this.#end);
    this.#bytes = roomy;
    this.#end = this.size;
    this.#start = 0;
  }
}
