/* The driver: requests on standard input, replies on standard output, one JSON object a line (spec/client.md).
 * Complete as it is: what you supply is client.c. Calls run at once, each in a thread, and are answered as they end. */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "strict_json.h"

static const double TIMEOUT_S = 5; /* of a call that says none */

static client *library;

/* Writes a line; ends the program if nobody reads any more. */
static void reply(const char *id, const char *format, const char *one, const char *two) {
    flockfile(stdout);
    printf("{\"id\":%s", id);
    printf(format, one, two);
    fputs("}\n", stdout);
    if (fflush(stdout) != 0) _Exit(0);
    funlockfile(stdout);
}

/* Answers with an error, and frees it. */
static void fail(const char *id, failure failed) {
    char *message = quoted(failed.message), *code = failed.code ? quoted(failed.code) : NULL;
    char *members = allocated(NULL, strlen(message) + (code ? strlen(code) : 0) + 16);
    sprintf(members, code ? "%s,\"code\":%s" : "%s", message, code);
    reply(id, ",\"error\":{\"kind\":\"%s\",\"message\":%s}", failed.kind, members);
    free(message), free(code), free(members), free(failed.message), free(failed.code);
}

static void refuse(const char *id, const char *message) { fail(id, (failure){"protocol", strdup(message), NULL}); }

static char *copied(const member *given) { return strndup(given->text, given->length); }

typedef struct {
    char *id, *method, *params;
    double timeout_s;
} call;

static void *make(void *given) {
    call *wanted = given;
    failure failed = {0};
    char *out = NULL;
    char *result = client_call(library, wanted->method, wanted->params, wanted->timeout_s, &out, &failed);
    if (result == NULL) fail(wanted->id, failed);
    else {
        for (char *at = result; (at = strchr(at, '\n')) != NULL;) *at = ' '; /* in JSON a bare one is white space */
        char *name = quoted(out);
        reply(wanted->id, ",\"out\":%s,\"result\":%s", name, result);
        free(name), free(out), free(result);
    }
    free(wanted->id), free(wanted->method), free(wanted->params), free(wanted);
    return NULL;
}

/* In seconds; NAN if it is none. */
static double timeout_of(const member *given) {
    if (given == NULL) return TIMEOUT_S;
    char *text = copied(given);
    double seconds = *text >= '0' && *text <= '9' ? strtod(text, NULL) : NAN;
    free(text);
    return isfinite(seconds) ? seconds : NAN;
}

static void start_call(const char *id, const members *request) {
    const member *params = find(request, "params");
    double timeout_s = timeout_of(find(request, "timeout_s"));
    char *method = string_of(find(request, "in"));
    pthread_t thread;
    if (method == NULL || params == NULL || isnan(timeout_s)) {
        refuse(id, isnan(timeout_s) ? "timeout_s is a number of seconds, not negative" : "a call has \"in\", a string, and \"params\"");
        free(method);
        return;
    }
    call *wanted = allocated(NULL, sizeof *wanted);
    *wanted = (call){strdup(id), method, copied(params), timeout_s};
    if (pthread_create(&thread, NULL, make, wanted) == 0) pthread_detach(thread);
    else make(wanted);
}

static void servers(const char *id) {
    failure failed = {0};
    char **found = client_servers(library, &failed);
    if (found == NULL) {
        fail(id, failed);
        return;
    }
    char *listed = allocated(NULL, 1);
    size_t length = 0;
    for (char **each = found; *each; free(*each++)) {
        char *one = quoted(*each);
        listed = allocated(listed, length + strlen(one) + 2);
        length += (size_t)sprintf(listed + length, length ? ",%s" : "%s", one);
        free(one);
    }
    listed[length] = '\0';
    reply(id, ",\"servers\":[%s]%s", listed, "");
    free(listed), free(found);
}

/* Whether this was the last request. */
static int handle(const char *line, size_t length) {
    members request;
    const char *wrong = read_object(line, length, &request);
    char *id = wrong || !find(&request, "id") ? strdup("null") : copied(find(&request, "id"));
    char *op = string_of(find(&request, "op"));
    int last = op && strcmp(op, "close") == 0;
    if (wrong) refuse(id, wrong);
    else if (last) reply(id, "%s%s", "", "");
    else if (op && strcmp(op, "servers") == 0) servers(id);
    else if (op && strcmp(op, "call") == 0) start_call(id, &request);
    else refuse(id, "op is one of call, servers, close");
    free(id), free(op);
    free_members(&request);
    return last;
}

/* Until told to close, or until the input ends; the exit status. */
int drive(const char *zookeeper, const char *root) {
    signal(SIGPIPE, SIG_IGN); /* reply() sees that nobody reads */
    library = client_open(zookeeper, root);
    char *line = NULL;
    size_t room = 0;
    for (ssize_t length; (length = getline(&line, &room, stdin)) >= 0;)
        if (handle(line, (size_t)length)) break;
    free(line);
    client_close(library);
    fflush(stdout);
    _Exit(0); /* whatever calls are under way */
}
