/* fuzz_verifier.c - what comes to a verifier from outside, of any bytes: a profile's file, and the replies of
 * each kind of server. The first byte says which. What is taken must be whole, and what is refused must say
 * why. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/remote.h"

enum { STEPS = 2 };

static void require(int holds)
{
    if (!holds)
        abort();
}

static void check_profile(const char *text, size_t size)
{
    struct verifier_profile profile;
    struct ponder_err err = {0};
    int status = verifier_profile_parse(&profile, text, size, "p", &err);
    require(status == PONDER_OK || err.message[0]);
    if (status)
        return;
    require(strstr(profile.template, "{question}") != NULL && profile.separator[0]);
    require(profile.kind != VERIFIER_TURN || profile.turn[0]);
    verifier_profile_hash(&profile);
}

static struct http_job reply_of(const char *path, const char *text, size_t size)
{
    struct http_job job = {.path = path, .status = 200, .reply = BUF_INIT(HTTP_REPLY_BYTES_MAX)};
    buf_append(&job.reply, text, size);
    return job;
}

static void check_scores(int status, const struct ponder_err *err, const float *scores, int count)
{
    require(status == PONDER_OK || err->message[0]);
    for (int i = 0; i < count && !status; i++)
        require(scores[i] >= 0 && scores[i] <= 1);
}

static void check_reply(struct remote *remote, enum verifier_server server, const char *text, size_t size)
{
    struct http_job job = reply_of("/x", text, size);
    struct ponder_err err = {0};
    float scores[STEPS] = {0};
    int64_t tokens = 0;
    size_t rows = 0;
    int status;
    remote->profile.server = server;
    if (server == VERIFIER_POOLING) {
        status = remote_take_rows(remote, &job, STEPS, scores, &rows, &tokens, &err);
        check_scores(status, &err, scores, rows == STEPS ? STEPS : 0);
        struct http_job ids = reply_of("/tokenize", "{\"tokens\": [1, 9, 2, 9]}", 24);
        err = (struct ponder_err){0};
        status = remote_take_tagged(remote, &job, &ids, STEPS, scores, &err);
        check_scores(status, &err, scores, STEPS);
        buf_release(&ids.reply);
    } else if (server == VERIFIER_CLASSIFY) {
        status = remote_take_rows(remote, &job, 1, scores, &rows, &tokens, &err);
        check_scores(status, &err, scores, 1);
    } else {
        status = remote_take_score(remote, &job, scores, &tokens, &err);
        check_scores(status, &err, scores, 1);
    }
    job.status = 400;
    remote_is_too_long(remote, &job, (int)size);
    require(tokens >= 0);
    buf_release(&job.reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http *http; /* for its address in messages; nothing is sent */
    struct remote remote = {.profile = {.good = 648, .bad = 387, .class = -1, .model = "m"}};
    const char *text = (const char *)data + 1;
    if (size == 0)
        return 0;
    const struct http_options options = {.base = "http://localhost", .timeout_s = 1};
    require(http || http_open(&http, &options, NULL) == PONDER_OK);
    remote.http = http;
    switch (data[0] % 5) {
    case 0:
        check_profile(text, size - 1);
        break;
    case 1:
        check_reply(&remote, VERIFIER_POOLING, text, size - 1);
        break;
    case 2:
        check_reply(&remote, VERIFIER_COMPLETIONS, text, size - 1);
        break;
    case 3:
        check_reply(&remote, VERIFIER_CLASSIFY, text, size - 1);
        break;
    default:
        check_reply(&remote, VERIFIER_LLAMA, text, size - 1);
    }
    return 0;
}
