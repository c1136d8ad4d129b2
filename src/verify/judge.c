#include "verify/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "core/array.h"
#include "core/err.h"
#include "core/json.h"
#include "core/rng.h"
#include "eval/grade.h"
#include "select/clusters.h"
#include "stats/stats.h"
#include "stats/subsets.h"
#include "select/vote.h"
#include "verifier/calibration.h"

/* The step scores' aggregates, then the mean and the sum of the proposer's log-probabilities. */
enum { BOOTSTRAP_SEED = 20240806, MEAN = VERIFIER_AGGREGATES, SUM, MEASURES };

/* ---- areas and drops ---- */

struct ranked {
    double value;
    bool right;
};

static int by_value(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->value, y = ((const struct ranked *)b)->value;
    return x < y ? -1 : x > y;
}

double judge_auroc(const double *values, const bool *right, int64_t n)
{
    struct ranked *ranked = malloc((size_t)(n + 1) * sizeof *ranked);
    if (!ranked)
        return -1;
    int64_t good = 0;
    for (int64_t i = 0; i < n; i++) {
        ranked[i] = (struct ranked){values[i], right[i]};
        good += right[i];
    }
    qsort(ranked, (size_t)n, sizeof *ranked, by_value);
    double wins = 0;
    int64_t below = 0; /* wrong samples of lower value */
    for (int64_t i = 0; i < n;) {
        int64_t goods = 0, bads = 0;
        double value = ranked[i].value;
        for (; i < n && !(ranked[i].value > value); i++) {
            goods += ranked[i].right;
            bads += !ranked[i].right;
        }
        wins += (double)goods * ((double)below + 0.5 * (double)bads);
        below += bads;
    }
    free(ranked);
    return good && below ? wins / ((double)good * (double)below) : NAN;
}

int judge_largest_drop(const float *scores, int n)
{
    int at = -1;
    float largest = -INFINITY, before = 1;
    for (int i = 0; i < n; i++) {
        if (before - scores[i] > largest) {
            largest = before - scores[i];
            at = i;
        }
        before = scores[i];
    }
    return at;
}

/* ---- one question ---- */

/* What every question adds; rows of doubles, one per question. */
struct columns {
    double *auroc[MEASURES], *gain, *found;
    double *maj[PONDER_EVAL_KS_MAX], *best[PONDER_EVAL_KS_MAX], *weighted[PONDER_EVAL_KS_MAX],
        *pass[PONDER_EVAL_KS_MAX];
    double *weighted_gain, *best_gain;
    int64_t cap;
};

struct pot { /* all samples of all questions */
    double *values;
    bool *right;
    int64_t count, cap;
};

struct judge {
    enum verifier_aggregate how;
    struct ponder_score *score;
    struct columns columns;
    int64_t rows, found_rows;
    bool several, varied; /* some solution has several steps; .. of different scores */
    struct pot pot;
};

static bool grow_column(double **column, int64_t cap)
{
    double *more = realloc(*column, (size_t)cap * sizeof *more);
    if (more)
        *column = more;
    return more != NULL;
}

static bool grow_columns(struct columns *c)
{
    int64_t cap = c->cap ? c->cap * 2 : 512;
    bool ok = grow_column(&c->gain, cap) && grow_column(&c->found, cap) &&
              grow_column(&c->weighted_gain, cap) && grow_column(&c->best_gain, cap);
    for (int i = 0; i < MEASURES; i++)
        ok = ok && grow_column(&c->auroc[i], cap);
    for (int i = 0; i < PONDER_EVAL_KS_MAX; i++)
        ok = ok && grow_column(&c->maj[i], cap) && grow_column(&c->best[i], cap) &&
             grow_column(&c->weighted[i], cap) && grow_column(&c->pass[i], cap);
    if (ok)
        c->cap = cap;
    return ok;
}

static void columns_release(struct columns *c)
{
    free(c->gain);
    free(c->found);
    free(c->weighted_gain);
    free(c->best_gain);
    for (int i = 0; i < MEASURES; i++)
        free(c->auroc[i]);
    for (int i = 0; i < PONDER_EVAL_KS_MAX; i++) {
        free(c->maj[i]);
        free(c->best[i]);
        free(c->weighted[i]);
        free(c->pass[i]);
    }
}

static double judge_measure(const struct labelled_text *text, int which)
{
    if (which < VERIFIER_AGGREGATES)
        return verifier_aggregate((enum verifier_aggregate)which, text->scores, text->lines);
    return which == MEAN ? text->logprob : text->logprob_sum;
}

