#include "core/http.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"

enum { BASE_BYTES_MAX = 1024, RETRY_AFTER_S_MAX = 10 };
static const double first_wait_s = 0.25;

/* A job on its way. */
struct transfer {
    struct http_job *job; /* NULL: none */
    CURL *easy;
    char url[BASE_BYTES_MAX + 64], failure[CURL_ERROR_SIZE];
    int tries;
    bool waiting; /* until `again_s` */
    double again_s;
};

struct http {
    CURLM *multi;
    struct curl_slist *headers;
    char base[BASE_BYTES_MAX], *key;
    double timeout_s;
    struct transfer transfers[HTTP_AT_ONCE_MAX];
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
    for (int i = 0; i < HTTP_AT_ONCE_MAX; i++)
        curl_easy_cleanup(http->transfers[i].easy);
    curl_multi_cleanup(http->multi);
    curl_slist_free_all(http->headers);
    free(http->key);
    free(http);
    curl_global_cleanup();
}

int http_open(struct http **out, const char *base, const char *key, double timeout_s, struct ponder_err *err)
{
    *out = NULL;
    struct http *http = calloc(1, sizeof *http);
    if (!http || curl_global_init(CURL_GLOBAL_DEFAULT)) {
        free(http);
        return err_memory(err, "a connection");
    }
    http->timeout_s = timeout_s;
    http->multi = curl_multi_init();
    int status = http->multi ? set_base(http, base, err) : err_memory(err, "a connection");
    if (!status)
        status = set_headers(http, key, err);
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

static void set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static int begin(struct http *http, struct transfer *t, double timeout_s, struct ponder_err *err)
{
    CURL *easy = t->easy;
    curl_easy_reset(easy);
    set_protocols(easy);
    buf_release(&t->job->reply);
    t->job->reply = BUF_INIT(HTTP_REPLY_BYTES_MAX);
    t->failure[0] = '\0';
    t->waiting = false;
    t->tries++;
    curl_easy_setopt(easy, CURLOPT_URL, t->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "ponder/" PONDER_VERSION);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(timeout_s * 1000) + 1);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->failure);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t->job);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    if (t->job->body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t->job->body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(t->job->body));
    }
    return curl_multi_add_handle(http->multi, easy) ? err_memory(err, "a request") : PONDER_OK;
}

static int start(struct http *http, struct transfer *t, struct http_job *job, struct ponder_err *err)
{
    if (!t->easy && !(t->easy = curl_easy_init()))
        return err_memory(err, "a request");
    t->job = job;
    t->tries = 0;
    snprintf(t->url, sizeof t->url, "%s%s", http->base, job->path);
    return begin(http, t, http->timeout_s, err);
}

static bool is_passing(CURLcode code, long status)
{
    bool broken = code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_GOT_NOTHING ||
                  code == CURLE_PARTIAL_FILE;
    return broken ||
           (code == CURLE_OK && (status == 429 || status == 500 || (status >= 502 && status <= 504)));
}

static double wait_s(const struct transfer *t)
{
    curl_off_t after = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &after);
    if (after > 0)
        return after < RETRY_AFTER_S_MAX ? (double)after : RETRY_AFTER_S_MAX;
    return first_wait_s * (double)(1 << (t->tries - 1));
}

static int complain(const struct http *http, const struct transfer *t, CURLcode code, struct ponder_err *err)
{
    if (code == CURLE_WRITE_ERROR)
        return err_set(err, PONDER_E_ENGINE, "%s: the reply is longer than %d MiB", t->url,
                       HTTP_REPLY_BYTES_MAX >> 20);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return err_set(err, PONDER_E_ENGINE, "%s: no reply within %g s; --verifier-timeout gives it more",
                       t->url, http->timeout_s);
    return err_set(err, PONDER_E_ENGINE, "%s: %s%s", t->url,
                   *t->failure ? t->failure : curl_easy_strerror(code),
                   t->tries > 1 ? ", after several tries" : "");
}

static void stop(struct http *http, struct transfer *t)
{
    if (t->job && !t->waiting)
        curl_multi_remove_handle(http->multi, t->easy);
    t->job = NULL;
}

