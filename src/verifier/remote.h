/* remote.h - what is asked of a server, and what it answers: four protocols.
 *
 * pooling      vLLM's POST /pooling, task "token_classify": a row of classes for each token, or, where the
 *              server is told the tag (its pooling type STEP), for each tag. One request reads all steps.
 * classify     vLLM's and SGLang's POST /classify: the classes of the whole text, of an outcome model.
 * completions  POST /v1/completions with max_tokens 1 and logprobs, behind each step. The labels are looked
 *              for among the most likely tokens by their texts, or, where they are ids, by these (vLLM).
 * llama        llama-server's POST /completion: both labels are raised by the same bias, so that they are the
 *              two most likely tokens and their share of each other is exact. */
#ifndef VERIFIER_REMOTE_H
#define VERIFIER_REMOTE_H

#include "http/http.h"
#include "verifier/profile.h"

struct remote {
    struct http *http;
    struct verifier_profile profile; /* its server is one of the three, its model named */
    struct verifier_profile read;    /* the same, with the tag as a text that is a turn's */
    struct verifier_input input;
    int64_t context; /* of the model, in tokens; 0: not told */
};

/* Finds out which protocol the server speaks, which model it serves, and the labels' ids where they are
 * needed and it can say them. */
int remote_learn(struct remote *remote, struct ponder_err *err) PONDER_USE;

const char *remote_path(const struct remote *remote);
/* The body of a request about a text, the caller's to free. */
int remote_body(const struct remote *remote, const char *text, size_t len, char **body,
                struct ponder_err *err) PONDER_USE;
/* The same for the ids of a text, of vLLM; its path is "/tokenize". */
int remote_tokenize_body(const struct remote *remote, const char *text, size_t len, char **body,
                         struct ponder_err *err) PONDER_USE;

/* Of a reply of completions or llama: the share of good in good and bad, and the tokens that were computed.
 */
int remote_take_score(const struct remote *remote, const struct http_job *job, float *score, int64_t *tokens,
                      struct ponder_err *err) PONDER_USE;
/* Whether a reply refuses a text of `bytes` for its length, or whether it will, where there is no reply
 * (NULL). */
bool remote_is_too_long(const struct remote *remote, const struct http_job *job, int bytes);
/* Of a reply of pooling or classify: how many rows it has, and where these are as many as `steps`, the score
 * of each. Of one that is judged as a whole the last row is the one. */
int remote_take_rows(const struct remote *remote, const struct http_job *job, int steps, float *scores,
                     size_t *rows, int64_t *tokens, struct ponder_err *err) PONDER_USE;
/* Where the rows are the tokens': the scores of those that are what the last one is, which is the tag. */
int remote_take_tagged(const struct remote *remote, const struct http_job *rows, const struct http_job *ids,
                       int steps, float *scores, struct ponder_err *err) PONDER_USE;

#endif
