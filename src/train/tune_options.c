/* tune_options.c - what `ponder train prm`, `orm` and `revision` can be told: tables of the same rows. */
#include "ponder/train.h"

#define OPTION_FIELD(field) offsetof(struct ponder_train_tune_settings, field)
#include "core/option_rows.h"

/* clang-format off */
#define ROWS_OF_FILES(result) \
    ROW_TEXT("base", base, "FILE", NULL, "the model to start from (GGUF)"), \
    ROW_TEXT("samples", samples, "FILE", NULL, "labelled: of `task check`, or Math-Shepherd's"), \
    ROW_TEXT("store", store, "FILE", NULL, "instead: solutions and labels of `ponder label`"), \
    ROW_INT("run", run, "N", "0", 0, 9e15, "of the store; 0: the only one"), \
    ROW_INT("limit", limit, "N", "0", 0, 1e9, "questions, from the first on; 0: all"), \
    ROW_TEXT("out", out, "FILE", result ".gguf", "the verifier that is written"), \
    ROW_TEXT("name", name, "NAME", result, "its name in the file")

#define ROWS_OF_TRAINING \
    ROW_REAL("epochs", epochs, "X", "3", 0.001, 1000, "times each solution is seen"), \
    ROW_REAL("lm-share", lm_share, "X", "0", 0, 1, "share of solutions whose text is learnt too"), \
    ROW_REAL("tag-weight", tag_weight, "X", "5", 0, 1e3, "weight of a verdict; a token of text has 1"), \
    ROW_REAL("heldout", heldout, "X", "0.1", 0, 0.9, "share of questions held out"), \
    ROW_REAL("dropout", dropout, "X", "0", 0, 0.9, "share dropped of what a layer adds"), \
    ROW_INT("patience", patience, "N", "0", 0, 1e6, "held-out losses until a lower one; 0: any"), \
    ROW_INT("per-question", per_question, "N", "64", 1, 1e6, "different solutions of a question at most"), \
    ROW_TEXT("checkpoint", checkpoint, "FILE", NULL, "where the run is saved and continued; OUT.checkpoint"), \
    ROW_INT("checkpoint-every", checkpoint_every, "N", "250", 0, 1e9, \
            "steps between checkpoints; 0: at the end"), \
    ROW_FLAG("restart", restart, "begin anew although there is a checkpoint"), \
    ROW_TEXT("metrics", metrics, "FILE", NULL, "JSONL with one object a step"), \
    ROW_INT("batch-tokens", batch_tokens, "N", "1024", 1024, 1e6, "tokens that go through the model at once"), \
    ROW_TEXT("optimizer", optimizer, "NAME", "adamw", "of the layers' matrices: muon or adamw"), \
    ROW_REAL("lr", lr, "X", "5e-4", 0, 10, "learning rate at its peak"), \
    ROW_REAL("lr-final", lr_final, "X", "0.02", 0, 1, "share of it at the end of the cosine"), \
    ROW_INT("warmup", warmup, "N", "50", 0, 1e9, "steps of linear rise"), \
    ROW_REAL("decay", decay, "X", "0.05", 0, 10, "weight decay of matrices"), \
    ROW_REAL("clip", clip, "X", "1", 0, 1e9, "largest norm of a gradient; 0: any"), \
    ROW_INT("heldout-every", heldout_every, "N", "200", 0, 1e9, \
            "steps between held-out losses; 0: at the end"), \
    ROW_INT("heldout-tokens", heldout_tokens, "N", "65536", 0, 1e9, "tokens of a held-out loss; 0: none"), \
    ROW_INT("seed", seed, "S", "1", 0, 9e15, "decides the order"), \
    ROW_INT("threads", threads, "T", "0", 0, 1024, "0: all cores"), \
    ROW_TEXT("precision", precision, "P", "auto", "of matrix products: auto, f32 or bf16"), \
    PONDER_OPTION_END
/* clang-format on */

static const struct ponder_option prm_table[] = {
    ROWS_OF_FILES("pocket-prm"),
    ROW_TEXT("labels", labels, "KIND", "steps", "steps, any (1 where over 0), or answer"),
    ROWS_OF_TRAINING,
};

static const struct ponder_option orm_table[] = {
    ROWS_OF_FILES("pocket-orm"),
    ROWS_OF_TRAINING,
};

static const struct ponder_option revision_table[] = {
    ROW_TEXT("chain", chain_text, "TEXT", "auto",
             "what attempts stand behind, with {question}; auto: Pocket's"),
    ROW_TEXT("between", between_text, "TEXT", "auto", "what stands between two attempts; auto: Pocket's"),
    ROW_INT("attempts", attempts, "N", "4", 1, 8, "that are shown at most"),
    ROW_REAL("kept-share", kept_share, "X", "0.1", 0, 1, "of documents that show a right attempt last"),
    ROW_REAL("plain-share", plain_share, "X", "0.2", 0, 1,
             "of documents without attempts, as the base knows them"),
    ROWS_OF_FILES("pocket-revision"),
    ROWS_OF_TRAINING,
};

const struct ponder_option *ponder_train_revision_options(void)
{
    return revision_table;
}

const struct ponder_option *ponder_train_prm_options(void)
{
    return prm_table;
}

const struct ponder_option *ponder_train_orm_options(void)
{
    return orm_table;
}