/* What becomes of one that has ended. */
static int end(struct http *http, struct transfer *t, CURLcode code, struct ponder_err *err)
{
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(http->multi, t->easy);
    t->waiting = is_passing(code, status) && t->tries < HTTP_TRIES_MAX;
    if (t->waiting) {
        t->again_s = clock_now_s(&clock_system) + wait_s(t);
        return PONDER_OK;
    }
    int failed = code == CURLE_OK ? PONDER_OK : complain(http, t, code, err);
    t->job->status = failed ? 0 : status;
    t->job = NULL;
    return failed;
}

/* ---- all of them ---- */

/* The number of those that have ended, or an error. */
static int take_ended(struct http *http, struct ponder_err *err)
{
    CURLMsg *message;
    int left, ended = 0, status = PONDER_OK;
    while (!status && (message = curl_multi_info_read(http->multi, &left))) {
        struct transfer *t = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
        if (message->msg == CURLMSG_DONE && t)
            status = end(http, t, code, err);
        ended++;
    }
    return status ? status : ended;
}

/* Starts what there is room and time for. The number of those under way, or an error. */
static int fill(struct http *http, struct http_job *jobs, int64_t count, int64_t *next,
                struct ponder_err *err)
{
    int busy = 0, status = PONDER_OK;
    for (int i = 0; i < HTTP_AT_ONCE_MAX && !status; i++) {
        struct transfer *t = &http->transfers[i];
        if (!t->job && *next < count)
            status = start(http, t, &jobs[(*next)++], err);
        else if (t->job && t->waiting && clock_now_s(&clock_system) >= t->again_s)
            status = begin(http, t, http->timeout_s, err);
        busy += t->job != NULL;
    }
    return status ? status : busy;
}

int http_run(struct http *http, struct http_job *jobs, int64_t count, const struct deadline *deadline,
             struct ponder_err *err)
{
    int64_t next = 0;
    int running, busy = 1, ended = 0;
    while (ended >= 0 && !deadline_passed(deadline) && (busy = fill(http, jobs, count, &next, err)) > 0) {
        bool ok = curl_multi_perform(http->multi, &running) == CURLM_OK;
        ended = ok ? take_ended(http, err) : 0;
        if (ended == 0 && (!ok || curl_multi_poll(http->multi, NULL, 0, 20, NULL)))
            ended = err_set(err, PONDER_E_IO, "%s: the connections cannot be looked after", http->base);
    }
    for (int i = 0; i < HTTP_AT_ONCE_MAX; i++)
        stop(http, &http->transfers[i]);
    return busy < 0 ? busy : ended < 0 ? ended : PONDER_OK;
}

/* ---- refusals ---- */

/* The words of an error in a reply: {"error": {"message"}}, {"message"}, {"detail"}, or what it begins with.
 */
static const char *words_of(const json_t *root, const char *text)
{
    const json_t *error = json_object_get(root, "error");
    const json_t *places[] = {json_object_get(error, "message"), error, json_object_get(root, "message"),
                              json_object_get(root, "detail")};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (json_is_string(places[i]))
            return json_string_value(places[i]);
    return text;
}

/* Servers quote a key that they do not know. */
static void hide_key(char *text, const char *key)
{
    for (char *at; key && *key && (at = strstr(text, key));)
        memset(at, '*', strlen(key));
}

int http_refused(const struct http *http, const struct http_job *job, struct ponder_err *err)
{
    char words[256];
    json_t *root = json_loadb(buf_text(&job->reply), job->reply.len, 0, NULL);
    char *all = strdup(words_of(root, buf_text(&job->reply)));
    json_decref(root);
    if (!all)
        return err_memory(err, "a server's words");
    hide_key(all, http->key);
    snprintf(words, sizeof words, "%s", all);
    free(all);
    const char *hint = job->status == 401 || job->status == 403
                           ? "; it wants a key: --verifier-key-env names the variable that holds it"
                           : "";
    return err_set(err, PONDER_E_ENGINE, "%s%s: HTTP status %ld: %s%s", http->base, job->path, job->status,
                   words, hint);
}
