/* score_solution.c - one solution of one question, step by step; and how a verifier sums up its steps. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "core/utf8.h"
#include "verify/judge.h"
#include "verify/score.h"

enum { STEPS_MAX = 4096 };

int score_open(const struct ponder_score_settings *settings, struct verifier *out, struct ponder_err *err)
{
    const struct ponder_verifier_options *told = &settings->verifier_options;
    struct verifier_options options = {.threads = (int)settings->threads,
                                       .precision = settings->precision,
                                       .profile = told->profile,
                                       .timeout_s = told->timeout_s,
                                       .memory_mib = told->memory_mib,
                                       .key_env = told->key_env};
    int status = verifier_open(out, settings->verifier, &options, err);
    if (!status && out->ops->scoreless)
        status = err_set(err, PONDER_E_ARGUMENT, "--verifier: '%s' gives no scores", out->ops->name);
    return status;
}

int score_aggregate(const struct ponder_score_settings *s, const struct verifier *verifier,
                    enum verifier_aggregate *how, struct ponder_err *err)
{
    *how = verifier ? verifier->aggregate : verifier_profile_own().aggregate;
    return s->aggregate ? verifier_aggregate_parse(s->aggregate, how, err) : PONDER_OK;
}

static int add_step(struct ponder_steps *out, const char *text, size_t len, float score)
{
    char *copy = strndup(text, len);
    if (!copy)
        return PONDER_E_MEMORY;
    out->steps[out->count++] = (struct ponder_step){copy, (double)score};
    return PONDER_OK;
}

/* The text of each scored step, in the order of the scores. One score for all is the whole solution's. */
static int take_steps(struct ponder_steps *out, const struct verifier *verifier,
                      const struct verifier_item *item)
{
    struct verifier_profile lines = verifier_profile_own();
    const char *at = item->text, *step;
    bool outcome = verifier->ops->outcome && item->count == 1;
    size_t len;
    out->steps = calloc((size_t)item->count + 1, sizeof *out->steps);
    if (!out->steps)
        return PONDER_E_MEMORY;
    if (outcome || !verifier->profile)
        lines.strip = true;
    if (outcome)
        return add_step(out, item->text, item->len, item->scores[0]);
    while (out->count < item->count && (step = verifier_step(verifier->profile ? verifier->profile : &lines,
                                                             &at, item->text + item->len, &len)))
        if (add_step(out, step, len, item->scores[out->count]))
            return PONDER_E_MEMORY;
    return PONDER_OK;
}

static bool any_doubt(const float *scores, int count)
{
    for (int i = 0; i < count; i++)
        if (scores[i] < 0.5f)
            return true;
    return false;
}

/* Verifiers that say one thing of a text, as the oracle does, are asked behind every line. */
static int score_lines(struct verifier *v, struct verifier_case *one, const char *solution,
                       struct verifier_item *out, struct ponder_err *err)
{
    char *text = strdup(solution);
    int status = text ? PONDER_OK : err_memory(err, "the steps");
    float *scores = out->scores;
    int count = 0;
    for (size_t at = 0; !status && solution[at] && count < STEPS_MAX; count++) {
        at += strcspn(solution + at, "\n");
        at += solution[at] == '\n';
        memcpy(text, solution, at);
        text[at] = '\0';
        struct verifier_item item = {.of = one,
                                     .text = text,
                                     .len = at,
                                     .ended = !solution[at],
                                     .scores = scores + count,
                                     .scores_max = 1};
        status = verifier_score(v, &item, 1, NULL, err);
    }
    free(text);
    out->count = count;
    return status;
}

static int scored_solution(struct verifier *v, const char *question, const char *solution,
                           enum verifier_aggregate how, struct ponder_steps *out, struct ponder_err *err)
{
    float scores[STEPS_MAX];
    struct verifier_case one = verifier_case_of(question, NULL);
    struct verifier_item item = {.of = &one,
                                 .text = solution,
                                 .len = strlen(solution),
                                 .ended = true,
                                 .scores = scores,
                                 .scores_max = STEPS_MAX};
    int status = verifier_accept(v, &one, err);
    if (!status && v->ops->newest_only)
        status = score_lines(v, &one, solution, &item, err);
    else if (!status)
        status = verifier_score(v, &item, 1, NULL, err);
    verifier_forget(v, &one);
    if (status)
        return status;
    if (item.count == 0)
        return err_set(err, PONDER_E_ARGUMENT,
                       *solution ? "question and first step do not fit the verifier's context"
                                 : "the solution is empty; give its steps, a line each");
    out->doubtful = any_doubt(scores, item.count) ? judge_largest_drop(scores, item.count) : -1;
    out->score = verifier_aggregate(how, scores, item.count);
    out->aggregate = verifier_aggregate_name(how);
    out->verifier_tokens = one.cost.verifier_tokens + one.cost.recomputed_tokens;
    out->probe_tokens = v->probed.verifier_tokens + v->probed.recomputed_tokens;
    return take_steps(out, v, &item) ? err_memory(err, "the steps") : PONDER_OK;
}

int ponder_score_solution(const struct ponder_score_settings *settings, const char *question,
                          const char *solution, struct ponder_steps **out, struct ponder_err *err)
{
    enum verifier_aggregate how;
    struct verifier verifier = {0};
    struct ponder_steps *steps = calloc(1, sizeof *steps);
    *out = NULL;
    int status = steps ? PONDER_OK : err_memory(err, "the steps");
    if (!status)
        status = utf8_check(question, strlen(question), "the question", err);
    if (!status)
        status = utf8_check(solution, strlen(solution), "the solution", err);
    if (!status)
        status = score_aggregate(settings, NULL, &how, err);
    if (!status)
        status = score_open(settings, &verifier, err);
    if (!status)
        status = score_aggregate(settings, &verifier, &how, err);
    if (!status)
        status = scored_solution(&verifier, question, solution, how, steps, err);
    verifier_release(&verifier);
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
        json_pack("{s:o, s:o, s:o, s:s, s:I, s:I}", "steps", array, "doubtful",
                  steps->doubtful >= 0 ? json_integer((json_int_t)steps->doubtful) : json_null(), "score",
                  json_from_real(steps->score), "aggregate", steps->aggregate, "verifier_tokens",
                  (json_int_t)steps->verifier_tokens, "probe_tokens", (json_int_t)steps->probe_tokens),
        json, err);
}
