/* settings.c - the option tables of struct ponder_sampling. */
#include "ponder/label.h"
#include "ponder/sampling.h"

#define OPTION_FIELD(field) offsetof(struct ponder_sampling, field)
#include "core/option_rows.h"

#define WITH_LETTER(l, row_name, f, m, d, lo, hi, h)                                                         \
    {                                                                                                        \
        .name = row_name, .letter = l, .type = PONDER_OPTION_INT, .offset = OPTION_FIELD(f), .meta = m,      \
        .default_value = d, .min = lo, .max = hi, .help = h                                                  \
    }

/* One set of rows with the defaults of a use. The temperature is a row of its own: `eval` takes several. A
 * row has no way to say "more than 0": sample_options_check() holds the range of top-p, once settings are
 * used. */
/* clang-format off */
#define TEMPERATURE_ROW(d) \
    {.name = "temperature", .letter = 't', .type = PONDER_OPTION_REAL, .offset = OPTION_FIELD(temperature),  \
     .meta = "T", .default_value = d, .min = 0, .max = 10, .help = "0: greedy"}
#define SAMPLING_ROWS(n_help, n_default, top_p_default, min_p_default, tokens_default)                       \
    WITH_LETTER('n', "n", n, "N", n_default, 1, 4096, n_help),                                               \
    WITH_LETTER('s', "seed", seed, "S", "1", -1, 9007199254740992.0, "of the random streams; none: of a server"),                \
    ROW_INT("top-k", top_k, "K", "0", 0, 1000000, "sample from the K best tokens; 0: all"),                  \
    ROW_REAL("top-p", top_p, "P", top_p_default, 0, 0, "sample from the best tokens of total P"),            \
    ROW_REAL("min-p", min_p, "P", min_p_default, 0, 1, "drop tokens under P times the best one"),            \
    ROW_INT("max-tokens", max_tokens, "K", tokens_default, 1, 1000000, "per text at most"),                  \
    ROW_INT("threads", threads, "T", "0", 0, 256, "0: all cores"),                                           \
    ROW_REAL("timeout", timeout_s, "SECONDS", "0", 0, 1e9, "then end with what there is; 0: none"),          \
    ROW_TEXT("precision", precision, "P", "auto", "of products: auto, f32, bf16 or int8"),                         \
    ROW_FLAG("exact", exact, "same seed, same bits, at any concurrency"),                                    \
    ROW_INT("kv-mib", kv_mib, "M", "1024", 1, 1048576, "MiB for keys and values at most"),                   \
    ROW_INT("weights-memory", weights_mib, "MIB", "0", 0, 1048576, "for packed weights; 0: no limit")
#define POOL_ROW ROW_TEXT("pool", pool, "HOW", "samples", "of N solutions: samples, or greedy: the first is")
/* clang-format on */

const struct ponder_option *ponder_solve_options(void)
{
    static const struct ponder_option table[] = {
        SAMPLING_ROWS("solutions sampled", "64", "auto", "auto", "512"), TEMPERATURE_ROW("auto"), POOL_ROW,
        PONDER_OPTION_END};
    return table;
}

const struct ponder_option *ponder_eval_sampling_options(void)
{
    static const struct ponder_option table[] = {
        SAMPLING_ROWS("solutions sampled", "64", "auto", "auto", "512"), POOL_ROW, PONDER_OPTION_END};
    return table;
}

const struct ponder_option *ponder_label_sampling_options(void)
{
    static const struct ponder_option table[] = {SAMPLING_ROWS("solutions sampled", "16", "1", "0", "512"),
                                                 TEMPERATURE_ROW("0.8"), PONDER_OPTION_END};
    return table;
}

const struct ponder_option *ponder_generate_options(void)
{
    static const struct ponder_option table[] = {SAMPLING_ROWS("continuations", "1", "1", "0", "256"),
                                                 TEMPERATURE_ROW("0"), PONDER_OPTION_END};
    return table;
}
