/* http.h - JSON over HTTP: many requests at once to one or several servers, within bounds (libcurl).
 *
 * A struct http is a server: its address, its key, its time limit. http_run() does a list of requests to one
 * server and asks again where that may help. A struct http_loop is for callers that decide themselves what
 * becomes of each request: any number of them may be on their way, to any servers, and each ends on its own
 * (where there are several hundred, some wait for a connection).
 *
 * TLS certificates are checked. Redirections are followed within a host, and from its http to its https; one
 * to another host is an error that names it. A reply of status 200 that is an error all the same counts as
 * one of the status that the error names. The key is in no message, wherever it comes from. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/clock.h"
#include "ponder/status.h"

enum { HTTP_TRIES_MAX = 4, HTTP_AT_ONCE_MAX = 32, HTTP_REPLY_BYTES_MAX = 1 << 24, HTTP_WHY_BYTES = 256 };

struct http_options {
    /* "http://HOST[:PORT][/PATH]" or with https; a slash at its end and a "/v1" there are dropped. */
    const char *base;
    const char *key;      /* NULL: none */
    double timeout_s;     /* of one request, from its beginning to its end */
    const char *key_hint; /* what gives a key or more time, for messages, such as "--api-key-env"; static */
    const char *timeout_hint;
};

struct http;

/* PONDER_E_ARGUMENT for what is no such address, and for one with a name and a password in it. */
int http_open(struct http **out, const struct http_options *options, struct ponder_err *err) PONDER_USE;
void http_release(struct http *http);
/* The address as it is used. */
const char *http_base(const struct http *http);
/* Puts stars where a text of a server has its key. */
void http_hide_key(const struct http *http, char *text, size_t len);

/* How a request ended. */
enum http_end {
    HTTP_REPLIED,     /* with a status of HTTP */
    HTTP_UNREACHABLE, /* no connection: nothing was asked */
    HTTP_BROKEN,      /* the connection broke off */
    HTTP_TIMED_OUT,
    HTTP_TOO_LONG, /* the reply passed its limit */
    HTTP_WRONG     /* anything else, such as what is no HTTP */
};

struct http_job {
    const char *path; /* behind the base; borrowed */
    char *body;       /* JSON, the caller's to free; NULL: the request is a GET */
    size_t bytes_max; /* of the reply; 0: HTTP_REPLY_BYTES_MAX */
    void *data;       /* the caller's */
    struct buf reply; /* filled, the caller's to release */
    long status;      /* filled: of HTTP; 0: none, for want of time or because another job failed */
    bool inside;      /* filled: it is that of an error in a reply of status 200 */
    enum http_end end;
    double retry_after_s;     /* filled: after which the server wants to be asked again; 0: it does not say */
    char why[HTTP_WHY_BYTES]; /* filled: the address and what was wrong, unless it replied */
};

/* ---- a list of requests ---- */

/* Does all jobs, whose fields that are filled are 0. Statuses 429, 500, 502, 503 and 504, a connection that
 * breaks off, and one that cannot be had any more are asked about again, after a time that doubles or that
 * the server names; nothing else is. PONDER_E_ENGINE where one comes to nothing after all tries: no
 * connection, no time, a reply that is too long. Statuses of errors are the caller's to judge. */
int http_run(struct http *http, struct http_job *jobs, int64_t count, const struct deadline *deadline,
             struct ponder_err *err) PONDER_USE;
/* The same a moment at a time: opened, stepped until that returns 0 or an error, released. A server has one
 * list at a time. A step waits at most `wait_s` where nothing can be done at once; past the deadline what is
 * still missing is given up. */
struct http_list;
int http_list_open(struct http_list **out, struct http *http, struct http_job *jobs, int64_t count,
                   struct ponder_err *err) PONDER_USE;
int http_list_step(struct http_list *list, double wait_s, const struct deadline *deadline,
                   struct ponder_err *err) PONDER_USE;
/* Drops what is on its way: those jobs' status is 0. */
void http_list_release(struct http_list *list);

/* PONDER_E_ENGINE with the server's own words, for a reply whose status is not 200. */
int http_refused(const struct http *http, const struct http_job *job, struct ponder_err *err) PONDER_USE;

/* The words of what is wrong in a reply, the caller's to free: an error's message in one of its usual places,
 * or all of the reply. NULL: out of memory. */
char *http_words(const char *bytes, size_t len);
/* The status that an error in a reply of status 200 stands for, 400 where it has none; 0: the reply is no
 * error.
 */
long http_error_inside(const char *bytes, size_t len);

/* ---- requests on their way ---- */

struct http_loop;

int http_loop_open(struct http_loop **out, struct ponder_err *err) PONDER_USE;
/* Drops what is on its way. */
void http_loop_release(struct http_loop *loop);
/* Begins a request, asked once. The job stays where it is until http_loop_take() returns it or it is
 * dropped; the server outlives it. */
int http_loop_send(struct http_loop *loop, struct http *http, struct http_job *job,
                   struct ponder_err *err) PONDER_USE;
/* Closes the connection of a job that is on its way. */
void http_loop_drop(struct http_loop *loop, struct http_job *job);
/* Sends and receives what it can, waiting at most `wait_s` where nothing can be done at once. */
int http_loop_step(struct http_loop *loop, double wait_s, struct ponder_err *err) PONDER_USE;
/* A job that has ended, in the order of ending; NULL: none. */
struct http_job *http_loop_take(struct http_loop *loop);

#endif
