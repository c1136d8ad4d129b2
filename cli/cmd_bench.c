/* cmd_bench.c - `ponder bench train`, `decode`, `tree` and `score`. */
#include <inttypes.h>
#include <jansson.h>

#include "cli.h"
#include "ponder/bench.h"

struct args {
    struct ponder_bench_settings settings;
    bool json;
    const char *svg;
};

static const struct ponder_option *svg_options(void)
{
    static const struct ponder_option options[] = {{.name = "svg",
                                                    .letter = 'o',
                                                    .type = PONDER_OPTION_TEXT,
                                                    .offset = offsetof(struct args, svg),
                                                    .meta = "FILE",
                                                    .help = "draw it there, by gnuplot"},
                                                   PONDER_OPTION_END};
    return options;
}

/* ---- JSON ---- */

static void set_real(json_t *object, const char *key, double number)
{
    json_object_set_new(object, key, json_real(number));
}

static void set_integer(json_t *object, const char *key, int64_t number)
{
    json_object_set_new(object, key, json_integer((json_int_t)number));
}

static void set_rates(json_t *root, const struct ponder_bench *b)
{
    set_real(root, "tokens_per_s", b->tokens_per_s);
    set_real(root, "tokens_per_s_min", b->tokens_per_s_min);
    set_real(root, "tokens_per_s_max", b->tokens_per_s_max);
    if (b->steps_per_s > 0)
        set_real(root, "steps_per_s", b->steps_per_s);
    set_real(root, "peak_share", b->peak_share);
    set_real(root, "peak_flops_per_s", b->peak_flops_per_s);
    set_real(root, "flops_per_token", b->flops_per_token);
}

static json_t *bench_json(const struct ponder_bench *b)
{
    json_t *root = json_object();
    set_rates(root, b);
    set_integer(root, "tokens", b->tokens);
    set_integer(root, "prompt_tokens", b->prompt_tokens);
    set_integer(root, "parameters", b->parameters);
    set_integer(root, "repeats", b->repeats);
    set_integer(root, "threads", b->threads);
    set_integer(root, "rss_bytes_max", b->rss_bytes_max);
    set_integer(root, "weights_bytes", b->weights_bytes);
    set_integer(root, "kv_bytes_max", b->kv_bytes_max);
    json_object_set_new(root, "precision", json_string(b->precision));
    if (b->peer_tokens_per_s > 0) {
        set_real(root, "peer_tokens_per_s", b->peer_tokens_per_s);
        json_object_set_new(root, "peer_mode", json_string(b->peer_mode));
        set_real(root, "ratio", b->ratio);
    }
    return root;
}

/* What was left out has null for its rate. */
static json_t *way_json(const struct ponder_bench_way *way)
{
    json_t *object = json_object();
    if (way->tokens_per_s > 0) {
        set_real(object, "tokens_per_s", way->tokens_per_s);
        set_real(object, "us_per_token", 1e6 / way->tokens_per_s);
        set_real(object, "peak_share", way->peak_share);
    } else {
        json_object_set_new(object, "tokens_per_s", json_null());
    }
    set_integer(object, "kv_bytes", way->kv_bytes);
    return object;
}

static json_t *tree_json(const struct ponder_bench_tree *tree)
{
    json_t *root = bench_json(&tree->whole), *points = json_array();
    for (int i = 0; i < tree->point_count; i++) {
        json_t *point = json_object();
        set_integer(point, "branches", tree->points[i].branches);
        json_object_set_new(point, "shared", way_json(&tree->points[i].shared));
        json_object_set_new(point, "unshared", way_json(&tree->points[i].unshared));
        json_array_append_new(points, point);
    }
    json_object_set_new(root, "points", points);
    return root;
}

