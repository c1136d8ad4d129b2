#include "train/judged_source.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "task/labelled.h"

enum { DOCUMENTS_MAX = 1 << 30 };

struct judged_document {
    int32_t *ids;
    int16_t *tags; /* (steps) */
    unsigned char *good;
    int count, steps; /* tokens, tags */
};

static void side_release(struct judged_side *side)
{
    for (int64_t i = 0; i < side->count; i++) {
        free(side->documents[i].ids);
        free(side->documents[i].tags);
        free(side->documents[i].good);
    }
    free(side->documents);
    free(side->order);
    *side = (struct judged_side){0};
}

void judged_source_release(struct judged_source *source)
{
    side_release(&source->train);
    side_release(&source->heldout);
}

static int side_add(struct judged_side *side, const struct verifier_input *input,
                    const struct labelled_text *text, bool by_answer)
{
    if (side->count == side->cap) {
        int64_t cap = side->cap ? side->cap * 2 : 1024;
        struct judged_document *more =
            cap < DOCUMENTS_MAX ? realloc(side->documents, (size_t)cap * sizeof *more) : NULL;
        if (!more)
            return PONDER_E_MEMORY;
        side->documents = more;
        side->cap = cap;
    }
    struct judged_document *d = &side->documents[side->count++];
    *d = (struct judged_document){.count = (int)input->ids.count, .steps = input->steps};
    d->ids = malloc(input->ids.count * sizeof *d->ids);
    d->tags = malloc((size_t)input->steps * sizeof *d->tags + 1);
    d->good = malloc((size_t)input->steps + 1);
    if (!d->ids || !d->tags || !d->good)
        return PONDER_E_MEMORY;
    memcpy(d->ids, input->ids.ids, input->ids.count * sizeof *d->ids);
    for (int i = 0; i < input->steps; i++) {
        d->tags[i] = (int16_t)input->tags[i];
        d->good[i] = by_answer ? text->right : text->reachable[i];
    }
    side->tokens += input->ids.count;
    return PONDER_OK;
}

struct reading {
    struct judged_source *out;
    const struct judged_options *options;
    struct verifier_input input;
};

static int add_record(void *data, const struct labelled *record, struct ponder_err *err)
{
    struct reading *reading = data;
    struct judged_source *out = reading->out;
    const struct judged_options *options = reading->options;
    struct verifier_input *input = &reading->input;
    uint64_t hash = hash_bytes(record->problem, strlen(record->problem));
    bool held = (double)(rng_key(hash, 17) >> 11) * 0x1p-53 < options->heldout;
    int taken = 0;
    out->questions++;
    for (int64_t i = 0; i < record->count && taken < options->per_question; i++) {
        const struct labelled_text *text = &record->texts[i];
        if (text->lines == 0 || labelled_first_equal(record, i) < i)
            continue;
        int status =
            verifier_encode(options->profile, options->tokenizer, record->problem, text->text, input, err);
        if (status)
            return status;
        if (input->steps != text->lines || (int)input->ids.count > options->tokens_max) {
            out->left_out++;
            continue;
        }
        if (side_add(held ? &out->heldout : &out->train, input, text, options->by_answer))
            return err_memory(err, "labelled solutions");
        out->hash =
            rng_key(out->hash, hash_bytes(text->text, strlen(text->text)) + (uint64_t)text->first_lost);
        taken++;
    }
    return PONDER_OK;
}

int judged_source_read(struct judged_source *out, const char *path, const struct judged_options *options,
                       struct ponder_err *err)
{
    *out = (struct judged_source){0};
    struct reading reading = {.out = out, .options = options};
    int status = labelled_each(path, add_record, &reading, err);
    verifier_input_release(&reading.input);
    out->train.key = rng_key(options->seed, 1);
    out->heldout.key = rng_key(options->seed, 2);
    out->train.lm_share = options->lm_share;
    out->train.profile = out->heldout.profile = options->profile;
    out->train.epoch = out->heldout.epoch = -1;
    if (!status && out->train.count == 0)
        status = err_set(err, PONDER_E_FORMAT, "%s: holds no solution to train on", path);
    return status;
}

static int shuffle(struct judged_side *side, int64_t epoch)
{
    if (!side->order)
        side->order = malloc((size_t)side->count * sizeof *side->order);
    if (!side->order)
        return PONDER_E_MEMORY;
    struct rng rng;
    rng_init(&rng, rng_key(side->key, (uint64_t)epoch));
    for (int64_t i = 0; i < side->count; i++)
        side->order[i] = (uint32_t)i;
    for (int64_t i = side->count - 1; i > 0; i--) {
        int64_t j = (int64_t)rng_below(&rng, (uint64_t)i + 1);
        uint32_t held = side->order[i];
        side->order[i] = side->order[j];
        side->order[j] = held;
    }
    side->epoch = epoch;
    return PONDER_OK;
}

/* Behind a tag the first token is nobody's target: the tag has its own. */
static int add_tokens(struct example *out, const struct judged_document *d, int from, int to, bool learn)
{
    return from < to ? example_add(out, d->ids + from, to - from, learn) : PONDER_OK;
}

int judged_source_document(void *data, uint64_t index, struct example *out, struct ponder_err *err)
{
    struct judged_side *side = data;
    int64_t epoch = (int64_t)(index / (uint64_t)side->count);
    if (side->epoch != epoch && shuffle(side, epoch))
        return err_memory(err, "the order of an epoch");
    const struct judged_document *d = &side->documents[side->order[index % (uint64_t)side->count]];
    bool learn = (double)(rng_key(side->key, ~index) >> 11) * 0x1p-53 < side->lm_share;
    int from = 0, failed = 0;
    for (int i = 0; i < d->steps && !failed; i++) {
        int behind = i ? from + 1 : from; /* of the last tag */
        failed = add_tokens(out, d, from, behind, false) || add_tokens(out, d, behind, d->tags[i], learn) ||
                 add_tokens(out, d, d->tags[i], d->tags[i] + 1, false) ||
                 example_soft(out, side->profile->good, side->profile->bad, d->good[i] ? 1.0f : 0.0f);
        from = d->tags[i] + 1;
    }
    return failed ? err_memory(err, "a training document") : PONDER_OK;
}
