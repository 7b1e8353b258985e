/* What the driver asks of your client library. Strings that are returned are allocated, and freed by the driver. */
#ifndef CLIENT_H
#define CLIENT_H

typedef struct client client;

/* A call without a result. The kind is unavailable, transport, timeout, protocol, or remote with the error's code. */
typedef struct {
    const char *kind;
    char *message;
    char *code; /* or NULL */
} failure;

/* Begins to follow the servers below `root`. It must not wait for the registry, which may be down. */
client *client_open(const char *zookeeper, const char *root);

/* The addresses that a call would choose from, "host:port", ended by NULL; or NULL and `failed`. */
char **client_servers(client *self, failure *failed);

/* Calls one of them, from any thread: the JSON text of the result, and the reply's name in `*out`; or NULL and `failed`,
 * within `timeout_s` seconds. `params` is JSON text. */
char *client_call(client *self, const char *method, const char *params, double timeout_s, char **out, failure *failed);

/* Leaves nothing open. */
void client_close(client *self);

#endif
