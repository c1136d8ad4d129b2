/* base_options.c - the one table of what `ponder train base` can be told. */
#include <stddef.h>

#include "ponder/train.h"

#define AT(field) offsetof(struct ponder_train_base_settings, field)
#define FLAG(n, f, h)                                                                                        \
    {                                                                                                        \
        .name = n, .type = PONDER_OPTION_FLAG, .offset = AT(f), .help = h                                    \
    }
#define INT(n, f, m, d, lo, hi, h)                                                                           \
    {                                                                                                        \
        .name = n, .type = PONDER_OPTION_INT, .offset = AT(f), .meta = m, .default_value = d, .min = lo,     \
        .max = hi, .help = h                                                                                 \
    }
#define REAL(n, f, d, lo, hi, h)                                                                             \
    {                                                                                                        \
        .name = n, .type = PONDER_OPTION_REAL, .offset = AT(f), .meta = "X", .default_value = d, .min = lo,  \
        .max = hi, .help = h                                                                                 \
    }
#define TEXT(n, f, m, d, h)                                                                                  \
    {                                                                                                        \
        .name = n, .type = PONDER_OPTION_TEXT, .offset = AT(f), .meta = m, .default_value = d, .help = h     \
    }

static const struct ponder_option table[] = {
    TEXT("out", out, "FILE", "pocket-base.gguf", "the model that is written (GGUF)"),
    TEXT("name", name, "NAME", "pocket-base", "its name in the file"),
    TEXT("checkpoint", checkpoint, "FILE", NULL, "where the run is saved and continued; OUT.checkpoint"),
    INT("checkpoint-every", checkpoint_every, "N", "500", 0, 1e9, "steps between checkpoints; 0: at the end"),
    FLAG("restart", restart, "begin anew although there is a checkpoint"),
    TEXT("metrics", metrics, "FILE", NULL, "JSONL with one object a step"),
    INT("tokens", tokens, "N", "40000000", 1, 1e13, "length of the run, tokens"),
    INT("steps", steps, "N", "0", 0, 1e9, "length of the run, steps; 0: as --tokens says"),
    INT("batch-tokens", batch_tokens, "N", "4096", 16, 1e6, "tokens that go through the model at once"),
    INT("accumulate", accumulate, "N", "1", 1, 4096, "such batches in one step"),
    REAL("lr", lr, "2e-3", 0, 10, "learning rate at its peak"),
    REAL("lr-final", lr_final, "0.02", 0, 1, "share of it at the end of the cosine"),
    INT("warmup", warmup, "N", "200", 0, 1e9, "steps of linear rise"),
    REAL("decay", decay, "0.05", 0, 10, "weight decay of matrices"),
    REAL("clip", clip, "1", 0, 1e9, "largest norm of a gradient; 0: any"),
    REAL("beta1", beta1, "0.9", 0, 0.9999, "AdamW's first decay"),
    REAL("beta2", beta2, "0.95", 0, 0.999999, "AdamW's second decay"),
    INT("width", width, "N", "192", 8, 65536, "of the residual stream"),
    INT("layers", layers, "N", "5", 1, 1024, "transformer layers"),
    INT("heads", heads, "N", "6", 1, 1024, "attention heads"),
    INT("kv-heads", kv_heads, "N", "0", 0, 1024, "key/value heads; 0: as many as heads"),
    INT("ffn", ffn, "N", "512", 8, 262144, "width of the feed-forward"),
    INT("vocab", vocab, "N", "512", 272, 65536, "tokens, 16 special ones and 256 bytes included"),
    INT("context", context, "N", "1024", 16, 131072, "positions"),
    REAL("solved", solved_share, "0.75", 0, 1, "share of documents: one solved question"),
    REAL("many", many_share, "0.15", 0, 1, "share: several solved questions"),
    REAL("check-after", check_after_share, "0.05", 0, 1, "share: an attempt, then a verdict on its lines"),
    REAL("check-between", check_between_share, "0.05", 0, 1, "share: a verdict behind each line"),
    INT("heldout-every", heldout_every, "N", "250", 0, 1e9, "steps between held-out losses; 0: at the end"),
    INT("heldout-tokens", heldout_tokens, "N", "32768", 0, 1e9, "tokens of a held-out loss; 0: none"),
    INT("seed", seed, "S", "1", 0, 9e15, "decides documents, their order, and first weights"),
    INT("threads", threads, "T", "0", 0, 1024, "0: all cores"),
    TEXT("precision", precision, "P", "auto", "of matrix products: auto, f32 or bf16"),
    PONDER_OPTION_END,
};

const struct ponder_option *ponder_train_base_options(void)
{
    return table;
}
