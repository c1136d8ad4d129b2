/* search_options.c - the option table of struct ponder_search. */
#include "ponder/search.h"

#define OPTION_FIELD(field) offsetof(struct ponder_search, field)
#include "verifier/verifier_rows.h"

const struct ponder_option *ponder_search_options(void)
{
    static const struct ponder_option table[] = {
        ROW_TEXT("search", name, "NAME", "best_of_n", "beam, lookahead, dvts, particles, revise"),
        ROW_INT("width", width, "M", "4", 0, 4096, "N/M beams, M candidates each; 0: root of N"),
        ROW_INT("lookahead", lookahead, "K", "3", 0, 64, "steps that a rollout looks ahead"),
        ROW_INT("chains", chains, "C", "0", 0, 65536, "of attempts, N/C each; 0: about the root of N"),
        ROW_TEXT("verifier", verifier, "V", "auto", "prm, orm, judge, oracle, vote, command, remote"),
        ROW_TEXT("select", select, "HOW", "weighted", "of its solutions: weighted, best or majority"),
        ROW_TEXT("aggregate", aggregate, "HOW", "auto", "of step scores: last, min, prod, mean"),
        ROW_TEXT("budget", budget, "B", "", "64g, 20000t, 5s, 1e12f or several: of a question"),
        ROW_REAL("stop", stop, "DELTA", "auto", 0, 0.5, "a vote stops at this risk of another answer"),
        ROW_TEXT("step-end", step_end, "END", "line", "line, blank (a blank line) or any text"),
        VERIFIER_ROWS(verifier_options),
        PONDER_OPTION_END};
    return table;
}
