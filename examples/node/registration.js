// The server's one node: ephemeral, sequential, made again whenever it is gone, never twice.

import { Reconciler } from './reconciler.js';
import { CreateMode, Exception, owner } from './session.js';

export const PREFIX = 'rpc';

export class Registration {
  #session;
  #root;
  #data;
  #owner = null; // the session that what follows is about
  #path = null; // the node, as far as we know
  #inDoubt = false; // a create was sent and its reply never came: the node may stand under a name that we don't know
  #wanted = false;
  #reconciler = new Reconciler(() => this.#reconcile());
  #changed = () => this.#reconciler.changed();

  /** `root`: path of the servers' parent; `address`: {host, port}, what the node says. */
  constructor(session, root, address) {
    this.#session = session;
    this.#root = root;
    this.#data = Buffer.from(JSON.stringify(address));
    session.on('connected', this.#changed);
  }

  /** From now on the node should stand, or not. */
  want(wanted) {
    if (this.#wanted === wanted) return;
    this.#wanted = wanted;
    this.#changed();
  }

  /** Takes the node away by ending the session; gives up when `withinMs` are over. */
  async stop(withinMs) {
    this.#reconciler.stop();
    await this.#session.close(withinMs);
  }

  async #reconcile() {
    if (!this.#session.connected) return; // 'connected' comes back to this
    if (this.#owner !== this.#session.id) this.#forget();
    await makePath(this.#session, this.#root);
    if (this.#inDoubt) this.#path = await this.#findOwn();
    this.#inDoubt = false;
    if (!this.#wanted) await this.#withdraw();
    else if (this.#path === null || !(await this.#owns(this.#path, this.#changed))) await this.#register();
  }

  async #register() {
    if (this.#owner !== this.#session.id) throw new Error('the session was replaced meanwhile');
    this.#inDoubt = true;
    const node = join(this.#root, PREFIX);
    [this.#path] = await this.#session.call('create', node, this.#data, CreateMode.EPHEMERAL_SEQUENTIAL);
    this.#inDoubt = false;
    await this.#owns(this.#path, this.#changed); // sets the watch
  }

  async #withdraw() {
    if (this.#path !== null) await this.#session.call('remove', this.#path).catch(unless(Exception.NO_NODE));
    this.#path = null;
  }

  /** The session is a new one: it owns nothing yet, and the old one's node goes with the old one. */
  #forget() {
    this.#owner = this.#session.id;
    this.#path = null;
    this.#inDoubt = false;
  }

  /** Whether `path` is there and ours; its end is told to `watcher`. */
  async #owns(path, watcher) {
    const [stat] = await this.#session.call('exists', path, watcher);
    return stat !== null && owner(stat) === this.#owner;
  }

  /** The node that a create whose reply was lost has made, or null. */
  async #findOwn() {
    const [children] = await this.#session.call('getChildren', this.#root);
    for (const child of children.filter((name) => name.startsWith(PREFIX))) {
      const path = join(this.#root, child);
      if (await this.#owns(path)) return path;
    }
    return null;
  }
}

export function join(parent, child) {
  return parent === '/' ? `/${child}` : `${parent}/${child}`;
}

/**
 * Makes `path` and its parents, where missing. Each create goes through the ensemble's leader, so what is read after it
 * includes all that was written before it, also through another member.
 */
async function makePath(session, path) {
  if (path === '/') return;
  await session.call('mkdirp', path).catch(unless(Exception.NO_AUTH)); // no right to make it: somebody else has
}

/** A handler of rejections that lets `code` pass. */
function unless(code) {
  return (error) => {
    if (error.code !== code) throw error;
  };
}
