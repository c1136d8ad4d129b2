#include "eval/questions.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/rng.h"
#include "ponder/eval.h"
#include "ponder/task.h"

enum { FILE_BYTES_MAX = 1 << 30 };

static char *copy(const char *text)
{
    return strdup(text && *text ? text : "none");
}

static int add(struct questions *out, const char *problem, const char *answer, const char *level,
               const char *subject, const char *id, struct ponder_err *err)
{
    if (out->count == out->cap) {
        if (out->cap >= PONDER_EVAL_QUESTIONS_MAX)
            return err_set(err, PONDER_E_LIMIT, "more than %d questions; use --limit",
                           PONDER_EVAL_QUESTIONS_MAX);
        int64_t cap = out->cap ? out->cap * 2 : 64;
        struct question *items = realloc(out->items, (size_t)cap * sizeof *items);
        if (!items)
            return err_memory(err, "questions");
        out->items = items;
        out->cap = cap;
    }
    struct question *q = &out->items[out->count++];
    *q = (struct question){strdup(problem), strdup(answer), copy(level), copy(subject), strdup(id)};
    return q->problem && q->answer && q->level && q->subject && q->id ? PONDER_OK
                                                                      : err_memory(err, "questions");
}

/* ---- JSONL ---- */

/* MATH writes the level as "Level 3", our own files as 3. */
static void level_text(const json_t *level, char *text, size_t bytes)
{
    text[0] = '\0';
    if (json_is_integer(level))
        snprintf(text, bytes, "%lld", (long long)json_integer_value(level));
    else if (json_is_string(level))
        snprintf(text, bytes, "%s",
                 json_string_value(level) + (strncmp(json_string_value(level), "Level ", 6) == 0 ? 6 : 0));
}

/* NULL where there is none, or one with a NUL in it. */
static const char *text_of(const json_t *record, const char *key)
{
    const json_t *value = json_object_get(record, key);
    const char *text = json_string_value(value);
    return text && strlen(text) == json_string_length(value) ? text : NULL;
}

static int add_record(struct questions *out, const json_t *record, const char *path, int64_t line,
                      struct ponder_err *err)
{
    const char *problem = text_of(record, "problem");
    const char *answer = text_of(record, "answer");
    const char *id = text_of(record, "unique_id");
    if (!problem)
        problem = text_of(record, "question");
    if (!problem || !answer)
        return err_set(err, PONDER_E_FORMAT,
                       "%s:%lld: no text under \"%s\"; each line is an object with "
                       "\"problem\" (or \"question\") and \"answer\"",
                       path, (long long)line, problem ? "answer" : "problem");
    char level[32], name[64];
    level_text(json_object_get(record, "level"), level, sizeof level);
    snprintf(name, sizeof name, "line %lld", (long long)line);
    return add(out, problem, answer, level, text_of(record, "subject"), id ? id : name, err);
}

static int read_lines(struct questions *out, const char *path, const struct buf *text, int64_t limit,
                      struct ponder_err *err)
{
    const char *at = buf_text(text), *end = at + text->len;
    int status = PONDER_OK;
    for (int64_t line = 1; at < end && !status && (limit <= 0 || out->count < limit); line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((stop ? stop : end) - at);
        if (strspn(at, " \t\r") < len) {
            json_error_t where;
            json_t *record = json_loadb(at, len, JSON_ALLOW_NUL, &where);
            status = record ? add_record(out, record, path, line, err)
                            : err_set(err, PONDER_E_FORMAT, "%s:%lld: not JSON: %s", path, (long long)line,
                                      where.text);
            json_decref(record);
        }
        at += len + (stop != NULL);
    }
    return status;
}

static int from_file(struct questions *out, const char *path, int64_t limit, struct ponder_err *err)
{
    struct buf text = BUF_INIT(FILE_BYTES_MAX);
    int status = buf_read_file(&text, path, err);
    if (!status)
        status = read_lines(out, path, &text, limit, err);
    buf_release(&text);
    return status;
}

/* ---- Pocket ---- */

struct pocket_name {
    enum ponder_pocket_split split;
    int64_t count;
    uint64_t seed;
};

/* "pocket:test:COUNT" or "pocket:train:COUNT:SEED". */
static bool pocket_parse(const char *data, struct pocket_name *name)
{
    char split[8];
    long long count, seed = 1;
    int used = 0, fields = sscanf(data, "pocket:%7[a-z]:%lld%n:%lld%n", split, &count, &used, &seed, &used);
    bool test = strcmp(split, "test") == 0;
    if (fields < 2 || data[used] || count < 1 || count > PONDER_EVAL_QUESTIONS_MAX || seed < 0 ||
        (!test && strcmp(split, "train") != 0))
        return false;
    *name = (struct pocket_name){test ? PONDER_POCKET_TEST : PONDER_POCKET_TRAIN, count, (uint64_t)seed};
    return true;
}

static int from_pocket(struct questions *out, const char *data, int64_t limit, struct ponder_err *err)
{
    struct pocket_name name;
    if (!pocket_parse(data, &name))
        return err_set(
            err, PONDER_E_ARGUMENT,
            "--data: '%.60s' is no question set; write pocket:test:500 or pocket:test:500:SEED, at most %d",
            data, PONDER_EVAL_QUESTIONS_MAX);
    struct ponder_pocket *pocket;
    int status = ponder_pocket_new(&pocket, name.split, name.seed, true, err);
    if (status)
        return status;
    int64_t count = limit > 0 && limit < name.count ? limit : name.count;
    for (int64_t i = 0; i < count && !status; i++) {
        struct ponder_pocket_item item;
        status = ponder_pocket_next(pocket, &item, err);
        char level[32];
        if (!status) {
            snprintf(level, sizeof level, "%d", item.level);
            status = add(out, item.problem, item.answer, level, item.subject, item.unique_id, err);
        }
    }
    ponder_pocket_free(pocket);
    return status;
}

int questions_open(struct questions *out, const char *data, int64_t limit, struct ponder_err *err)
{
    *out = (struct questions){0};
    int status = strncmp(data, "pocket:", 7) == 0 ? from_pocket(out, data, limit, err)
                                                  : from_file(out, data, limit, err);
    if (!status && out->count == 0)
        return err_set(err, PONDER_E_FORMAT, "%s: holds no question", data);
    return status;
}

void questions_release(struct questions *questions)
{
    for (int64_t i = 0; i < questions->count; i++) {
        struct question *q = &questions->items[i];
        free(q->problem);
        free(q->answer);
        free(q->level);
        free(q->subject);
        free(q->id);
    }
    free(questions->items);
    *questions = (struct questions){0};
}

uint64_t questions_hash(const struct questions *questions)
{
    uint64_t hash = 0;
    for (int64_t i = 0; i < questions->count; i++) {
        const struct question *q = &questions->items[i];
        const char *const texts[] = {q->problem, q->answer, q->level, q->subject, q->id};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            hash = rng_key(hash, hash_bytes(texts[t], strlen(texts[t])));
    }
    return hash;
}
