/* base_options.c - the one table of what `ponder train base` can be told. */
#include "ponder/train.h"

#define OPTION_FIELD(field) offsetof(struct ponder_train_base_settings, field)
#include "core/option_rows.h"

static const struct ponder_option table[] = {
    ROW_TEXT("out", out, "FILE", "pocket-base.gguf", "the model that is written (GGUF)"),
    ROW_TEXT("name", name, "NAME", "pocket-base", "its name in the file"),
    ROW_TEXT("init", init, "FILE", NULL, "begin with this model's weights, shape and tokenizer"),
    ROW_TEXT("checkpoint", checkpoint, "FILE", NULL, "where the run is saved and continued; OUT.checkpoint"),
    ROW_INT("checkpoint-every", checkpoint_every, "N", "500", 0, 1e9,
            "steps between checkpoints; 0: at the end"),
    ROW_FLAG("restart", restart, "begin anew although there is a checkpoint"),
    ROW_TEXT("metrics", metrics, "FILE", NULL, "JSONL with one object a step"),
    ROW_INT("tokens", tokens, "N", "40000000", 1, 1e13, "length of the run, tokens"),
    ROW_INT("steps", steps, "N", "0", 0, 1e9, "length of the run, steps; 0: as --tokens says"),
    ROW_INT("batch-tokens", batch_tokens, "N", "1024", 16, 1e6, "tokens that go through the model at once"),
    ROW_INT("accumulate", accumulate, "N", "1", 1, 4096, "such batches in one step"),
    ROW_TEXT("optimizer", optimizer, "NAME", "adamw", "of the layers' matrices: muon or adamw"),
    ROW_REAL("lr", lr, "X", "2e-3", 0, 10, "learning rate at its peak"),
    ROW_REAL("lr-final", lr_final, "X", "0.02", 0, 1, "share of it at the end of the cosine"),
    ROW_INT("warmup", warmup, "N", "200", 0, 1e9, "steps of linear rise"),
    ROW_REAL("decay", decay, "X", "0.05", 0, 10, "weight decay of matrices"),
    ROW_REAL("clip", clip, "X", "1", 0, 1e9, "largest norm of a gradient; 0: any"),
    ROW_REAL("beta1", beta1, "X", "0.9", 0, 0.9999, "AdamW's first decay"),
    ROW_REAL("beta2", beta2, "X", "0.98", 0, 0.999999, "AdamW's second decay"),
    ROW_INT("width", width, "N", "192", 8, 65536, "of the residual stream"),
    ROW_INT("layers", layers, "N", "5", 1, 1024, "transformer layers"),
    ROW_INT("heads", heads, "N", "6", 1, 1024, "attention heads"),
    ROW_INT("kv-heads", kv_heads, "N", "0", 0, 1024, "key/value heads; 0: as many as heads"),
    ROW_INT("ffn", ffn, "N", "512", 8, 262144, "width of the feed-forward"),
    ROW_INT("vocab", vocab, "N", "512", 272, 65536, "tokens, 16 special ones and 256 bytes included"),
    ROW_INT("context", context, "N", "1024", 16, 131072, "positions"),
    ROW_REAL("solved", solved_share, "X", "0.60", 0, 1, "share of documents: one solved question"),
    ROW_REAL("many", many_share, "X", "0.06", 0, 1, "share: several solved questions"),
    ROW_REAL("attempts", attempts_share, "X", "0.14", 0, 1,
             "share: several attempts at one question, some better and some worse"),
    ROW_REAL("check-after", check_after_share, "X", "0.03", 0, 1,
             "share: an attempt, then a verdict on its lines"),
    ROW_REAL("check-between", check_between_share, "X", "0.13", 0, 1,
             "share: a verdict at a tag behind each line"),
    ROW_REAL("claims", claims_share, "X", "0.04", 0, 1, "share: claims alone, a verdict behind each"),
    ROW_REAL("tag-weight", tag_weight, "X", "3", 0, 1e3, "weight of a verdict; a token of text has 1"),
    ROW_INT("heldout-every", heldout_every, "N", "250", 0, 1e9,
            "steps between held-out losses; 0: at the end"),
    ROW_INT("heldout-tokens", heldout_tokens, "N", "32768", 0, 1e9, "tokens of a held-out loss; 0: none"),
    ROW_INT("seed", seed, "S", "1", 0, 9e15, "decides documents, their order, and first weights"),
    ROW_INT("threads", threads, "T", "0", 0, 1024, "0: all cores"),
    ROW_TEXT("precision", precision, "P", "auto", "of matrix products: auto, f32 or bf16"),
    PONDER_OPTION_END,
};

const struct ponder_option *ponder_train_base_options(void)
{
    return table;
}
