/* replay_options.c - the one table of what `ponder replay` can be told. */
#include "ponder/replay.h"

#define OPTION_FIELD(field) offsetof(struct ponder_replay_settings, field)
#include "core/option_rows.h"

static const struct ponder_option table[] = {
    ROW_TEXT("samples", samples, "FILE", NULL, "recorded samples: a store, or JSONL; -: stdin"),
    ROW_INT("run", run, "R", "0", 0, 9007199254740992.0, "of a store with several: which"),
    ROW_TEXT("n", n, "LIST", NULL, "samples chosen among, as 1,4,16; else 1, 2, 4 .. all"),
    ROW_TEXT("score", score, "KIND", "auto", "auto, steps, outcome, logprob or none"),
    ROW_TEXT("aggregate", aggregate, "HOW", "all", "of step scores: last, min, prod, mean or all"),
    ROW_TEXT("extract", extract, "HOW", "auto", "answers: auto, any, number, box or recorded"),
    ROW_TEXT("verdicts", verdicts, "WHOSE", "auto", "recorded, graded (now), or auto: docs/replay.md"),
    ROW_FLAG("first", first, "the first N in recorded order, not all subsets"),
    ROW_REAL("stop", stop, "DELTA", "0", 0, 0.5, "when a vote could have stopped, at this risk"),
    ROW_TEXT("answers", answers, "FILE", NULL, "with --first: what each method picks, JSONL"),
    PONDER_OPTION_END,
};

const struct ponder_option *ponder_replay_options(void)
{
    return table;
}
