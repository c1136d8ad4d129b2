#include "eval/searched.h"

#include <math.h>
#include <stdlib.h>

#include "core/err.h"
#include "session/solution_tree.h"

#define MEMORY_BYTES_MAX ((size_t)1 << 32)

/* One question under way. */
struct work {
    struct searched *out;
    const struct searched_plan *plan;
    const struct driver_outcome *outcome;
    const struct question *question;
    const char *prompt;
    int64_t seed;
    int32_t *nodes; /* (count) where each sample ends */
    int64_t count;
    int64_t solutions; /* of those: what votes */
    int32_t chosen;    /* a node; -1: none */
};

/* ---- samples ---- */

/* The solutions among which was chosen, in the order of their streams, and behind them the chosen one where
 * it is none of them; that alone where all is not wanted. */
static int list_nodes(struct work *work)
{
    const struct search *search = work->outcome->search;
    enum answer_mode mode = work->plan->extract;
    work->nodes = arena_array(&work->out->memory, (size_t)search->tree.count + 1, sizeof *work->nodes);
    int status =
        work->nodes ? search_result(search, work->plan->plan->select, mode, &work->chosen) : PONDER_E_MEMORY;
    if (!status && work->plan->whole)
        status = search_solutions(&search->tree, mode, work->nodes, &work->solutions);
    bool there = false;
    for (int64_t i = 0; i < work->solutions && !status; i++)
        there |= work->nodes[i] == work->chosen;
    work->count = work->solutions;
    if (!status && !there)
        work->nodes[work->count++] = work->chosen;
    return status;
}

static const char *finish_of(const struct work *work, const struct tree_node *node)
{
    bool chosen = node == &work->outcome->tree->nodes[work->chosen];
    return engine_finish_name(chosen && work->outcome->failed ? ENGINE_FINISH_FAILED
                              : node->end == TREE_ENDED       ? ENGINE_FINISH_END
                              : node->end == TREE_CUT         ? ENGINE_FINISH_LENGTH
                                                              : ENGINE_FINISH_STOP);
}

static int take_scores(struct work *work, const struct tree_node *node, struct store_sample *out)
{
    if (!node->steps)
        return PONDER_OK;
    double *scores = arena_array(&work->out->memory, (size_t)node->step_count + 1, sizeof *scores);
    for (int i = 0; scores && i < node->step_count; i++)
        scores[i] = (double)node->steps[i];
    out->scores = scores;
    out->score_count = node->step_count;
    return scores ? PONDER_OK : PONDER_E_MEMORY;
}

static int take_sample(struct work *work, const struct tree_node *node, int32_t number,
                       struct store_sample *out)
{
    struct buf text = BUF_INIT(TREE_BYTES_MAX);
    int status = tree_path_text(work->outcome->tree, number, &text);
    *out = (struct store_sample){.text = arena_copy(&work->out->memory, buf_text(&text), text.len),
                                 .len = text.len,
                                 .token_count = node->tokens_all,
                                 .logprob = NAN,
                                 .finish = finish_of(work, node)};
    buf_release(&text);
    if (!status && !out->text)
        status = PONDER_E_MEMORY;
    return status ? status : take_scores(work, node, out);
}

static int fill_samples(struct work *work)
{
    struct searched *out = work->out;
    size_t room = (size_t)work->count + 1;
    struct store_sample *samples = arena_array(&out->memory, room, sizeof *samples);
    double *totals = arena_array(&out->memory, room, sizeof *totals);
    int32_t *repeats = arena_array(&out->memory, room, sizeof *repeats);
    int status = samples && totals && repeats ? PONDER_OK : PONDER_E_MEMORY;
    out->found = (struct store_found){.totals = totals, .repeats = repeats};
    out->cell = (struct store_cell){.samples = samples, .n = work->count, .found = &out->found};
    for (int64_t i = 0; i < work->count && !status; i++) {
        const struct tree_node *node = &work->outcome->tree->nodes[work->nodes[i]];
        if (work->nodes[i] == work->chosen)
            out->found.chosen = i;
        totals[i] = node->total;
        repeats[i] = node->repeats;
        status = take_sample(work, node, work->nodes[i], &samples[i]);
    }
    return status;
}

static int fill_nothing(struct work *work)
{
    static const struct store_sample nothing = {.logprob = NAN, .finish = "failed"};
    static const double total = NAN;
    static const int32_t once = 1;
    work->out->found = (struct store_found){.totals = &total, .repeats = &once};
    work->out->cell = (struct store_cell){.samples = &nothing, .n = 1, .found = &work->out->found};
    return PONDER_OK;
}

static int searched_grade(struct work *work)
{
    struct searched *out = work->out;
    struct best_of_n_sample *samples = calloc((size_t)work->count + 1, sizeof *samples);
    struct store_sample *stored = (struct store_sample *)out->cell.samples;
    for (int64_t i = 0; samples && i < work->count; i++)
        samples[i] = (struct best_of_n_sample){.text = (char *)stored[i].text,
                                               .len = stored[i].len,
                                               .finish = engine_finish_of(stored[i].finish)};
    int status = samples ? grade_samples(&out->grade, work->question, samples, work->plan->extract,
                                         work->count, &work->count, 1)
                         : PONDER_E_MEMORY;
    for (int64_t i = 0; i < work->count && !status; i++) {
        stored[i].answer = out->grade.answers[i];
        stored[i].correct = out->grade.correct[i];
    }
    free(samples);
    return status;
}

