#include "http/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/number.h"

enum { BASE_BYTES_MAX = 1024, RETRY_AFTER_S_MAX = 10, CONNECT_S_MAX = 20, CONNECTIONS_MAX = 768 };
enum { HEAD_BYTES_MAX = 1 << 16 };
static const double first_wait_s = 0.25;

struct http {
    struct http_loop *loop; /* of http_run() */
    struct curl_slist *headers;
    char base[BASE_BYTES_MAX], *key;
    double timeout_s;
    const char *key_hint, *timeout_hint;
    bool heard; /* it has replied before */
};

/* A job on its way. */
struct transfer {
    struct transfer *next;
    struct http *http;
    struct http_job *job; /* NULL: none */
    CURL *easy;
    char url[BASE_BYTES_MAX + 64], failure[CURL_ERROR_SIZE];
    size_t head_bytes; /* of the reply's head so far */
    int moves;         /* redirections that were followed */
};

struct http_loop {
    CURLM *multi;
    struct transfer *busy, *idle; /* lists */
    int busy_count;
};

/* ---- opening ---- */

static int set_base(struct http *http, const char *base, struct ponder_err *err)
{
    static const char version[] = "/v1";
    size_t len = strlen(base), host = strncmp(base, "http://", 7) == 0    ? 7
                                      : strncmp(base, "https://", 8) == 0 ? 8
                                                                          : 0;
    while (len > host && base[len - 1] == '/')
        len--;
    if (len >= host + sizeof version && strncmp(base + len - 3, version, 3) == 0)
        len -= 3;
    if (host == 0 || len == host || len >= sizeof http->base || strcspn(base, " \t\r\n?#") < len)
        return err_set(err, PONDER_E_ARGUMENT,
                       "'%.200s' is no address of a server; give one such as http://localhost:8000", base);
    if (memchr(base + host, '@', strcspn(base + host, "/")))
        return err_set(
            err, PONDER_E_ARGUMENT,
            "the server's address has a name or password in it; put the key into an environment variable");
    memcpy(http->base, base, len);
    http->base[len] = '\0';
    return PONDER_OK;
}

/* A key becomes a line of the request's head, and may not become two. */
static int set_headers(struct http *http, const char *key, struct ponder_err *err)
{
    struct buf line = BUF_INIT(1 << 14);
    for (const char *c = key; c && *c; c++)
        if (*c <= ' ' || *c > '~')
            return err_set(err, PONDER_E_ARGUMENT,
                           "the server's key has a space or other byte that no key has");
    http->headers = curl_slist_append(NULL, "Content-Type: application/json");
    buf_printf(&line, "Authorization: Bearer %s", key ? key : "");
    struct curl_slist *longer =
        key && buf_ok(&line) ? curl_slist_append(http->headers, buf_text(&line)) : http->headers;
    if (longer)
        http->headers = longer;
    http->key = key ? strdup(key) : NULL;
    bool ok = longer && buf_ok(&line) && (!key || http->key);
    buf_release(&line);
    return ok ? PONDER_OK : err_memory(err, "a server's key");
}

void http_release(struct http *http)
{
    if (!http)
        return;
    http_loop_release(http->loop);
    curl_slist_free_all(http->headers);
    free(http->key);
    free(http);
}

int http_open(struct http **out, const struct http_options *options, struct ponder_err *err)
{
    *out = NULL;
    struct http *http = calloc(1, sizeof *http);
    if (!http)
        return err_memory(err, "a connection");
    http->timeout_s = options->timeout_s;
    http->key_hint = options->key_hint;
    http->timeout_hint = options->timeout_hint;
    int status = http_loop_open(&http->loop, err);
    if (!status)
        status = set_base(http, options->base, err);
    if (!status)
        status = set_headers(http, options->key, err);
    if (status)
        http_release(http);
    else
        *out = http;
    return status;
}

const char *http_base(const struct http *http)
{
    return http->base;
}

/* ---- one request ---- */

static size_t take_bytes(char *bytes, size_t one, size_t count, void *data)
{
    struct http_job *job = data;
    return buf_append(&job->reply, bytes, one * count) ? 0 : one * count;
}

static size_t take_head(char *bytes, size_t one, size_t count, void *data)
{
    struct transfer *t = data;
    (void)bytes;
    t->head_bytes += one * count;
    return t->head_bytes > HEAD_BYTES_MAX ? 0 : one * count;
}

static void set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static void set_limits(CURL *easy, double timeout_s)
{
    double connecting_s = timeout_s < CONNECT_S_MAX ? timeout_s : CONNECT_S_MAX;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(timeout_s * 1000) + 1);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(connecting_s * 1000) + 1);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
}

