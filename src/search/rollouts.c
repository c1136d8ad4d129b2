#include "search/rollouts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "search/meter.h"
#include "search/prefixes.h"
#include "search/sample_answer.h"

enum { TAG_BITS = 36, QUESTIONS_AT_ONCE_MAX = 1 << 10 };

/* A prefix of the question's solutions, beside its struct prefix. */
struct place {
    int64_t node;     /* of the engine; 0: not there yet */
    int64_t right;    /* rollouts that ended in the right answer */
    int64_t position; /* tokens of prompt and prefix; 0: not known yet */
    bool no_room;     /* the context ends here: no rollout can be right */
};

/* A verdict on an answer as it is written, so that each is compared once. */
struct verdict {
    char *answer;
    bool right;
};

/* A question under way: first its solutions are sampled, then their prefixes are rolled out. */
struct question {
    int64_t index;                    /* of the caller's list; -1: free */
    int64_t node;                     /* of its prompt */
    struct best_of_n_sample *samples; /* (n) */
    double *values;                   /* (n, ROLLOUTS_STEPS_MAX) */
    int64_t *paths;                   /* (n, ROLLOUTS_STEPS_MAX) */
    struct prefixes prefixes;
    struct place *places; /* (prefixes.count) */
    struct verdict *verdicts;
    int64_t verdict_count;
    bool rolling;              /* the solutions are there */
    int64_t next;              /* the next solution, or rollout, to submit */
    int64_t in_flight;         /* of either */
    int64_t tokens;            /* of the prompt */
    struct ponder_ledger cost; /* of what was generated */
    struct rollouts_counts counts;
};

struct work {
    struct engine *engine;
    const struct rollouts_question *questions;
    int64_t question_count;
    const struct rollouts_settings *settings;
    const struct rollouts_listener *listener;
    struct rollouts_result *out;
    struct question *open; /* (open_count) slots */
    int open_count;
    int64_t next, done, in_flight;
    struct meter meter;
};

static int64_t sample_count(const struct work *work)
{
    return work->settings->sampling->n;
}

/* ---- a question's memory ---- */

static void question_release(struct work *work, struct question *q)
{
    for (int64_t i = 0; q->samples && i < sample_count(work); i++) {
        free(q->samples[i].text);
        free(q->samples[i].tokens);
    }
    for (int64_t i = 0; q->places && i < q->prefixes.count; i++)
        if (q->places[i].node)
            engine_node_release(work->engine, q->places[i].node);
    for (int64_t i = 0; i < q->verdict_count; i++)
        free(q->verdicts[i].answer);
    if (q->node)
        engine_node_release(work->engine, q->node);
    prefixes_release(&q->prefixes);
    free(q->samples);
    free(q->values);
    free(q->paths);
    free(q->places);
    free(q->verdicts);
    *q = (struct question){.index = -1};
}

static int question_open(struct work *work, struct question *q, int64_t index, struct ponder_err *err)
{
    const struct best_of_n_prompt *prompt = &work->questions[index].prompt;
    size_t n = (size_t)sample_count(work);
    *q = (struct question){.index = index, .prefixes = PREFIXES_INIT};
    q->samples = calloc(n, sizeof *q->samples);
    q->values = calloc(n * ROLLOUTS_STEPS_MAX, sizeof *q->values);
    q->paths = calloc(n * ROLLOUTS_STEPS_MAX, sizeof *q->paths);
    if (!q->samples || !q->values || !q->paths)
        return err_memory(err, "samples");
    return best_of_n_prompt_open(work->engine, prompt, &q->node, err);
}

/* ---- grading ---- */

static bool find_verdict(const struct question *q, const char *answer, bool *right)
{
    for (int64_t i = 0; i < q->verdict_count; i++)
        if (strcmp(q->verdicts[i].answer, answer) == 0) {
            *right = q->verdicts[i].right;
            return true;
        }
    return false;
}

/* Takes `answer` over. */
static int add_verdict(struct question *q, char *answer, bool right)
{
    struct verdict *more = realloc(q->verdicts, (size_t)(q->verdict_count + 1) * sizeof *more);
    if (!more) {
        free(answer);
        return PONDER_E_MEMORY;
    }
    q->verdicts = more;
    q->verdicts[q->verdict_count++] = (struct verdict){answer, right};
    return PONDER_OK;
}

