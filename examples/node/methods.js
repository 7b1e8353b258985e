// The methods of the contract. A method takes the JSON text of its params and a signal that fires when nobody waits for
// its reply any more; it returns the reply's name and the JSON text of its result.

import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { members, NotStrictJson } from './strict-json.js';

/** A request that is answered with an error of the contract. */
export class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const PI_MAX = 1e9;
const TERMS_PER_TURN = 50_000; // well under a millisecond: other connections go on between turns
const SLEEP_MAX_S = 3600;

async function ping(params) {
  return ['pong', params];
}

async function pi(params, signal) {
  const n = number(params, 'params');
  if (!Number.isInteger(n) || n < 0 || n > PI_MAX) throw new Refusal('bad_params', `pi takes an integer from 0 to ${PI_MAX}`);
  let sum = 0;
  for (let i = n; i >= 0; ) { // the smallest terms first: a large sum would swallow them
    const last = Math.max(0, i - TERMS_PER_TURN);
    for (; i >= last; i -= 1) sum += 1 / (2 * i + 1) ** 2;
    if (i >= 0) await turn(undefined, { signal });
  }
  return ['pi_r', JSON.stringify(Math.sqrt(8 * sum))];
}

async function divide(params) {
  const given = object(params);
  const dividend = number(given.get('num1'), 'num1');
  const divisor = number(given.get('num2') ?? '1', 'num2');
  const quotient = dividend / divisor;
  if (divisor === 0) throw new Refusal('invalid_operation', 'division by zero');
  if (!Number.isFinite(quotient)) throw new Refusal('invalid_operation', 'the quotient is out of range');
  return ['divide_r', JSON.stringify(quotient)];
}

async function sleep(params, signal) {
  const seconds = number(params, 'params');
  if (seconds < 0 || seconds > SLEEP_MAX_S) throw new Refusal('bad_params', `sleep takes 0 to ${SLEEP_MAX_S} seconds`);
  const end = performance.now() + seconds * 1000;
  for (let left; (left = end - performance.now()) > 0; ) { // a timer may fire a little early
    await pause(Math.ceil(left), undefined, { signal });
  }
  return ['sleep_r', params];
}

/** A Map, not an object: `constructor` and `__proto__` name no method. */
export const METHODS = new Map(Object.entries({ ping, pi, divide, sleep }));

function object(text) {
  try {
    return members(text);
  } catch (error) {
    if (error instanceof NotStrictJson) throw new Refusal('bad_params', 'params must be an object');
    throw error;
  }
}

/** The number that a JSON text, or undefined, stands for; refused if it is none, or an integer that no double is. */
function number(text, what) {
  if (!/^[-0-9]/.test(text)) throw new Refusal('bad_params', `${what} must be a number`);
  const value = Number(text);
  const exact = Number.isFinite(value) && (!/^-?\d+$/.test(text) || BigInt(text) === BigInt(value));
  if (!exact) throw new Refusal('bad_params', `${what} can't be carried exactly`);
  return value;
}