/* The transfer's job, server and URL are set. */
static int http_begin(struct http_loop *loop, struct transfer *t, struct ponder_err *err)
{
    CURL *easy = t->easy;
    struct http_job *job = t->job;
    curl_easy_reset(easy);
    set_protocols(easy);
    set_limits(easy, t->http->timeout_s);
    buf_release(&job->reply);
    job->reply = BUF_INIT(job->bytes_max ? job->bytes_max : HTTP_REPLY_BYTES_MAX);
    job->status = 0;
    job->retry_after_s = 0;
    job->inside = false;
    job->why[0] = t->failure[0] = '\0';
    t->head_bytes = 0;
    curl_easy_setopt(easy, CURLOPT_URL, t->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->http->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "ponder/" PONDER_VERSION);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->failure);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, job);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    if (job->body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, job->body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(job->body));
    }
    return curl_multi_add_handle(loop->multi, easy) ? err_memory(err, "a request") : PONDER_OK;
}

static enum http_end end_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return HTTP_REPLIED;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return HTTP_UNREACHABLE;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return HTTP_BROKEN;
    case CURLE_OPERATION_TIMEDOUT:
        return HTTP_TIMED_OUT;
    case CURLE_WRITE_ERROR:
        return HTTP_TOO_LONG;
    default:
        return HTTP_WRONG;
    }
}

static void say_why(const struct transfer *t, CURLcode code)
{
    struct http_job *job = t->job;
    if (job->end == HTTP_TOO_LONG)
        snprintf(job->why, sizeof job->why, "%.150s: the reply%s is longer than %zu KiB", t->url,
                 t->head_bytes > HEAD_BYTES_MAX ? "'s head" : "",
                 (t->head_bytes > HEAD_BYTES_MAX ? HEAD_BYTES_MAX : job->reply.bytes_max) >> 10);
    else if (job->end == HTTP_TIMED_OUT)
        number_print(job->why, sizeof job->why, "%.150s: no reply within %g s; %.40s gives it more", t->url,
                     t->http->timeout_s, t->http->timeout_hint);
    else if (job->end != HTTP_REPLIED)
        snprintf(job->why, sizeof job->why, "%.130s: %.80s%s", t->url,
                 *t->failure ? t->failure : curl_easy_strerror(code),
                 code == CURLE_SSL_CONNECT_ERROR ? "; is it http:// there?" : "");
}

/* ---- the loop ---- */

int http_loop_open(struct http_loop **out, struct ponder_err *err)
{
    *out = NULL;
    struct http_loop *loop = calloc(1, sizeof *loop);
    if (!loop || curl_global_init(CURL_GLOBAL_DEFAULT)) {
        free(loop);
        return err_memory(err, "a connection");
    }
    loop->multi = curl_multi_init();
    if (!loop->multi) {
        http_loop_release(loop);
        return err_memory(err, "a connection");
    }
    curl_multi_setopt(loop->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS_MAX);
    *out = loop;
    return PONDER_OK;
}

/* Takes a transfer out of those on their way; its handle waits for the next job. */
static void rest(struct http_loop *loop, struct transfer *t)
{
    curl_multi_remove_handle(loop->multi, t->easy);
    struct transfer **at = &loop->busy;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    t->job = NULL;
    t->next = loop->idle;
    loop->idle = t;
    loop->busy_count--;
}

void http_loop_release(struct http_loop *loop)
{
    if (!loop)
        return;
    while (loop->busy)
        rest(loop, loop->busy);
    for (struct transfer *t = loop->idle, *next; t; t = next) {
        next = t->next;
        curl_easy_cleanup(t->easy);
        free(t);
    }
    curl_multi_cleanup(loop->multi);
    free(loop);
    curl_global_cleanup();
}

static struct transfer *transfer_of(struct http_loop *loop)
{
    struct transfer *t = loop->idle;
    if (t) {
        loop->idle = t->next;
        return t;
    }
    t = calloc(1, sizeof *t);
    if (t && !(t->easy = curl_easy_init())) {
        free(t);
        return NULL;
    }
    return t;
}

int http_loop_send(struct http_loop *loop, struct http *http, struct http_job *job, struct ponder_err *err)
{
    struct transfer *t = transfer_of(loop);
    if (!t)
        return err_memory(err, "a request");
    t->http = http;
    t->job = job;
    t->moves = 0;
    snprintf(t->url, sizeof t->url, "%s%s", http->base, job->path);
    int status = http_begin(loop, t, err);
    struct transfer **list = status ? &loop->idle : &loop->busy;
    t->next = *list;
    *list = t;
    loop->busy_count += !status;
    return status;
}

void http_loop_drop(struct http_loop *loop, struct http_job *job)
{
    for (struct transfer *t = loop->busy; t; t = t->next)
        if (t->job == job) {
            rest(loop, t);
            return;
        }
}

