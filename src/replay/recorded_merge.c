/* recorded_merge.c - one question where a file has several lines of it, each of another seed. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "replay/recorded.h"

/* Which question a line is of: its place in the set where the run says it, as ids may repeat there; else its
 * id. */
static int compare(const struct recorded_question *x, const struct recorded_question *y)
{
    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    return x->index >= 0 ? 0 : strcmp(x->id, y->id);
}

static int by_question_seed_line(const void *a, const void *b)
{
    const struct recorded_question *x = a, *y = b;
    int order = compare(x, y);
    if (order)
        return order;
    if (x->seed != y->seed)
        return x->seed < y->seed ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

static int by_line(const void *a, const void *b)
{
    const struct recorded_question *x = a, *y = b;
    return x->line < y->line ? -1 : x->line > y->line;
}

/* Whether a second line may be added to the first. */
static int merge_check(const struct recorded_question *first, const struct recorded_question *before,
                       const struct recorded_question *second, struct ponder_err *err)
{
    const char *what = strcmp(first->problem, second->problem) != 0 ? "with another problem"
                       : strcmp(first->answer, second->answer) != 0 ? "with another answer"
                       : before->seed == second->seed               ? "with the same seed"
                                                                    : NULL;
    const struct recorded_question *where = before->seed == second->seed ? before : first;
    return what ? err_set(err, PONDER_E_FORMAT, "the question %.100s stands in line %lld already, %s",
                          second->id, (long long)where->line, what)
                : PONDER_OK;
}

/* The samples of questions[0..count), one question, in the first. */
static int merge_join(struct recorded_question *lines, int64_t count, struct arena *memory,
                      struct ponder_err *err)
{
    int64_t n = 0, at = 0, line = lines[0].line;
    for (int64_t i = 0; i < count; i++)
        n += lines[i].n;
    if (n > RECORDED_SAMPLES_MAX)
        return err_set(err, PONDER_E_LIMIT, "the question %.100s has more than %d samples", lines[0].id,
                       RECORDED_SAMPLES_MAX);
    struct recorded_sample *samples = arena_array(memory, (size_t)n, sizeof *samples);
    if (!samples)
        return err_memory(err, "the samples");
    for (int64_t i = 0; i < count; i++) {
        memcpy(samples + at, lines[i].samples, (size_t)lines[i].n * sizeof *samples);
        at += lines[i].n;
        if (lines[i].line < line)
            line = lines[i].line;
    }
    lines[0].samples = samples;
    lines[0].n = n;
    lines[0].line = line;
    lines[0].pick_count = 0; /* they were made of fewer samples */
    return PONDER_OK;
}

int recorded_merge(struct recorded *out, const char *name, struct ponder_err *err)
{
    struct recorded_question *lines = out->questions;
    int64_t kept = 0;
    qsort(lines, (size_t)out->count, sizeof *lines, by_question_seed_line);
    for (int64_t from = 0, to; from < out->count; from = to) {
        int status = PONDER_OK;
        for (to = from + 1; to < out->count && compare(&lines[from], &lines[to]) == 0; to++) {
            status = merge_check(&lines[from], &lines[to - 1], &lines[to], err);
            if (status)
                return err_prefix(err, status, "%s:%lld", name, (long long)lines[to].line);
        }
        if (to - from > 1)
            status = merge_join(&lines[from], to - from, &out->memory, err);
        if (status)
            return err_prefix(err, status, "%s", name);
        lines[kept++] = lines[from];
    }
    out->count = kept;
    qsort(lines, (size_t)kept, sizeof *lines, by_line);
    return PONDER_OK;
}
