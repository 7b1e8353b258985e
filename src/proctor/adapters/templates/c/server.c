#include <errno.h>
#include <math.h>
#include <netdb.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "strict_json.h"

enum { FRAME_BYTES_MAX = 16 * 1024 * 1024, GULP_BYTES = 1024 * 1024, PI_MAX = 1000000000, BACKLOG = 128, ACCEPT_PAUSE_US = 10000 };

/* A body, to be freed. Its frame's header is read and written apart. */
typedef struct {
    char *bytes;
    size_t length;
} body;

static body joined(const char *before, const char *middle, size_t length, const char *after) {
    size_t first = strlen(before), last = strlen(after);
    body whole = {allocated(NULL, first + length + last), first + length + last};
    memcpy(whole.bytes, before, first);
    memcpy(whole.bytes + first, middle, length);
    memcpy(whole.bytes + first + length, after, last);
    return whole;
}

static body refusal(const char *code, const char *message) {
    char text[512];
    char *said = quoted(message);
    int length = snprintf(text, sizeof text, "{\"out\":\"error\",\"result\":{\"code\":\"%s\",\"message\":%.400s}}", code, said);
    free(said);
    return joined("", text, (size_t)length, "");
}

static body pi(const member *params) {
    long n = 0;
    for (size_t i = 0; i < params->length; i++) {
        int digit = params->text[i] - '0';
        if (digit < 0 || digit > 9 || (n = 10 * n + digit) > PI_MAX) return refusal("bad_params", "pi takes an integer from 0 to 1000000000");
    }
    double sum = 0;
    for (long i = n; i >= 0; i--) sum += 1 / ((2.0 * i + 1) * (2.0 * i + 1)); /* the smallest first: a large sum would swallow them */
    char text[32];
    int length = snprintf(text, sizeof text, "%.17g", sqrt(8 * sum));
    return joined("{\"out\":\"pi_r\",\"result\":", text, (size_t)length, "}");
}

/* A new method is claimed in impl.toml, [capabilities]. */
static body execute(const members *request) {
    const member *params = find(request, "params");
    char *name = string_of(find(request, "in"));
    body reply;
    if (name == NULL || params == NULL) reply = refusal("bad_request", "a request is an object with \"in\", a string, and \"params\"");
    else if (strcmp(name, "ping") == 0) reply = joined("{\"out\":\"pong\",\"result\":", params->text, params->length, "}");
    else if (strcmp(name, "pi") == 0) reply = pi(params);
    else reply = refusal("unknown_method", "there is no such method");
    free(name);
    return reply;
}

static body answer(body given) {
    members request;
    const char *wrong = read_object(given.bytes, given.length, &request);
    if (wrong) return refusal("bad_request", wrong);
    body reply = execute(&request);
    free_members(&request);
    if (reply.length <= FRAME_BYTES_MAX) return reply;
    free(reply.bytes);
    return refusal("too_large", "the reply would be over the limit");
}

/* Whether so many bytes came. */
static int receive(int connection, void *to, size_t count) {
    for (size_t got = 0; got < count;) {
        ssize_t more = recv(connection, (char *)to + got, count - got, 0);
        if (more == 0 || (more < 0 && errno != EINTR)) return 0;
        if (more > 0) got += (size_t)more;
    }
    return 1;
}

static int transmit(int connection, const void *from, size_t count, int flags) {
    for (size_t sent = 0; sent < count;) {
        ssize_t more = send(connection, (const char *)from + sent, count - sent, MSG_NOSIGNAL | flags);
        if (more < 0 && errno != EINTR) return 0;
        if (more > 0) sent += (size_t)more;
    }
    return 1;
}

/* Sends a frame, and frees it. */
static int reply_with(int connection, body reply) {
    unsigned char header[4];
    for (int i = 0; i < 4; i++) header[i] = (unsigned char)(reply.length >> 8 * i);
    int sent = transmit(connection, header, sizeof header, MSG_MORE) && transmit(connection, reply.bytes, reply.length, 0);
    free(reply.bytes);
    return sent;
}

/* A body, or no bytes at the end of the connection. Memory grows with what comes, not with what was announced. */
static body receive_body(int connection, size_t length) {
    body given = {allocated(NULL, 1), 0};
    while (given.length < length) {
        size_t gulp = length - given.length < GULP_BYTES ? length - given.length : GULP_BYTES;
        given.bytes = allocated(given.bytes, given.length + gulp);
        if (!receive(connection, given.bytes + given.length, gulp)) {
            free(given.bytes);
            return (body){NULL, 0};
        }
        given.length += gulp;
    }
    return given;
}

/* Answers one request after the other, until the client sends no more, or is gone. */
static void *converse(void *given) {
    int connection = (int)(intptr_t)given;
    unsigned char header[4];
    while (receive(connection, header, sizeof header)) {
        uint32_t length = header[0] | header[1] << 8 | header[2] << 16 | (uint32_t)header[3] << 24;
        if (length > FRAME_BYTES_MAX) {
            reply_with(connection, refusal("too_large", "a frame over the limit was announced"));
            break;
        }
        body request = receive_body(connection, length);
        if (request.bytes == NULL) break;
        int sent = reply_with(connection, answer(request));
        free(request.bytes);
        if (!sent) break;
    }
    close(connection);
    return NULL;
}

static int listen_on(const char *host, const char *port) {
    struct addrinfo *found, wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    int wrong = getaddrinfo(host, port, &wanted, &found);
    if (wrong) return fprintf(stderr, "%s:%s: %s\n", host, port, gai_strerror(wrong)), -1;
    int listener = socket(found->ai_family, SOCK_STREAM, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, found->ai_addr, found->ai_addrlen) < 0 || listen(listener, BACKLOG) < 0) {
        fprintf(stderr, "can't listen on %s:%s: %s\n", host, port, strerror(errno));
        close(listener);
        listener = -1;
    }
    freeaddrinfo(found);
    return listener;
}

/* Until it is killed; or the exit status. */
int serve(const char *host, const char *port) {
    int listener = listen_on(host, port);
    if (listener < 0) return 1;
    /* TODO supervision, restart: keep WORKERS processes that accept from this listener. */
    /* TODO discovery: register {"host", "port"} below ROOT on ZOOKEEPER. */
    fputs("not supplied yet: worker processes (supervision, restart), registration (discovery)\n", stderr);
    for (;;) {
        pthread_t thread;
        int connection = accept(listener, NULL, NULL);
        if (connection < 0) usleep(ACCEPT_PAUSE_US); /* no descriptor is left, or the client is gone already */
        else if (pthread_create(&thread, NULL, converse, (void *)(intptr_t)connection) == 0) pthread_detach(thread);
        else close(connection);
    }
}
