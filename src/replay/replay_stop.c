#include "replay/replay_stop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "stats/stats.h"
#include "select/stop.h"
#include "select/vote.h"

enum rule { ALL, STOP, BETA, SHARE, FIXED, RULES };
static const char *const rule_names[RULES] = {"all", "stop", "beta", "share", "fixed"};

#define SURE 0.95
enum { SHARE_ANSWERS_MIN = 4 };

/* Means over a question's orders. */
struct means {
    double taken, right, over_all, other;
};

struct row {
    enum rule rule;
    int by;           /* of the plan's scores; -1: a majority */
    struct means *of; /* (questions) */
};

struct replay_stops {
    const struct replay_plan *plan;
    double delta;
    int64_t questions, fixed; /* 0: not known yet */
    int row_count;
    struct row rows[PONDER_REPLAY_RULES_MAX];
};

/* ---- one order of one question's samples ---- */

struct order {
    const struct replay_question *question;
    const double *weights;  /* (n) by sample; NULL: all weigh 1 */
    int64_t *samples;       /* (n) as they are drawn */
    int64_t *counts, *rank; /* (clusters) so far; as they appear */
    double *totals;         /* (clusters) */
};

/* Elected by the first n, as every vote is (vote.h); -1: nothing. */
static int64_t elected(const struct order *order, int64_t n)
{
    const struct clusters *clusters = &order->question->clusters;
    struct ballots ballots = {
        .of = clusters->of, .weights = order->weights, .picked = order->samples, .n = n};
    return vote(&ballots, order->totals, clusters->count);
}

/* Probability that of `a + b + 1` throws of a fair coin a + 1 or more are heads: 1 - I_.5(a + 1, b + 1). */
static double beta_sure(int64_t a, int64_t b)
{
    double n = (double)(a + b + 1), sum = 0;
    for (double k = 0; k <= (double)a; k++)
        sum += exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * log(2));
    return sum;
}

static bool counts_say(const struct order *order, enum rule rule)
{
    int64_t first = 0, second = 0, all = 0;
    for (int64_t c = 0; c < order->question->clusters.count; c++) {
        int64_t count = order->counts[c];
        all += count;
        second = count > first ? first : count > second ? count : second;
        first = count > first ? count : first;
    }
    if (rule == SHARE)
        return all >= SHARE_ANSWERS_MIN && (double)first >= SURE * (double)all;
    return all > 0 && beta_sure(first, second) >= SURE;
}

/* After how many samples a rule that looks at each of them stops. */
static int watched(const struct order *order, enum rule rule, double delta, int64_t *taken)
{
    const struct clusters *clusters = &order->question->clusters;
    struct stop_rule stop;
    int64_t seen = 0;
    int status = PONDER_OK;
    bool enough = false;
    stop_init(&stop, delta);
    memset(order->counts, 0, (size_t)clusters->count * sizeof *order->counts);
    for (*taken = 0; *taken < clusters->n && !enough && !status; ++*taken) {
        int64_t sample = order->samples[*taken], c = clusters->of[sample];
        if (c >= 0 && order->counts[c]++ == 0)
            order->rank[c] = seen++;
        if (rule == STOP)
            status =
                stop_add(&stop, c >= 0 ? order->rank[c] : -1, order->weights ? order->weights[sample] : 1);
        enough = !status && (rule == STOP ? stop_elected(&stop) >= 0 : counts_say(order, rule));
    }
    stop_release(&stop);
    return status;
}

static int replay_stop_measure(struct replay_stops *stops, const struct row *row, const struct order *order,
                               struct means *out)
{
    const struct clusters *clusters = &order->question->clusters;
    int64_t taken = row->rule == FIXED && stops->fixed < clusters->n ? stops->fixed : clusters->n;
    int status =
        row->rule == ALL || row->rule == FIXED ? PONDER_OK : watched(order, row->rule, stops->delta, &taken);
    int64_t by_all = elected(order, clusters->n), by_these = elected(order, taken);
    double right = by_these >= 0 && clusters->right[by_these];
    out->taken += (double)taken / REPLAY_ORDERS;
    out->right += right / REPLAY_ORDERS;
    out->over_all += (right - (by_all >= 0 && clusters->right[by_all])) / REPLAY_ORDERS;
    out->other += (double)(by_these != by_all) / REPLAY_ORDERS;
    return status;
}

