import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The driver: requests on standard input, replies on standard output, one JSON object a line (spec/client.md).
 * Complete as it is: what you supply is Client.java. Calls run at once, each in a thread, and are answered as they end.
 */
final class Drive {
    private static final String TIMEOUT_S = "5"; // of a call that says none
    private static final PrintStream OUTPUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);

    private final Client client;

    private Drive(Client client) {
        this.client = client;
    }

    public static void main(String[] words) throws IOException {
        if (words.length != 2) {
            System.err.println("usage: java Drive ZOOKEEPER ROOT");
            System.exit(2);
        }
        try (Client client = new Client(words[0], words[1])) {
            new Drive(client).run(new BufferedInputStream(System.in));
        }
        System.exit(0); // whatever calls are under way
    }

    /** Until told to close, or until the input ends. */
    private void run(InputStream input) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next; (next = input.read()) >= 0; ) {
            line.write(next);
            if (next != '\n') continue;
            if (handle(line.toByteArray())) return;
            line.reset();
        }
        if (line.size() > 0) handle(line.toByteArray());
    }

    /** Whether this was the last request. */
    private boolean handle(byte[] line) {
        Map<String, String> request = Map.of();
        try {
            request = StrictJson.object(line);
            String op = StrictJson.string(request.get("op"));
            if ("close".equals(op)) {
                reply(request, "");
                return true;
            }
            if ("call".equals(op)) startCall(request);
            else if ("servers".equals(op)) servers(request);
            else throw new StrictJson.Malformed("op is one of call, servers, close");
        } catch (StrictJson.Malformed error) {
            fail(request, "protocol", error.getMessage(), null);
        }
        return false;
    }

    private void servers(Map<String, String> request) {
        try {
            String listed = client.servers().stream().map(StrictJson::quoted).collect(Collectors.joining(","));
            reply(request, ",\"servers\":[" + listed + "]");
        } catch (RuntimeException error) {
            fail(request, "unavailable", told(error), null);
        }
    }

    private void startCall(Map<String, String> request) throws StrictJson.Malformed {
        String method = StrictJson.string(request.get("in"));
        String params = request.get("params");
        if (method == null || params == null) throw new StrictJson.Malformed("a call has \"in\", a string, and \"params\"");
        double timeoutS = timeoutS(request.getOrDefault("timeout_s", TIMEOUT_S));
        new Thread(() -> call(request, method, params, timeoutS)).start();
    }

    private void call(Map<String, String> request, String method, String params, double timeoutS) {
        try {
            Client.Reply reply = client.call(method, params, timeoutS);
            String inOneLine = reply.result().replace('\n', ' '); // in JSON a bare one is white space
            reply(request, ",\"out\":" + StrictJson.quoted(reply.out()) + ",\"result\":" + inOneLine);
        } catch (Client.CallFailed error) {
            fail(request, error.kind, error.getMessage(), error.code);
        } catch (RuntimeException error) {
            fail(request, "unavailable", told(error), null);
        }
    }

    private static double timeoutS(String text) throws StrictJson.Malformed {
        double seconds = text.matches("[0-9].*") ? Double.parseDouble(text) : Double.NaN;
        if (Double.isNaN(seconds) || Double.isInfinite(seconds)) {
            throw new StrictJson.Malformed("timeout_s is a number of seconds, not negative");
        }
        return seconds;
    }

    private static String told(RuntimeException error) {
        return error instanceof UnsupportedOperationException ? error.getMessage() : "the client library threw " + error;
    }

    private static void fail(Map<String, String> request, String kind, String message, String code) {
        String coded = code == null ? "" : ",\"code\":" + StrictJson.quoted(code);
        reply(request, ",\"error\":{\"kind\":" + StrictJson.quoted(kind) + ",\"message\":" + StrictJson.quoted(message) + coded + "}");
    }

    /** Writes a line; `rest` is what follows the id. */
    private static synchronized void reply(Map<String, String> request, String rest) {
        OUTPUT.print("{\"id\":" + request.getOrDefault("id", "null") + rest + "}\n");
        OUTPUT.flush();
        if (OUTPUT.checkError()) System.exit(0); // nobody reads any more
    }
}
