/* rollouts_solutions.c - the solutions of a search by rollouts, read from its tree. */
#include <stdlib.h>

#include "search/rollouts.h"
#include "select/sample_answer.h"

void rollouts_solutions_release(struct rollouts_solutions *solutions)
{
    for (int64_t i = 0; i < solutions->count; i++)
        free(solutions->items[i].answer);
    free(solutions->items);
    *solutions = (struct rollouts_solutions){0};
}

static int read_solution(struct rollouts_solution *out, const struct tree_node *node,
                         enum answer_mode extract, struct prefixes *prefixes)
{
    out->node = node;
    out->steps = prefixes_steps(node->text, node->len);
    enum answer_mode how = answer_mode_of(extract, node->end == TREE_ENDED);
    int status = sample_answer(node->text, node->len, how, &out->answer);
    out->labelled = !status && out->answer && out->steps <= ROLLOUTS_STEPS_MAX;
    return status || !out->labelled ? status : prefixes_add(prefixes, node->text, node->len, out->path);
}

int rollouts_solutions_read(struct rollouts_solutions *out, const struct tree *tree, int64_t n,
                            enum answer_mode extract, struct prefixes *prefixes)
{
    *out = (struct rollouts_solutions){.items = calloc((size_t)n + 1, sizeof *out->items)};
    int status = out->items ? PONDER_OK : PONDER_E_MEMORY;
    for (int32_t i = 1; i < tree->count && out->count < n && !status; i++)
        if (tree->nodes[i].parent == 0 && !tree->nodes[i].placed)
            status = read_solution(&out->items[out->count++], &tree->nodes[i], extract, prefixes);
    return status;
}