/* Takes `root`. */
static void print_json(json_t *root)
{
    json_dumpf(root, stdout, JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(root);
}

/* ---- text ---- */

static void print_peak(const struct ponder_bench *b)
{
    char number[2][32];
    printf("%.0f%% of the measured f32 peak of %sFLOP/s, at %sFLOP a token\n", 100 * b->peak_share,
           cli_scaled(number[0], b->peak_flops_per_s), cli_scaled(number[1], b->flops_per_token));
}

static void print_memory(const struct ponder_bench *b)
{
    char number[3][32];
    printf("%s parameters; largest resident size %sbytes", cli_thousands(number[0], b->parameters),
           cli_scaled(number[1], (double)b->rss_bytes_max));
    if (b->weights_bytes > 0)
        printf(",\n%.2f times weights (%sbytes) and keys and values (%sbytes)",
               (double)b->rss_bytes_max / (double)(b->weights_bytes + b->kv_bytes_max),
               cli_scaled(number[0], (double)b->weights_bytes),
               cli_scaled(number[2], (double)b->kv_bytes_max));
    putchar('\n');
}

static void print_text(const char *what, const struct ponder_bench *b)
{
    char number[3][32];
    printf("%s: %s tokens/s (median of %" PRId64 ", %s to %s), products in %s, %" PRId64 " threads\n", what,
           cli_thousands(number[0], (long long)b->tokens_per_s), b->repeats,
           cli_thousands(number[1], (long long)b->tokens_per_s_min),
           cli_thousands(number[2], (long long)b->tokens_per_s_max), b->precision, b->threads);
    if (b->steps_per_s > 0)
        printf("%s steps/s\n", cli_thousands(number[0], (long long)b->steps_per_s));
    if (b->peer_tokens_per_s > 0)
        printf("llama.cpp (%s): %s tokens/s; %.2f times as fast here\n", b->peer_mode,
               cli_thousands(number[0], (long long)b->peer_tokens_per_s), b->ratio);
    printf("%s tokens a repeat\n", cli_thousands(number[0], b->tokens));
    print_peak(b);
    print_memory(b);
}

static void print_way(const struct ponder_bench_way *way)
{
    char number[2][32];
    if (way->tokens_per_s > 0)
        printf("  %10s %9.1f", cli_thousands(number[0], (long long)way->tokens_per_s),
               1e6 / way->tokens_per_s);
    else
        printf("  %10s %9s", "-", "-");
    printf(" %8sB", cli_scaled(number[1], (double)way->kv_bytes));
}

static void print_tree(const struct ponder_bench_tree *tree)
{
    const struct ponder_bench *b = &tree->whole;
    printf("branches of a prompt of %" PRId64 " tokens, decoding only; products in %s, %" PRId64 " threads,\n"
           "medians of %" PRId64 "\n\n",
           b->prompt_tokens, b->precision, b->threads, b->repeats);
    printf("%8s  %-31s  %s\n", "", "prompt shared", "a copy for each branch");
    printf("%8s  %10s %9s %9s  %10s %9s %9s\n", "branches", "tokens/s", "us/token", "KV", "tokens/s",
           "us/token", "KV");
    for (int i = 0; i < tree->point_count; i++) {
        printf("%8" PRId64, tree->points[i].branches);
        print_way(&tree->points[i].shared);
        print_way(&tree->points[i].unshared);
        putchar('\n');
    }
    printf("\nThe most branches, shared: ");
    print_peak(b);
    printf("The whole run: ");
    print_memory(b);
}

/* ---- commands ---- */

typedef int bench_call(const struct ponder_bench_settings *settings, const struct ponder_watch *watch,
                       struct ponder_bench *out, struct ponder_err *err);

static struct ponder_watch watch_of(struct cli_progress *progress)
{
    cli_interrupt_catch();
    return (struct ponder_watch){.progress = cli_progress_show, .data = progress, .note = cli_progress_note};
}

static int bench_run(const char *what, bench_call *call, const struct args *args)
{
    struct ponder_err err = {0};
    struct ponder_bench result;
    struct cli_progress progress = {.what = what};
    struct ponder_watch watch = watch_of(&progress);
    int status = call(&args->settings, &watch, &result, &err);
    cli_progress_end(&progress);
    if (status)
        return cli_fail(&err);
    if (args->json)
        print_json(bench_json(&result));
    else
        print_text(what, &result);
    return cli_finish(CLI_DONE);
}

static int run_train(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    return bench_run("bench train", ponder_bench_train, data);
}

static int run_decode(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    return bench_run("bench decode", ponder_bench_decode, data);
}

static int run_score(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    return bench_run("bench score", ponder_bench_score, data);
}

static int run_tree(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    const struct args *args = data;
    struct ponder_err err = {0};
    struct ponder_bench_tree tree;
    struct cli_progress progress = {.what = "bench tree"};
    struct ponder_watch watch = watch_of(&progress);
    int status = cli_check_writable("svg", args->svg, &err);
    if (!status)
        status = ponder_bench_tree(&args->settings, &watch, &tree, &err);
    cli_progress_end(&progress);
    if (!status && args->svg)
        status = ponder_bench_tree_draw(&tree, args->svg, &err);
    if (status)
        return cli_fail(&err);
    if (args->json)
        print_json(tree_json(&tree));
    else
        print_tree(&tree);
    return cli_finish(CLI_DONE);
}

const struct cli_command cli_bench_train = {
    .name = "bench train",
    .summary = "Speed of training steps as a share of this machine's peak",
    .example = "ponder bench train --rows 32 --row-tokens 128",
    .args_bytes = sizeof(struct args),
    .groups = {{ponder_bench_train_options, offsetof(struct args, settings)},
               {cli_json_options, offsetof(struct args, json)}},
    .run = run_train,
};

const struct cli_command cli_bench_decode = {
    .name = "bench decode",
    .summary = "Speed of many branches of one prompt, as a share of the peak",
    .example = "ponder bench decode --branches 64 --prompt-tokens 64 --tokens 128",
    .args_bytes = sizeof(struct args),
    .groups = {{cli_json_options, offsetof(struct args, json)},
               {ponder_bench_decode_options, offsetof(struct args, settings)}},
    .run = run_decode,
};

const struct cli_command cli_bench_tree = {
    .name = "bench tree",
    .summary = "Cost of a decoded token as branches of one prompt grow",
    .example = "ponder bench tree --branches 256 --svg tree.svg",
    .args_bytes = sizeof(struct args),
    .groups = {{cli_json_options, offsetof(struct args, json)},
               {svg_options, 0},
               {ponder_bench_tree_options, offsetof(struct args, settings)}},
    .run = run_tree,
};

const struct cli_command cli_bench_score = {
    .name = "bench score",
    .summary = "Speed of a verifier that reads many solutions step by step",
    .example = "ponder bench score --solutions 64 --steps 8",
    .args_bytes = sizeof(struct args),
    .groups = {{cli_json_options, offsetof(struct args, json)},
               {ponder_bench_score_options, offsetof(struct args, settings)}},
    .run = run_score,
};
