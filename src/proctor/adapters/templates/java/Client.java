import java.util.List;

/**
 * TODO client: this file is the one place where your own client library is called; Drive.java needs nothing else.
 * Until it is filled in, the driver answers with what is missing.
 */
final class Client implements AutoCloseable {
    /** A call without a result. `kind`: unavailable, transport, timeout, protocol, or remote with the error's `code`, else null. */
    static final class CallFailed extends Exception {
        final String kind;
        final String code;

        CallFailed(String kind, String message, String code) {
            super(message);
            this.kind = kind;
            this.code = code;
        }
    }

    /** `out`, and `result` as JSON text. */
    record Reply(String out, String result) {}

    /** Begins to follow the servers below `root`. It must not wait for the registry, which may be down. */
    Client(String zookeeper, String root) {}

    /** The addresses that a call would choose from: "host:port". */
    List<String> servers() {
        throw new UnsupportedOperationException("Client.java: servers calls no client library yet");
    }

    /** Calls one of them, from any thread; CallFailed within `timeoutS` seconds. `params` is JSON text. */
    Reply call(String method, String params, double timeoutS) throws CallFailed {
        throw new UnsupportedOperationException("Client.java: call calls no client library yet");
    }

    /** Leaves nothing open. */
    @Override
    public void close() {}
}