static int judge(struct work *work, struct question *q, const char *text, size_t len, bool *answered,
                 bool *right)
{
    const char *gold = work->questions[q->index].answer;
    char *answer = NULL;
    *answered = *right = false;
    int status = sample_answer(text, len, work->settings->extract, &answer);
    if (status || !answer)
        return status;
    *answered = true;
    if (find_verdict(q, answer, right)) {
        free(answer);
        return PONDER_OK;
    }
    *right = answer_equal(gold, strlen(gold), answer, strlen(answer), NULL);
    return add_verdict(q, answer, *right);
}

/* ---- from solutions to prefixes ---- */

static int add_solution(struct work *work, struct question *q, int64_t i)
{
    struct best_of_n_sample *sample = &q->samples[i];
    int64_t steps = prefixes_steps(sample->text, sample->len);
    bool answered, right;
    int status = judge(work, q, sample->text, sample->len, &answered, &right);
    q->counts.solutions++;
    if (status || !answered || steps > ROLLOUTS_STEPS_MAX)
        return status;
    double *values = q->values + i * ROLLOUTS_STEPS_MAX;
    sample->scores = values;
    sample->score_count = steps;
    values[steps - 1] = right;
    q->counts.labelled++;
    return prefixes_add(&q->prefixes, sample->text, sample->len, q->paths + i * ROLLOUTS_STEPS_MAX);
}

static int begin_rolling(struct work *work, struct question *q, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t i = 0; i < sample_count(work) && !status; i++)
        status = add_solution(work, q, i);
    q->places = calloc((size_t)q->prefixes.count + 1, sizeof *q->places);
    if (status || !q->places)
        return err_memory(err, "the prefixes of solutions");
    q->counts.prefixes = q->prefixes.count;
    q->rolling = true;
    q->next = 0;
    return PONDER_OK;
}

/* A parent's node is there before its children ask. */
static int place_node(struct work *work, struct question *q, int64_t at, struct ponder_err *err)
{
    const struct prefix *prefix = &q->prefixes.nodes[at];
    struct place *place = &q->places[at];
    const struct place *parent = prefix->parent < 0 ? NULL : &q->places[prefix->parent];
    struct ponder_err why;
    int status = PONDER_E_LIMIT;
    if (!parent || !parent->no_room)
        status = engine_prompt(work->engine, parent ? parent->node : q->node, prefix->text + prefix->before,
                               prefix->len - prefix->before, &place->node, &why);
    if (status == PONDER_E_LIMIT) {
        place->no_room = true;
        return PONDER_OK;
    }
    return status ? err_set(err, status, "%s", why.message) : PONDER_OK;
}

/* ---- asking ---- */

static int submit(struct work *work, struct question *q, int64_t parent, uint64_t stream,
                  struct ponder_err *err)
{
    const struct ponder_sampling *s = work->settings->sampling;
    struct engine_request request = {
        .tag = ((int64_t)(q - work->open) << TAG_BITS) | q->next,
        .parent = parent,
        .tokens_max = (int)s->max_tokens,
        .sampling = {s->temperature, (int)s->top_k, s->top_p, s->min_p},
        .stream = stream,
        .end = work->questions[q->index].prompt.end,
    };
    int status = engine_submit(work->engine, &request, err);
    if (status)
        return status;
    q->next++;
    q->in_flight++;
    work->in_flight++;
    return PONDER_OK;
}

static int submit_rollout(struct work *work, struct question *q, struct ponder_err *err)
{
    int64_t rollouts = work->settings->rollouts, at = q->next / rollouts, which = q->next % rollouts;
    const struct prefix *prefix = &q->prefixes.nodes[at];
    uint64_t key = work->questions[q->index].prompt.key;
    int status = which == 0 ? place_node(work, q, at, err) : PONDER_OK;
    if (!status && q->places[at].no_room) {
        q->next += rollouts;
        return PONDER_OK;
    }
    key = rng_key(rng_key(key, hash_bytes(prefix->text, prefix->len)), (uint64_t)which);
    return status ? status : submit(work, q, q->places[at].node, key, err);
}

static int64_t wanted(const struct work *work, const struct question *q)
{
    return q->rolling ? q->prefixes.count * work->settings->rollouts : sample_count(work);
}

/* As much of what the question wants as there is room for. */
static int submit_question(struct work *work, struct question *q, struct ponder_err *err)
{
    int status = PONDER_OK;
    while (!status && q->next < wanted(work, q) && work->in_flight < BEST_OF_N_IN_FLIGHT_MAX)
        status = q->rolling ? submit_rollout(work, q, err)
                            : submit(work, q, q->node,
                                     rng_key(work->questions[q->index].prompt.key, (uint64_t)q->next), err);
    return status;
}

