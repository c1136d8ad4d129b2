#include "replay/replay_question.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "core/err.h"
#include "core/json.h"
#include "core/rng.h"
#include "stats/stats.h"
#include "stats/subsets.h"
#include "select/sample_answer.h"
#include "verifier/profile.h"

/* ---- answers and scores ---- */

/* The answer of a sample, NULL where it has none. */
static int find_answer(const struct recorded_sample *sample, enum replay_extract how, char **out)
{
    static const enum answer_mode modes[] = {ANSWER_ANY_SIGN, ANSWER_NO_FORMULA, ANSWER_BOX_ONLY};
    bool found = false;
    *out = NULL;
    if (how == REPLAY_RECORDED) {
        *out = sample->answer ? strdup(sample->answer) : NULL;
        return sample->answer && !*out ? PONDER_E_MEMORY : PONDER_OK;
    }
    size_t len = (size_t)sample->len;
    struct buf copy, answer = BUF_INIT(SIZE_MAX / 2);
    const char *text = sample_without_nul(sample->text, &len, &copy);
    enum answer_mode mode = answer_mode_of(modes[how], !sample->cut);
    int status = text ? answer_find(text, len, mode, &answer, &found) : PONDER_E_MEMORY;
    if (!status && found && !(*out = buf_take(&answer, NULL)))
        status = PONDER_E_MEMORY;
    buf_release(&answer);
    buf_release(&copy);
    return status;
}

/* An answer's recorded verdict is that of most of its samples; right where as many say wrong. */
static void use_recorded(struct replay_question *out)
{
    struct clusters *clusters = &out->clusters;
    double *balance = out->totals;
    for (int64_t c = 0; c < clusters->count; c++)
        balance[c] = 0;
    for (int64_t i = 0; i < clusters->n; i++)
        if (clusters->of[i] >= 0)
            balance[clusters->of[i]] += out->source->samples[i].verdict == RECORDED_RIGHT ? 1 : -1;
    for (int64_t c = 0; c < clusters->count; c++)
        clusters->right[c] = balance[c] >= 0;
}

static int take_verdicts(struct replay_question *out, const struct replay_plan *plan)
{
    size_t count = (size_t)out->clusters.count;
    out->graded = malloc((count + 1) * sizeof *out->graded);
    if (!out->graded)
        return PONDER_E_MEMORY;
    memcpy(out->graded, out->clusters.right, count * sizeof *out->graded);
    if (!plan->graded)
        use_recorded(out);
    return PONDER_OK;
}

static int find_answers(struct replay_question *out, const struct replay_plan *plan, struct ponder_err *err)
{
    const struct recorded_question *source = out->source;
    out->answers = calloc((size_t)source->n + 1, sizeof *out->answers);
    if (!out->answers)
        return err_memory(err, "answers");
    int status = PONDER_OK;
    for (int64_t i = 0; i < source->n && !status; i++)
        status = find_answer(&source->samples[i], plan->extract, &out->answers[i]);
    if (!status)
        status = clusters_fill(&out->clusters, (const char *const *)out->answers, source->n, source->answer);
    if (!status)
        status = take_verdicts(out, plan);
    return status ? err_memory(err, "answers") : PONDER_OK;
}

static double step_mean(const struct recorded_sample *sample)
{
    double sum = 0;
    for (int64_t i = 0; i < sample->steps; i++)
        sum += sample->scores[i];
    return sample->steps ? sum / (double)sample->steps : 0;
}

static double score_of(const struct recorded_sample *sample, enum replay_by by)
{
    switch (by) {
    case REPLAY_OUTCOME:
        return sample->score;
    case REPLAY_LOGPROB:
        return sample->logprob;
    case REPLAY_MEAN:
        return step_mean(sample);
    default:
        return verifier_aggregate((enum verifier_aggregate)by, sample->scores, (int)sample->steps);
    }
}

/* From a score to a weight, which is never negative. */
static double weight_of(double score, enum replay_by by, bool logistic)
{
    if (by == REPLAY_LOGPROB)
        return exp(score);
    return logistic ? 1 / (1 + exp(-score)) : score;
}

int replay_question_fill(struct replay_question *out, const struct replay_plan *plan,
                         const struct recorded_question *source, struct ponder_err *err)
{
    size_t room = (size_t)source->n + 1;
    *out = (struct replay_question){.source = source, .totals = malloc(room * sizeof(double))};
    bool fits = out->totals != NULL;
    for (int b = 0; b < plan->by_count && fits; b++) {
        out->scores[b] = malloc(room * sizeof(double));
        out->weights[b] = malloc(room * sizeof(double));
        fits = out->scores[b] && out->weights[b];
        for (int64_t i = 0; i < source->n && fits; i++) {
            out->scores[b][i] = score_of(&source->samples[i], plan->by[b]);
            out->weights[b][i] = weight_of(out->scores[b][i], plan->by[b], plan->logistic);
        }
    }
    return fits ? find_answers(out, plan, err) : err_memory(err, "scores");
}

void replay_question_release(struct replay_question *question)
{
    for (int64_t i = 0; question->answers && i < question->source->n; i++)
        free(question->answers[i]);
    for (int b = 0; b < 4; b++) {
        free(question->scores[b]);
        free(question->weights[b]);
    }
    free(question->answers);
    free(question->totals);
    free(question->graded);
    clusters_release(&question->clusters);
    *question = (struct replay_question){0};
}

/* ---- figures ---- */

