/* http.h - JSON over HTTP: several requests at once to one server, within bounds (libcurl).
 *
 * TLS certificates are checked, redirections are not followed. What a server may only be able to do later
 * (statuses 429, 500, 502, 503 and 504, a connection that breaks off) is asked again, after a time that
 * doubles or that the server names; nothing else is. The key is in no message, wherever it comes from. */
#ifndef CORE_HTTP_H
#define CORE_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/clock.h"
#include "ponder/status.h"

enum { HTTP_TRIES_MAX = 4, HTTP_AT_ONCE_MAX = 32, HTTP_REPLY_BYTES_MAX = 1 << 24 };

struct http;

/* `base` is "http://HOST[:PORT][/PATH]" or with https; a slash at its end and a "/v1" there are dropped.
 * `key` NULL: none. PONDER_E_ARGUMENT for what is no such address, and for one with a name and a password in
 * it. */
int http_open(struct http **out, const char *base, const char *key, double timeout_s,
              struct ponder_err *err) PONDER_USE;
void http_release(struct http *http);
/* The address as it is used. */
const char *http_base(const struct http *http);

struct http_job {
    const char *path; /* behind the base; borrowed */
    char *body;       /* JSON, the caller's to free; NULL: the request is a GET */
    struct buf reply; /* filled, the caller's to release */
    long status;      /* filled: of HTTP; 0: none, for want of time or because another job failed */
};

/* Does all jobs, whose fields that are filled are 0. PONDER_E_ENGINE where one comes to nothing after all
 * tries: no connection, no time, a reply that is too long. Statuses of errors are the caller's to judge. */
int http_run(struct http *http, struct http_job *jobs, int64_t count, const struct deadline *deadline,
             struct ponder_err *err) PONDER_USE;

/* PONDER_E_ENGINE with the server's own words, for a reply whose status is not 200. */
int http_refused(const struct http *http, const struct http_job *job, struct ponder_err *err) PONDER_USE;

#endif