/* The next question that the listener wants enters a free slot. */
static int open_next(struct work *work, struct question *q, struct ponder_err *err)
{
    bool take = true;
    int64_t index = work->next++;
    int status = PONDER_OK;
    if (work->listener->question_begin)
        status = work->listener->question_begin(work->listener->data, index, &take, err);
    if (!status && !take)
        work->done++;
    return status || !take ? status : question_open(work, q, index, err);
}

/* ---- being told ---- */

static void keep_sample(struct question *q, int64_t i, struct engine_result *result)
{
    q->samples[i] = (struct best_of_n_sample){
        .begun = true,
        .done = true,
        .finish = result->finish,
        .text = result->text,
        .len = result->text_len,
        .tokens = result->tokens,
        .token_count = result->token_count,
        .logprob = result->token_count > 0 ? result->logprob / result->token_count : NAN,
    };
    q->tokens = result->position;
    result->text = NULL;
    result->tokens = NULL;
}

static int keep_rollout(struct work *work, struct question *q, int64_t index,
                        const struct engine_result *result, struct ponder_err *err)
{
    int64_t at = index / work->settings->rollouts;
    const struct prefix *prefix = &q->prefixes.nodes[at];
    struct buf whole = BUF_INIT(SIZE_MAX / 2);
    bool answered, right = false;
    buf_append(&whole, prefix->text, prefix->len);
    buf_append(&whole, result->text, result->text_len);
    int status =
        buf_ok(&whole) ? judge(work, q, buf_text(&whole), whole.len, &answered, &right) : PONDER_E_MEMORY;
    buf_release(&whole);
    q->places[at].right += right;
    q->places[at].position = result->position;
    q->counts.rollouts++;
    return status ? err_memory(err, "a rollout") : PONDER_OK;
}

/* The last token of a text is drawn and never computed. */
static void charge(struct work *work, struct question *q, const struct engine_result *result)
{
    q->cost.generations++;
    q->cost.generated_tokens += result->token_count;
    if (result->token_count > 1)
        q->cost.flops += engine_flops(work->engine, result->position, result->token_count - 1);
}

/* What was read: the prompt, and each prefix once more behind it. */
static void charge_prompts(struct work *work, struct question *q)
{
    q->cost.prompt_tokens = q->tokens;
    q->cost.flops += engine_flops(work->engine, 0, q->tokens);
    for (int64_t i = 0; i < q->prefixes.count; i++) {
        int64_t parent = q->prefixes.nodes[i].parent;
        int64_t before = parent < 0 ? q->tokens : q->places[parent].position;
        if (q->places[i].no_room)
            continue;
        q->cost.prompt_tokens += q->places[i].position - before;
        q->cost.flops += engine_flops(work->engine, before, q->places[i].position - before);
    }
}

static int finish(struct work *work, struct question *q, struct ponder_err *err)
{
    for (int64_t i = 0; i < sample_count(work); i++)
        for (int64_t k = 0; k + 1 < q->samples[i].score_count; k++)
            q->values[i * ROLLOUTS_STEPS_MAX + k] =
                (double)q->places[q->paths[i * ROLLOUTS_STEPS_MAX + k]].right /
                (double)work->settings->rollouts;
    charge_prompts(work, q);
    struct rollouts_counts *sum = &work->out->counts;
    sum->solutions += q->counts.solutions;
    sum->labelled += q->counts.labelled;
    sum->prefixes += q->counts.prefixes;
    sum->rollouts += q->counts.rollouts;
    work->done++;
    int status =
        work->listener->question_done(work->listener->data, q->index, q->samples, &q->counts, &q->cost, err);
    question_release(work, q);
    return status;
}

/* Whatever the question's phase has come to. */
static int advance(struct work *work, struct question *q, struct ponder_err *err)
{
    int status = PONDER_OK;
    if (q->in_flight > 0 || q->next < wanted(work, q))
        return status;
    if (!q->rolling)
        status = begin_rolling(work, q, err);
    if (!status)
        status = submit_question(work, q, err);
    return !status && q->rolling && q->in_flight == 0 && q->next >= wanted(work, q) ? finish(work, q, err)
                                                                                    : status;
}

