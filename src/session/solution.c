/* solution.c - from the tree that a question's search left to a solution for people. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "select/clusters.h"
#include "select/sample_answer.h"
#include "select/select.h"
#include "session/solution_tree.h"
#include "select/vote.h"
#include "session/session.h"

/* The tree for people to see: it outlives the search. nodes (candidate_count): where each candidate ends. */
static int keep_tree(struct ponder_solution *solution, const struct asked *asked,
                     const struct driver_outcome *outcome, const int32_t *nodes, int32_t result)
{
    const struct search_plan *plan = &asked->plan;
    struct solution_tree_plan shown = {
        .settings = {.search = plan->ops->name,
                     .n = plan->options.n,
                     .width = search_options_get(&plan->options, plan->ops, "width", 0),
                     .lookahead = search_options_get(&plan->options, plan->ops, "lookahead", 0),
                     .seed = asked->sampling.seed,
                     .temperature = asked->sampling.temperature},
        .nodes = nodes,
        .result = result,
        .ended_by = outcome->failed ? "failed" : outcome->ended_by};
    if (!ponder_search_is_vote(&asked->search)) {
        shown.settings.verifier = ponder_search_verifier(&asked->search);
        shown.settings.select = asked->search.select;
        shown.settings.aggregate = verifier_aggregate_name(plan->aggregate);
        shown.settings.budget = asked->search.budget;
        shown.rounds = outcome->rounds;
    }
    return solution_tree_fill(solution, outcome->tree, &shown);
}

/* ---- whole samples ---- */

/* Candidates are the samples that were begun, as far as anything came of them. */
static int take_candidates(struct ponder_solution *solution, const struct tree *tree, enum answer_mode mode,
                           int32_t *nodes)
{
    for (int32_t i = 1; i < tree->count; i++) {
        const struct tree_node *node = &tree->nodes[i];
        enum engine_finish finish = (enum engine_finish)node->finish;
        bool cancelled = finish == ENGINE_FINISH_CANCELLED;
        if (node->awaited || node->surplus || node->end == TREE_FAILED || (cancelled && node->len == 0))
            continue;
        struct ponder_candidate *candidate = &solution->candidates[solution->candidate_count];
        nodes[solution->candidate_count++] = i;
        *candidate = (struct ponder_candidate){.text = malloc(node->len + 1),
                                               .len = node->len,
                                               .tokens = node->tokens,
                                               .logprob = node->logprob,
                                               .score = NAN,
                                               .finish = engine_finish_name(finish),
                                               .vote = -1};
        if (!candidate->text)
            return PONDER_E_MEMORY;
        memcpy(candidate->text, node->text, node->len);
        candidate->text[node->len] = '\0';
        solution->finished += !cancelled;
        enum answer_mode how = answer_mode_of(mode, finish == ENGINE_FINISH_END);
        int status = sample_answer(candidate->text, candidate->len, how, &candidate->answer);
        if (status)
            return status;
    }
    return PONDER_OK;
}

/* Answers of the same value are one answer. */
static int find_classes(const struct ponder_solution *solution, struct clusters *out)
{
    int64_t n = solution->candidate_count;
    const char **answers = calloc((size_t)n + 1, sizeof *answers);
    if (!answers)
        return PONDER_E_MEMORY;
    for (int64_t i = 0; i < n; i++)
        answers[i] = solution->candidates[i].answer;
    int status = clusters_fill(out, answers, n, NULL);
    free(answers);
    return status;
}

static int count_votes(struct ponder_solution *solution, const struct clusters *clusters,
                       struct vote_row *rows, double *logprobs, int64_t *vote_of)
{
    int64_t n = solution->candidate_count;
    for (int64_t i = 0; i < n; i++)
        logprobs[i] = solution->candidates[i].logprob;
    int64_t count = vote_rows(clusters->of, logprobs, n, rows, vote_of);
    solution->votes = calloc((size_t)count + 1, sizeof *solution->votes);
    if (!solution->votes)
        return PONDER_E_MEMORY;
    for (int64_t i = 0; i < n; i++)
        solution->candidates[i].vote = vote_of[i];
    for (int64_t row = 0; row < count; row++) {
        char *answer = strdup(solution->candidates[rows[row].first].answer);
        if (!answer)
            return PONDER_E_MEMORY;
        solution->votes[row] = (struct ponder_vote){answer, rows[row].count, rows[row].first, rows[row].best};
        solution->vote_count++;
    }
    return PONDER_OK;
}

