#include "verifier/scorer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"

enum { ROWS_MAX = 4096, TAGS_MAX = 2048 };

struct scorer {
    struct lm_model *model;
    struct lm_run *run;
    struct verifier_profile profile;
    struct verifier_input input;
    int64_t tokens;

    /* the batch that is being filled */
    int32_t *ids, *positions, *starts, *tag_rows; /* (ROWS_MAX), (ROWS_MAX), (ROWS_MAX + 1), (TAGS_MAX) */
    float **places;                               /* (TAGS_MAX) where each tag's score belongs */
    int rows, docs, tags;
};

void scorer_release(struct scorer *scorer)
{
    if (!scorer)
        return;
    lm_run_release(scorer->run);
    lm_model_release(scorer->model);
    verifier_input_release(&scorer->input);
    free(scorer->ids);
    free(scorer->positions);
    free(scorer->starts);
    free(scorer->tag_rows);
    free(scorer->places);
    free(scorer);
}

static int read_profile(struct scorer *scorer, const char *path, struct ponder_err *err)
{
    struct gguf_file *file;
    int status = gguf_open(&file, path, err);
    if (status)
        return status;
    status = verifier_profile_read(&scorer->profile, file, scorer->model->shape.vocab, err);
    gguf_release(file);
    if (!status && !scorer->model->tokenizer)
        status = err_set(err, PONDER_E_UNSUPPORTED, "%s has no tokenizer", path);
    return status;
}

static int take_memory(struct scorer *scorer, struct ponder_err *err)
{
    scorer->ids = calloc(ROWS_MAX, sizeof *scorer->ids);
    scorer->positions = calloc(ROWS_MAX, sizeof *scorer->positions);
    scorer->starts = calloc(ROWS_MAX + 1, sizeof *scorer->starts);
    scorer->tag_rows = calloc(TAGS_MAX, sizeof *scorer->tag_rows);
    scorer->places = calloc(TAGS_MAX, sizeof *scorer->places);
    return scorer->ids && scorer->positions && scorer->starts && scorer->tag_rows && scorer->places
               ? PONDER_OK
               : err_memory(err, "a verifier's batch");
}

int scorer_open(struct scorer **out, const char *path, int threads, enum lm_precision precision,
                struct ponder_err *err)
{
    *out = NULL;
    struct scorer *scorer = calloc(1, sizeof *scorer);
    if (!scorer)
        return err_memory(err, "a verifier");
    struct lm_run_options options = {.rows_max = ROWS_MAX,
                                     .logit_rows_max = TAGS_MAX,
                                     .threads = threads,
                                     .precision = precision,
                                     .train = true};
    int status = lm_model_open(&scorer->model, path, err);
    if (!status)
        status = read_profile(scorer, path, err);
    if (!status)
        status = lm_run_open(&scorer->run, scorer->model, &options, err);
    if (!status)
        status = take_memory(scorer, err);
    if (status) {
        scorer_release(scorer);
        return status;
    }
    *out = scorer;
    return PONDER_OK;
}

const struct verifier_profile *scorer_profile(const struct scorer *scorer)
{
    return &scorer->profile;
}

uint64_t scorer_hash(const struct scorer *scorer)
{
    return scorer->model->hash;
}

int64_t scorer_tokens(const struct scorer *scorer)
{
    return scorer->tokens;
}

/* Runs the batch and puts every tag's score in its place. */
static int flush(struct scorer *scorer, struct ponder_err *err)
{
    if (scorer->rows == 0)
        return PONDER_OK;
    scorer->starts[scorer->docs] = scorer->rows;
    struct lm_batch batch = {.rows = scorer->rows,
                             .tokens = scorer->ids,
                             .positions = scorer->positions,
                             .doc_start = scorer->starts,
                             .docs = scorer->docs,
                             .logit_rows = scorer->tag_rows,
                             .logit_count = scorer->tags};
    float *logits;
    int status = lm_forward(scorer->run, &batch, &logits, err);
    size_t vocab = (size_t)scorer->model->shape.vocab;
    for (int i = 0; i < scorer->tags && !status; i++) {
        const float *row = logits + (size_t)i * vocab;
        *scorer->places[i] = 1.0f / (1.0f + expf(row[scorer->profile.bad] - row[scorer->profile.good]));
    }
    scorer->tokens += scorer->rows;
    scorer->rows = scorer->docs = scorer->tags = 0;
    return status;
}

static int add(struct scorer *scorer, struct scorer_item *item, struct ponder_err *err)
{
    struct verifier_input *input = &scorer->input;
    int status = verifier_encode(&scorer->profile, scorer->model->tokenizer, item->question, item->solution,
                                 input, err);
    if (status)
        return status;
    int context = scorer->model->shape.context < ROWS_MAX ? scorer->model->shape.context : ROWS_MAX;
    int steps = input->steps < item->steps_max ? input->steps : item->steps_max;
    while (steps > 0 && input->tags[steps - 1] >= context)
        steps--;
    item->steps = steps;
    if (steps == 0)
        return PONDER_OK;
    int n = input->tags[steps - 1] + 1;
    if (scorer->rows + n > ROWS_MAX || scorer->tags + steps > TAGS_MAX)
        status = flush(scorer, err);
    if (status)
        return status;
    scorer->starts[scorer->docs++] = scorer->rows;
    for (int i = 0; i < steps; i++) {
        scorer->tag_rows[scorer->tags] = scorer->rows + input->tags[i];
        scorer->places[scorer->tags++] = &item->scores[i];
    }
    for (int i = 0; i < n; i++) {
        scorer->ids[scorer->rows] = input->ids.ids[i];
        scorer->positions[scorer->rows++] = i;
    }
    return PONDER_OK;
}

int scorer_run(struct scorer *scorer, struct scorer_item *items, int64_t count, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t i = 0; i < count && !status; i++)
        status = add(scorer, &items[i], err);
    return status ? status : flush(scorer, err);
}
