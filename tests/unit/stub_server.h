/* stub_server.h - a server of canned replies on a port of this machine, a thread a connection, to test what
 * speaks HTTP. Every connection is for one request. */
#ifndef STUB_SERVER_H
#define STUB_SERVER_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STUB_REQUEST_BYTES = 1 << 16, STUB_RULES_MAX = 16 };
enum stub_end {
    STUB_REPLY,
    STUB_BREAK, /* the connection closes, with nothing sent */
    STUB_HANG,
    STUB_ENDLESS,      /* a body without an end */
    STUB_ENDLESS_HEAD, /* lines of a head without an end */
    STUB_DRIP,         /* a body of a byte now and then, without an end */
    STUB_BEGIN,        /* a body, and then nothing more */
    STUB_SHORT,        /* it closes a byte before the end that the head tells */
    STUB_RAW           /* the body alone: no HTTP */
};

/* The first rule that fits a request and is not used up serves it. */
struct stub_rule {
    const char *path;     /* the request's begins with it */
    const char *contains; /* its body; NULL: anything */
    int times;            /* 0: any number */
    int status;           /* 0: 200 */
    const char *body, *headers;
    enum stub_end end;
};

struct stub_server {
    int listening, port;
    pthread_t thread;
    struct stub_rule rules[STUB_RULES_MAX];
    int rule_count, used[STUB_RULES_MAX];
    pthread_mutex_t lock;
    atomic_bool over;
    atomic_int requests, open;
    char last[STUB_REQUEST_BYTES]; /* the newest request, head and body */
};

struct stub_connection {
    struct stub_server *server;
    int fd;
};

static inline void stub_send(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        n -= (size_t)sent;
    }
}

/* Head and body, as long as the head says. */
static inline void stub_read(int fd, char *request)
{
    size_t len = 0, wanted = STUB_REQUEST_BYTES - 1;
    ssize_t n;
    request[0] = '\0';
    while (len < wanted && (n = recv(fd, request + len, wanted - len, 0)) > 0) {
        len += (size_t)n;
        request[len] = '\0';
        char *body = strstr(request, "\r\n\r\n"), *length = strstr(request, "Content-Length: ");
        if (body && !length)
            return;
        if (body && (size_t)(body + 4 - request) + strtoul(length + 16, NULL, 10) <= len)
            return;
    }
}

static inline struct stub_rule stub_rule_for(struct stub_server *server, const char *request)
{
    struct stub_rule found = {.status = 404, .body = "{\"error\": \"no rule\"}"};
    const char *path = strchr(request, ' '), *body = strstr(request, "\r\n\r\n");
    pthread_mutex_lock(&server->lock);
    snprintf(server->last, sizeof server->last, "%s", request);
    for (int i = 0; path && body && i < server->rule_count; i++) {
        const struct stub_rule *rule = &server->rules[i];
        if (strncmp(path + 1, rule->path, strlen(rule->path)) != 0 ||
            (rule->contains && !strstr(body, rule->contains)) ||
            (rule->times && server->used[i] == rule->times))
            continue;
        server->used[i]++;
        found = *rule;
        break;
    }
    pthread_mutex_unlock(&server->lock);
    return found;
}

static inline void stub_hang(struct stub_server *server)
{
    while (!server->over)
        usleep(10000);
}

static inline void stub_reply(int fd, const struct stub_rule *rule)
{
    char head[1024];
    const char *body = rule->body ? rule->body : "";
    int n =
        snprintf(head, sizeof head,
                 "HTTP/1.1 %d Stub\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%sConnection: "
                 "close\r\n\r\n",
                 rule->status ? rule->status : 200, strlen(body) + (rule->end == STUB_SHORT),
                 rule->headers ? rule->headers : "");
    stub_send(fd, head, (size_t)n);
    stub_send(fd, body, strlen(body));
}

/* Sends `block` again and again, until the other side has enough. */
static inline void stub_repeat(struct stub_server *server, int fd, const char *head, const char *block,
                               unsigned pause_us)
{
    stub_send(fd, head, strlen(head));
    while (!server->over && send(fd, block, strlen(block), MSG_NOSIGNAL) > 0)
        if (pause_us)
            usleep(pause_us);
}

static inline void stub_answer(struct stub_server *server, int fd, const struct stub_rule *rule)
{
    static const char head[] = "HTTP/1.1 200 Stub\r\n\r\n";
    switch (rule->end) {
    case STUB_BREAK:
        return;
    case STUB_HANG:
        stub_hang(server);
        return;
    case STUB_ENDLESS:
        stub_repeat(server, fd, head, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 0);
        return;
    case STUB_ENDLESS_HEAD:
        stub_repeat(server, fd, "HTTP/1.1 200 Stub\r\n", "X-More: and more, and more, and more\r\n", 0);
        return;
    case STUB_DRIP:
        stub_repeat(server, fd, head, " ", 10000);
        return;
    case STUB_BEGIN:
        stub_send(fd, head, strlen(head));
        stub_send(fd, rule->body, strlen(rule->body));
        stub_hang(server);
        return;
    case STUB_RAW:
        stub_send(fd, rule->body, strlen(rule->body));
        return;
    case STUB_REPLY:
    case STUB_SHORT:
        stub_reply(fd, rule);
    }
}

static inline void *stub_serve(void *data)
{
    struct stub_connection *connection = data;
    struct stub_server *server = connection->server;
    char *request = malloc(STUB_REQUEST_BYTES);
    stub_read(connection->fd, request);
    server->requests++;
    struct stub_rule rule = stub_rule_for(server, request);
    stub_answer(server, connection->fd, &rule);
    close(connection->fd);
    free(request);
    free(connection);
    server->open--;
    return NULL;
}

static inline void *stub_accept(void *data)
{
    struct stub_server *server = data;
    int fd;
    while ((fd = accept(server->listening, NULL, NULL)) >= 0) {
        struct stub_connection *connection = malloc(sizeof *connection);
        pthread_t thread;
        *connection = (struct stub_connection){server, fd};
        server->open++;
        if (pthread_create(&thread, NULL, stub_serve, connection))
            abort();
        pthread_detach(thread);
    }
    return NULL;
}

static inline void stub_start(struct stub_server *server)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    memset(server, 0, sizeof *server);
    pthread_mutex_init(&server->lock, NULL);
    server->listening = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server->listening, (struct sockaddr *)&at, size) || listen(server->listening, 64) ||
        getsockname(server->listening, (struct sockaddr *)&at, &size) ||
        pthread_create(&server->thread, NULL, stub_accept, server))
        abort();
    server->port = ntohs(at.sin_port);
}

static inline void stub_add(struct stub_server *server, struct stub_rule rule)
{
    server->rules[server->rule_count++] = rule;
}

static inline void stub_stop(struct stub_server *server)
{
    server->over = true;
    shutdown(server->listening, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listening);
    while (server->open > 0)
        usleep(1000);
}

#endif
