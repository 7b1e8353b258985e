// A worker's program: accepts on the listening socket that the primary made before it, and answers.

import { createServer } from 'node:net';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { Conversation } from './conversation.js';
import { log, surviveReaders } from './log.js';
import { CANNOT_LISTEN, inherited } from './listener.js';

const LAST_CONNECTIONS_MS = { more: 50, most: 1000 };

function work() {
  const conversations = new Set();
  let accepted = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    accepted += 1;
    const conversation = new Conversation(socket);
    conversations.add(conversation);
    socket.on('close', () => conversations.delete(conversation));
  });
  server.on('error', (error) => {
    log(error.message);
    if (!server.listening) process.exit(CANNOT_LISTEN); // else one accept failed, for want of descriptors say
  });
  server.listen(inherited(), () => process.send('ready'));

  const leave = async () => {
    const end = Date.now() + LAST_CONNECTIONS_MS.most;
    let before; // those that the kernel has accepted already: closing the listener would reset them
    do {
      before = accepted;
      await pause(LAST_CONNECTIONS_MS.more);
      await turn(); // a timer can fire before the sockets have been looked at, an immediate can't
    } while (accepted > before && Date.now() < end);
    server.close(() => process.exit(0));
    for (const conversation of conversations) conversation.leave();
  };
  process.on('message', (message) => message === 'leave' && leave());
  process.on('SIGTERM', leave);
  // Meant for the primary, which knows what to do with its workers; a terminal or `kill -GROUP` sends them to all.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTTIN', 'SIGTTOU']) process.on(signal, () => {});
}

surviveReaders();
work();