/* Without an answer: what the candidates agree on, and the most probable of them. */
static int agree(struct ponder_solution *solution)
{
    int64_t n = solution->candidate_count, owner;
    struct select_text *texts = calloc((size_t)n + 1, sizeof *texts);
    if (!texts)
        return PONDER_E_MEMORY;
    for (int64_t i = 0; i < n; i++)
        texts[i] = (struct select_text){solution->candidates[i].text, (int64_t)solution->candidates[i].len};
    int64_t len = select_agreement(texts, n, &owner, &solution->agreeing);
    solution->agreement = len ? malloc((size_t)len + 1) : strdup("");
    if (solution->agreement && len) {
        memcpy(solution->agreement, texts[owner].text, (size_t)len);
        solution->agreement[len] = '\0';
    }
    free(texts);
    solution->best = -1;
    for (int64_t i = 0; i < n; i++) {
        double logprob = solution->candidates[i].logprob;
        if (solution->best < 0 || logprob > solution->candidates[solution->best].logprob)
            solution->best = i;
    }
    return solution->agreement ? PONDER_OK : PONDER_E_MEMORY;
}

static int solution_judge(struct ponder_solution *solution)
{
    size_t n = (size_t)solution->candidate_count + 1;
    struct clusters clusters = {0};
    struct vote_row *rows = calloc(n, sizeof *rows);
    double *logprobs = calloc(n, sizeof *logprobs);
    int64_t *vote_of = calloc(n, sizeof *vote_of);
    int status = rows && logprobs && vote_of ? PONDER_OK : PONDER_E_MEMORY;
    if (!status)
        status = find_classes(solution, &clusters);
    if (!status)
        status = count_votes(solution, &clusters, rows, logprobs, vote_of);
    if (!status && solution->vote_count > 0) {
        solution->answer = solution->votes[0].answer;
        solution->best = solution->votes[0].best;
    } else if (!status) {
        status = agree(solution);
    }
    clusters_release(&clusters);
    free(rows);
    free(logprobs);
    free(vote_of);
    return status;
}

int solution_of_samples(struct ponder_solution *solution, const struct asked *asked,
                        const struct driver_outcome *outcome)
{
    size_t room = (size_t)outcome->tree->count + 1;
    int32_t *nodes = calloc(room, sizeof *nodes);
    solution->candidates = calloc(room, sizeof *solution->candidates);
    int status = nodes && solution->candidates ? PONDER_OK : PONDER_E_MEMORY;
    if (!status)
        status = take_candidates(solution, outcome->tree, asked->session->mode, nodes);
    if (!status)
        status = solution_judge(solution);
    if (!status)
        status = keep_tree(solution, asked, outcome, nodes, solution->best >= 0 ? nodes[solution->best] : -1);
    free(nodes);
    return status;
}

/* ---- a search ---- */

static int add_candidate(struct ponder_solution *solution, const struct tree *tree, int32_t node,
                         enum answer_mode mode)
{
    struct ponder_candidate *candidate = &solution->candidates[solution->candidate_count++];
    struct buf text = BUF_INIT(TREE_BYTES_MAX);
    *candidate =
        (struct ponder_candidate){.tokens = tree->nodes[node].tokens_all,
                                  .logprob = NAN,
                                  .score = tree->nodes[node].total,
                                  .finish = engine_finish_name((enum engine_finish)tree->nodes[node].finish),
                                  .vote = -1};
    int status = tree_path_text(tree, node, &text);
    candidate->len = text.len;
    if (!status && !(candidate->text = buf_take(&text, NULL)))
        status = PONDER_E_MEMORY;
    buf_release(&text);
    enum answer_mode how = answer_mode_of(mode, tree->nodes[node].end == TREE_ENDED);
    return status ? status : sample_answer(candidate->text, candidate->len, how, &candidate->answer);
}

