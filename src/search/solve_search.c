/* solve_search.c - one question by a search: its tree's ended solutions as candidates, and the one it comes
 * to. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "ponder/server.h"
#include "search/classes.h"
#include "search/plan.h"
#include "search/prompt.h"
#include "search/proposer.h"
#include "search/sample_answer.h"
#include "search/select.h"
#include "search/solution_tree.h"
#include "search/solve.h"
#include "tree/ledger.h"

/* All that one call owns. */
struct work {
    const struct ponder_sampling *sampling;
    const struct ponder_search *search;
    struct search_plan plan;
    enum answer_mode mode;
    struct best_of_n_prompt prompt; /* its text is the solution's */
    struct ponder_solution *solution;
};

/* ---- from the tree to a solution ---- */

static int add_candidate(struct work *work, const struct tree *tree, int32_t node)
{
    struct ponder_solution *solution = work->solution;
    struct ponder_candidate *candidate = &solution->candidates[solution->candidate_count++];
    struct buf text = BUF_INIT(TREE_BYTES_MAX);
    *candidate = (struct ponder_candidate){
        .tokens = tree->nodes[node].tokens_all,
        .logprob = NAN,
        .score = tree->nodes[node].total,
        .finish = best_of_n_finish_name((enum engine_finish)tree->nodes[node].finish),
        .vote = -1};
    int status = tree_path_text(tree, node, &text);
    candidate->len = text.len;
    if (!status && !(candidate->text = buf_take(&text, NULL)))
        status = PONDER_E_MEMORY;
    buf_release(&text);
    enum answer_mode how = answer_mode_of(work->mode, tree->nodes[node].end == TREE_ENDED);
    return status ? status : sample_answer(candidate->text, candidate->len, how, &candidate->answer);
}

/* Classes of answers by the number of samples, but the chosen candidate's first. */
static int fill_votes(struct work *work, const struct classes *classes, const int64_t *repeats,
                      int64_t chosen)
{
    struct ponder_solution *solution = work->solution;
    solution->votes = calloc((size_t)classes->count + 1, sizeof *solution->votes);
    if (!solution->votes)
        return PONDER_E_MEMORY;
    for (int64_t c = 0; c < classes->count; c++) {
        char *answer = strdup(solution->candidates[classes->first[c]].answer);
        if (!answer)
            return PONDER_E_MEMORY;
        struct ponder_vote vote = {answer, 0, classes->first[c], classes->first[c]};
        for (int64_t i = 0; i < classes->n; i++)
            vote.count += classes->of[i] == c ? repeats[i] : 0;
        int64_t at = solution->vote_count++;
        bool first = chosen >= 0 && classes->of[chosen] == c;
        int64_t fixed = chosen >= 0 && classes->of[chosen] >= 0 && classes->of[chosen] < c ? 1 : 0;
        while (at > fixed && (first || solution->votes[at - 1].count < vote.count)) {
            solution->votes[at] = solution->votes[at - 1];
            at--;
        }
        solution->votes[at] = vote;
    }
    for (int64_t i = 0; i < classes->n; i++)
        for (int64_t v = 0; v < solution->vote_count; v++)
            if (classes->of[i] >= 0 && solution->votes[v].first == classes->first[classes->of[i]])
                solution->candidates[i].vote = v;
    return PONDER_OK;
}

static int vote(struct work *work, const int64_t *repeats, int64_t chosen)
{
    struct ponder_solution *solution = work->solution;
    struct classes classes = {0};
    const char **answers = calloc((size_t)solution->candidate_count + 1, sizeof *answers);
    int status = answers ? PONDER_OK : PONDER_E_MEMORY;
    for (int64_t i = 0; i < solution->candidate_count && !status; i++)
        answers[i] = solution->candidates[i].answer;
    if (!status)
        status = classes_fill(&classes, answers, solution->candidate_count, NULL);
    if (!status)
        status = fill_votes(work, &classes, repeats, chosen);
    solution->best = chosen;
    if (!status && chosen >= 0 && solution->candidates[chosen].answer)
        solution->answer = solution->votes[0].answer;
    classes_release(&classes);
    free(answers);
    return status;
}

/* The tree for people to see: it outlives the search. */
static int keep_tree(struct work *work, const struct driver_outcome *outcome, const int32_t *nodes,
                     int32_t result)
{
    const struct search_plan *plan = &work->plan;
    struct solution_tree_plan shown = {
        .settings = {.search = plan->ops->name,
                     .verifier = ponder_search_verifier(work->search),
                     .select = work->search->select,
                     .aggregate = verifier_aggregate_name(plan->aggregate),
                     .budget = work->search->budget,
                     .n = plan->options.n,
                     .width = search_options_get(&plan->options, plan->ops, "width", 0),
                     .lookahead = search_options_get(&plan->options, plan->ops, "lookahead", 0),
                     .seed = work->sampling->seed,
                     .temperature = work->sampling->temperature},
        .nodes = nodes,
        .result = result,
        .rounds = outcome->rounds,
        .ended_by = outcome->failed ? "failed" : outcome->ended_by};
    return solution_tree_fill(work->solution, outcome->tree, &shown);
}

/* It was stopped before it began. */
static int keep_no_tree(struct work *work)
{
    struct tree tree;
    int status = tree_init(&tree, 0);
    struct driver_outcome outcome = {.tree = &tree};
    if (!status)
        status = keep_tree(work, &outcome, NULL, -1);
    tree_release(&tree);
    return status;
}

