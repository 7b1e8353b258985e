#include "strict_json.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 512 };

typedef struct {
    const char *at, *end;
    const char *wrong; /* what is wrong, once something is */
} scanner;

static void value(scanner *s, int depth, members *found);

void *allocated(void *old, size_t size) {
    void *memory = realloc(old, size ? size : 1);
    if (memory == NULL) abort();
    return memory;
}

static int fail(scanner *s, const char *wrong) {
    if (s->wrong == NULL) s->wrong = wrong;
    s->at = s->end;
    return 0;
}

/* The byte here; 0 at the end, which no JSON text holds outside of strings' escapes. */
static unsigned char here(const scanner *s) { return s->at < s->end ? (unsigned char)*s->at : 0; }

static unsigned char peek(scanner *s) {
    while (s->at < s->end && strchr(" \t\n\r", *s->at) && *s->at) s->at++;
    return here(s);
}

static int passes(scanner *s, char expected) {
    int there = peek(s) == (unsigned char)expected;
    s->at += there;
    return there;
}

static int expect(scanner *s, char expected) { return passes(s, expected) || fail(s, "no JSON: a delimiter is missing"); }

static size_t put_utf8(char *to, unsigned code) {
    if (code && code < 0x80) return to[0] = (char)code, 1;
    if (code < 0x800) return to[0] = (char)(0xC0 | code >> 6), to[1] = (char)(0x80 | (code & 63)), 2;
    if (code < 0x10000) {
        to[0] = (char)(0xE0 | code >> 12), to[1] = (char)(0x80 | (code >> 6 & 63)), to[2] = (char)(0x80 | (code & 63));
        return 3;
    }
    to[0] = (char)(0xF0 | code >> 18), to[1] = (char)(0x80 | (code >> 12 & 63));
    to[2] = (char)(0x80 | (code >> 6 & 63)), to[3] = (char)(0x80 | (code & 63));
    return 4;
}

/* The four digits after \u. */
static unsigned unit(scanner *s) {
    unsigned code = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        if (!isxdigit(here(s))) return (unsigned)fail(s, "no JSON: an unknown escape");
        code = code * 16 + (unsigned)(isdigit(here(s)) ? here(s) - '0' : tolower(here(s)) - 'a' + 10);
    }
    return code;
}

/* What follows a backslash. */
static unsigned escaped(scanner *s) {
    static const char known[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *found = here(s) ? strchr(known, here(s)) : NULL;
    if (found) return s->at++, (unsigned)meant[found - known];
    if (here(s) != 'u') return (unsigned)fail(s, "no JSON: an unknown escape");
    s->at++;
    unsigned high = unit(s);
    if (high < 0xD800 || high > 0xDBFF || s->end - s->at < 6 || memcmp(s->at, "\\u", 2) != 0) return high;
    const char *before = s->at;
    s->at += 2;
    unsigned low = unit(s);
    if (low >= 0xDC00 && low <= 0xDFFF) return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    if (s->wrong == NULL) s->at = before;
    return high;
}

/* A string, unescaped, to be freed; or NULL, if it is not `kept`. */
static char *string(scanner *s, int kept) {
    if (!expect(s, '"')) return NULL;
    const char *close = s->at;
    while (close < s->end && *close != '"') close += *close == '\\' ? 2 : 1;
    char *plain = kept && close < s->end ? allocated(NULL, (size_t)(close - s->at) + 1) : NULL;
    size_t length = 0;
    while (here(s) != '"') {
        if (here(s) < ' ') {
            fail(s, "no JSON: a string has no end, or holds a control character");
            break;
        }
        char bytes[4] = {*s->at++};
        size_t count = bytes[0] == '\\' ? put_utf8(bytes, escaped(s)) : 1;
        if (plain) memcpy(plain + length, bytes, count);
        length += count;
    }
    s->at += s->at < s->end;
    if (plain) plain[length] = '\0';
    return plain;
}

static int digits(scanner *s) {
    if (!isdigit(here(s))) return fail(s, "no JSON: a digit is missing");
    while (isdigit(here(s))) s->at++;
    return 1;
}

static void number(scanner *s) {
    const char *start = s->at;
    int fraction = 0;
    s->at += here(s) == '-';
    if (here(s) == '0') s->at++;
    else digits(s);
    if (here(s) == '.') s->at++, fraction = digits(s);
    if (here(s) == 'e' || here(s) == 'E') {
        s->at++;
        s->at += here(s) == '+' || here(s) == '-';
        fraction = digits(s);
    }
    if (!fraction || s->wrong) return;
    char *text = allocated(NULL, (size_t)(s->at - start) + 1); /* strtod reads as far as it can */
    memcpy(text, start, (size_t)(s->at - start));
    text[s->at - start] = '\0';
    if (isinf(strtod(text, NULL))) fail(s, "a number is too large");
    free(text);
}

static void word(scanner *s) {
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++) {
        size_t length = strlen(words[i]);
        if ((size_t)(s->end - s->at) >= length && memcmp(s->at, words[i], length) == 0) {
            s->at += length;
            return;
        }
    }
    fail(s, "no JSON: a value is missing");
}

