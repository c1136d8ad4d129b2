#include "train/trajectory_source.h"

#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/err.h"
#include "core/rng.h"
#include "store/store.h"

enum { DOCUMENTS_MAX = 1 << 28, EDIT_BYTES_MAX = 4096 };

struct trajectory {
    int32_t *ids;
    int count, learnt_from; /* tokens, and the first of those that are learnt */
};

void trajectory_source_init(struct trajectory_source *source, const struct trajectory_options *options)
{
    *source = (struct trajectory_source){.options = *options};
    source->train.key = rng_key(options->seed, 1);
    source->heldout.key = rng_key(options->seed, 2);
}

static void side_release(struct trajectory_side *side)
{
    for (int64_t i = 0; i < side->count; i++)
        free(side->documents[i].ids);
    free(side->documents);
    *side = (struct trajectory_side){0};
}

void trajectory_source_release(struct trajectory_source *source)
{
    side_release(&source->train);
    side_release(&source->heldout);
}

/* ---- the nearest ---- */

/* A row of Levenshtein's table at a time; a row whose least is beyond `most` ends it. Texts are compared by
 * their first EDIT_BYTES_MAX bytes. */
int64_t edit_distance(const char *a, const char *b, int64_t most)
{
    size_t n = strnlen(a, EDIT_BYTES_MAX), m = strnlen(b, EDIT_BYTES_MAX);
    int64_t row[EDIT_BYTES_MAX + 1];
    for (size_t j = 0; j <= m; j++)
        row[j] = (int64_t)j;
    for (size_t i = 1; i <= n; i++) {
        int64_t corner = row[0], least = row[0] = (int64_t)i;
        for (size_t j = 1; j <= m; j++) {
            int64_t above = row[j], best = corner + (a[i - 1] != b[j - 1]);
            best = above + 1 < best ? above + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            corner = above;
            row[j] = best;
            least = best < least ? best : least;
        }
        if (least >= most)
            return most;
    }
    return row[m] < most ? row[m] : most;
}

/* Of those that are right or not, as wanted, and no copy of text `of`. -1: there is none. */
static int64_t nearest(const struct trajectory_text *texts, int64_t count, int64_t of, bool right)
{
    int64_t best = -1, least = INT64_MAX;
    for (int64_t i = 0; i < count; i++) {
        if (i == of || texts[i].right != right)
            continue;
        int64_t distance = edit_distance(texts[of].text, texts[i].text, least);
        if (distance < least) {
            least = distance;
            best = i;
        }
    }
    return best;
}

/* ---- a document ---- */

/* Attempts by their numbers, the oldest first. */
struct shown {
    int64_t of[REVISION_SHOWN_MAX];
    int count;
};

/* Wrong ones at random, none twice, and the nearest wrong one last, or the nearest right one. */
static struct shown draw_shown(const struct trajectory_source *source, const struct trajectory_text *texts,
                               int64_t count, int64_t right, struct rng *rng)
{
    struct shown shown = {.count = 0};
    int wanted = (int)rng_below(rng, (uint64_t)source->options.wrong_max + 1);
    bool kept = rng_unit(rng) < source->options.kept_share;
    int64_t last = wanted ? nearest(texts, count, right, kept) : -1;
    if (last < 0)
        return shown;
    int64_t seen = 0;
    for (int64_t i = 0; i < count; i++) { /* a reservoir of wanted - 1 */
        if (texts[i].right || i == last)
            continue;
        int64_t at = seen++ < wanted - 1 ? shown.count++ : (int64_t)rng_below(rng, (uint64_t)seen);
        if (at < wanted - 1)
            shown.of[at] = i;
    }
    shown.of[shown.count++] = last;
    return shown;
}

static int put(const struct tokenizer *tokenizer, const char *text, size_t len,
               const struct tokenizer_part *parts, int part_count, bool first, struct tokenizer_ids *out,
               struct ponder_err *err)
{
    struct tokenizer_ids ids = {0};
    int status = tokenizer_encode_parts(tokenizer, text, len, parts, part_count,
                                        first ? TOKENIZER_ADD_BOS : TOKENIZER_CONTINUE, &ids, err);
    for (size_t i = 0; i < ids.count && !status; i++)
        status = tokenizer_ids_push(out, ids.ids[i]);
    free(ids.ids);
    return status;
}

