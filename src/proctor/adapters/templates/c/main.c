/* A server and a client's driver to begin with. The server is one process with a thread for each connection, and keeps
 * the profile wire; what the other profiles want is marked TODO. */
#include <stdio.h>
#include <string.h>

int serve(const char *host, const char *port);
int drive(const char *zookeeper, const char *root);

int main(int count, char **words) {
    if (count == 7 && strcmp(words[1], "serve") == 0) return serve(words[2], words[3]);
    if (count == 4 && strcmp(words[1], "drive") == 0) return drive(words[2], words[3]);
    fputs("usage: impl serve HOST PORT WORKERS ZOOKEEPER ROOT\n       impl drive ZOOKEEPER ROOT\n", stderr);
    return 2;
}
