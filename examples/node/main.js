// node main.js serve --host H --port P --workers N --zookeeper HOSTS --root PATH
// node main.js drive --zookeeper HOSTS --root PATH

import { parseArgs } from 'node:util';
import { drive } from './drive.js';
import { log, surviveReaders } from './log.js';
import { Primary } from './primary.js';

const OPTIONS = {
  serve: ['host', 'port', 'workers', 'zookeeper', 'root'],
  drive: ['zookeeper', 'root'],
};

function readCommandLine([command, ...args]) {
  const names = OPTIONS[command];
  if (names === undefined) throw new Error(`expected ${Object.keys(OPTIONS).join(' or ')}, not ${command}`);
  const { values } = parseArgs({ args, options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });
  for (const name of names) if (values[name] === undefined) throw new Error(`--${name} is missing`);
  return { ...values, command, port: integer(values, 'port', 0, 65535), workers: integer(values, 'workers', 1, 1000) };
}

function integer(values, name, least, most) {
  if (values[name] === undefined) return undefined;
  const value = /^\d+$/.test(values[name]) ? Number(values[name]) : NaN;
  if (!(value >= least && value <= most)) throw new Error(`--${name} must be from ${least} to ${most}, not ${values[name]}`);
  return value;
}

async function main() {
  surviveReaders();
  const options = readCommandLine(process.argv.slice(2));
  return options.command === 'serve' ? new Primary(options).start() : drive(options);
}

main().catch((error) => {
  log(error.message);
  process.exit(1);
});
