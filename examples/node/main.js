// node main.js serve --host H --port P --workers N --zookeeper HOSTS --root PATH
// node main.js drive --zookeeper HOSTS --root PATH

import { parseArgs } from 'node:util';
import { log, surviveReaders } from './log.js';

// Each command loads only what it needs: half of a start is loading.
const COMMANDS = {
  serve: {
    options: ['host', 'port', 'workers', 'zookeeper', 'root'],
    run: async (options) => new (await import('./primary.js')).Primary(options).start(),
  },
  drive: {
    options: ['zookeeper', 'root'],
    run: async (options) => (await import('./drive.js')).drive(options),
  },
};

function readOptions(names, args) {
  const { values } = parseArgs({ args, options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });
  for (const name of names) if (values[name] === undefined) throw new Error(`--${name} is missing`);
  return { ...values, port: integer(values, 'port', 0, 65535), workers: integer(values, 'workers', 1, 1000) };
}

function integer(values, name, least, most) {
  if (values[name] === undefined) return undefined;
  const value = /^\d+$/.test(values[name]) ? Number(values[name]) : NaN;
  if (!(value >= least && value <= most)) throw new Error(`--${name} must be from ${least} to ${most}, not ${values[name]}`);
  return value;
}

async function main([name, ...args]) {
  surviveReaders();
  const command = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : undefined;
  if (command === undefined) throw new Error(`expected ${Object.keys(COMMANDS).join(' or ')}, not ${name}`);
  await command.run(readOptions(command.options, args));
}

main(process.argv.slice(2)).catch((error) => {
  log(error.message);
  process.exit(1);
});