/* ---- the tree ---- */

/* The result's answer first, then by count. */
static int by_count(const void *a, const void *b)
{
    const struct ponder_vote *x = a, *y = b;
    if (x->best != y->best)
        return x->best ? -1 : 1;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* Samples that ended with an answer vote for it as often as they were sampled. */
static void fill_votes(const struct work *work, struct ponder_solution *solution)
{
    const struct grade *grade = &work->out->grade;
    int64_t chosen = work->out->found.chosen;
    for (int64_t i = 0; i < work->solutions; i++) {
        int64_t v = 0;
        if (grade->of[i] < 0)
            continue;
        while (v < solution->vote_count && grade->of[solution->votes[v].first] != grade->of[i])
            v++;
        if (v == solution->vote_count)
            solution->votes[solution->vote_count++] =
                (struct ponder_vote){grade->answers[i], 0, i, grade->of[i] == grade->of[chosen]};
        solution->votes[v].count += work->out->found.repeats[i];
    }
    if (solution->vote_count)
        qsort(solution->votes, (size_t)solution->vote_count, sizeof *solution->votes, by_count);
    for (int64_t i = 0; i < work->solutions; i++) {
        int64_t v = 0;
        while (v < solution->vote_count && grade->of[solution->votes[v].first] != grade->of[i])
            v++;
        solution->candidates[i].answer = grade->answers[i];
        solution->candidates[i].vote = v < solution->vote_count ? v : -1;
    }
}

static struct solution_tree_plan tree_plan_of(const struct work *work)
{
    const struct search_plan *plan = work->plan->plan;
    const struct ponder_search *search = work->plan->search;
    return (struct solution_tree_plan){
        .settings = {.search = plan->ops->name,
                     .verifier = ponder_search_verifier(search),
                     .select = search->select,
                     .aggregate = verifier_aggregate_name(plan->aggregate),
                     .budget = search->budget,
                     .n = plan->options.n,
                     .width = search_options_get(&plan->options, plan->ops, "width", 0),
                     .lookahead = search_options_get(&plan->options, plan->ops, "lookahead", 0),
                     .seed = work->seed,
                     .temperature = work->plan->sampling->temperature},
        .nodes = work->nodes,
        .result = work->chosen,
        .rounds = work->outcome->rounds,
        .ended_by = work->outcome->ended_by};
}

/* A tree that is too large for the store is none. */
static int print_tree(struct work *work, const struct ponder_tree *tree)
{
    struct buf *text = &work->out->trace;
    *text = BUF_INIT(STORE_TRACE_BYTES_MAX);
    int status = trace_print(text, tree, NULL);
    if (!status && buf_ok(text)) {
        work->out->found.trace = buf_text(text);
        work->out->found.trace_len = text->len;
    }
    return status == PONDER_E_LIMIT ? PONDER_OK : status;
}

static int fill_tree(struct work *work)
{
    struct searched *out = work->out;
    size_t room = (size_t)work->count + 1;
    struct ponder_solution solution = {.question = (char *)work->question->problem,
                                       .prompt = (char *)work->prompt,
                                       .candidates =
                                           arena_array(&out->memory, room, sizeof *solution.candidates),
                                       .votes = arena_array(&out->memory, room, sizeof *solution.votes),
                                       .answer = out->grade.answers[out->found.chosen],
                                       .candidate_count = work->solutions};
    if (!solution.candidates || !solution.votes)
        return PONDER_E_MEMORY;
    fill_votes(work, &solution);
    struct solution_tree_plan plan = tree_plan_of(work);
    int status = solution_tree_fill(&solution, work->outcome->tree, &plan);
    if (!status) {
        solution.tree->ledger = work->outcome->cost;
        status = print_tree(work, solution.tree);
    }
    ponder_tree_release(solution.tree);
    return status == PONDER_E_LIMIT ? PONDER_OK : status;
}

/* ---- both ---- */

int searched_fill(struct searched *out, const struct searched_plan *plan,
                  const struct driver_outcome *outcome, const struct question *question, const char *prompt,
                  int64_t seed, struct ponder_err *err)
{
    *out = (struct searched){.memory = ARENA_INIT(MEMORY_BYTES_MAX)};
    struct work work = {
        .out = out, .plan = plan, .outcome = outcome, .question = question, .prompt = prompt, .seed = seed};
    int status = list_nodes(&work);
    if (!status)
        status = work.chosen < 0 ? fill_nothing(&work) : fill_samples(&work);
    if (!status && plan->whole && work.chosen >= 0 && !outcome->failed) {
        status = searched_grade(&work);
        if (!status)
            status = fill_tree(&work);
    }
    return status ? err_memory(err, "a solution") : PONDER_OK;
}

void searched_release(struct searched *searched)
{
    grade_release(&searched->grade);
    arena_release(&searched->memory);
    buf_release(&searched->trace);
}
