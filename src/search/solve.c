/* solve.c - one question: sample, extract, vote. */
#include "search/solve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "search/best_of_n.h"
#include "search/classes.h"
#include "search/prompt.h"
#include "search/sample_answer.h"
#include "search/select.h"
#include "search/solution_tree.h"
#include "search/vote.h"

/* A sample as a node behind the prompt, or as tree_add() and tree_append() fail. */
static int32_t add_node(struct tree *tree, const struct best_of_n_sample *sample)
{
    int32_t at = tree_add(tree, 0);
    if (at < 0 || sample->finish == ENGINE_FINISH_FAILED)
        return at;
    struct tree_node *node = &tree->nodes[at];
    node->end = sample->finish == ENGINE_FINISH_END         ? TREE_ENDED
                : sample->finish == ENGINE_FINISH_CANCELLED ? TREE_OPEN
                                                            : TREE_CUT;
    node->tokens = sample->token_count;
    node->logprob = sample->logprob;
    int status = tree_append(tree, at, sample->text, sample->len);
    if (status)
        return status;
    tree_merge(tree, at, 0);
    return at;
}

/* Candidates are the samples that were begun; their texts move over. Those that failed are nodes too. */
static int take_candidates(struct ponder_solution *solution, struct best_of_n *run, enum answer_mode mode,
                           struct tree *tree, int32_t *nodes)
{
    for (int64_t i = 0; i < run->n; i++) {
        struct best_of_n_sample *sample = &run->samples[i];
        bool failed = sample->done && sample->finish == ENGINE_FINISH_FAILED;
        bool empty_cut = sample->finish == ENGINE_FINISH_CANCELLED && sample->len == 0;
        bool taken = sample->text && !empty_cut;
        int32_t node = failed || taken ? add_node(tree, sample) : 0;
        if (node < 0)
            return node;
        if (!taken)
            continue;
        int64_t at = solution->candidate_count++;
        nodes[at] = node;
        solution->candidates[at] = (struct ponder_candidate){
            .text = sample->text,
            .len = sample->len,
            .tokens = sample->token_count,
            .logprob = sample->logprob,
            .score = NAN,
            .finish = best_of_n_finish_name(sample->finish),
            .vote = -1,
        };
        sample->text = NULL;
        solution->finished += sample->done && sample->finish != ENGINE_FINISH_FAILED;
        struct ponder_candidate *candidate = &solution->candidates[at];
        enum answer_mode how = answer_mode_of(mode, sample->finish == ENGINE_FINISH_END);
        int status = sample_answer(candidate->text, candidate->len, how, &candidate->answer);
        if (status)
            return status;
    }
    return PONDER_OK;
}

/* Answers of the same value are one answer. */
static int find_classes(const struct ponder_solution *solution, struct classes *out)
{
    int64_t n = solution->candidate_count;
    const char **answers = calloc((size_t)n + 1, sizeof *answers);
    if (!answers)
        return PONDER_E_MEMORY;
    for (int64_t i = 0; i < n; i++)
        answers[i] = solution->candidates[i].answer;
    int status = classes_fill(out, answers, n, NULL);
    free(answers);
    return status;
}

static int count_votes(struct ponder_solution *solution, const struct classes *classes, struct vote_row *rows,
                       double *logprobs, int64_t *vote_of)
{
    int64_t n = solution->candidate_count;
    for (int64_t i = 0; i < n; i++)
        logprobs[i] = solution->candidates[i].logprob;
    int64_t count = vote_rows(classes->of, logprobs, n, rows, vote_of);
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

static int judge(struct ponder_solution *solution, struct best_of_n *run, enum answer_mode mode,
                 struct tree *tree, int32_t *nodes)
{
    size_t n = (size_t)run->n;
    struct classes classes = {0};
    struct vote_row *rows = calloc(n, sizeof *rows);
    double *logprobs = calloc(n, sizeof *logprobs);
    int64_t *vote_of = calloc(n, sizeof *vote_of);
    solution->candidates = calloc(n, sizeof *solution->candidates);
    int status = rows && logprobs && vote_of && solution->candidates ? PONDER_OK : PONDER_E_MEMORY;
    if (!status)
        status = take_candidates(solution, run, mode, tree, nodes);
    if (!status)
        status = find_classes(solution, &classes);
    if (!status)
        status = count_votes(solution, &classes, rows, logprobs, vote_of);
    if (!status && solution->vote_count > 0) {
        solution->answer = solution->votes[0].answer;
        solution->best = solution->votes[0].best;
    } else if (!status) {
        status = agree(solution);
    }
    classes_release(&classes);
    free(rows);
    free(logprobs);
    free(vote_of);
    return status;
}

/* The answer, and the samples as a tree. */
static int conclude(struct ponder_solution *solution, struct best_of_n *run, enum answer_mode mode,
                    const struct ponder_sampling *sampling)
{
    struct solution_tree_plan plan = {.settings = {.search = "best_of_n",
                                                   .n = sampling->n,
                                                   .seed = sampling->seed,
                                                   .temperature = sampling->temperature}};
    struct tree tree = {0};
    int32_t *nodes = calloc((size_t)run->n, sizeof *nodes);
    int status = nodes ? tree_init(&tree, 0) : PONDER_E_MEMORY;
    if (!status)
        status = judge(solution, run, mode, &tree, nodes);
    plan.nodes = nodes;
    plan.result = !status && solution->best >= 0 ? nodes[solution->best] : -1;
    if (!status)
        status = solution_tree_fill(solution, &tree, &plan);
    if (!status)
        solution_tree_end(solution);
    free(nodes);
    tree_release(&tree);
    return status;
}

int solve_run(struct engine *engine, const struct prompt_template *template, enum answer_mode mode,
              const char *question, const struct ponder_sampling *sampling, const struct clock *clock,
              const struct ponder_watch *watch, struct ponder_solution **out, struct ponder_err *err)
{
    *out = NULL;
    size_t len = strlen(question);
    int status = prompt_check_question(question, len, err);
    if (status)
        return status;
    struct best_of_n_prompt prompt;
    status = prompt_fill(template, question, len, sampling->seed, NULL, &prompt, err);
    struct ponder_solution *solution = calloc(1, sizeof *solution);
    struct best_of_n run = {0};
    if (solution) {
        solution->question = strdup(question);
        solution->prompt = (char *)prompt.text;
    }
    if (!status && (!solution || !solution->question)) {
        status = err_memory(err, "a solution");
        if (!solution)
            free((char *)prompt.text);
    }
    if (!status)
        status = best_of_n_run(engine, &prompt, 1, sampling, clock, watch, NULL, &run, err);
    if (!status) {
        solution->ledger = run.ledger;
        solution->stopped = run.stopped;
        status = conclude(solution, &run, mode, sampling);
        if (!status && run.failure[0] && !(solution->warning = strdup(run.failure)))
            status = PONDER_E_MEMORY;
        tree_fail(status, TRACE_BYTES_MAX, err);
    }
    best_of_n_release(&run);
    if (status) {
        ponder_solution_release(solution);
        return status;
    }
    *out = solution;
    return PONDER_OK;
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
