/* cmd_bench.c - `ponder bench train` and `ponder bench decode`. */
#include <inttypes.h>
#include <jansson.h>

#include "cli.h"
#include "ponder/bench.h"

struct args {
    struct ponder_bench_settings settings;
    bool json;
};

static const struct ponder_option table[] = {
    {.name = "json",
     .type = PONDER_OPTION_FLAG,
     .offset = offsetof(struct args, json),
     .help = "one JSON object on stdout"},
    PONDER_OPTION_END,
};

static const struct ponder_option *own_options(void)
{
    return table;
}

static void print_json(const struct ponder_bench *b)
{
    json_t *root = json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s}",
                             "tokens_per_s", b->tokens_per_s, "tokens_per_s_min", b->tokens_per_s_min,
                             "tokens_per_s_max", b->tokens_per_s_max, "peak_share", b->peak_share,
                             "peak_flops_per_s", b->peak_flops_per_s, "flops_per_token", b->flops_per_token,
                             "tokens", (json_int_t)b->tokens, "prompt_tokens", (json_int_t)b->prompt_tokens,
                             "parameters", (json_int_t)b->parameters, "repeats", (json_int_t)b->repeats,
                             "threads", (json_int_t)b->threads, "rss_bytes_max", (json_int_t)b->rss_bytes_max,
                             "kv_bytes_max", (json_int_t)b->kv_bytes_max, "precision", b->precision);
    json_dumpf(root, stdout, JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(root);
}

static void print_text(const char *what, const struct ponder_bench *b)
{
    char number[3][32];
    printf("%s: %s tokens/s (median of %" PRId64 ", %s to %s), products in %s, %" PRId64 " threads\n", what,
           cli_thousands(number[0], (long long)b->tokens_per_s), b->repeats,
           cli_thousands(number[1], (long long)b->tokens_per_s_min),
           cli_thousands(number[2], (long long)b->tokens_per_s_max), b->precision, b->threads);
    printf("%.0f%% of the measured f32 peak of %sFLOP/s, at %sFLOP a token\n", 100 * b->peak_share,
           cli_scaled(number[0], b->peak_flops_per_s), cli_scaled(number[1], b->flops_per_token));
    printf("%s parameters, %s tokens a repeat, largest resident size %sbytes\n",
           cli_thousands(number[0], b->parameters), cli_thousands(number[1], b->tokens),
           cli_scaled(number[2], (double)b->rss_bytes_max));
}

typedef int bench_call(const struct ponder_bench_settings *settings, const struct ponder_watch *watch,
                       struct ponder_bench *out, struct ponder_err *err);

static int run(const char *what, bench_call *call, const struct args *args)
{
    struct ponder_err err = {0};
    struct ponder_bench result;
    struct cli_progress progress = {.what = what};
    struct ponder_watch watch = {.progress = cli_progress_show, .data = &progress};
    cli_interrupt_catch();
    int status = call(&args->settings, &watch, &result, &err);
    cli_progress_end(&progress);
    if (status)
        return cli_fail(&err);
    if (args->json)
        print_json(&result);
    else
        print_text(what, &result);
    return cli_finish(CLI_DONE);
}

static int run_train(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    return run("bench train", ponder_bench_train, data);
}

static int run_decode(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    return run("bench decode", ponder_bench_decode, data);
}

const struct cli_command cli_bench_train = {
    .name = "bench train",
    .summary = "Speed of training steps as a share of this machine's peak",
    .example = "ponder bench train --rows 32 --row-tokens 128",
    .args_bytes = sizeof(struct args),
    .groups = {{ponder_bench_train_options, offsetof(struct args, settings)}, {own_options, 0}},
    .run = run_train,
};

const struct cli_command cli_bench_decode = {
    .name = "bench decode",
    .summary = "Speed of many branches of one prompt, as a share of the peak",
    .example = "ponder bench decode --branches 64 --prompt-tokens 64 --tokens 128",
    .args_bytes = sizeof(struct args),
    .groups = {{ponder_bench_decode_options, offsetof(struct args, settings)}, {own_options, 0}},
    .run = run_decode,
};