static int fill(struct work *work, const struct driver_outcome *outcome)
{
    const struct tree *tree = outcome->tree;
    struct ponder_solution *solution = work->solution;
    int32_t *nodes = calloc((size_t)tree->count, sizeof *nodes), node;
    int64_t *repeats = calloc((size_t)tree->count, sizeof *repeats);
    int64_t count = 0, chosen = -1;
    solution->candidates = calloc((size_t)tree->count, sizeof *solution->candidates);
    int status = nodes && repeats && solution->candidates
                     ? search_result(outcome->search, work->plan.select, work->mode, &node)
                     : PONDER_E_MEMORY;
    if (!status)
        status = search_solutions(tree, work->mode, nodes, &count);
    if (!status)
        search_sort_totals(tree, nodes, count);
    for (int64_t i = 0; i < count && !status; i++) {
        repeats[i] = tree->nodes[nodes[i]].repeats;
        solution->finished += repeats[i];
        if (nodes[i] == node)
            chosen = i;
        status = add_candidate(work, tree, nodes[i]);
    }
    if (!status)
        status = vote(work, repeats, chosen);
    if (!status)
        status = keep_tree(work, outcome, nodes, node);
    free(nodes);
    free(repeats);
    return status;
}

static int take_outcome(void *data, int64_t question, const struct driver_outcome *outcome,
                        struct ponder_err *err)
{
    struct work *work = data;
    (void)question;
    if (outcome->failure[0] && !(work->solution->warning = strdup(outcome->failure)))
        return err_memory(err, "a warning");
    return tree_fail(fill(work, outcome), TRACE_BYTES_MAX, err);
}

/* ---- the call ---- */

static int check(struct work *work, const char *question, const struct ponder_search *search,
                 struct ponder_err *err)
{
    int status = prompt_check_question(question, strlen(question), err);
    if (!status)
        status = search_plan_of(&work->plan, search, work->sampling, true, err);
    struct verifier_case asked = verifier_case_of(question, NULL);
    return status ? status : verifier_accept(&work->plan.verifier, &asked, err);
}

static int new_solution(struct work *work, const struct prompt_template *template, const char *question,
                        struct ponder_err *err)
{
    int status =
        prompt_fill(template, question, strlen(question), work->sampling->seed, NULL, &work->prompt, err);
    work->solution = calloc(1, sizeof *work->solution);
    if (!work->solution) {
        free((char *)work->prompt.text);
        return status ? status : err_memory(err, "a solution");
    }
    work->solution->best = -1;
    work->solution->question = strdup(question);
    work->solution->prompt = (char *)work->prompt.text;
    work->solution->agreement = strdup("");
    bool whole = work->solution->question && work->solution->agreement;
    return status || whole ? status : err_memory(err, "a solution");
}

static int run(struct work *work, struct engine *engine, const struct ponder_watch *watch,
               struct ponder_err *err)
{
    struct ponder_solution *solution = work->solution;
    struct driver_plan plan = search_plan_driven(&work->plan, work->sampling);
    plan.partial = true;
    struct driver_question asked = {.prompt = work->prompt, .problem = solution->question, .plan = &plan};
    struct driver_run_settings settings = {&clock_system, watch, work->sampling->timeout_s};
    struct driver_run_listener listener = {.question_done = take_outcome, .data = work};
    struct driver_result result;
    int status = driver_run(engine, &asked, 1, &settings, &listener, &result, err);
    solution->ledger = result.ledger;
    ledger_add(&solution->ledger, &work->plan.verifier.probed);
    solution->stopped = result.stopped;
    if (status && solution->warning && solution->finished > 0) /* it is not for nothing */
        status = PONDER_OK;
    if (!status && !solution->tree)
        status = keep_no_tree(work) ? err_memory(err, "a tree") : PONDER_OK;
    if (!status)
        solution_tree_end(solution);
    return status;
}

int ponder_solve_search(struct ponder_model *model, const char *question,
                        const struct ponder_sampling *sampling, const struct ponder_search *search,
                        const struct ponder_watch *watch, struct ponder_solution **out,
                        struct ponder_err *err)
{
    *out = NULL;
    if (ponder_search_is_vote(search))
        return ponder_solve(model, question, sampling, watch, out, err);
    struct ponder_sampling whole = proposer_sampling(model, search, sampling);
    double start_s = proposer_take_start(model, &whole);
    struct work work = {
        .sampling = &whole, .search = search, .mode = model->boxes ? ANSWER_BOX_ONLY : ANSWER_ANY_SIGN};
    struct engine *engine = NULL;
    int status = check(&work, question, search, err);
    if (work.plan.budget.seconds > 0)
        work.plan.budget.seconds = fmax(work.plan.budget.seconds - start_s, 1e-9);
    if (!status)
        status = proposer_open(&engine, model, &whole, err);
    if (!status)
        status = search_plan_check(&work.plan, engine, err);
    if (!status)
        status = new_solution(&work, &model->prompt, question, err);
    if (!status)
        status = run(&work, engine, watch, err);
    engine_release(engine);
    search_plan_release(&work.plan);
    if (status)
        ponder_solution_release(work.solution);
    else
        *out = work.solution;
    if (!status)
        work.solution->start = ponder_model_start(model);
    return status;
}
