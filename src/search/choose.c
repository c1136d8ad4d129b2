/* choose.c - from a finished search to one solution. */
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "select/clusters.h"
#include "select/sample_answer.h"
#include "search/search.h"
#include "select/vote.h"

int search_select_parse(const char *text, enum search_select *out, struct ponder_err *err)
{
    static const char *const names[] = {"best", "weighted", "majority"};
    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = (enum search_select)i;
            return PONDER_OK;
        }
    return err_set(err, PONDER_E_ARGUMENT, "--select: '%.40s' is none of best, weighted, majority", text);
}

static bool is_cut_with_answer(const struct tree *tree, int32_t node, enum answer_mode mode, int *status)
{
    struct buf text = BUF_INIT(TREE_BYTES_MAX);
    char *answer = NULL;
    if (*status || tree->nodes[node].end != TREE_CUT)
        return false;
    *status = tree_path_text(tree, node, &text);
    if (!*status)
        *status = sample_answer(buf_text(&text), text.len, answer_mode_of(mode, false), &answer);
    buf_release(&text);
    free(answer);
    return answer != NULL;
}

/* The solutions that stand for themselves, sampled ones or rollouts: those that ended, and those that were
 * cut off with an answer that counts. */
static int list_solutions(const struct tree *tree, bool rollouts, enum answer_mode mode, int32_t *nodes,
                          int64_t *count)
{
    int status = PONDER_OK;
    *count = 0;
    for (int32_t i = 1; i < tree->count && !status; i++) {
        const struct tree_node *node = &tree->nodes[i];
        if (node->same_as < 0 && node->rollout == rollouts && !node->surplus &&
            (node->end == TREE_ENDED || is_cut_with_answer(tree, i, mode, &status)))
            nodes[(*count)++] = i;
    }
    return status;
}

int search_solutions(const struct tree *tree, enum answer_mode mode, int32_t *nodes, int64_t *count)
{
    return list_solutions(tree, false, mode, nodes, count);
}

/* What the search had in hand when it stopped: the steps that came last, or the last that were kept where the
 * next ones failed. */
static int64_t list_unfinished(const struct tree *tree, int32_t *nodes)
{
    int64_t count = 0;
    int32_t depth = 0;
    for (int32_t i = 1; i < tree->count; i++)
        if (tree->nodes[i].end != TREE_FAILED && !tree->nodes[i].rollout && tree->nodes[i].depth > depth)
            depth = tree->nodes[i].depth;
    for (int32_t i = 1; i < tree->count; i++)
        if (tree->nodes[i].same_as < 0 && tree->nodes[i].end != TREE_FAILED && !tree->nodes[i].rollout &&
            tree->nodes[i].depth == depth)
            nodes[count++] = i;
    return count;
}

static int find_answers(const struct tree *tree, const int32_t *nodes, int64_t count, enum answer_mode mode,
                        char **answers)
{
    int status = PONDER_OK;
    for (int64_t i = 0; i < count && !status; i++) {
        struct buf text = BUF_INIT(TREE_BYTES_MAX);
        status = tree_path_text(tree, nodes[i], &text);
        bool whole = tree->nodes[nodes[i]].end == TREE_ENDED;
        if (!status)
            status = sample_answer(buf_text(&text), text.len, answer_mode_of(mode, whole), &answers[i]);
        buf_release(&text);
    }
    return status;
}

/* What each of the nodes brings to a vote. */
struct votes {
    struct clusters clusters;
    char **answers;
    double *weights, *totals;
    int32_t *repeats;
};

static void votes_release(struct votes *votes, int64_t count)
{
    for (int64_t i = 0; votes->answers && i < count; i++)
        free(votes->answers[i]);
    clusters_release(&votes->clusters);
    free(votes->answers);
    free(votes->weights);
    free(votes->totals);
    free(votes->repeats);
}

static int votes_fill(struct votes *votes, const struct tree *tree, const int32_t *nodes, int64_t count,
                      enum answer_mode mode)
{
    size_t room = (size_t)count + 1;
    *votes = (struct votes){.answers = calloc(room, sizeof *votes->answers),
                            .weights = calloc(room, sizeof *votes->weights),
                            .totals = calloc(room, sizeof *votes->totals),
                            .repeats = calloc(room, sizeof *votes->repeats)};
    if (!votes->answers || !votes->weights || !votes->totals || !votes->repeats)
        return PONDER_E_MEMORY;
    for (int64_t i = 0; i < count; i++) {
        votes->weights[i] = tree->nodes[nodes[i]].total;
        votes->repeats[i] = tree->nodes[nodes[i]].repeats;
    }
    int status = find_answers(tree, nodes, count, mode, votes->answers);
    return status ? status
                  : clusters_fill(&votes->clusters, (const char *const *)votes->answers, count, NULL);
}

/* The best solution of the answer that is elected; `out` stays where none has an answer. */
static int choose_by_vote(const struct tree *tree, const int32_t *nodes, int64_t count, bool weighted,
                          enum answer_mode mode, int32_t *out)
{
    struct votes votes;
    int status = votes_fill(&votes, tree, nodes, count, mode);
    struct ballots ballots = {.of = votes.clusters.of,
                              .weights = weighted ? votes.weights : NULL,
                              .repeats = votes.repeats,
                              .n = count};
    int64_t elected = status ? -1 : vote(&ballots, votes.totals, votes.clusters.count);
    int32_t best = -1;
    for (int64_t i = 0; i < count && elected >= 0; i++)
        if (votes.clusters.of[i] == elected && (best < 0 || search_better_total(tree, nodes[i], best)))
            best = nodes[i];
    if (best >= 0)
        *out = best;
    votes_release(&votes, count);
    return status;
}

int search_choose_among(const struct tree *tree, const int32_t *nodes, int64_t count, enum search_select how,
                        enum answer_mode mode, int32_t *out)
{
    for (int64_t i = 0; i < count; i++)
        if (i == 0 || search_better_total(tree, nodes[i], *out))
            *out = nodes[i];
    return count > 0 && how != SEARCH_BEST
               ? choose_by_vote(tree, nodes, count, how == SEARCH_WEIGHTED, mode, out)
               : PONDER_OK;
}

int search_choose(const struct tree *tree, enum search_select how, enum answer_mode mode, int32_t *out)
{
    int32_t *nodes = malloc(((size_t)tree->count + 1) * sizeof *nodes);
    *out = -1;
    if (!nodes)
        return PONDER_E_MEMORY;
    int64_t count;
    int status = list_solutions(tree, false, mode, nodes, &count);
    if (!status && count == 0)
        status = list_solutions(tree, true, mode, nodes, &count);
    if (!status && count == 0)
        count = list_unfinished(tree, nodes);
    if (!status)
        status = search_choose_among(tree, nodes, count, how, mode, out);
    free(nodes);
    return status;
}

int search_result(const struct search *search, enum search_select how, enum answer_mode mode, int32_t *out)
{
    return search->ops->select ? search->ops->select(search, how, mode, out)
                               : search_choose(&search->tree, how, mode, out);
}