static int add_aurocs(struct judge *judge, const struct labelled *record, struct ponder_err *err)
{
    struct columns *c = &judge->columns;
    int64_t n = record->count, row = judge->score->mixed;
    double *values = malloc((size_t)(n + 1) * sizeof *values);
    bool *right = malloc((size_t)n + 1), mixed = true;
    for (int which = 0; which < MEASURES && values && right; which++) {
        for (int64_t i = 0; i < n; i++) {
            values[i] = judge_measure(&record->texts[i], which);
            right[i] = record->texts[i].right;
        }
        c->auroc[which][row] = judge_auroc(values, right, n);
        mixed &= !isnan(c->auroc[which][row]);
    }
    judge->score->mixed += mixed;
    bool ok = values && right;
    free(values);
    free(right);
    return ok ? PONDER_OK : err_memory(err, "the figures");
}

static void add_found(struct judge *judge, const struct labelled *record)
{
    int64_t found = 0, wrong = 0;
    for (int64_t i = 0; i < record->count; i++) {
        const struct labelled_text *text = &record->texts[i];
        if (text->first_lost < 0)
            continue;
        wrong++;
        found += judge_largest_drop(text->scores, text->lines) == text->first_lost;
    }
    judge->score->wrong += wrong;
    if (wrong)
        judge->columns.found[judge->found_rows++] = (double)found / (double)wrong;
}

static int add_to_pot(struct pot *pot, double value, bool right)
{
    int64_t need = pot->count + 1, cap = pot->cap;
    if (array_reserve(&pot->values, sizeof *pot->values, &cap, need, INT64_MAX) ||
        array_reserve(&pot->right, sizeof *pot->right, &pot->cap, need, INT64_MAX))
        return PONDER_E_MEMORY;
    pot->values[pot->count] = value;
    pot->right[pot->count++] = right;
    return PONDER_OK;
}

/* ---- choosing ---- */

/* The samples of a question. Verdicts are those of the labels. */
struct voters {
    struct clusters clusters;
    double *scores; /* (n) */
    bool *right;    /* (n) */
    double *totals; /* (n) scratch */
};

static void voters_release(struct voters *v)
{
    clusters_release(&v->clusters);
    free(v->scores);
    free(v->right);
    free(v->totals);
}

static int find_classes(struct clusters *out, const struct labelled *record)
{
    char **answers = calloc((size_t)record->count + 1, sizeof *answers);
    int status = answers ? PONDER_OK : PONDER_E_MEMORY;
    for (int64_t i = 0; i < record->count && !status; i++)
        status = answer_of_text(record->texts[i].text, strlen(record->texts[i].text), ANSWER_BOX_ONLY,
                                &answers[i]);
    if (!status)
        status = clusters_fill(out, (const char *const *)answers, record->count, NULL);
    for (int64_t i = 0; answers && i < record->count; i++)
        free(answers[i]);
    free(answers);
    return status;
}

static int voters_fill(struct voters *v, struct judge *judge, const struct labelled *record,
                       struct ponder_err *err)
{
    size_t n = (size_t)record->count;
    *v = (struct voters){.scores = calloc(n + 1, sizeof *v->scores),
                         .right = calloc(n + 1, 1),
                         .totals = calloc(n + 1, sizeof *v->totals)};
    int status = v->scores && v->right && v->totals ? find_classes(&v->clusters, record) : PONDER_E_MEMORY;
    for (size_t i = 0; i < n && !status; i++) {
        v->scores[i] = judge_measure(&record->texts[i], (int)judge->how);
        v->right[i] = record->texts[i].right;
        status = add_to_pot(&judge->pot, v->scores[i], v->right[i]);
    }
    return status ? err_memory(err, "the answers") : PONDER_OK;
}

/* Whether the answer that samples from .. from + k - 1 elect is right; `weights` NULL counts. */
static bool vote_right(const struct voters *v, int64_t from, int64_t k, const double *weights)
{
    struct ballots ballots = {
        .of = v->clusters.of + from, .weights = weights ? weights + from : NULL, .n = k};
    int64_t elected = vote(&ballots, v->totals, v->clusters.count);
    for (int64_t i = from; i < from + k && elected >= 0; i++)
        if (v->clusters.of[i] == elected)
            return v->right[i];
    return false;
}

/* The same for the one of highest score. */
static bool best_right(const struct voters *v, int64_t from, int64_t k)
{
    int64_t best = subsets_first_best(&v->clusters, v->scores, from, k);
    return best >= 0 && v->right[best];
}