static int submit_all(struct work *work, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int i = 0; i < work->open_count && !status; i++)
        if (work->open[i].index >= 0) {
            status = submit_question(work, &work->open[i], err);
            status = status ? status : advance(work, &work->open[i], err);
        }
    for (int i = 0; i < work->open_count && !status; i++)
        while (!status && work->open[i].index < 0 && work->next < work->question_count &&
               work->in_flight < BEST_OF_N_IN_FLIGHT_MAX) {
            status = open_next(work, &work->open[i], err);
            if (!status && work->open[i].index >= 0)
                status = submit_question(work, &work->open[i], err);
        }
    return status;
}

static int keep(struct work *work, struct engine_result *result, bool giving_up, struct ponder_err *err)
{
    struct question *q = &work->open[result->tag >> TAG_BITS];
    int64_t index = result->tag & (((int64_t)1 << TAG_BITS) - 1);
    int status = PONDER_OK;
    q->in_flight--;
    work->in_flight--;
    if (result->node)
        engine_node_release(work->engine, result->node);
    if (giving_up)
        return PONDER_OK;
    if (result->finish == ENGINE_FINISH_FAILED)
        return err_set(err, result->status, "%s: %s",
                       work->questions[q->index].prompt.name ? work->questions[q->index].prompt.name
                                                             : "a question",
                       result->error);
    charge(work, q, result);
    if (q->rolling)
        status = keep_rollout(work, q, index, result, err);
    else
        keep_sample(q, index, result);
    return status ? status : advance(work, q, err);
}

static int take_all(struct work *work, bool giving_up, struct ponder_err *err)
{
    struct engine_result result;
    int status = PONDER_OK;
    while (!status && engine_take(work->engine, &result)) {
        status = keep(work, &result, giving_up, err);
        engine_result_clear(&result);
    }
    return status;
}

/* ---- the run ---- */

/* Everything in flight ends. */
static void give_up(struct work *work)
{
    struct ponder_err ignored;
    for (int i = 0; i < work->open_count; i++)
        for (int64_t k = 0; work->open[i].index >= 0 && k < work->open[i].next; k++)
            engine_cancel(work->engine, ((int64_t)i << TAG_BITS) | k);
    while (work->in_flight > 0 && engine_step(work->engine, 0.01, &ignored) >= 0)
        if (take_all(work, true, &ignored))
            break;
}

static int loop(struct work *work, struct ponder_err *err)
{
    while (work->done < work->question_count) {
        work->out->stopped = meter_stop(&work->meter, work->done, work->question_count, "questions");
        if (work->out->stopped != PONDER_STOPPED_NO)
            return PONDER_OK;
        int status = submit_all(work, err);
        if (status)
            return status;
        int unfinished = engine_step(work->engine, 0.05, err);
        if (unfinished < 0)
            return unfinished;
        status = take_all(work, false, err);
        if (status)
            return status;
    }
    return PONDER_OK;
}

static int check(const struct rollouts_settings *s, struct ponder_err *err)
{
    int64_t most = ((int64_t)1 << TAG_BITS) / ROLLOUTS_STEPS_MAX;
    if (s->rollouts < 1 || s->sampling->n < 1 || s->rollouts > most / s->sampling->n)
        return err_set(err, PONDER_E_LIMIT,
                       "%lld solutions with %lld rollouts behind each line; 1 of each at least",
                       (long long)s->sampling->n, (long long)s->rollouts);
    return PONDER_OK;
}

int rollouts_run(struct engine *engine, const struct rollouts_question *questions, int64_t question_count,
                 const struct rollouts_settings *settings, const struct clock *clock,
                 const struct ponder_watch *watch, const struct rollouts_listener *listener,
                 struct rollouts_result *out, struct ponder_err *err)
{
    *out = (struct rollouts_result){0};
    struct work work = {.engine = engine,
                        .questions = questions,
                        .question_count = question_count,
                        .settings = settings,
                        .listener = listener,
                        .out = out,
                        .open_count = QUESTIONS_AT_ONCE_MAX,
                        .meter = meter_begin(engine, clock, watch, settings->sampling->timeout_s)};
    int status = check(settings, err);
    if (status)
        return status;
    work.open = calloc((size_t)work.open_count, sizeof *work.open);
    if (!work.open)
        return err_memory(err, "questions");
    for (int i = 0; i < work.open_count; i++)
        work.open[i].index = -1;
    status = loop(&work, err);
    meter_read(&work.meter, &out->ledger);
    out->ledger.generations = out->counts.solutions + out->counts.rollouts;
    give_up(&work);
    for (int i = 0; i < work.open_count; i++)
        if (work.open[i].index >= 0)
            question_release(&work, &work.open[i]);
    free(work.open);
    return status;
}