static int put_prompt(const struct trajectory_source *source, const struct prompt *prompt, bool first,
                      struct tokenizer_ids *out, struct ponder_err *err)
{
    return put(source->options.tokenizer, prompt->text, prompt->len, prompt->parts, prompt->part_count, first,
               out, err);
}

static int put_attempt(const struct trajectory_source *source, const char *text, struct tokenizer_ids *out,
                       struct ponder_err *err)
{
    return put(source->options.tokenizer, text, strlen(text), NULL, 0, false, out, err);
}

/* `out` gets all but the right solution. */
static int put_shown(const struct trajectory_source *source, const struct revision *revision,
                     const struct trajectory_text *texts, const struct shown *shown, int from,
                     struct tokenizer_ids *out, struct ponder_err *err)
{
    out->count = 0;
    int status = put_prompt(source, &revision->first, true, out, err);
    for (int i = from; i < shown->count && !status; i++) {
        status = put_attempt(source, texts[shown->of[i]].text, out, err);
        if (!status)
            status = put_prompt(source, &revision->between, false, out, err);
    }
    return status;
}

static int keep(struct trajectory_side *side, const struct tokenizer_ids *ids, size_t learnt_from)
{
    if (array_reserve(&side->documents, sizeof *side->documents, &side->cap, side->count + 1, DOCUMENTS_MAX))
        return PONDER_E_MEMORY;
    struct trajectory *document = &side->documents[side->count];
    *document = (struct trajectory){malloc(ids->count * sizeof *ids->ids), (int)ids->count, (int)learnt_from};
    if (!document->ids)
        return PONDER_E_MEMORY;
    memcpy(document->ids, ids->ids, ids->count * sizeof *ids->ids);
    side->tokens += ids->count;
    side->count++;
    return PONDER_OK;
}

/* The question behind its prompt, by the plain template or as a chain begins. */
static int fill(const struct trajectory_source *source, const char *problem, bool plain, struct revision *out,
                struct ponder_err *err)
{
    *out = (struct revision){0};
    return plain ? prompt_fill(source->options.plain, problem, strlen(problem), 0, NULL, &out->first, err)
                 : revision_fill(source->options.revision, problem, strlen(problem), 0, NULL, out, err);
}

static int add_document(struct trajectory_source *source, struct trajectory_side *side, const char *problem,
                        const struct trajectory_text *texts, int64_t count, int64_t right, struct rng *rng,
                        struct ponder_err *err)
{
    struct tokenizer_ids ids = {0}, solution = {0};
    struct revision revision;
    bool plain = rng_unit(rng) < source->options.plain_share;
    struct shown shown = draw_shown(source, texts, count, right, rng);
    if (plain)
        shown.count = 0;
    int status = fill(source, problem, plain, &revision, err);
    if (!status)
        status = put_attempt(source, texts[right].text, &solution, err);
    size_t room = (size_t)source->options.tokens_max;
    int from = -1;
    do /* the oldest are left out where there is no room */
        status = status ? status : put_shown(source, &revision, texts, &shown, ++from, &ids, err);
    while (!status && ids.count + solution.count + 1 > room && from < shown.count);
    size_t learnt_from = ids.count;
    for (size_t i = 0; i < solution.count && !status; i++)
        status = tokenizer_ids_push(&ids, solution.ids[i]);
    if (!status)
        status = tokenizer_ids_push(&ids, tokenizer_eos(source->options.tokenizer));
    if (!status && ids.count <= room)
        status = keep(side, &ids, learnt_from) ? err_memory(err, "trajectories") : PONDER_OK;
    source->hash = rng_key(source->hash, hash_bytes((const char *)ids.ids, ids.count * sizeof *ids.ids));
    free((char *)revision.first.text);
    tokenizer_ids_release(&ids);
    tokenizer_ids_release(&solution);
    return status;
}

static bool stands_before(const struct trajectory_text *texts, int64_t count, const char *text)
{
    for (int64_t i = 0; i < count; i++)
        if (strcmp(texts[i].text, text) == 0)
            return true;
    return false;
}