static int by_index(const struct replay_plan *plan, const struct replay_row *row)
{
    int b = 0;
    while (b + 1 < plan->by_count && plan->by[b] != row->by)
        b++;
    return b;
}

static bool any_right(const struct clusters *clusters, int64_t n)
{
    bool right = false;
    for (int64_t i = 0; i < n && !right; i++)
        right = clusters_is_right(clusters, i);
    return right;
}

static int64_t first_choice(const struct replay_question *q, const struct replay_plan *plan,
                            const struct replay_row *row, int64_t n)
{
    int b = by_index(plan, row);
    if (row->kind == REPLAY_BEST_OF_N)
        return subsets_first_best(&q->clusters, q->scores[b], 0, n);
    return subsets_first_vote(&q->clusters, row->kind == REPLAY_WEIGHTED ? q->weights[b] : NULL, n,
                              q->totals);
}

static double first_value(const struct replay_question *q, const struct replay_plan *plan,
                          const struct replay_row *row, int64_t n)
{
    if (row->kind == REPLAY_PASS)
        return any_right(&q->clusters, n);
    int64_t sample = first_choice(q, plan, row, n);
    return sample >= 0 && clusters_is_right(&q->clusters, sample);
}

int replay_question_value(const struct replay_question *question, const struct replay_plan *plan,
                          const struct replay_row *row, int64_t n, double *value, bool *exact)
{
    const struct clusters *clusters = &question->clusters;
    const char *id = question->source->id;
    uint64_t key = rng_key(hash_bytes(id, strlen(id)), (uint64_t)n);
    int b = by_index(plan, row);
    if (plan->first) {
        *value = first_value(question, plan, row, n);
        return PONDER_OK;
    }
    switch (row->kind) {
    case REPLAY_PASS:
        *value = stats_pass_at_k(clusters->n, clusters_right_count(clusters), n);
        return PONDER_OK;
    case REPLAY_MAJORITY:
        return subsets_majority(clusters, n, key, value, exact);
    case REPLAY_BEST_OF_N:
        return subsets_best(clusters, question->scores[b], n, value);
    default:
        return subsets_vote(clusters, question->weights[b], n, key, value, exact);
    }
}

/* ---- picks ---- */

static const char *recorded_answer(const struct recorded_question *source, const char *method, int64_t n)
{
    for (int64_t i = 0; i < source->pick_count; i++)
        if (source->picks[i].n == n && strcmp(source->picks[i].method, method) == 0)
            return source->picks[i].answer;
    return NULL;
}

/* Whether the answer in `text` is `answer`, which may be none, as may be the text's. */
static bool is_same(const char *text, const char *answer)
{
    struct buf found_answer = BUF_INIT(strlen(text) + 1);
    bool found = false, same = false;
    if (answer_find(text, strlen(text), ANSWER_ANY_SIGN, &found_answer, &found) == PONDER_OK)
        same = found && answer
                   ? answer_equal(found_answer.data, found_answer.len, answer, strlen(answer), NULL)
                   : !found && !answer;
    buf_release(&found_answer);
    return same;
}

struct replay_pick replay_question_pick(const struct replay_question *question,
                                        const struct replay_plan *plan, const struct replay_row *row,
                                        int64_t n)
{
    struct replay_pick pick = {.sample = first_choice(question, plan, row, n)};
    if (pick.sample >= 0) {
        pick.answer = question->answers[pick.sample];
        pick.right = clusters_is_right(&question->clusters, pick.sample);
    }
    pick.recorded = recorded_answer(question->source, replay_kind_names[row->kind], n);
    pick.same = pick.recorded && is_same(pick.recorded, pick.answer);
    return pick;
}

static json_t *pick_json(const struct replay_pick *pick, const struct replay_row *row, int64_t n)
{
    bool by_score = row->kind >= REPLAY_BEST_OF_N;
    json_t *object = json_pack("{s:I, s:s, s:o, s:o, s:o, s:b}", "n", (json_int_t)n, "method",
                               replay_kind_names[row->kind], "score",
                               json_from_string(by_score ? replay_by_names[row->by] : NULL), "sample",
                               pick->sample < 0 ? json_null() : json_integer(pick->sample), "answer",
                               json_from_string(pick->answer), "correct", (int)pick->right);
    if (object && pick->recorded &&
        (json_object_set_new(object, "recorded", json_from_string(pick->recorded)) ||
         json_object_set_new(object, "same", json_boolean(pick->same)))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

int replay_question_print(const struct replay_question *question, const struct replay_plan *plan,
                          struct buf *out, struct ponder_err *err)
{
    json_t *picks = json_array();
    char *line = NULL;
    int failed = picks == NULL;
    for (int i = 0; i < plan->n_count; i++)
        for (int r = 1; r < plan->row_count; r++) {
            struct replay_pick pick = replay_question_pick(question, plan, &plan->rows[r], plan->ns[i]);
            failed |= json_array_append_new(picks, pick_json(&pick, &plan->rows[r], plan->ns[i]));
        }
    if (failed) {
        json_decref(picks);
        return err_memory(err, "picked answers");
    }
    int status = json_print(json_pack("{s:o, s:o, s:o}", "unique_id", json_from_string(question->source->id),
                                      "answer", json_from_string(question->source->answer), "picks", picks),
                            &line, err);
    if (!status && (buf_puts(out, line) || buf_putc(out, '\n')))
        status = out->len + strlen(line) < out->bytes_max
                     ? err_memory(err, "picked answers")
                     : err_set(err, PONDER_E_LIMIT, "--answers: more than %zu bytes", out->bytes_max);
    free(line);
    return status;
}
