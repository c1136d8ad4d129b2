/* step_judge.c - a verifier that is a model as the judge of steps, and the judges by name. */
#include "search/step_judge.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/err.h"
#include "lm/ponder_model.h"
#include "verifier/scorer.h"

enum { STEPS_MAX = 1024 };

static int prm_accept(void *data, const char *problem, struct ponder_err *err)
{
    (void)data;
    (void)problem;
    (void)err;
    return PONDER_OK;
}

/* The score behind the newest step. Texts that its context has no room for get 0. */
static int prm_score(void *data, const struct step *steps, int64_t count, struct step_score *out,
                     struct ponder_ledger *cost, struct ponder_err *err)
{
    struct scorer *scorer = data;
    struct scorer_item *items = calloc((size_t)count, sizeof *items);
    float *scores = calloc((size_t)count, STEPS_MAX * sizeof *scores);
    int64_t tokens = scorer_tokens(scorer);
    double flops = scorer_flops(scorer);
    int status = items && scores ? PONDER_OK : err_memory(err, "scores");
    for (int64_t i = 0; i < count && !status; i++)
        items[i] = (struct scorer_item){
            steps[i].problem, steps[i].text, scores + i * STEPS_MAX, STEPS_MAX, 0, false};
    if (!status)
        status = scorer_run(scorer, items, count, err);
    for (int64_t i = 0; i < count && !status; i++)
        out[i] =
            (struct step_score){.score = items[i].whole ? (double)items[i].scores[items[i].steps - 1] : 0};
    cost->verifier_tokens += scorer_tokens(scorer) - tokens;
    cost->flops += scorer_flops(scorer) - flops;
    free(items);
    free(scores);
    return status;
}

static int open_prm(struct step_judge *out, const char *path, const struct ponder_sampling *sampling,
                    struct ponder_err *err)
{
    struct scorer_options options = {.threads = (int)sampling->threads, .exact = sampling->exact};
    struct scorer *scorer;
    int status = precision_parse(sampling->precision, &options.precision, err);
    if (!status)
        status = scorer_open(&scorer, path, &options, err);
    if (!status)
        *out = (struct step_judge){.name = "prm",
                                   .summary = "a model's probability that the answer can still be reached",
                                   .accept = prm_accept,
                                   .score = prm_score,
                                   .data = scorer,
                                   .hash = scorer_hash(scorer)};
    return status;
}

int step_judge_open(struct step_judge *out, const char *name, const struct ponder_sampling *sampling,
                    struct ponder_err *err)
{
    char *shipped = NULL;
    *out = (struct step_judge){0};
    if (strcmp(name, step_judge_checker.name) == 0) {
        *out = step_judge_checker;
        return PONDER_OK;
    }
    if (strcmp(name, "prm") != 0 && access(name, R_OK) != 0)
        return err_set(err, PONDER_E_ARGUMENT,
                       "--verifier: '%.200s' is neither checker, nor prm, nor a file that can be read", name);
    int status = strcmp(name, "prm") == 0 ? ponder_verifier_find(&shipped, err) : PONDER_OK;
    if (!status)
        status = open_prm(out, shipped ? shipped : name, sampling, err);
    free(shipped);
    return status;
}

void step_judge_release(struct step_judge *judge)
{
    scorer_release(judge->data);
    *judge = (struct step_judge){0};
}
