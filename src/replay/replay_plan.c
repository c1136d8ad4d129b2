#include "replay/replay_plan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "eval/run_record.h"

const char *const replay_kind_names[] = {"pass", "majority", "best_of_n", "weighted"};
const char *const replay_by_names[] = {"last", "min", "prod", "mean", "outcome", "logprob"};

/* ---- N ---- */

static const struct recorded_question *with_fewest(const struct recorded *recorded)
{
    const struct recorded_question *fewest = &recorded->questions[0];
    for (int64_t i = 1; i < recorded->count; i++)
        if (recorded->questions[i].n < fewest->n)
            fewest = &recorded->questions[i];
    return fewest;
}

static void default_ns(struct replay_plan *plan, int64_t most)
{
    for (int64_t n = 1; n < most; n *= 2)
        plan->ns[plan->n_count++] = n;
    plan->ns[plan->n_count++] = most;
}

static int parse_ns(struct replay_plan *plan, const char *list, const struct recorded_question *fewest,
                    struct ponder_err *err)
{
    for (const char *at = list, *end; *at; at = *end ? end + 1 : end) {
        errno = 0;
        long long n = strtoll(at, (char **)&end, 10);
        if (end == at || (*end && *end != ',') || (*end && !end[1]) || errno)
            return err_set(err, PONDER_E_ARGUMENT, "--n: '%.60s' is no list of numbers such as 1,4,16", list);
        if (plan->n_count == PONDER_REPLAY_NS_MAX)
            return err_set(err, PONDER_E_ARGUMENT, "--n: more than %d numbers", PONDER_REPLAY_NS_MAX);
        if (n < 1 || n > fewest->n)
            return err_set(err, PONDER_E_ARGUMENT,
                           "--n: %lld is not from 1 to %lld, the samples of the question in line %lld", n,
                           (long long)fewest->n, (long long)fewest->line);
        if (plan->n_count && n <= plan->ns[plan->n_count - 1])
            return err_set(err, PONDER_E_ARGUMENT, "--n: '%.60s' does not ascend", list);
        plan->ns[plan->n_count++] = n;
    }
    return plan->n_count ? PONDER_OK
                         : err_set(err, PONDER_E_ARGUMENT, "--n: the list is empty; write 1,4,16");
}

/* ---- what is recorded ---- */

enum known { STEPS, OUTCOME, LOGPROB, NOTHING, VERDICT };

static bool is_known(const struct recorded_sample *sample, enum known known)
{
    switch (known) {
    case STEPS:
        return sample->scores != NULL;
    case OUTCOME:
        return !isnan(sample->score);
    case LOGPROB:
        return !isnan(sample->logprob);
    case VERDICT:
        return sample->verdict != RECORDED_UNJUDGED;
    case NOTHING:
        break;
    }
    return true;
}

/* How many samples have it; the first without it in *lacks and *at. */
static int64_t count_known(const struct recorded *recorded, enum known known,
                           const struct recorded_question **lacks, int64_t *at)
{
    int64_t count = 0;
    *lacks = NULL;
    for (int64_t i = 0; i < recorded->count; i++)
        for (int64_t s = 0; s < recorded->questions[i].n; s++) {
            bool has_it = is_known(&recorded->questions[i].samples[s], known);
            count += has_it;
            if (!has_it && !*lacks) {
                *lacks = &recorded->questions[i];
                *at = s + 1;
            }
        }
    return count;
}

/* ---- scores ---- */

/* Steps where any are recorded, else outcomes where any are. */
static enum known automatic(const struct recorded *recorded)
{
    const struct recorded_question *lacks;
    int64_t at;
    for (enum known known = STEPS; known <= OUTCOME; known++)
        if (count_known(recorded, known, &lacks, &at))
            return known;
    return NOTHING;
}

static int choose_source(const struct recorded *recorded, const char *name, enum known *out,
                         struct ponder_err *err)
{
    static const char *const names[] = {"steps", "outcome", "logprob", "none"};
    static const char *const what[] = {"step scores", "score", "logprob", ""};
    const struct recorded_question *lacks;
    int64_t at;
    int found = 0;
    while (found < 4 && strcmp(name, names[found]) != 0)
        found++;
    if (found == 4 && strcmp(name, "auto") != 0)
        return err_set(err, PONDER_E_ARGUMENT,
                       "--score: '%.60s' is none of auto, steps, outcome, logprob and none", name);
    *out = found == 4 ? automatic(recorded) : (enum known)found;
    count_known(recorded, *out, &lacks, &at);
    return lacks ? err_set(err, PONDER_E_ARGUMENT,
                           "line %lld: sample %lld of the question has no %s; choose another --score",
                           (long long)lacks->line, (long long)at, what[*out])
                 : PONDER_OK;
}

