#include "eval/samples_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static json_t *hash_json(uint64_t hash)
{
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, hash);
    return json_string(text);
}

/* As it will be read from a file, where a number has lost its last digits. */
static json_t *as_read(json_t *built)
{
    char *text = NULL;
    int status = json_print(built, &text, NULL);
    json_t *read = status ? NULL : json_loads(text, 0, NULL);
    free(text);
    return read;
}

json_t *samples_run_json(const struct eval_job *job, const struct questions *questions)
{
    const struct ponder_sampling *s = job->sampling;
    return as_read(json_pack(
        "{s:o, s:o, s:o, s:I, s:o, s:I, s:I, s:f, s:I, s:f, s:f, s:I, s:s, s:b}", "model",
        json_from_string(file_name(job->model)), "model_hash", hash_json(job->model_hash), "data",
        json_from_string(file_name(job->data)), "questions", (json_int_t)questions->count, "data_hash",
        hash_json(questions_hash(questions)), "n", (json_int_t)s->n, "seed", (json_int_t)s->seed,
        "temperature", s->temperature, "top_k", (json_int_t)s->top_k, "top_p", s->top_p, "min_p", s->min_p,
        "max_tokens", (json_int_t)s->max_tokens, "precision", job->precision, "exact", (int)s->exact));
}

/* What is compared, and what of it is shown. */
static const struct key {
    const char *key, *shown;
    bool of_set;
} keys[] = {
    {"model_hash", "model", true},     {"data_hash", "data", true},
    {"questions", "questions", true},  {"n", "n", false},
    {"seed", "seed", false},           {"temperature", "temperature", false},
    {"top_k", "top_k", false},         {"top_p", "top_p", false},
    {"min_p", "min_p", false},         {"max_tokens", "max_tokens", false},
    {"precision", "precision", false}, {"exact", "exact", false},
};

/* "temperature 0.8, now 1.0". The same name with another hash says that what it names has changed. */
static void say_difference(struct buf *out, const struct key *key, const json_t *theirs, const json_t *ours)
{
    const json_t *was = json_object_get(theirs, key->shown), *is = json_object_get(ours, key->shown);
    char *was_text = was ? json_dumps(was, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(10)) : NULL;
    char *is_text = json_dumps(is, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
    buf_printf(out, "%s%s %s, now ", out->len ? "; " : "", key->shown, was_text ? was_text : "unknown");
    if (was && json_equal((json_t *)was, (json_t *)is))
        buf_puts(out, "another one of that name");
    else
        buf_puts(out, is_text ? is_text : "unknown");
    free(was_text);
    free(is_text);
}

int samples_run_compare(const json_t *theirs, const json_t *ours, bool set_only, const char *hint,
                        struct ponder_err *err)
{
    struct buf differences = BUF_INIT(4096);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_t *was = json_object_get(theirs, keys[i].key), *is = json_object_get(ours, keys[i].key);
        if ((keys[i].of_set || !set_only) && !(was && json_equal(was, is)))
            say_difference(&differences, &keys[i], theirs, ours);
    }
    int status = PONDER_OK;
    if (differences.len)
        status = err_set(err, PONDER_E_ARGUMENT, "made with %s; %s", buf_text(&differences), hint);
    buf_release(&differences);
    return status;
}
