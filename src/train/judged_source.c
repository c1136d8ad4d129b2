#include "train/judged_source.h"

#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/err.h"
#include "core/rng.h"

enum { DOCUMENTS_MAX = 1 << 30 };

struct judged_document {
    int32_t *ids;
    int32_t *tags;    /* (steps) */
    float *labels;    /* (steps) below 0: none */
    int count, steps; /* tokens, tags */
};

void judged_source_init(struct judged_source *source, const struct judged_options *options)
{
    *source = (struct judged_source){.options = *options};
    source->train.key = rng_key(options->seed, 1);
    source->heldout.key = rng_key(options->seed, 2);
    source->train.lm_share = options->lm_share;
    source->train.profile = source->heldout.profile = options->profile;
    source->train.epoch = source->heldout.epoch = -1;
}

static void side_release(struct judged_side *side)
{
    for (int64_t i = 0; i < side->count; i++) {
        free(side->documents[i].ids);
        free(side->documents[i].tags);
        free(side->documents[i].labels);
    }
    free(side->documents);
    free(side->order);
    *side = (struct judged_side){0};
}

void judged_source_release(struct judged_source *source)
{
    side_release(&source->train);
    side_release(&source->heldout);
    verifier_input_release(&source->input);
}

/* ---- adding ---- */

static float label_of(const struct judged_options *options, const struct judged_text *text, int step)
{
    if (options->profile->outcome && step + 1 < text->lines)
        return -1;
    if (options->labels == JUDGED_ANSWER || options->profile->outcome)
        return (float)text->right;
    return options->labels == JUDGED_ANY ? (float)(text->labels[step] > 0) : text->labels[step];
}

static int side_add(struct judged_side *side, const struct judged_options *options,
                    const struct verifier_input *input, const struct judged_text *text)
{
    if (array_reserve(&side->documents, sizeof *side->documents, &side->cap, side->count + 1, DOCUMENTS_MAX))
        return PONDER_E_MEMORY;
    struct judged_document *d = &side->documents[side->count++];
    *d = (struct judged_document){.count = (int)input->ids.count, .steps = input->steps};
    d->ids = malloc(input->ids.count * sizeof *d->ids);
    d->tags = malloc((size_t)input->steps * sizeof *d->tags);
    d->labels = malloc((size_t)input->steps * sizeof *d->labels);
    if (!d->ids || !d->tags || !d->labels)
        return PONDER_E_MEMORY;
    memcpy(d->ids, input->ids.ids, input->ids.count * sizeof *d->ids);
    for (int i = 0; i < input->steps; i++) {
        d->tags[i] = input->tags[i];
        d->labels[i] = label_of(options, text, i);
    }
    side->tokens += input->ids.count;
    return PONDER_OK;
}

static uint64_t hash_of(const struct judged_text *text)
{
    uint64_t hash = rng_key(hash_bytes(text->text, strlen(text->text)), text->right);
    return text->labels ? rng_key(hash, hash_bytes(text->labels, (size_t)text->lines * sizeof *text->labels))
                        : hash;
}

static bool stands_before(const struct judged_text *texts, int64_t index)
{
    for (int64_t i = 0; i < index; i++)
        if (strcmp(texts[i].text, texts[index].text) == 0)
            return true;
    return false;
}

/* *taken: it has labels and room. */
static int add_text(struct judged_source *source, struct judged_side *side, const char *problem,
                    const struct judged_text *text, bool *taken, struct ponder_err *err)
{
    const struct judged_options *options = &source->options;
    struct verifier_input *input = &source->input;
    bool needs_labels = options->labels != JUDGED_ANSWER && !options->profile->outcome;
    *taken = text->lines > 0 && (text->labels || !needs_labels);
    if (!*taken)
        return PONDER_OK;
    int status = verifier_encode(options->profile, options->tokenizer, problem, text->text,
                                 strlen(text->text), input, err);
    if (status)
        return status;
    *taken = input->steps == text->lines && input->ids.count <= (size_t)options->tokens_max;
    if (*taken && side_add(side, options, input, text))
        return err_memory(err, "labelled solutions");
    return PONDER_OK;
}

int judged_source_add(struct judged_source *source, const char *problem, const struct judged_text *texts,
                      int64_t count, struct ponder_err *err)
{
    const struct judged_options *options = &source->options;
    bool held =
        (double)(rng_key(hash_bytes(problem, strlen(problem)), 17) >> 11) * 0x1p-53 < options->heldout;
    struct judged_side *side = held ? &source->heldout : &source->train;
    int taken = 0, status = PONDER_OK;
    if (options->questions > 0 && source->questions >= options->questions)
        return PONDER_OK;
    source->questions++;
    for (int64_t i = 0; i < count && taken < options->per_question && !status; i++) {
        bool took = false;
        if (stands_before(texts, i))
            continue;
        status = add_text(source, side, problem, &texts[i], &took, err);
        taken += took;
        source->left_out += !took;
        if (took)
            source->hash = rng_key(source->hash, hash_of(&texts[i]));
    }
    return status;
}

/* ---- documents ---- */

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
        failed =
            add_tokens(out, d, from, behind, false) || add_tokens(out, d, behind, d->tags[i], learn) ||
            add_tokens(out, d, d->tags[i], d->tags[i] + 1, false) ||
            (d->labels[i] >= 0 && example_soft(out, side->profile->good, side->profile->bad, d->labels[i]));
        from = d->tags[i] + 1;
    }
    return failed ? err_memory(err, "a training document") : PONDER_OK;
}
