// The listening socket, made once by the primary and inherited by every worker, as in any pre-forking server.
//
// cluster's own ways were not good enough: with SCHED_RR the primary accepts and hands connections over, so one that is
// handed to a dying worker is lost; with SCHED_NONE the workers share the socket, but the primary closes it when the last
// of them dies, so that a moment without workers refuses connections instead of keeping them waiting. So the socket is bound
// by the function that cluster itself uses for this (net._createServerHandle, which is old but not documented), its descriptor
// passes through `stdio`, and a worker listens on it by server.listen(handle), which asks the primary for nothing.

import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import { getSystemErrorName } from 'node:util';

/** Where a worker finds it: the first descriptor after standard input, output and error, and Node's channel. */
const LISTENER_FD = 4;

/** Exit status of a worker that can't listen: another one could not either. */
export const CANNOT_LISTEN = 3;

/** For cluster.setupPrimary(). */
export function stdio(listener) {
  return ['ignore', 'inherit', 'inherit', 'ipc', listener.fd];
}

/** Binds host:port (0: any free port). Returns {fd, port, close()}; throws if that can't be had. Nothing accepts yet. */
export async function bind(host, port) {
  const { address, family } = await lookup(host);
  const handle = net._createServerHandle(address, port, family, -1, 0);
  const bound = {};
  const error = typeof handle === 'number' ? handle : handle.getsockname(bound); // a port in use is told here, not before
  if (error) throw new Error(`can't bind ${host}:${port}: ${getSystemErrorName(error)}`);
  return { fd: handle.fd, port: bound.port, close: () => handle.close() };
}

/** The listening socket in a worker: for server.listen(). */
export function inherited() {
  return net._createServerHandle(null, null, null, LISTENER_FD);
}

/** What to register for `host`: a wildcard is no address that a client can connect to. */
export function reachable(host) {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const outward = Object.values(networkInterfaces()).flat().find((each) => !each.internal && each.family === 'IPv4');
  return outward?.address ?? '127.0.0.1';
}