/* Classes of answers by the number of samples, but the chosen candidate's first. */
static int fill_votes(struct ponder_solution *solution, const struct clusters *clusters,
                      const int64_t *repeats, int64_t chosen)
{
    solution->votes = calloc((size_t)clusters->count + 1, sizeof *solution->votes);
    if (!solution->votes)
        return PONDER_E_MEMORY;
    for (int64_t c = 0; c < clusters->count; c++) {
        char *answer = strdup(solution->candidates[clusters->first[c]].answer);
        if (!answer)
            return PONDER_E_MEMORY;
        struct ponder_vote vote = {answer, 0, clusters->first[c], clusters->first[c]};
        for (int64_t i = 0; i < clusters->n; i++)
            vote.count += clusters->of[i] == c ? repeats[i] : 0;
        int64_t at = solution->vote_count++;
        bool first = chosen >= 0 && clusters->of[chosen] == c;
        int64_t fixed = chosen >= 0 && clusters->of[chosen] >= 0 && clusters->of[chosen] < c ? 1 : 0;
        while (at > fixed && (first || solution->votes[at - 1].count < vote.count)) {
            solution->votes[at] = solution->votes[at - 1];
            at--;
        }
        solution->votes[at] = vote;
    }
    for (int64_t i = 0; i < clusters->n; i++)
        for (int64_t v = 0; v < solution->vote_count; v++)
            if (clusters->of[i] >= 0 && solution->votes[v].first == clusters->first[clusters->of[i]])
                solution->candidates[i].vote = v;
    return PONDER_OK;
}

static int vote_among(struct ponder_solution *solution, const int64_t *repeats, int64_t chosen)
{
    struct clusters clusters = {0};
    const char **answers = calloc((size_t)solution->candidate_count + 1, sizeof *answers);
    int status = answers ? PONDER_OK : PONDER_E_MEMORY;
    for (int64_t i = 0; i < solution->candidate_count && !status; i++)
        answers[i] = solution->candidates[i].answer;
    if (!status)
        status = clusters_fill(&clusters, answers, solution->candidate_count, NULL);
    if (!status)
        status = fill_votes(solution, &clusters, repeats, chosen);
    solution->best = chosen;
    if (!status && chosen >= 0 && solution->candidates[chosen].answer)
        solution->answer = solution->votes[0].answer;
    clusters_release(&clusters);
    free(answers);
    return status;
}

int solution_of_search(struct ponder_solution *solution, const struct asked *asked,
                       const struct driver_outcome *outcome)
{
    const struct tree *tree = outcome->tree;
    enum answer_mode mode = asked->session->mode;
    int32_t *nodes = calloc((size_t)tree->count, sizeof *nodes), node;
    int64_t *repeats = calloc((size_t)tree->count, sizeof *repeats);
    int64_t count = 0, chosen = -1;
    solution->candidates = calloc((size_t)tree->count, sizeof *solution->candidates);
    solution->agreement = strdup("");
    int status = nodes && repeats && solution->candidates && solution->agreement
                     ? search_result(outcome->search, asked->plan.select, mode, &node)
                     : PONDER_E_MEMORY;
    if (!status)
        status = search_solutions(tree, mode, nodes, &count);
    if (!status)
        search_sort_totals(tree, nodes, count);
    for (int64_t i = 0; i < count && !status; i++) {
        repeats[i] = tree->nodes[nodes[i]].repeats;
        solution->finished += repeats[i];
        if (nodes[i] == node)
            chosen = i;
        status = add_candidate(solution, tree, nodes[i], mode);
    }
    if (!status)
        status = vote_among(solution, repeats, chosen);
    if (!status)
        status = keep_tree(solution, asked, outcome, nodes, node);
    free(nodes);
    free(repeats);
    return status;
}

void ponder_solution_release(struct ponder_solution *solution)
{
    if (!solution)
        return;
    for (int64_t i = 0; i < solution->vote_count; i++)
        free(solution->votes[i].answer);
    for (int64_t i = 0; i < solution->candidate_count; i++) {
        free(solution->candidates[i].answer);
        free(solution->candidates[i].text);
    }
    free(solution->votes);
    free(solution->candidates);
    free(solution->question);
    free(solution->prompt);
    free(solution->agreement);
    free(solution->warning);
    ponder_tree_release(solution->tree);
    free(solution);
}