int trajectory_source_add(struct trajectory_source *source, const char *problem,
                          const struct trajectory_text *texts, int64_t count, struct ponder_err *err)
{
    const struct trajectory_options *options = &source->options;
    uint64_t key = hash_bytes(problem, strlen(problem));
    bool held = (double)(rng_key(key, 17) >> 11) * 0x1p-53 < options->heldout;
    if (options->questions > 0 && source->questions >= options->questions)
        return PONDER_OK;
    source->questions++;
    struct trajectory_text *different = calloc((size_t)count + 1, sizeof *different);
    int64_t kept = 0;
    int taken = 0, status = different ? PONDER_OK : err_memory(err, "trajectories");
    for (int64_t i = 0; i < count && !status; i++)
        if (texts[i].text && *texts[i].text && !stands_before(different, kept, texts[i].text))
            different[kept++] = texts[i];
    struct rng rng;
    rng_init(&rng, rng_key(key, options->seed));
    for (int64_t i = 0; i < kept && taken < options->per_question && !status; i++) {
        if (!different[i].right)
            continue;
        taken++;
        status = add_document(source, held ? &source->heldout : &source->train, problem, different, kept, i,
                              &rng, err);
    }
    source->without += taken == 0;
    free(different);
    return status;
}

/* Multiplying by a number without common factors walks all of them; which one, and where it begins, is the
 * epoch's. */
static int64_t place_of(const struct trajectory_side *side, uint64_t index)
{
    uint64_t n = (uint64_t)side->count, epoch = index / n, key = rng_key(side->key, epoch);
    uint64_t step = n > 1 ? 1 + key % (n - 1) : 1, a = step, b = n;
    for (;; a = ++step, b = n) {
        while (b) {
            uint64_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1)
            break;
    }
    return (int64_t)(((index % n) * (step % n) + (key >> 32)) % n);
}

int trajectory_document(void *data, uint64_t index, struct example *out, struct ponder_err *err)
{
    struct trajectory_side *side = data;
    const struct trajectory *d = &side->documents[place_of(side, index)];
    int status = example_add(out, d->ids, d->learnt_from, false);
    if (!status)
        status = example_add(out, d->ids + d->learnt_from, d->count - d->learnt_from, true);
    return status == PONDER_E_MEMORY ? err_memory(err, "a training document") : status;
}

/* ---- a store ---- */

struct reading {
    struct trajectory_source *source;
    struct questions questions;
};

static int add_cell(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    struct reading *reading = data;
    struct trajectory_text *texts = calloc((size_t)cell->n + 1, sizeof *texts);
    if (!texts)
        return err_memory(err, "trajectories");
    int64_t count = 0;
    for (int64_t i = 0; i < cell->n; i++) {
        const struct store_sample *sample = &cell->samples[i];
        bool whole =
            sample->text && strlen(sample->text) == sample->len && strcmp(sample->finish, "end") == 0;
        if (whole)
            texts[count++] = (struct trajectory_text){sample->text, sample->correct};
    }
    int status = trajectory_source_add(reading->source, reading->questions.items[cell->question].problem,
                                       texts, count, err);
    free(texts);
    return status;
}

/* The only run of samples. */
static int choose_run(struct store *store, const char *path, int64_t *out, struct ponder_err *err)
{
    struct ponder_run *runs;
    int64_t count, fit = 0;
    int status = store_runs(store, &runs, &count, err);
    for (int64_t i = 0; i < count && !status; i++)
        if (runs[i].kind == PONDER_RUN_SAMPLES) {
            fit++;
            *out = runs[i].id;
        }
    if (!status && fit != 1)
        status = fit ? err_set(err, PONDER_E_ARGUMENT,
                               "%s: %lld runs of samples would do; --run names the one", path, (long long)fit)
                     : err_set(err, PONDER_E_FORMAT,
                               "%s: holds no run of samples; `ponder eval --store` makes one", path);
    ponder_runs_release(runs, count);
    return status;
}

int trajectory_read_store(struct trajectory_source *source, const char *path, int64_t run,
                          struct ponder_err *err)
{
    struct reading reading = {.source = source};
    struct store *store;
    int status = store_open(&store, path, STORE_READ, err);
    if (!status && !run)
        status = choose_run(store, path, &run, err);
    if (!status)
        status = store_run_questions(store, run, &reading.questions, err);
    if (!status)
        status = store_cells_read(store, run, 0, -1, add_cell, &reading, err);
    questions_release(&reading.questions);
    store_release(store);
    if (!status && source->train.count == 0)
        status = err_set(err, PONDER_E_FORMAT, "%s: holds no right solution to train on%s", path,
                         source->heldout.count ? "; --heldout takes all of them" : "");
    return status;
}
