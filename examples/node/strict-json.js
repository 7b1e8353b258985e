// JSON texts are checked, never rebuilt. A value that this program only carries (params, a result, an id) stays the text
// that arrived, so no number is rounded and half a surrogate pair stays the escape that it was: JSON.parse would turn
// 2**53+1 into another number and keep the last of two members of one name. The scan uses a stack of its own, not recursion, so that
// depth is a limit and not a crash.

export const MAX_DEPTH = 512; // RFC 8259, section 9, allows a limit; JSON readers of other languages stop near 1000

/** What a string's plain characters end at. The engine's own search is far faster than a loop over characters. */
const SPECIAL = /["\\\0-\x1f]/g;

/** The text is not JSON, or is JSON that two readers could understand differently. */
export class NotStrictJson extends Error {}

/** The members of the object that `text` is: a Map of name -> JSON text. Throws NotStrictJson. */
export function members(text) {
  const found = new Map();
  const kind = new Scan(text, (name, value) => found.set(name, value)).run();
  if (kind !== '{') throw new NotStrictJson('not an object');
  return found;
}

class Scan {
  #text;
  #at = 0;
  #open = []; // containers around #at: {close, names, name, start}; names is null in an array
  #onMember;

  constructor(text, onMember) {
    this.#text = text;
    this.#onMember = onMember;
  }

  /** Scans the whole text; returns its first character that is not white space. */
  run() {
    this.#space();
    const first = this.#text[this.#at];
    do this.#value();
    while (this.#after());
    if (this.#at !== this.#text.length) this.#fail('more text after the value');
    return first;
  }

  /** A scalar, or the opening of a container up to where its first value begins. */
  #value() {
    this.#space();
    while (this.#opens()) {
      if (this.#skip(this.#open.at(-1).close)) return void this.#open.pop();
      this.#name();
    }
    this.#scalar();
  }

  #opens() {
    const close = { '{': '}', '[': ']' }[this.#text[this.#at]];
    if (close === undefined) return false;
    if (this.#open.length === MAX_DEPTH) this.#fail(`nested deeper than ${MAX_DEPTH}`);
    this.#at += 1;
    this.#open.push({ close, names: close === '}' ? new Set() : null, name: '', start: 0 });
    this.#space();
    return true;
  }

  /** What follows a value: true at a comma, when another value must come; false at the end of the outermost one. */
  #after() {
    for (;;) {
      const end = this.#at;
      this.#space();
      const container = this.#open.at(-1);
      if (container === undefined) return false;
      if (this.#open.length === 1 && container.names) {
        this.#onMember(container.name, this.#text.slice(container.start, end));
      }
      if (this.#skip(',')) {
        this.#space();
        this.#name();
        return true;
      }
      if (!this.#skip(container.close)) this.#fail(`expected , or ${container.close}`);
      this.#open.pop();
    }
  }

  /** In an object, the name and colon that come before a value; in an array, nothing. */
  #name() {
    const container = this.#open.at(-1);
    if (container.names === null) return;
    const start = this.#at;
    this.#string();
    container.name = JSON.parse(this.#text.slice(start, this.#at));
    if (container.names.has(container.name)) this.#fail('a second member of the same name');
    container.names.add(container.name);
    this.#space();
    if (!this.#skip(':')) this.#fail('expected :');
    this.#space();
    container.start = this.#at;
  }

  #scalar() {
    const c = this.#text[this.#at];
    if (c === '"') return this.#string();
    if (c === '-' || (c >= '0' && c <= '9')) return this.#number();
    for (const word of ['true', 'false', 'null']) if (this.#skip(word)) return undefined;
    return this.#fail('expected a value');
  }

  #string() {
    if (!this.#skip('"')) this.#fail('expected "');
    for (;;) {
      SPECIAL.lastIndex = this.#at;
      const found = SPECIAL.test(this.#text) ? this.#text[SPECIAL.lastIndex - 1] : undefined;
      this.#at = SPECIAL.lastIndex;
      if (found === '"') return;
      if (found !== '\\') this.#fail('control character or end of text in a string');
      this.#escape();
    }
  }

  #escape() {
    const c = this.#text[this.#at];
    this.#at += 1;
    if (c !== undefined && '"\\/bfnrt'.includes(c)) return;
    if (c !== 'u' || !/^[0-9a-fA-F]{4}$/.test(this.#text.slice(this.#at, this.#at + 4))) this.#fail('unknown escape');
    this.#at += 4;
  }

  #number() {
    const start = this.#at;
    this.#skip('-');
    if (!this.#skip('0')) this.#digits();
    const integer = this.#at;
    if (this.#skip('.')) this.#digits();
    if (this.#skip('e') || this.#skip('E')) {
      if (!this.#skip('+')) this.#skip('-');
      this.#digits();
    }
    // A reader is bound to take a fraction for a double, and an integer for itself.
    const overflows = this.#at > integer && !Number.isFinite(Number(this.#text.slice(start, this.#at)));
    if (overflows) this.#fail('no double is so large');
  }

  #digits() {
    const start = this.#at;
    for (let c; (c = this.#text.charCodeAt(this.#at)) >= 0x30 && c <= 0x39; ) this.#at += 1;
    if (this.#at === start) this.#fail('expected a digit');
  }

  #skip(word) {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #space() {
    for (let c; (c = this.#text.charCodeAt(this.#at)) === 0x20 || (c >= 9 && c <= 13 && c !== 11 && c !== 12); ) {
      this.#at += 1;
    }
  }

  #fail(what) {
    throw new NotStrictJson(`${what}, at character ${this.#at}`);
  }
}
