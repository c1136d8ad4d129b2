/* settings.c - the option tables of struct ponder_sampling. */
#include <stddef.h>

#include "ponder/sampling.h"

#define AT(field) offsetof(struct ponder_sampling, field)

/* One set of rows with the defaults of a use. */
#define SAMPLING_ROWS(n_help, n_default, temperature_default, tokens_default)                                  \
    {"n", 'n', PONDER_OPTION_INT, AT(n), "N", n_default, 1, 4096, n_help}, {"seed",                            \
                                                                            's',                               \
                                                                            PONDER_OPTION_INT,                 \
                                                                            AT(seed),                          \
                                                                            "S",                               \
                                                                            "1",                               \
                                                                            0,                                 \
                                                                            9007199254740992.0,                \
                                                                            "of the random streams"},          \
        {"temperature", 't', PONDER_OPTION_REAL, AT(temperature), "T", temperature_default, 0, 10,             \
         "0: greedy"},                                                                                         \
        {"top-k",   0,       PONDER_OPTION_INT,                                                                \
         AT(top_k), "K",     "0",                                                                              \
         0,         1000000, "sample from the K best tokens; 0: all"},                                         \
        {"top-p", 0, PONDER_OPTION_REAL, AT(top_p), "P", "1", 0, 1, "sample from the best tokens of total P"}, \
        {"min-p", 0, PONDER_OPTION_REAL, AT(min_p), "P", "0", 0, 1, "drop tokens under P times the best one"}, \
        {"max-tokens",   0, PONDER_OPTION_INT, AT(max_tokens),    "K",                                         \
         tokens_default, 1, 1000000,           "per text at most"},                                            \
        {"threads", 0, PONDER_OPTION_INT, AT(threads), "T", "0", 0, 1024, "0: all cores"},                     \
        {"timeout",                                                                                            \
         0,                                                                                                    \
         PONDER_OPTION_REAL,                                                                                   \
         AT(timeout_s),                                                                                        \
         "SECONDS",                                                                                            \
         "0",                                                                                                  \
         0,                                                                                                    \
         1e9,                                                                                                  \
         "then end with what there is; 0: none"},                                                              \
        {"precision",                                                                                          \
         0,                                                                                                    \
         PONDER_OPTION_TEXT,                                                                                   \
         AT(precision),                                                                                        \
         "P",                                                                                                  \
         "auto",                                                                                               \
         0,                                                                                                    \
         0,                                                                                                    \
         "of products: auto, f32 or bf16"},                                                                    \
        {"exact",   0,    PONDER_OPTION_FLAG,                                                                  \
         AT(exact), NULL, NULL,                                                                                \
         0,         0,    "same seed, same bits, at any concurrency"},                                         \
        {"kv-mib",   0,       PONDER_OPTION_INT,                                                               \
         AT(kv_mib), "M",     "1024",                                                                          \
         1,          1048576, "MiB for keys and values at most"},                                              \
        PONDER_OPTION_END

const struct ponder_option *ponder_solve_options(void)
{
    static const struct ponder_option table[] = {SAMPLING_ROWS("solutions sampled", "64", "0.8", "512")};
    return table;
}

const struct ponder_option *ponder_generate_options(void)
{
    static const struct ponder_option table[] = {SAMPLING_ROWS("continuations", "1", "0", "256")};
    return table;
}
