/* choose.c - from a finished search to one solution. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "search/classes.h"
#include "search/sample_answer.h"
#include "search/search.h"

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

/* The solutions that ended and stand for themselves, sampled ones or rollouts. */
static int64_t list_ended(const struct tree *tree, bool rollouts, int32_t *nodes)
{
    int64_t count = 0;
    for (int32_t i = 1; i < tree->count; i++)
        if (tree->nodes[i].same_as < 0 && tree->nodes[i].end == TREE_ENDED &&
            tree->nodes[i].rollout == rollouts)
            nodes[count++] = i;
    return count;
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
        if (!status)
            status = sample_answer(buf_text(&text), text.len, mode, &answers[i]);
        buf_release(&text);
    }
    return status;
}

/* The class of largest total; the first seen of equals. -1: no answer. */
static int64_t heaviest(const struct tree *tree, const int32_t *nodes, const struct classes *classes,
                        bool weighted, double *totals)
{
    int64_t best = -1;
    for (int64_t i = 0; i < classes->n; i++) {
        const struct tree_node *node = &tree->nodes[nodes[i]];
        double weight = !weighted || isnan(node->total) ? 1 : node->total;
        if (classes->of[i] >= 0)
            totals[classes->of[i]] += weight * node->repeats;
    }
    for (int64_t c = 0; c < classes->count; c++)
        if (best < 0 || totals[c] > totals[best])
            best = c;
    return best;
}

static int choose_by_vote(const struct tree *tree, const int32_t *nodes, int64_t count, bool weighted,
                          enum answer_mode mode, int32_t *out)
{
    struct classes classes = {0};
    char **answers = calloc((size_t)count + 1, sizeof *answers);
    double *totals = calloc((size_t)count + 1, sizeof *totals);
    int status = answers && totals ? find_answers(tree, nodes, count, mode, answers) : PONDER_E_MEMORY;
    if (!status)
        status = classes_fill(&classes, (const char *const *)answers, count, NULL);
    int64_t class = status ? -1 : heaviest(tree, nodes, &classes, weighted, totals);
    for (int64_t i = count - 1; i >= 0 && class >= 0;
         i--) /* they stand in order: the last assignment is the best */
        if (classes.of[i] == class)
            *out = nodes[i];
    classes_release(&classes);
    for (int64_t i = 0; answers && i < count; i++)
        free(answers[i]);
    free(answers);
    free(totals);
    return status;
}

int search_choose(const struct tree *tree, enum search_select how, enum answer_mode mode, int32_t *out)
{
    int32_t *nodes = malloc(((size_t)tree->count + 1) * sizeof *nodes);
    *out = -1;
    if (!nodes)
        return PONDER_E_MEMORY;
    int64_t count = list_ended(tree, false, nodes);
    if (count == 0)
        count = list_ended(tree, true, nodes);
    if (count == 0)
        count = list_unfinished(tree, nodes);
    int status = PONDER_OK;
    search_sort_totals(tree, nodes, count);
    if (count > 0)
        *out = nodes[0];
    if (count > 0 && how != SEARCH_BEST)
        status = choose_by_vote(tree, nodes, count, how == SEARCH_WEIGHTED, mode, out);
    free(nodes);
    return status;
}
