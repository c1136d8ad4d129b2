#include "select/classes.h"

#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "core/rng.h"

/* An answer in comparable form, seen for the first time. */
struct key {
    uint64_t hash;
    char *text;
    int64_t class;
};

struct keys {
    struct key *rows; /* (count) */
    int64_t count, comparisons;
};

static int64_t find_key(const struct keys *keys, const char *text, uint64_t hash)
{
    for (int64_t i = 0; i < keys->count; i++)
        if (keys->rows[i].hash == hash && strcmp(keys->rows[i].text, text) == 0)
            return keys->rows[i].class;
    return -1;
}

/* The first class whose answer equals this one, else a new one of sample i. */
static int64_t join(struct classes *out, struct keys *keys, const char *const *answers, int64_t i)
{
    size_t len = strlen(answers[i]);
    for (int64_t c = 0; c < out->count && keys->comparisons < CLASSES_COMPARISONS_MAX; c++) {
        const char *other = answers[out->first[c]];
        keys->comparisons++;
        if (answer_equal(other, strlen(other), answers[i], len, NULL))
            return c;
    }
    out->first[out->count] = i;
    return out->count++;
}

static int add(struct classes *out, struct keys *keys, const char *const *answers, int64_t i)
{
    out->of[i] = -1;
    if (!answers[i])
        return PONDER_OK;
    size_t len = strlen(answers[i]);
    struct buf normal = BUF_INIT(len + 1);
    int status = answer_normalise(answers[i], len, &normal);
    if (!status && normal.len) {
        uint64_t hash = hash_bytes(normal.data, normal.len);
        int64_t class = find_key(keys, normal.data, hash);
        if (class < 0) {
            class = join(out, keys, answers, i);
            char *text = buf_take(&normal, NULL);
            status = text ? PONDER_OK : PONDER_E_MEMORY;
            if (text)
                keys->rows[keys->count++] = (struct key){hash, text, class};
        }
        out->of[i] = class;
        out->size[class]++;
    }
    buf_release(&normal);
    return status;
}

int classes_fill(struct classes *out, const char *const *answers, int64_t n, const char *gold)
{
    size_t room = (size_t)n + 1;
    *out = (struct classes){.n = n};
    out->of = calloc(room, sizeof *out->of);
    out->first = calloc(room, sizeof *out->first);
    out->size = calloc(room, sizeof *out->size);
    out->right = calloc(room, sizeof *out->right);
    struct keys keys = {.rows = calloc(room, sizeof *keys.rows)};
    bool fits = out->of && out->first && out->size && out->right && keys.rows;
    int status = fits ? PONDER_OK : PONDER_E_MEMORY;
    for (int64_t i = 0; i < n && !status; i++)
        status = add(out, &keys, answers, i);
    for (int64_t c = 0; c < out->count && gold && !status; c++) {
        const char *answer = answers[out->first[c]];
        out->right[c] = answer_equal(gold, strlen(gold), answer, strlen(answer), NULL);
    }
    for (int64_t i = 0; i < keys.count; i++)
        free(keys.rows[i].text);
    free(keys.rows);
    return status;
}

void classes_release(struct classes *classes)
{
    free(classes->of);
    free(classes->first);
    free(classes->size);
    free(classes->right);
    *classes = (struct classes){0};
}

bool classes_is_right(const struct classes *classes, int64_t i)
{
    return classes->of[i] >= 0 && classes->right[classes->of[i]];
}

int64_t classes_right_count(const struct classes *classes)
{
    int64_t count = 0;
    for (int64_t c = 0; c < classes->count; c++)
        count += classes->right[c] ? classes->size[c] : 0;
    return count;
}

int64_t classes_answered_count(const struct classes *classes)
{
    int64_t count = 0;
    for (int64_t c = 0; c < classes->count; c++)
        count += classes->size[c];
    return count;
}