int http_loop_step(struct http_loop *loop, double wait_s, struct ponder_err *err)
{
    int running = 0, wait_ms = wait_s < 1e6 ? (int)(wait_s * 1000) : 1000000;
    bool ok = curl_multi_perform(loop->multi, &running) == CURLM_OK;
    if (ok && wait_ms > 0 && running == loop->busy_count) /* none has ended */
        ok = curl_multi_poll(loop->multi, NULL, 0, wait_ms, NULL) == CURLM_OK &&
             curl_multi_perform(loop->multi, &running) == CURLM_OK;
    return ok ? PONDER_OK : err_set(err, PONDER_E_IO, "the connections cannot be looked after");
}

/* ---- redirections ---- */

enum { MOVES_MAX = 5 };

/* The host of an address, and in *len its length, without a port. */
static const char *host_of(const char *url, size_t *len)
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    size_t n = strcspn(host, "/?#"), port = n;
    while (port > 0 && host[port - 1] >= '0' && host[port - 1] <= '9')
        port--;
    *len = port > 0 && host[port - 1] == ':' ? port - 1 : n;
    return host;
}

/* Whether what goes to one address may go to the other: the same host and port, or its https. */
static bool is_near(const char *from, const char *to)
{
    size_t n, m;
    const char *a = host_of(from, &n), *b = host_of(to, &m);
    bool safe = strncmp(to, "https://", 8) == 0, was_safe = strncmp(from, "https://", 8) == 0;
    if (n != m || strncasecmp(a, b, n) != 0 || (was_safe && !safe))
        return false;
    size_t port_n = strcspn(a + n, "/?#"), port_m = strcspn(b + m, "/?#");
    return safe != was_safe || (port_n == port_m && memcmp(a + n, b + m, port_n) == 0);
}

/* A reply that names another place: asks there, where that is near, and returns true; else says where. */
static bool moves_on(struct http_loop *loop, struct transfer *t)
{
    char *to = NULL;
    struct http_job *job = t->job;
    struct ponder_err ignored;
    long status = job->status;
    curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to);
    if (status < 301 || status > 308 || !to)
        return false;
    bool near = is_near(t->url, to) && strlen(to) < sizeof t->url && t->moves < MOVES_MAX;
    if (!near) {
        snprintf(job->why, sizeof job->why, "%.70s: HTTP status %ld: it sends us on to %.100s%s", t->url,
                 status, to,
                 t->moves < MOVES_MAX ? ", which is not followed; give that address" : ", and on and on");
        job->end = HTTP_WRONG;
        return false;
    }
    snprintf(t->url, sizeof t->url, "%s", to);
    t->moves++;
    curl_multi_remove_handle(loop->multi, t->easy);
    if (http_begin(loop, t, &ignored) == PONDER_OK)
        return true;
    job->end = HTTP_WRONG;
    return false;
}

/* Fills in how a job ended. */
static void end_transfer(struct transfer *t, CURLcode code)
{
    struct http_job *job = t->job;
    curl_off_t after = 0, sent_us = 0;
    curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
    job->end = code == CURLE_OPERATION_TIMEDOUT && sent_us == 0 ? HTTP_UNREACHABLE : end_of(code);
    if (job->end == HTTP_REPLIED)
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &job->status);
    curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &after);
    job->retry_after_s = after > 0 ? (double)after : 0;
    say_why(t, code);
    long inside = job->status == 200 ? http_error_inside(buf_text(&job->reply), job->reply.len) : 0;
    job->inside = inside != 0;
    job->status = inside ? inside : job->status;
}

struct http_job *http_loop_take(struct http_loop *loop)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(loop->multi, &left))) {
        struct transfer *t = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
        struct http_job *job = t->job;
        end_transfer(t, message->data.result);
        if (job->end == HTTP_REPLIED && moves_on(loop, t))
            continue;
        rest(loop, t);
        return job;
    }
    return NULL;
}

/* ---- a list of requests ---- */

/* A job of the list that is under way. */
struct place {
    struct http_job *job; /* NULL: none */
    int tries;
    bool waiting; /* until `again_s` */
    double again_s;
};

struct http_list {
    struct http *http;
    struct http_job *jobs; /* (count) */
    int64_t count, next;
    struct place places[HTTP_AT_ONCE_MAX];
};

/* A server that was there may come back. */
static bool is_passing(const struct http *http, const struct http_job *job)
{
    long status = job->status;
    return job->end == HTTP_BROKEN || (job->end == HTTP_UNREACHABLE && http->heard) ||
           (job->end == HTTP_REPLIED && (status == 429 || status == 500 || (status >= 502 && status <= 504)));
}

static double wait_s(const struct place *place)
{
    double after_s = place->job->retry_after_s;
    if (after_s > 0)
        return after_s < RETRY_AFTER_S_MAX ? after_s : RETRY_AFTER_S_MAX;
    return first_wait_s * (double)(1 << (place->tries - 1));
}

