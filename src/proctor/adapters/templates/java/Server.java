import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * A server to begin with: one process, a thread for each connection, the methods `ping` and `pi`.
 * It keeps the profile `wire`; what the other profiles want is marked TODO.
 */
final class Server {
    private static final int FRAME_BYTES_MAX = 16 * 1024 * 1024;
    private static final int HEADER = 4;
    private static final int BACKLOG = 128;
    private static final long ACCEPT_PAUSE_MS = 10;
    private static final long PI_MAX = 1_000_000_000;

    /** A request that is answered with an error of the contract. */
    private static final class Refused extends Exception {
        private final String code;

        Refused(String code, String message) {
            super(message);
            this.code = code;
        }
    }

    /** Takes the JSON text of its params; returns the reply's name and the JSON text of its result. */
    private interface Method {
        String[] execute(String params) throws Refused;
    }

    /** A new one is claimed in impl.toml, [capabilities]. */
    private static final Map<String, Method> METHODS = Map.of("ping", Server::ping, "pi", Server::pi);

    private static String[] ping(String params) {
        return new String[] {"pong", params};
    }

    private static String[] pi(String params) throws Refused {
        long n = params.matches("[0-9]{1,10}") ? Long.parseLong(params) : Long.MAX_VALUE;
        if (n > PI_MAX) throw new Refused("bad_params", "pi takes an integer from 0 to " + PI_MAX);
        double sum = 0;
        for (long i = n; i >= 0; i--) { // the smallest terms first: a large sum would swallow them
            double odd = 2.0 * i + 1;
            sum += 1 / (odd * odd);
        }
        return new String[] {"pi_r", Double.toString(Math.sqrt(8 * sum))};
    }

    private static byte[] answer(byte[] body) {
        try {
            String[] reply = execute(StrictJson.object(body));
            byte[] text = ("{\"out\":" + StrictJson.quoted(reply[0]) + ",\"result\":" + reply[1] + "}").getBytes(StandardCharsets.UTF_8);
            return text.length <= FRAME_BYTES_MAX ? text : refusal("too_large", "the reply would be over the limit");
        } catch (StrictJson.Malformed error) {
            return refusal("bad_request", error.getMessage());
        } catch (Refused error) {
            return refusal(error.code, error.getMessage());
        }
    }

    private static String[] execute(Map<String, String> request) throws StrictJson.Malformed, Refused {
        String name = StrictJson.string(request.get("in"));
        String params = request.get("params");
        if (name == null || params == null) {
            throw new Refused("bad_request", "a request is an object with \"in\", a string, and \"params\"");
        }
        Method method = METHODS.get(name);
        if (method == null) throw new Refused("unknown_method", "there is no such method");
        return method.execute(params);
    }

    private static byte[] refusal(String code, String message) {
        String result = "{\"code\":" + StrictJson.quoted(code) + ",\"message\":" + StrictJson.quoted(message) + "}";
        return ("{\"out\":\"error\",\"result\":" + result + "}").getBytes(StandardCharsets.UTF_8);
    }

    /** Answers one request after the other, until the client sends no more. */
    private static void converse(Socket client) {
        try (Socket connection = client) {
            InputStream input = new BufferedInputStream(connection.getInputStream());
            while (true) {
                long length = Integer.toUnsignedLong(ByteBuffer.wrap(exactly(input, HEADER)).order(ByteOrder.LITTLE_ENDIAN).getInt());
                if (length > FRAME_BYTES_MAX) {
                    send(connection, refusal("too_large", "a frame over the limit was announced"));
                    return;
                }
                send(connection, answer(exactly(input, (int) length)));
            }
        } catch (IOException error) {
            return; // the client has sent its last request, or is gone
        }
    }

    private static byte[] exactly(InputStream input, int count) throws IOException {
        byte[] bytes = input.readNBytes(count);
        if (bytes.length < count) throw new EOFException();
        return bytes;
    }

    private static void send(Socket connection, byte[] body) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(HEADER + body.length).order(ByteOrder.LITTLE_ENDIAN);
        connection.getOutputStream().write(frame.putInt(body.length).put(body).array());
    }

    private static Socket accept(ServerSocket listener) throws InterruptedException {
        while (true) {
            try {
                return listener.accept();
            } catch (IOException error) { // no descriptor is left, or the client is gone already
                Thread.sleep(ACCEPT_PAUSE_MS);
            }
        }
    }

    public static void main(String[] words) throws InterruptedException {
        if (words.length != 5) {
            System.err.println("usage: java Server HOST PORT WORKERS ZOOKEEPER ROOT");
            System.exit(2);
        }
        try (ServerSocket listener = new ServerSocket(Integer.parseInt(words[1]), BACKLOG, InetAddress.getByName(words[0]))) {
            // TODO supervision, restart: keep WORKERS processes that accept from one listening socket.
            // TODO discovery: register {"host", "port"} below ROOT on ZOOKEEPER.
            System.err.println("not supplied yet: worker processes (supervision, restart), registration (discovery)");
            while (true) {
                Socket connection = accept(listener);
                new Thread(() -> converse(connection)).start();
            }
        } catch (IOException | NumberFormatException error) {
            System.err.println("can't listen on " + words[0] + ":" + words[1] + ": " + error.getMessage());
            System.exit(1);
        }
    }
}