static int choose_aggregates(struct replay_plan *plan, const char *name, struct ponder_err *err)
{
    bool all = strcmp(name, "all") == 0;
    for (int by = REPLAY_LAST; by <= REPLAY_MEAN; by++)
        if (all || strcmp(name, replay_by_names[by]) == 0)
            plan->by[plan->by_count++] = (enum replay_by)by;
    return plan->by_count ? PONDER_OK
                          : err_set(err, PONDER_E_ARGUMENT,
                                    "--aggregate: '%.60s' is none of last, min, prod, mean and all", name);
}

static bool any_outside(const struct recorded *recorded)
{
    for (int64_t i = 0; i < recorded->count; i++)
        for (int64_t s = 0; s < recorded->questions[i].n; s++) {
            double score = recorded->questions[i].samples[s].score;
            if (score < 0 || score > 1)
                return true;
        }
    return false;
}

static int choose_scores(struct replay_plan *plan, const struct ponder_replay_settings *settings,
                         const struct recorded *recorded, struct ponder_err *err)
{
    enum known known = NOTHING;
    int status = choose_aggregates(plan, settings->aggregate, err);
    if (!status)
        status = choose_source(recorded, settings->score, &known, err);
    if (status || known == STEPS)
        return status;
    plan->by_count = known != NOTHING;
    plan->by[0] = known == OUTCOME ? REPLAY_OUTCOME : REPLAY_LOGPROB;
    plan->logistic = known == OUTCOME && any_outside(recorded);
    return PONDER_OK;
}

/* ---- answers ---- */

static int choose_extract(struct replay_plan *plan, const struct recorded *recorded, const char *name,
                          struct ponder_err *err)
{
    const char *said = run_record_of_json(recorded->run).extract;
    if (strcmp(name, "auto") == 0)
        name = said && strcmp(said, "box") == 0 ? "box" : "any";
    static const char *const names[] = {"any", "number", "box", "recorded"};
    for (int i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0) {
            plan->extract = (enum replay_extract)i;
            return PONDER_OK;
        }
    return err_set(err, PONDER_E_ARGUMENT,
                   "--extract: '%.60s' is none of auto, any, number, box and recorded", name);
}

/* Verdicts of our own are made anew as long as nobody asks for them: by the same rules that find the answers
 * now. Those of another program make figures that can be compared with its own. */
static int choose_verdicts(struct replay_plan *plan, const char *name, const struct recorded *recorded,
                           struct ponder_err *err)
{
    const struct recorded_question *lacks;
    int64_t at;
    bool is_auto = strcmp(name, "auto") == 0, is_recorded = strcmp(name, "recorded") == 0;
    if (!is_auto && !is_recorded && strcmp(name, "graded") != 0)
        return err_set(err, PONDER_E_ARGUMENT, "--verdicts: '%.60s' is none of auto, recorded and graded",
                       name);
    count_known(recorded, VERDICT, &lacks, &at);
    bool own = strcmp(recorded->format, "samples") == 0;
    plan->graded = !is_recorded && (!is_auto || lacks || own);
    return is_recorded && lacks
               ? err_set(err, PONDER_E_ARGUMENT,
                         "line %lld: sample %lld of the question has no verdict; choose --verdicts graded",
                         (long long)lacks->line, (long long)at)
               : PONDER_OK;
}

int replay_plan(struct replay_plan *plan, const struct ponder_replay_settings *settings,
                const struct recorded *recorded, struct ponder_err *err)
{
    const struct recorded_question *fewest = with_fewest(recorded);
    *plan = (struct replay_plan){.first = settings->first};
    int status = PONDER_OK;
    if (settings->n)
        status = parse_ns(plan, settings->n, fewest, err);
    else
        default_ns(plan, fewest->n);
    if (!status)
        status = choose_scores(plan, settings, recorded, err);
    if (!status)
        status = choose_extract(plan, recorded, settings->extract, err);
    if (!status)
        status = choose_verdicts(plan, settings->verdicts, recorded, err);
    if (status)
        return status;
    plan->rows[plan->row_count++] = (struct replay_row){.kind = REPLAY_PASS};
    plan->rows[plan->row_count++] = (struct replay_row){.kind = REPLAY_MAJORITY};
    for (enum replay_kind kind = REPLAY_BEST_OF_N; kind <= REPLAY_WEIGHTED; kind++)
        for (int i = 0; i < plan->by_count; i++)
            plan->rows[plan->row_count++] = (struct replay_row){kind, plan->by[i]};
    return PONDER_OK;
}
