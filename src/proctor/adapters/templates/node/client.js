// TODO client: this file is the one place where your own client library is called; drive.js needs nothing else.
// Until it is filled in, the driver answers with what is missing.

/** A call without a result. `kind`: unavailable, transport, timeout, protocol, or remote with the error's `code`. */
export class CallFailed extends Error {
  constructor(kind, message, code) {
    super(message);
    this.kind = kind;
    this.code = code;
  }
}

export class Client {
  /** Begins to follow the servers below `root`. It must not wait for the registry, which may be down. */
  constructor(zookeeper, root) {
    this.zookeeper = zookeeper;
    this.root = root;
  }

  /** The addresses that a call would choose from: "host:port". */
  async servers() {
    throw new Error('client.js: Client.servers calls no client library yet');
  }

  /**
   * Calls one of them: resolves to {out, result}, or throws CallFailed within `timeoutS` seconds.
   * `params` and `result` are JSON texts, since JSON.parse alters large integers.
   */
  async call(method, params, timeoutS) {
    throw new Error('client.js: Client.call calls no client library yet');
  }

  /** Leaves nothing open. */
  async close() {}
}
