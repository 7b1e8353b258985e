// Reads one strict JSON text and gives an object's members as the texts they came as, so that nothing of them is altered.
// Refuses what JSON.parse lets pass: members of one name, and numbers that no double is near to.

const DEPTH_MAX = 512;
const TOKEN = /[ \t\n\r]*([[\]{},:]|true|false|null|"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
const REST = /^[ \t\n\r]*$/;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class NotStrictJson extends Error {}

/** A Map from each name to its value's JSON text; NotStrictJson if `bytes` are not one object. */
export function strictObject(bytes) {
  let text;
  try {
    text = UTF8.decode(bytes);
  } catch {
    throw new NotStrictJson('not UTF-8');
  }
  const scanner = new Scanner(text);
  const members = scanner.value(0);
  if (!REST.test(text.slice(scanner.end))) throw new NotStrictJson('no JSON: more than one text');
  if (!members) throw new NotStrictJson('not an object');
  return members;
}

/** The string that a member's text stands for; undefined if it is missing or none. */
export function string(text) {
  return text?.startsWith('"') ? JSON.parse(text) : undefined;
}

/** JSON.parse knows which characters and escapes a string may hold. */
function unescaped(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new NotStrictJson('no JSON: a character that is not allowed in a string');
  }
}

class Scanner {
  constructor(text) {
    this.text = text;
    this.end = 0; // of the last token
  }

  token() {
    TOKEN.lastIndex = this.end;
    const found = TOKEN.exec(this.text);
    if (!found) throw new NotStrictJson(`no JSON at character ${this.end}`);
    this.end = TOKEN.lastIndex;
    return found[1] === '"' ? this.string() : found[1];
  }

  /** A string, from the quote that was read. No regular expression: it may be megabytes long. */
  string() {
    const start = this.end - 1;
    while (this.text[this.end] !== '"') {
      if (this.end >= this.text.length) throw new NotStrictJson('no JSON: a string has no end');
      this.end += this.text[this.end] === '\\' ? 2 : 1;
    }
    this.end += 1;
    const found = this.text.slice(start, this.end);
    unescaped(found);
    return found;
  }

  expect(...tokens) {
    const token = this.token();
    if (!tokens.includes(token)) throw new NotStrictJson(`no JSON: expected ${tokens.join(' or ')}`);
    return token;
  }

  /** Passes over a value; returns the members if it is an object. */
  value(depth, token = this.token()) {
    if (token === '{' || token === '[') {
      if (depth === DEPTH_MAX) throw new NotStrictJson('nested too deep');
      return token === '{' ? this.object(depth + 1) : this.array(depth + 1);
    }
    if (/^[\]},:]$/.test(token)) throw new NotStrictJson(`no JSON: a value is missing before ${token}`);
    if (/^[-\d]/.test(token) && /[.eE]/.test(token) && !Number.isFinite(Number(token))) {
      throw new NotStrictJson('a number is too large');
    }
    return undefined;
  }

  object(depth) {
    const members = new Map();
    let name = this.token();
    while (name !== '}' || members.size > 0) {
      if (!name.startsWith('"')) throw new NotStrictJson('no JSON: a member has no name');
      const plain = unescaped(name);
      if (members.has(plain)) throw new NotStrictJson('two members have one name');
      this.expect(':');
      const start = this.end;
      this.value(depth);
      members.set(plain, this.text.slice(start, this.end).trim());
      if (this.expect(',', '}') === '}') break;
      name = this.token();
    }
    return members;
  }

  array(depth) {
    let token = this.token();
    if (token === ']') return undefined;
    for (;;) {
      this.value(depth, token);
      if (this.expect(',', ']') === ']') return undefined;
      token = this.token();
    }
  }
}
