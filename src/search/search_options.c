/* search_options.c - the option table of struct ponder_search. */
#include "ponder/search.h"

#define OPTION_FIELD(field) offsetof(struct ponder_search, field)
#include "verifier/verifier_rows.h"

const struct ponder_option *ponder_search_options(void)
{
    static const struct ponder_option table[] = {
        ROW_TEXT("search", name, "NAME", "best_of_n", "best_of_n; beam or dvts against a verifier"),
        ROW_INT("width", width, "M", "4", 1, 4096, "of a search: N/M beams, M candidates for each"),
        ROW_TEXT("verifier", verifier, "V", "prm", "prm (shipped), orm, oracle, vote, FILE, more in the manual"),
        ROW_TEXT("select", select, "HOW", "weighted", "of its solutions: weighted, best or majority"),
        VERIFIER_ROWS(verifier_options),
        PONDER_OPTION_END};
    return table;
}
