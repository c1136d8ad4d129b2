#include "task/questions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/err.h"
#include "core/rng.h"

enum { NOTES_MAX = 5 };

static char *questions_copy(const char *text)
{
    return strdup(text && *text ? text : "none");
}

int questions_add(struct questions *out, const struct question *question, struct ponder_err *err)
{
    int status = array_reserve(&out->items, sizeof *out->items, &out->cap, out->count + 1, QUESTIONS_MAX);
    if (status == PONDER_E_LIMIT)
        return err_set(err, status, "more than %d questions; use --limit", QUESTIONS_MAX);
    if (status)
        return err_memory(err, "questions");
    struct question *q = &out->items[out->count++];
    *q = (struct question){strdup(question->problem), strdup(question->answer),
                           questions_copy(question->level), questions_copy(question->subject),
                           strdup(question->id)};
    return q->problem && q->answer && q->level && q->subject && q->id ? PONDER_OK
                                                                      : err_memory(err, "questions");
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
    char split[8] = "";
    long long count, seed = 1;
    int used = 0, fields = sscanf(data, "pocket:%7[a-z]:%lld%n:%lld%n", split, &count, &used, &seed, &used);
    bool test = strcmp(split, "test") == 0;
    if (fields < 2 || data[used] || count < 1 || count > QUESTIONS_MAX || seed < 0 ||
        (!test && strcmp(split, "train") != 0))
        return false;
    *name = (struct pocket_name){test ? PONDER_POCKET_TEST : PONDER_POCKET_TRAIN, count, (uint64_t)seed};
    return true;
}

static int add_item(struct questions *out, const struct ponder_pocket_item *item, struct ponder_err *err)
{
    char level[16];
    snprintf(level, sizeof level, "%d", item->level);
    struct question question = {(char *)item->problem, (char *)item->answer, level, (char *)item->subject,
                                (char *)item->unique_id};
    return questions_add(out, &question, err);
}

int questions_pocket_open(struct questions_pocket *out, const char *option, const char *name,
                          struct ponder_err *err)
{
    struct pocket_name parts;
    *out = (struct questions_pocket){0};
    if (!pocket_parse(name, &parts))
        return err_set(
            err, PONDER_E_ARGUMENT,
            "%s: '%.60s' is no question set; write pocket:test:500 or pocket:test:500:SEED, at most %d",
            option, name, QUESTIONS_MAX);
    out->split = parts.split;
    out->count = parts.count;
    return ponder_pocket_new(&out->generator, parts.split, parts.seed, true, err);
}

static int from_pocket(struct questions *out, const char *data, int64_t limit, struct ponder_err *err)
{
    struct questions_pocket pocket;
    int status = questions_pocket_open(&pocket, "--data", data, err);
    int64_t count = limit > 0 && limit < pocket.count ? limit : pocket.count;
    for (int64_t i = 0; i < count && !status; i++) {
        struct ponder_pocket_item item;
        status = ponder_pocket_next(pocket.generator, &item, err);
        if (!status)
            status = add_item(out, &item, err);
    }
    ponder_pocket_free(pocket.generator);
    return status;
}

/* ---- repeated questions ---- */

struct place {
    const char *problem;
    int64_t index;
};

static int by_problem_then_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = strcmp(x->problem, y->problem);
    return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

static void note_repeated(struct questions *out, const struct questions_source *source,
                          const struct place *first, const struct place *again)
{
    char text[512];
    if (out->repeated++ >= NOTES_MAX || !source->note)
        return;
    snprintf(text, sizeof text, "%.200s: %.100s asks the same question as %.100s", source->data,
             out->items[again->index].id, out->items[first->index].id);
    source->note(text, source->note_data);
}

/* They stay in the set, as whoever made it wanted them; the reader is to know. */
static int find_repeated(struct questions *out, const struct questions_source *source, struct ponder_err *err)
{
    struct place *places = malloc(((size_t)out->count + 1) * sizeof *places);
    if (!places)
        return err_memory(err, "questions");
    for (int64_t i = 0; i < out->count; i++)
        places[i] = (struct place){out->items[i].problem, i};
    qsort(places, (size_t)out->count, sizeof *places, by_problem_then_place);
    int64_t first = 0;
    for (int64_t i = 1; i < out->count; i++) {
        if (strcmp(places[i].problem, places[first].problem) != 0)
            first = i;
        else
            note_repeated(out, source, &places[first], &places[i]);
    }
    free(places);
    return PONDER_OK;
}

static void note_total(const struct questions_source *source, int64_t count, const char *what)
{
    char text[512];
    if (count <= NOTES_MAX || !source->note)
        return;
    snprintf(text, sizeof text, "%.200s: %lld %s in all", source->data, (long long)count, what);
    source->note(text, source->note_data);
}

/* ---- the set ---- */

int questions_open(struct questions *out, const struct questions_source *source, struct ponder_err *err)
{
    *out = (struct questions){0};
    int status = strncmp(source->data, "pocket:", 7) == 0 ? from_pocket(out, source->data, source->limit, err)
                                                          : questions_read_file(out, source, err);
    if (!status && out->count == 0)
        status = err_set(err, PONDER_E_FORMAT, "%s: holds no question%s", source->data,
                         out->skipped ? "; every line of it was skipped" : "");
    if (!status)
        status = find_repeated(out, source, err);
    if (!status) {
        note_total(source, out->skipped, "lines skipped");
        note_total(source, out->repeated, "repeated questions");
    }
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
