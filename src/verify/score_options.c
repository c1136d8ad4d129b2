/* score_options.c - the one table of what `ponder score` can be told. */
#include "ponder/verify.h"

#define OPTION_FIELD(field) offsetof(struct ponder_score_settings, field)
#include "verifier/verifier_rows.h"

static const struct ponder_option table[] = {
    ROW_TEXT("verifier", verifier, "V", NULL, "a name or a GGUF file; else --samples has scores"),
    ROW_TEXT("samples", samples, "FILE", NULL, "labelled samples of `task check`, or a store"),
    ROW_INT("run", run, "R", "0", 0, 1e15, "of a store: whose samples; kept as a new run"),
    ROW_INT("seed", seed, "S", "0", 0, 9e15, "of that run: one of its seeds; 0: all"),
    ROW_TEXT("out", out, "FILE", NULL, "the samples with scores; gone on with if it exists"),
    ROW_TEXT("aggregate", aggregate, "HOW", NULL, "last, min, prod or mean; else the verifier's own"),
    ROW_INT("threads", threads, "T", "0", 0, 1024, "0: all cores"),
    ROW_TEXT("precision", precision, "P", "auto", "of products: auto, f32, bf16 or int8"),
    VERIFIER_ROWS(verifier_options),
    PONDER_OPTION_END,
};

const struct ponder_option *ponder_score_options(void)
{
    return table;
}