static int by_name(const void *one, const void *other) { return strcmp(((const member *)one)->name, ((const member *)other)->name); }

static void object(scanner *s, int depth, members *found) {
    size_t room = 0;
    expect(s, '{');
    if (passes(s, '}')) return;
    do {
        peek(s);
        char *name = string(s, 1);
        if (name == NULL) break;
        if (found->count == room) found->list = allocated(found->list, (room = 2 * room + 8) * sizeof *found->list);
        member *added = &found->list[found->count++];
        *added = (member){.name = name};
        expect(s, ':');
        peek(s);
        added->text = s->at;
        value(s, depth, NULL);
        added->length = (size_t)(s->at - added->text);
    } while (passes(s, ','));
    expect(s, '}');
    if (found->count > 1) qsort(found->list, found->count, sizeof *found->list, by_name);
    for (size_t i = 1; i < found->count; i++)
        if (strcmp(found->list[i - 1].name, found->list[i].name) == 0) fail(s, "two members have one name");
}

static void array(scanner *s, int depth) {
    expect(s, '[');
    if (passes(s, ']')) return;
    do value(s, depth, NULL);
    while (passes(s, ','));
    expect(s, ']');
}

/* Passes over a value; gives the members to `found`, unless that is NULL, which must be an object then. */
static void value(scanner *s, int depth, members *found) {
    unsigned char first = peek(s);
    if ((first == '{' || first == '[') && depth == DEPTH_MAX) fail(s, "nested too deep");
    else if (first == '{') {
        members inner = {0};
        object(s, depth + 1, &inner);
        if (found) *found = inner;
        else free_members(&inner);
    } else if (first == '[') array(s, depth + 1);
    else if (first == '"') string(s, 0);
    else if (first == '-' || isdigit(first)) number(s);
    else word(s);
    if (found && first != '{') fail(s, "not an object");
}

static int is_utf8(const unsigned char *at, const unsigned char *end) {
    while (at < end) {
        int more = *at < 0x80 ? 0 : *at >= 0xC2 && *at < 0xE0 ? 1 : (*at & 0xF0) == 0xE0 ? 2 : *at >= 0xF0 && *at < 0xF5 ? 3 : -1;
        if (more < 0 || end - at <= more) return 0;
        unsigned char least = *at == 0xE0 ? 0xA0 : *at == 0xF0 ? 0x90 : 0x80, most = *at == 0xED ? 0x9F : *at == 0xF4 ? 0x8F : 0xBF;
        if (more && (at[1] < least || at[1] > most)) return 0;
        for (int i = 2; i <= more; i++)
            if ((at[i] & 0xC0) != 0x80) return 0;
        at += 1 + more;
    }
    return 1;
}

const char *read_object(const char *text, size_t length, members *found) {
    scanner s = {text, text + length, NULL};
    *found = (members){0};
    if (!is_utf8((const unsigned char *)text, (const unsigned char *)text + length)) return "not UTF-8";
    value(&s, 0, found);
    peek(&s);
    if (s.at < s.end) fail(&s, "no JSON: more than one text");
    if (s.wrong) free_members(found);
    return s.wrong;
}

void free_members(members *found) {
    for (size_t i = 0; i < found->count; i++) free(found->list[i].name);
    free(found->list);
    *found = (members){0};
}

const member *find(const members *found, const char *name) {
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->list[i].name, name) == 0) return &found->list[i];
    return NULL;
}

char *string_of(const member *given) {
    if (given == NULL || *given->text != '"') return NULL;
    scanner s = {given->text, given->text + given->length, NULL};
    return string(&s, 1);
}

char *quoted(const char *text) {
    char *quoted = allocated(NULL, 6 * strlen(text) + 3), *to = quoted;
    *to++ = '"';
    for (; *text; text++) {
        if ((unsigned char)*text < ' ') to += sprintf(to, "\\u%04x", *text);
        else {
            if (*text == '"' || *text == '\\') *to++ = '\\';
            *to++ = *text;
        }
    }
    *to++ = '"';
    *to = '\0';
    return quoted;
}