static int http_ask(struct http_list *list, struct place *place, struct ponder_err *err)
{
    place->tries++;
    place->waiting = false;
    return http_loop_send(list->http->loop, list->http, place->job, err);
}

/* What becomes of one that has ended. */
static int http_end_job(struct http *http, struct place *place, struct ponder_err *err)
{
    struct http_job *job = place->job;
    http->heard |= job->end == HTTP_REPLIED;
    place->waiting = is_passing(http, job) && place->tries < HTTP_TRIES_MAX;
    if (place->waiting) {
        place->again_s = clock_now_s(&clock_system) + wait_s(place);
        return PONDER_OK;
    }
    place->job = NULL;
    if (job->end == HTTP_REPLIED)
        return PONDER_OK;
    return err_set(err, PONDER_E_ENGINE, "%s%s", job->why, place->tries > 1 ? ", after several tries" : "");
}

static struct place *place_of(struct http_list *list, const struct http_job *job)
{
    struct place *place = list->places;
    while (place->job != job)
        place++;
    return place;
}

static int take_ended(struct http_list *list, struct ponder_err *err)
{
    struct http_job *job;
    int status = PONDER_OK;
    while (!status && (job = http_loop_take(list->http->loop)))
        status = http_end_job(list->http, place_of(list, job), err);
    return status;
}

/* Starts what there is room and time for. The number of those under way, or an error. */
static int http_fill(struct http_list *list, struct ponder_err *err)
{
    int busy = 0, status = PONDER_OK;
    for (int i = 0; i < HTTP_AT_ONCE_MAX && !status; i++) {
        struct place *place = &list->places[i];
        bool fresh = !place->job && list->next < list->count;
        if (fresh)
            *place = (struct place){.job = &list->jobs[list->next++]};
        if (fresh || (place->job && place->waiting && clock_now_s(&clock_system) >= place->again_s))
            status = http_ask(list, place, err);
        busy += place->job != NULL;
    }
    return status ? status : busy;
}

int http_list_open(struct http_list **out, struct http *http, struct http_job *jobs, int64_t count,
                   struct ponder_err *err)
{
    struct http_list *list = *out = calloc(1, sizeof *list);
    if (!list)
        return err_memory(err, "requests");
    *list = (struct http_list){.http = http, .jobs = jobs, .count = count};
    return PONDER_OK;
}

int http_list_step(struct http_list *list, double wait_s, const struct deadline *deadline,
                   struct ponder_err *err)
{
    int busy = deadline_passed(deadline) ? 0 : http_fill(list, err);
    if (busy <= 0)
        return busy;
    int status = http_loop_step(list->http->loop, wait_s, err);
    if (!status)
        status = take_ended(list, err);
    return status ? status : busy;
}

void http_list_release(struct http_list *list)
{
    for (int i = 0; list && i < HTTP_AT_ONCE_MAX; i++) {
        struct http_job *job = list->places[i].job;
        if (!job)
            continue;
        http_loop_drop(list->http->loop, job);
        job->status = 0;
    }
    free(list);
}

int http_run(struct http *http, struct http_job *jobs, int64_t count, const struct deadline *deadline,
             struct ponder_err *err)
{
    struct http_list *list;
    int busy = 1, status = http_list_open(&list, http, jobs, count, err);
    while (!status && busy > 0)
        busy = http_list_step(list, 0.02, deadline, err);
    http_list_release(list);
    return status ? status : busy < 0 ? busy : PONDER_OK;
}

/* ---- refusals ---- */

/* Servers quote a key that they do not know. */
void http_hide_key(const struct http *http, char *text, size_t len)
{
    size_t n = http->key ? strlen(http->key) : 0;
    for (char *at = text; n && (at = memmem(at, len - (size_t)(at - text), http->key, n)); at += n)
        memset(at, '*', n);
}

int http_refused(const struct http *http, const struct http_job *job, struct ponder_err *err)
{
    char words[256];
    char *all = http_words(buf_text(&job->reply), job->reply.len), status[64];
    if (!all)
        return err_memory(err, "a server's words");
    http_hide_key(http, all, strlen(all));
    snprintf(words, sizeof words, "%s", all);
    free(all);
    bool locked = job->status == 401 || job->status == 403;
    snprintf(status, sizeof status,
             job->inside ? "HTTP status 200, and an error in it, %ld" : "HTTP status %ld", job->status);
    return err_set(
        err, PONDER_E_ENGINE, "%s%s: %s%s%s%s%s%s", http->base, job->path, status, *words ? ": " : "", words,
        !locked     ? ""
        : http->key ? "; it wants another key than the one in the variable of "
                    : "; it wants a key: ",
        locked ? http->key_hint : "", locked && !http->key ? " names the variable that holds it" : "");
}
