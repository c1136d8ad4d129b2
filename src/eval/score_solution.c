/* score_solution.c - one solution of one question, step by step; and how a verifier sums up its steps. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "core/utf8.h"
#include "eval/judge.h"
#include "eval/score.h"
#include "lm/ponder_model.h"
#include "verifier/scorer.h"

enum { STEPS_MAX = 4096 };

int score_aggregate(const struct ponder_score_settings *s, enum verifier_aggregate *how,
                    struct ponder_err *err)
{
    struct gguf_file *file;
    struct verifier_profile profile = verifier_profile_own();
    if (s->aggregate)
        return verifier_aggregate_parse(s->aggregate, how, err);
    int status = s->verifier ? gguf_open(&file, s->verifier, err) : PONDER_OK;
    if (!status && s->verifier) {
        status = verifier_profile_read(&profile, file, INT32_MAX, err);
        gguf_release(file);
    }
    *how = profile.aggregate;
    return status;
}

/* The text of each scored step, in the order of the scores. */
static int take_steps(struct ponder_steps *out, const struct verifier_profile *profile, const char *solution,
                      const float *scores, int count)
{
    size_t gap = strlen(profile->separator);
    out->steps = calloc((size_t)count + 1, sizeof *out->steps);
    if (!out->steps)
        return PONDER_E_MEMORY;
    for (const char *at = solution; out->count < count; at += gap) {
        const char *end = strstr(at, profile->separator);
        size_t len = end ? (size_t)(end - at) : strlen(at);
        char *text = strndup(at, len);
        if (!text)
            return PONDER_E_MEMORY;
        out->steps[out->count] = (struct ponder_step){text, (double)scores[out->count]};
        out->count++;
        at += len;
    }
    return PONDER_OK;
}

static bool any_doubt(const float *scores, int count)
{
    for (int i = 0; i < count; i++)
        if (scores[i] < 0.5f)
            return true;
    return false;
}

static int score(struct scorer *scorer, const char *question, const char *solution,
                 enum verifier_aggregate how, struct ponder_steps *out, struct ponder_err *err)
{
    static const char *const names[] = {"last", "min", "prod"};
    float scores[STEPS_MAX];
    struct verifier_case one = verifier_case_of(question, NULL);
    struct verifier_item item = {.of = &one,
                                 .text = solution,
                                 .len = strlen(solution),
                                 .ended = true,
                                 .scores = scores,
                                 .scores_max = STEPS_MAX};
    int status = scorer_run(scorer, &item, 1, NULL, err);
    scorer_forget(scorer, &one);
    if (status)
        return status;
    if (item.count == 0)
        return err_set(err, PONDER_E_ARGUMENT,
                       *solution ? "question and first step do not fit the verifier's context"
                                 : "the solution is empty; give its steps, a line each");
    out->doubtful = any_doubt(scores, item.count) ? judge_largest_drop(scores, item.count) : -1;
    out->score = verifier_aggregate(how, scores, item.count);
    out->aggregate = names[how];
    out->verifier_tokens = scorer_tokens(scorer);
    return take_steps(out, scorer_profile(scorer), solution, scores, item.count)
               ? err_memory(err, "the steps")
               : PONDER_OK;
}

int ponder_score_solution(const struct ponder_score_settings *settings, const char *question,
                          const char *solution, struct ponder_steps **out, struct ponder_err *err)
{
    struct scorer_options options = {.threads = (int)settings->threads};
    enum verifier_aggregate how = VERIFIER_LAST;
    struct scorer *scorer = NULL;
    struct ponder_steps *steps = calloc(1, sizeof *steps);
    *out = NULL;
    int status =
        steps ? precision_parse(settings->precision, &options.precision, err) : err_memory(err, "the steps");
    if (!status)
        status = utf8_check(question, strlen(question), "the question", err);
    if (!status)
        status = utf8_check(solution, strlen(solution), "the solution", err);
    if (!status)
        status = score_aggregate(settings, &how, err);
    if (!status)
        status = scorer_open(&scorer, settings->verifier, &options, err);
    if (!status)
        status = score(scorer, question, solution, how, steps, err);
    scorer_release(scorer);
    if (status)
        ponder_steps_release(steps);
    else
        *out = steps;
    return status;
}

void ponder_steps_release(struct ponder_steps *steps)
{
    if (!steps)
        return;
    for (int64_t i = 0; i < steps->count; i++)
        free(steps->steps[i].text);
    free(steps->steps);
    free(steps);
}

int ponder_steps_json(const struct ponder_steps *steps, char **json, struct ponder_err *err)
{
    json_t *array = json_array();
    for (int64_t i = 0; i < steps->count; i++)
        json_array_append_new(array, json_pack("{s:o, s:o}", "text", json_from_string(steps->steps[i].text),
                                               "score", json_from_real(steps->steps[i].score)));
    return json_print(
        json_pack("{s:o, s:o, s:o, s:s, s:I}", "steps", array, "doubtful",
                  steps->doubtful >= 0 ? json_integer((json_int_t)steps->doubtful) : json_null(), "score",
                  json_from_real(steps->score), "aggregate", steps->aggregate, "verifier_tokens",
                  (json_int_t)steps->verifier_tokens),
        json, err);
}
