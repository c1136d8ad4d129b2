#include "select/clusters.h"

#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "core/rng.h"

/* An answer in comparable form, seen for the first time. */
struct key {
    uint64_t hash;
    char *text;
    int64_t cluster;
};

struct keys {
    struct key *rows; /* (count) */
    int64_t count, comparisons;
};

static int64_t find_key(const struct keys *keys, const char *text, uint64_t hash)
{
    for (int64_t i = 0; i < keys->count; i++)
        if (keys->rows[i].hash == hash && strcmp(keys->rows[i].text, text) == 0)
            return keys->rows[i].cluster;
    return -1;
}

/* The first cluster whose answer equals this one, else a new one of sample i. */
static int64_t clusters_join(struct clusters *out, struct keys *keys, const char *const *answers, int64_t i)
{
    size_t len = strlen(answers[i]);
    for (int64_t c = 0; c < out->count && keys->comparisons < CLUSTERS_COMPARISONS_MAX; c++) {
        const char *other = answers[out->first[c]];
        keys->comparisons++;
        if (answer_equal(other, strlen(other), answers[i], len, NULL))
            return c;
    }
    out->first[out->count] = i;
    return out->count++;
}

static int clusters_add(struct clusters *out, struct keys *keys, const char *const *answers, int64_t i)
{
    out->of[i] = -1;
    if (!answers[i])
        return PONDER_OK;
    size_t len = strlen(answers[i]);
    struct buf normal = BUF_INIT(len + 1);
    int status = answer_normalise(answers[i], len, &normal);
    if (!status && normal.len) {
        uint64_t hash = hash_bytes(normal.data, normal.len);
        int64_t cluster = find_key(keys, normal.data, hash);
        if (cluster < 0) {
            cluster = clusters_join(out, keys, answers, i);
            char *text = buf_take(&normal, NULL);
            status = text ? PONDER_OK : PONDER_E_MEMORY;
            if (text)
                keys->rows[keys->count++] = (struct key){hash, text, cluster};
        }
        out->of[i] = cluster;
        out->size[cluster]++;
    }
    buf_release(&normal);
    return status;
}

int clusters_fill(struct clusters *out, const char *const *answers, int64_t n, const char *gold)
{
    size_t room = (size_t)n + 1;
    *out = (struct clusters){.n = n};
    out->of = calloc(room, sizeof *out->of);
    out->first = calloc(room, sizeof *out->first);
    out->size = calloc(room, sizeof *out->size);
    out->right = calloc(room, sizeof *out->right);
    struct keys keys = {.rows = calloc(room, sizeof *keys.rows)};
    bool fits = out->of && out->first && out->size && out->right && keys.rows;
    int status = fits ? PONDER_OK : PONDER_E_MEMORY;
    for (int64_t i = 0; i < n && !status; i++)
        status = clusters_add(out, &keys, answers, i);
    for (int64_t c = 0; c < out->count && gold && !status; c++) {
        const char *answer = answers[out->first[c]];
        out->right[c] = answer_equal(gold, strlen(gold), answer, strlen(answer), NULL);
    }
    for (int64_t i = 0; i < keys.count; i++)
        free(keys.rows[i].text);
    free(keys.rows);
    return status;
}

void clusters_release(struct clusters *clusters)
{
    free(clusters->of);
    free(clusters->first);
    free(clusters->size);
    free(clusters->right);
    *clusters = (struct clusters){0};
}

bool clusters_is_right(const struct clusters *clusters, int64_t i)
{
    return clusters->of[i] >= 0 && clusters->right[clusters->of[i]];
}

int64_t clusters_right_count(const struct clusters *clusters)
{
    int64_t count = 0;
    for (int64_t c = 0; c < clusters->count; c++)
        count += clusters->right[c] ? clusters->size[c] : 0;
    return count;
}

int64_t clusters_answered_count(const struct clusters *clusters)
{
    int64_t count = 0;
    for (int64_t c = 0; c < clusters->count; c++)
        count += clusters->size[c];
    return count;
}