static void shuffle(int64_t *samples, int64_t n, struct rng *rng)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t other = (int64_t)rng_below(rng, (uint64_t)i + 1);
        samples[i] = samples[other];
        samples[other] = i;
    }
}

/* ---- all of them ---- */

static void add_rows(struct replay_stops *stops, int by)
{
    for (enum rule rule = ALL; rule < (by < 0 ? RULES : BETA); rule++)
        stops->rows[stops->row_count++] = (struct row){.rule = rule, .by = by};
}

int replay_stops_open(struct replay_stops **out, const struct replay_plan *plan, double delta,
                      int64_t questions, struct ponder_err *err)
{
    struct replay_stops *stops = *out = calloc(1, sizeof *stops);
    if (!stops)
        return err_memory(err, "stop rules");
    *stops = (struct replay_stops){.plan = plan, .delta = delta, .questions = questions};
    for (int by = -1; by < plan->by_count; by++)
        add_rows(stops, by);
    for (int r = 0; r < stops->row_count; r++)
        if (!(stops->rows[r].of = calloc((size_t)questions, sizeof(struct means))))
            return err_memory(err, "stop rules");
    return PONDER_OK;
}

void replay_stops_release(struct replay_stops *stops)
{
    for (int r = 0; stops && r < stops->row_count; r++)
        free(stops->rows[r].of);
    free(stops);
}

int replay_stops_measure(struct replay_stops *stops, const struct replay_question *question, int64_t index,
                         struct ponder_err *err)
{
    size_t n = (size_t)question->clusters.n + 1;
    const char *id = question->source->id;
    struct order order = {.question = question,
                          .samples = calloc(n, sizeof *order.samples),
                          .counts = calloc(n, sizeof *order.counts),
                          .rank = calloc(n, sizeof *order.rank),
                          .totals = calloc(n, sizeof *order.totals)};
    int status = order.samples && order.counts && order.rank && order.totals ? PONDER_OK : PONDER_E_MEMORY;
    struct rng rng;
    rng_init(&rng, hash_bytes(id, strlen(id)));
    for (int o = 0; o < REPLAY_ORDERS && !status; o++) {
        shuffle(order.samples, question->clusters.n, &rng);
        for (int r = 0; r < stops->row_count && !status; r++) {
            const struct row *row = &stops->rows[r];
            order.weights = row->by < 0 ? NULL : question->weights[row->by];
            if ((row->rule == FIXED) == (stops->fixed > 0))
                status = replay_stop_measure(stops, row, &order, &row->of[index]);
        }
    }
    free(order.samples);
    free(order.counts);
    free(order.rank);
    free(order.totals);
    return status ? err_memory(err, "stop rules") : PONDER_OK;
}

void replay_stops_fix(struct replay_stops *stops)
{
    const struct row *row = stops->rows;
    double sum = 0;
    while (row->rule != STOP)
        row++;
    for (int64_t i = 0; i < stops->questions; i++)
        sum += row->of[i].taken;
    stops->fixed = (int64_t)fmax(1, round(sum / (double)stops->questions));
}

int replay_stops_sum_up(const struct replay_stops *stops, struct ponder_replay *replay,
                        struct ponder_err *err)
{
    size_t n = (size_t)stops->questions;
    double *values = malloc(4 * n * sizeof *values);
    int failed = values == NULL;
    replay->rule_count = failed ? 0 : stops->row_count;
    for (int r = 0; r < replay->rule_count && !failed; r++) {
        const struct row *row = &stops->rows[r];
        struct ponder_replay_rule *out = &replay->rules[r];
        out->vote = replay_kind_names[row->by < 0 ? REPLAY_MAJORITY : REPLAY_WEIGHTED];
        out->score = row->by < 0 ? NULL : replay_by_names[stops->plan->by[row->by]];
        out->rule = rule_names[row->rule];
        for (size_t i = 0; i < n; i++) {
            values[i] = row->of[i].taken;
            values[n + i] = row->of[i].right;
            values[2 * n + i] = row->of[i].over_all;
            values[3 * n + i] = row->of[i].other;
        }
        const struct stats_column columns[] = {{values, &out->taken},
                                               {values + n, &out->accuracy},
                                               {values + 2 * n, &out->over_all},
                                               {values + 3 * n, &out->other}};
        failed = stats_bootstrap_columns(columns, 4, stops->questions, STATS_SEED);
    }
    free(values);
    return failed ? err_memory(err, "stop rules") : PONDER_OK;
}
