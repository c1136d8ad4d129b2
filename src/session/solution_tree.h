/* solution_tree.h - a search's tree as a solution keeps it, and people see it (tree/trace.h). */
#ifndef SESSION_SOLUTION_TREE_H
#define SESSION_SOLUTION_TREE_H

#include "ponder/solve.h"
#include "tree/trace.h"
#include "tree/tree.h"

struct solution_tree_plan {
    struct trace_settings settings;
    const int32_t *nodes; /* (candidate_count) where each candidate of the solution ends */
    int32_t result;       /* where the result ends; -1: none */
    int64_t rounds;
    const char *ended_by; /* NULL: by itself */
};

/* Makes solution->tree, once the solution has its candidates and votes. PONDER_E_MEMORY. */
int solution_tree_fill(struct ponder_solution *solution, const struct tree *tree,
                       const struct solution_tree_plan *plan) PONDER_USE;
/* Adds what is known when all has ended: who stopped it, and what it cost. */
void solution_tree_end(struct ponder_solution *solution);

#endif
