/* settings.c - the option table of struct ponder_eval_settings. */
#include "ponder/eval.h"

#define OPTION_FIELD(field) offsetof(struct ponder_eval_settings, field)
#include "core/option_rows.h"

const struct ponder_option *ponder_eval_options(void)
{
    static const struct ponder_option table[] = {
        {"data", 'd', PONDER_OPTION_TEXT, OPTION_FIELD(data), "FILE", "pocket:test:500", 0, 0,
         "JSONL, or pocket:test:N[:SEED]"},
        {"limit", 'l', PONDER_OPTION_INT, OPTION_FIELD(limit), "K", "0", 0, 1000000,
         "only the first K questions; 0: all"},
        ROW_TEXT("against", against, "FILE", NULL, "compare a search with FILE of `runs export`"),
        ROW_TEXT("store", store, "FILE", NULL, "keep all there; go on with what is missing"),
        ROW_INT("seeds", seeds, "K", "1", 1, PONDER_EVAL_SEEDS_MAX, "runs: seeds S to S+K-1"),
        ROW_TEXT("extract", extract, "HOW", "auto", "answers: box, any, or auto: docs/cli.md"),
        ROW_FLAG("skip-bad", skip_bad, "leave out lines that are no question"),
        ROW_FLAG("mix", mix, "go on with a run of another version or CPU"),
        PONDER_OPTION_END};
    return table;
}
