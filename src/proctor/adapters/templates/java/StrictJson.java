import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads one strict JSON text and gives an object's members as the texts they came as, so that nothing of them is altered.
 * Refuses members of one name, and numbers that no double is near to.
 */
final class StrictJson {
    static final class Malformed extends Exception {
        Malformed(String message) {
            super(message);
        }
    }

    private static final int DEPTH_MAX = 512;
    private static final Pattern NUMBER = Pattern.compile("-?(?:0|[1-9][0-9]*+)(?:\\.[0-9]++)?(?:[eE][+-]?[0-9]++)?");
    private static final String ESCAPED = "\"\\/bfnrt";
    private static final String MEANT = "\"\\/\b\f\n\r\t";

    private final String text;
    private int at;

    private StrictJson(String text) {
        this.text = text;
    }

    /** The value's JSON text of each member. */
    static Map<String, String> object(byte[] bytes) throws Malformed {
        StrictJson json;
        try {
            json = new StrictJson(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException error) {
            throw new Malformed("not UTF-8");
        }
        Map<String, String> members = json.value(0);
        json.skip();
        if (json.at < json.text.length()) throw new Malformed("no JSON: more than one text");
        if (members == null) throw new Malformed("not an object");
        return members;
    }

    /** The string that a member's text stands for; null if it is missing or none. */
    static String string(String text) throws Malformed {
        return text == null || !text.startsWith("\"") ? null : new StrictJson(text).string();
    }

    static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            boolean plain = c >= ' ' && c != '"' && c != '\\' && !Character.isSurrogate(c);
            quoted.append(plain ? String.valueOf(c) : String.format("\\u%04x", (int) c));
        }
        return quoted.append('"').toString();
    }

    private void skip() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) at++;
    }

    /** The next character that is no white space; it is not passed over. 0 at the end. */
    private char peek() {
        skip();
        return at < text.length() ? text.charAt(at) : 0;
    }

    private boolean passes(char expected) {
        boolean there = peek() == expected;
        if (there) at++;
        return there;
    }

    private void expect(char expected) throws Malformed {
        if (!passes(expected)) throw new Malformed("no JSON: expected " + expected + " at character " + at);
    }

    /** Passes over a value; returns the members if it is an object, else null. */
    private Map<String, String> value(int depth) throws Malformed {
        char first = peek();
        if ((first == '{' || first == '[') && depth == DEPTH_MAX) throw new Malformed("nested too deep");
        if (first == '{') return object(depth + 1);
        if (first == '[') array(depth + 1);
        else if (first == '"') string();
        else if (first == '-' || first >= '0' && first <= '9') number();
        else word();
        return null;
    }

    private Map<String, String> object(int depth) throws Malformed {
        Map<String, String> members = new LinkedHashMap<>();
        expect('{');
        if (passes('}')) return members;
        do {
            if (peek() != '"') throw new Malformed("no JSON: a member has no name");
            String name = string();
            expect(':');
            peek();
            int start = at;
            value(depth);
            if (members.put(name, text.substring(start, at)) != null) throw new Malformed("two members have one name");
        } while (passes(','));
        expect('}');
        return members;
    }

    private void array(int depth) throws Malformed {
        expect('[');
        if (passes(']')) return;
        do value(depth); while (passes(','));
        expect(']');
    }

    private void number() throws Malformed {
        Matcher found = NUMBER.matcher(text).region(at, text.length());
        if (!found.lookingAt()) throw new Malformed("no JSON: no number at character " + at);
        String number = found.group();
        at = found.end();
        boolean fraction = number.contains(".") || number.contains("e") || number.contains("E");
        if (fraction && Double.isInfinite(Double.parseDouble(number))) throw new Malformed("a number is too large");
    }

    private void word() throws Malformed {
        for (String word : new String[] {"true", "false", "null"}) {
            if (text.startsWith(word, at)) {
                at += word.length();
                return;
            }
        }
        throw new Malformed("no JSON: no value at character " + at);
    }

    private String string() throws Malformed {
        StringBuilder plain = new StringBuilder();
        for (at++; ; at++) {
            char c = at < text.length() ? text.charAt(at) : 0;
            if (c < ' ') throw new Malformed("no JSON: a string has no end, or holds a control character");
            if (c == '"') break;
            plain.append(c == '\\' ? escaped() : c);
        }
        at++;
        return plain.toString();
    }

    /** What the backslash here stands for; leaves off at its last character. */
    private char escaped() throws Malformed {
        at++;
        char c = at < text.length() ? text.charAt(at) : 0;
        if (c == 'u' && at + 4 < text.length() && text.substring(at + 1, at + 5).matches("[0-9a-fA-F]{4}")) {
            at += 4;
            return (char) Integer.parseInt(text.substring(at - 3, at + 1), 16);
        }
        int known = ESCAPED.indexOf(c);
        if (known < 0) throw new Malformed("no JSON: an unknown escape");
        return MEANT.charAt(known);
    }
}