static void add_choices(struct judge *judge, const struct voters *v, int64_t n)
{
    struct ponder_score *score = judge->score;
    struct columns *c = &judge->columns;
    int64_t row = judge->rows, right = 0;
    for (int64_t i = 0; i < n; i++)
        right += v->right[i];
    for (int at = 0; at < score->k_count; at++) {
        int64_t k = score->ks[at], blocks = n / k;
        double maj = 0, best = 0, weighted = 0;
        for (int64_t b = 0; b < blocks; b++) {
            maj += vote_right(v, b * k, k, NULL);
            best += best_right(v, b * k, k);
            weighted += vote_right(v, b * k, k, v->scores);
        }
        c->maj[at][row] = maj / (double)blocks;
        c->best[at][row] = best / (double)blocks;
        c->weighted[at][row] = weighted / (double)blocks;
        c->pass[at][row] = stats_pass_at_k(n, right, k);
    }
    int last = score->k_count - 1, four = last > 0 ? 1 : 0;
    c->weighted_gain[row] = c->weighted[last][row] - c->maj[last][row];
    c->best_gain[row] = c->best[last][row] - c->best[four][row];
    judge->rows++;
}

static void add_calibration(struct judge *judge, const struct labelled *record)
{
    for (int64_t i = 0; i < record->count; i++) {
        const struct labelled_text *text = &record->texts[i];
        if (text->lines)
            calibration_add(&judge->score->solutions, judge_measure(text, (int)judge->how), text->right);
        for (int k = 0; k < text->lines; k++) {
            calibration_add(&judge->score->steps, (double)text->scores[k], text->reachable[k]);
            judge->several |= k > 0;
            judge->varied |= text->scores[k] < text->scores[0] || text->scores[k] > text->scores[0];
        }
    }
}

static int add_record(void *data, const struct labelled *record, struct ponder_err *err)
{
    struct judge *judge = data;
    struct ponder_score *score = judge->score;
    for (int64_t i = 0; i < record->count; i++) {
        if (!record->texts[i].scores)
            return err_set(err, PONDER_E_FORMAT, "a sample has no `scores`; give --verifier");
    }
    if (score->questions++ == 0) {
        score->n = record->count;
        score->k_count = grade_ks(score->n, score->ks);
    }
    if (record->count != score->n || score->n == 0)
        return err_set(err, PONDER_E_FORMAT, "%lld samples, and the questions before have %lld",
                       (long long)record->count, (long long)score->n);
    if (judge->rows == judge->columns.cap && !grow_columns(&judge->columns))
        return err_memory(err, "the figures");
    struct voters voters;
    int status = add_aurocs(judge, record, err);
    if (!status)
        add_found(judge, record);
    if (!status)
        add_calibration(judge, record);
    if (!status) {
        status = voters_fill(&voters, judge, record, err);
        if (!status)
            add_choices(judge, &voters, record->count);
        voters_release(&voters);
    }
    return status;
}

/* ---- all questions ---- */

/* The paired gain over the better of the proposer's two measures, better on average. */
static int gain(struct judge *judge)
{
    struct columns *c = &judge->columns;
    struct ponder_score *score = judge->score;
    int better = score->auroc_logprob[1].value > score->auroc_logprob[0].value ? SUM : MEAN;
    for (int64_t i = 0; i < score->mixed; i++)
        c->gain[i] = c->auroc[judge->how][i] - c->auroc[better][i];
    return stats_bootstrap(c->gain, score->mixed, BOOTSTRAP_SEED, &score->auroc_gain);
}

/* Who says the same of every line says nothing of lines. */
static void forget_steps(struct judge *judge)
{
    judge->score->steps = (struct ponder_calibration){0};
    judge->score->wrong = judge->found_rows = 0;
}

static int sum_up_auroc(struct judge *judge)
{
    struct stats_column columns[MEASURES];
    struct ponder_score *score = judge->score;
    for (int i = 0; i < MEASURES; i++)
        columns[i] = (struct stats_column){judge->columns.auroc[i],
                                           i < MEAN ? &score->auroc[i] : &score->auroc_logprob[i - MEAN]};
    return stats_bootstrap_columns(columns, MEASURES, score->mixed, BOOTSTRAP_SEED) || gain(judge);
}

static int sum_up_choices(struct judge *judge)
{
    struct stats_column columns[4 * PONDER_EVAL_KS_MAX + 2];
    struct ponder_score *score = judge->score;
    const struct columns *c = &judge->columns;
    int count = 0;
    for (int i = 0; i < score->k_count; i++) {
        columns[count++] = (struct stats_column){c->maj[i], &score->choice.maj[i]};
        columns[count++] = (struct stats_column){c->best[i], &score->choice.best[i]};
        columns[count++] = (struct stats_column){c->weighted[i], &score->choice.weighted[i]};
        columns[count++] = (struct stats_column){c->pass[i], &score->choice.pass[i]};
    }
    columns[count++] = (struct stats_column){c->weighted_gain, &score->weighted_gain};
    columns[count++] = (struct stats_column){c->best_gain, &score->best_gain};
    return stats_bootstrap_columns(columns, count, judge->rows, BOOTSTRAP_SEED);
}

static int sum_up(struct judge *judge)
{
    struct ponder_score *score = judge->score;
    if (judge->several && !judge->varied)
        forget_steps(judge);
    int failed =
        sum_up_auroc(judge) || sum_up_choices(judge) ||
        stats_bootstrap(judge->columns.found, judge->found_rows, BOOTSTRAP_SEED, &score->first_wrong_found);
    calibration_end(&score->steps);
    calibration_end(&score->solutions);
    score->auroc_over_all = judge_auroc(judge->pot.values, judge->pot.right, judge->pot.count);
    return failed;
}

int judge_report(const char *path, enum verifier_aggregate how, struct ponder_score *score,
                 struct ponder_err *err)
{
    struct judge judge = {.how = how, .score = score};
    score->aggregate = verifier_aggregate_name(how);
    int status = labelled_each(path, add_record, &judge, err);
    if (!status && judge.rows == 0)
        status = err_set(err, PONDER_E_FORMAT, "%s: holds no question", path);
    if (!status && sum_up(&judge))
        status = err_memory(err, "the figures");
    columns_release(&judge.columns);
    free(judge.pot.values);
    free(judge.pot.right);
    return status;
}

/* ---- JSON ---- */

static json_t *interval_json(const struct ponder_interval *i)
{
    return json_pack("{s:o, s:o, s:o}", "value", json_from_real(i->value), "low", json_from_real(i->low),
                     "high", json_from_real(i->high));
}

static json_t *intervals_json(const struct ponder_interval *i, int n)
{
    json_t *array = json_array();
    for (int k = 0; k < n; k++)
        json_array_append_new(array, interval_json(&i[k]));
    return array;
}

int ponder_score_json(const struct ponder_score *s, char **json, struct ponder_err *err)
{
    json_t *ks = json_array();
    for (int i = 0; i < s->k_count; i++)
        json_array_append_new(ks, json_integer(s->ks[i]));
    json_t *auroc =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "last", interval_json(&s->auroc[0]), "min",
                  interval_json(&s->auroc[1]), "prod", interval_json(&s->auroc[2]), "mean",
                  interval_json(&s->auroc[3]), "logprob_mean", interval_json(&s->auroc_logprob[0]),
                  "logprob_sum", interval_json(&s->auroc_logprob[1]), "gain", interval_json(&s->auroc_gain),
                  "over_all", json_from_real(s->auroc_over_all));
    json_t *choice = json_pack(
        "{s:o, s:o, s:o, s:o, s:o}", "k", ks, "maj", intervals_json(s->choice.maj, s->k_count), "best",
        intervals_json(s->choice.best, s->k_count), "weighted",
        intervals_json(s->choice.weighted, s->k_count), "pass", intervals_json(s->choice.pass, s->k_count));
    json_t *calibration = json_pack("{s:o, s:o}", "steps", calibration_json(&s->steps), "solutions",
                                    calibration_json(&s->solutions));
    return json_print(json_pack("{s:I, s:I, s:s, s:I, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:I, s:I}",
                                "questions", (json_int_t)s->questions, "n", (json_int_t)s->n, "aggregate",
                                s->aggregate, "mixed", (json_int_t)s->mixed, "auroc", auroc,
                                "first_wrong_found", interval_json(&s->first_wrong_found), "wrong",
                                (json_int_t)s->wrong, "choice", choice, "calibration", calibration,
                                "weighted_gain", interval_json(&s->weighted_gain), "best_gain",
                                interval_json(&s->best_gain), "verifier_tokens",
                                (json_int_t)s->verifier_tokens, "probe_tokens", (json_int_t)s->probe_tokens),
                      json, err);
}
