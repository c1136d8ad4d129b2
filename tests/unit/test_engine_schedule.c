/* test_engine_schedule.c - the local engine's scheduling, over a forward pass that is a hash.
 *
 * The lm_forward here stores at every position a hash of all tokens up to it, made from the hash stored one
 * position before on the same path, and checks it against the tokens. The logits come from that hash. So a
 * row of a wrong path, a lost or overwritten block, or a row before its prefix shows at once, and the texts
 * of any two schedules must be equal. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/rng.h"
#include "engine/local.h"
#include "failing_alloc.h"

enum { CONTEXT = 256, VOCAB = 300 };

/* ---- the forward pass ---- */

struct lm_run {
    const struct lm_model *model;
    int logit_rows_max;
    float *logits;
};

/* What the model says: logits of the hash, or, where set, this token next. */
struct script {
    const int32_t *tokens; /* by position */
    int count;
    bool broken; /* logits are NAN */
};
static struct script script;

int lm_run_open(struct lm_run **out, const struct lm_model *model, const struct lm_run_options *options,
                struct ponder_err *err)
{
    (void)err;
    struct lm_run *run = __real_calloc(1, sizeof *run);
    assert_non_null(run);
    run->model = model;
    run->logit_rows_max = options->logit_rows_max;
    run->logits = __real_calloc((size_t)options->logit_rows_max * VOCAB, sizeof *run->logits);
    assert_non_null(run->logits);
    *out = run;
    return PONDER_OK;
}

void lm_run_release(struct lm_run *run)
{
    if (run)
        free(run->logits);
    free(run);
}

enum lm_precision lm_run_precision(const struct lm_run *run)
{
    (void)run;
    return LM_PRECISION_F32;
}

size_t lm_run_weights_bytes(const struct lm_run *run)
{
    (void)run;
    return 0;
}

static uint64_t *slot_of(struct kv_tree *kv, int segment, int position)
{
    float *values = kv_values(kv, segment, position, 0, 0);
    return (uint64_t *)(void *)(values + (size_t)(position % KV_BLOCK) * 4);
}

static int holder_of(const struct kv_tree *kv, int segment, int position)
{
    while (position < kv_start(kv, segment))
        segment = kv_parent(kv, segment);
    return segment;
}

static uint64_t true_hash(const struct kv_tree *kv, int segment, int position)
{
    int32_t path[CONTEXT];
    for (int p = position; p >= 0; p--)
        path[p] = kv_token(kv, holder_of(kv, segment, p), p);
    uint64_t hash = 1;
    for (int p = 0; p <= position; p++)
        hash = rng_key(hash, (uint64_t)path[p]);
    return hash;
}

static void forward_row(const struct lm_batch *batch, int row, uint64_t *hash)
{
    int segment = batch->segments[row], position = batch->positions[row];
    bool again = row > 0 && batch->segments[row - 1] == segment;
    assert_int_equal(position, again ? batch->positions[row - 1] + 1 : kv_resident(batch->kv, segment));
    assert_int_equal(batch->tokens[row], kv_token(batch->kv, segment, position));
    for (int earlier = 0; !again && earlier < row; earlier++)
        assert_int_not_equal(batch->segments[earlier], segment);
    uint64_t before =
        position ? *slot_of(batch->kv, holder_of(batch->kv, segment, position - 1), position - 1) : 1;
    *hash = rng_key(before, (uint64_t)batch->tokens[row]);
    assert_true(*hash == true_hash(batch->kv, segment, position));
    *slot_of(batch->kv, segment, position) = *hash;
}

static void logits_of(const struct lm_run *run, uint64_t hash, int position, float *logits)
{
    struct rng rng;
    rng_init(&rng, hash);
    for (int i = 0; i < run->model->shape.vocab; i++)
        logits[i] = script.broken ? NAN : (float)(4 * rng_unit(&rng));
    if (position + 1 < script.count)
        logits[script.tokens[position + 1]] = 100;
}

int lm_forward(struct lm_run *run, const struct lm_batch *batch, float **logits, struct ponder_err *err)
{
    (void)err;
    uint64_t *hashes = __real_calloc((size_t)batch->rows, sizeof *hashes);
    assert_non_null(hashes);
    assert_in_range(batch->logit_count, 0, run->logit_rows_max);
    for (int row = 0; row < batch->rows; row++)
        forward_row(batch, row, &hashes[row]);
    for (int row = 0; row < batch->rows; row++)
        if (row + 1 == batch->rows || batch->segments[row + 1] != batch->segments[row])
            kv_set_resident(batch->kv, batch->segments[row], batch->positions[row] + 1);
    for (int i = 0; i < batch->logit_count; i++) {
        int row = batch->logit_rows[i];
        logits_of(run, hashes[row], batch->positions[row],
                  run->logits + (size_t)i * (size_t)run->model->shape.vocab);
    }
    *logits = run->logits;
    free(hashes);
    return PONDER_OK;
}

/* ---- helpers ---- */

enum { BLOCK_BYTES = 2 * 4 * KV_BLOCK * 4 }; /* one layer, one head of 4, f32 */

static struct lm_model model_of(int vocab)
{
    return (struct lm_model){.shape = {.vocab = vocab,
                                       .width = 4,
                                       .layers = 1,
                                       .heads = 1,
                                       .kv_heads = 1,
                                       .head_dim = 4,
                                       .ffn = 4,
                                       .context = CONTEXT}};
}

static struct engine *open_engine(const struct lm_model *model, int branches, int rows, int blocks)
{
    struct engine *engine;
    struct ponder_err err = {0};
    struct local_options options = {.threads = 2,
                                    .rows_max = rows,
                                    .branches_max = branches,
                                    .kv_bytes_max = (size_t)blocks * BLOCK_BYTES,
                                    .kv_type = KV_F32};
    assert_int_equal(local_open(&engine, model, &options, &err), PONDER_OK);
    return engine;
}

static int64_t prompt(struct engine *engine, int64_t parent, const char *text)
{
    int64_t node;
    struct ponder_err err = {0};
    assert_int_equal(engine_prompt(engine, parent, text, strlen(text), &node, &err), PONDER_OK);
    return node;
}

static void submit(struct engine *engine, int64_t tag, int64_t parent, int tokens_max, uint64_t stream)
{
    struct ponder_err err = {0};
    struct engine_request request = {.tag = tag,
                                     .parent = parent,
                                     .tokens_max = tokens_max,
                                     .sampling = {.temperature = 1, .top_p = 1},
                                     .stream = stream};
    assert_int_equal(engine_submit(engine, &request, &err), PONDER_OK);
}

static void run_all(struct engine *engine)
{
    struct ponder_err err = {0};
    int left;
    for (int i = 0; (left = engine_step(engine, 1, &err)) > 0; i++)
        assert_true(i < 1000000);
    assert_int_equal(left, 0);
}

static struct local_state state_of(const struct engine *engine)
{
    return local_state_get(engine);
}

static struct engine_usage usage_of(const struct engine *engine)
{
    struct engine_usage usage;
    engine_usage_get(engine, &usage);
    return usage;
}

static void nothing_is_held(struct engine *engine)
{
    struct local_state state = state_of(engine);
    assert_int_equal(state.nodes, 0);
    assert_int_equal(state.segments, 0);
    assert_int_equal(state.kv_bytes, 0);
    assert_int_equal(state.waiting + state.active, 0);
}

/* ---- sameness ---- */

enum { QUESTIONS = 7, SAMPLES = 12, ALL = QUESTIONS * SAMPLES };
static const char *const question = "What is the sum of all the numbers that were ever named by a child?";

static void keep(struct engine *engine, struct engine_result *results)
{
    struct engine_result result;
    while (engine_take(engine, &result)) {
        assert_int_not_equal(result.finish, ENGINE_FINISH_FAILED);
        engine_node_release(engine, result.node);
        results[result.tag] = result;
    }
}

/* Questions of different length, SAMPLES continuations each; `together` of them at once. */
static void solve(struct engine *engine, int together, struct engine_result *results)
{
    int64_t nodes[QUESTIONS];
    int waiting = 0;
    for (int q = 0; q < QUESTIONS; q++)
        nodes[q] = prompt(engine, 0, question + 8 * q);
    for (int i = 0; i < ALL; i++) {
        submit(engine, i, nodes[i / SAMPLES], 5 + i % 40, (uint64_t)i);
        if (++waiting == together) {
            run_all(engine);
            keep(engine, results);
            waiting = 0;
        }
    }
    run_all(engine);
    keep(engine, results);
    for (int q = 0; q < QUESTIONS; q++)
        engine_node_release(engine, nodes[q]);
    nothing_is_held(engine);
}

static void same_results(const struct engine_result *a, const struct engine_result *b)
{
    for (int i = 0; i < ALL; i++) {
        assert_int_equal(a[i].finish, b[i].finish);
        assert_int_equal(a[i].text_len, b[i].text_len);
        assert_memory_equal(a[i].text, b[i].text, a[i].text_len);
        assert_int_equal(a[i].token_count, b[i].token_count);
        assert_memory_equal(a[i].tokens, b[i].tokens, (size_t)a[i].token_count * sizeof *a[i].tokens);
        assert_true(a[i].logprob == b[i].logprob);
    }
}

static void clear_results(struct engine_result *results)
{
    for (int i = 0; i < ALL; i++)
        engine_result_clear(&results[i]);
}

static void results_do_not_depend_on_what_runs_beside_or_on_memory(void **state)
{
    (void)state;
    static const struct {
        int together, branches, rows, blocks;
    } ways[] = {
        {ALL, 256, 512, 1000}, {5, 4, 8, 1000},   {ALL, 16, 64, 16},
        {ALL, 3, 3, 16},       {ALL, 64, 70, 20}, {ALL, 256, 256, 40},
    };
    struct lm_model model = model_of(VOCAB);
    struct engine_result alone[ALL], others[ALL];
    struct engine *engine = open_engine(&model, 1, 7, 1000);
    solve(engine, 1, alone);
    engine_release(engine);
    int64_t preemptions = 0;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        engine = open_engine(&model, ways[i].branches, ways[i].rows, ways[i].blocks);
        solve(engine, ways[i].together, others);
        same_results(alone, others);
        preemptions += state_of(engine).preemptions;
        assert_true(usage_of(engine).kv_bytes_peak <= ways[i].blocks * BLOCK_BYTES);
        clear_results(others);
        engine_release(engine);
    }
    assert_true(preemptions > 0);
    clear_results(alone);
}

static void a_shared_prefix_is_computed_and_stored_once(void **state)
{
    (void)state;
    struct lm_model model = model_of(VOCAB);
    struct engine *engine = open_engine(&model, 64, 512, 1000);
    char text[161];
    memset(text, 'x', 160);
    text[160] = '\0';
    int64_t node = prompt(engine, 0, text);
    for (int i = 0; i < 64; i++)
        submit(engine, i, node, 16, (uint64_t)i);
    run_all(engine);
    struct engine_usage usage = usage_of(engine);
    assert_int_equal(usage.prompt_tokens, 160);
    assert_int_equal(usage.generated_tokens, 64 * 16);
    assert_int_equal(usage.recomputed_tokens, 0);
    assert_int_equal(state_of(engine).rows, 160 + 64 * 15);
    assert_int_equal(usage.kv_bytes_peak, (10 + 64) * BLOCK_BYTES);
    struct lm_shape *shape = &model.shape;
    double flops = 0;
    for (int p = 0; p < 160; p++)
        flops += lm_flops_per_token(shape, p + 1);
    for (int p = 160; p < 175; p++)
        flops += 64 * lm_flops_per_token(shape, p + 1);
    assert_true(fabs(usage.flops - flops) <= 1e-9 * flops);
    submit(engine, 64, node, 1, 64); /* the logits behind the prompt are gone: one row again */
    run_all(engine);
    assert_int_equal(usage_of(engine).recomputed_tokens, 1);
    assert_int_equal(usage_of(engine).prompt_tokens, 160);
    struct engine_result result;
    while (engine_take(engine, &result)) {
        engine_node_release(engine, result.node);
        engine_result_clear(&result);
    }
    engine_node_release(engine, node);
    nothing_is_held(engine);
    engine_release(engine);
}

/* A search: every kept result is continued by some requests, the others are let go, some are cancelled.
 * Results are looked at in the order of requests. The digest is of all texts. */
static uint64_t search(struct engine *engine, bool cancel)
{
    enum { KEPT = 20 };
    int64_t nodes[KEPT] = {prompt(engine, 0, question)};
    int count = 1, submitted = 0;
    uint64_t digest = 0;
    struct ponder_err err = {0};
    for (int round = 0; round < 25; round++) {
        int base = submitted;
        for (int i = 0; i < count; i++)
            for (int k = 0; k < 2 + i % 3; k++, submitted++)
                submit(engine, submitted, nodes[i], 3 + submitted % 9, (uint64_t)submitted);
        for (int s = 0; cancel && s < 4; s++)
            assert_true(engine_step(engine, 0, &err) >= 0);
        if (cancel)
            engine_cancel(engine, submitted - 1);
        run_all(engine);
        for (int i = 0; i < count; i++)
            engine_node_release(engine, nodes[i]);
        struct engine_result results[KEPT * 4], result;
        while (engine_take(engine, &result))
            results[result.tag - base] = result;
        count = 0;
        for (int i = 0; i < submitted - base; i++) {
            assert_int_not_equal(results[i].finish, ENGINE_FINISH_FAILED);
            digest = rng_key(digest, hash_bytes(results[i].text, results[i].text_len));
            if ((i + round) % 5 != 4 && count < KEPT)
                nodes[count++] = results[i].node;
            else
                engine_node_release(engine, results[i].node);
            engine_result_clear(&results[i]);
        }
        if (count == 0)
            nodes[count++] = prompt(engine, 0, question);
    }
    for (int i = 0; i < count; i++)
        engine_node_release(engine, nodes[i]);
    nothing_is_held(engine);
    return digest;
}

static void a_search_is_the_same_with_little_memory_and_leaves_nothing_behind(void **state)
{
    (void)state;
    struct lm_model model = model_of(VOCAB);
    struct engine *roomy = open_engine(&model, 64, 512, 4000), *tight = open_engine(&model, 9, 20, 44);
    uint64_t expected = search(roomy, false);
    assert_int_equal(usage_of(roomy).recomputed_tokens, 0);
    assert_true(search(tight, false) == expected);
    assert_true(usage_of(tight).recomputed_tokens > 0);
    search(tight, true);
    engine_release(roomy);
    engine_release(tight);
}

static void ten_thousand_requests_leave_nothing_behind(void **state)
{
    (void)state;
    struct lm_model model = model_of(VOCAB);
    struct engine *engine = open_engine(&model, 100, 512, 64);
    for (int round = 0; round < 100; round++) {
        int64_t node = prompt(engine, 0, "1 + 1 =");
        for (int i = 0; i < 100; i++)
            submit(engine, i, node, 3, (uint64_t)i);
        engine_node_release(engine, node);
        run_all(engine);
        struct engine_result result;
        int taken = 0;
        for (; engine_take(engine, &result); taken++) {
            engine_node_release(engine, result.node);
            engine_result_clear(&result);
        }
        assert_int_equal(taken, 100);
        nothing_is_held(engine);
    }
    assert_int_equal(usage_of(engine).kv_bytes_peak, 64 * BLOCK_BYTES);
    engine_release(engine);
}

/* ---- texts ---- */

static struct tokenizer *learnt(void)
{
    struct tokenizer *tokenizer;
    struct buf text = BUF_INIT(1 << 20);
    struct ponder_err err = {0};
    for (int i = 0; i < 200; i++)
        buf_puts(&text, "so ## therefore ## therefore ## because certainly everything\n");
    assert_int_equal(tokenizer_learn(&tokenizer, text.data, text.len, VOCAB, &err), PONDER_OK);
    buf_release(&text);
    return tokenizer;
}

/* Makes the model say `said` (and the end token, where `end`) behind a prompt of `before` tokens. */
static int make_say(const struct tokenizer *tokenizer, int before, const char *said, bool end)
{
    static int32_t tokens[CONTEXT];
    struct tokenizer_ids ids = {0};
    struct ponder_err err = {0};
    assert_int_equal(tokenizer_encode(tokenizer, said, strlen(said), 0, &ids, &err), PONDER_OK);
    int count = (int)ids.count;
    for (int i = 0; i < count; i++)
        tokens[before + i] = ids.ids[i];
    if (end)
        tokens[before + count++] = tokenizer_eos(tokenizer);
    script = (struct script){tokens, before + count, false};
    tokenizer_ids_release(&ids);
    return count;
}

static struct engine_result ask(struct engine *engine, int64_t parent, int tokens_max, const char *stop)
{
    struct ponder_err err = {0};
    struct engine_result result;
    struct engine_request request = {.parent = parent,
                                     .tokens_max = tokens_max,
                                     .sampling = {.temperature = 0, .top_p = 1},
                                     .stops = &stop,
                                     .stop_count = stop ? 1 : 0};
    assert_int_equal(engine_submit(engine, &request, &err), PONDER_OK);
    run_all(engine);
    assert_true(engine_take(engine, &result));
    return result;
}

static void check_result(const struct engine_result *result, enum engine_finish finish, const char *text)
{
    assert_int_equal(result->finish, finish);
    assert_string_equal(result->text, text);
    assert_int_equal(result->text_len, strlen(text));
}

static void text_ends_at_stop_strings_wherever_tokens_end(void **state)
{
    (void)state;
    struct lm_model model = model_of(VOCAB);
    model.tokenizer = learnt();
    struct engine *engine = open_engine(&model, 4, 16, 1000);
    const int32_t start[] = {TOKENIZER_QUESTION, 100, 101};
    int64_t node;
    struct ponder_err err = {0};
    assert_int_equal(local_prompt_ids(engine, 0, start, 3, &node, &err), PONDER_OK);
    make_say(model.tokenizer, 3, "so ## therefore ##", true);

    struct engine_result all = ask(engine, node, 100, NULL);
    check_result(&all, ENGINE_FINISH_END, "so ## therefore ##");
    assert_int_equal(all.tokens[all.token_count - 1], tokenizer_eos(model.tokenizer));

    struct engine_result span = ask(engine, node, 100, "# there"); /* ends inside a token */
    check_result(&span, ENGINE_FINISH_STOP, "so ## there");
    struct engine_result rest = ask(engine, span.node, 100, "fore");
    check_result(&rest, ENGINE_FINISH_END, "fore ##"); /* "fore" was told before this request: no stop */
    struct engine_result first = ask(engine, node, 100, "s");
    check_result(&first, ENGINE_FINISH_STOP, "s");
    struct engine_result one = ask(engine, node, 1, NULL);
    assert_int_equal(one.finish, ENGINE_FINISH_LENGTH);
    assert_int_equal(one.token_count, 1);

    struct engine_result *results[] = {&all, &span, &rest, &first, &one};
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        engine_node_release(engine, results[i]->node);
        engine_result_clear(results[i]);
    }
    engine_node_release(engine, node);
    nothing_is_held(engine);
    engine_release(engine);
    tokenizer_release(model.tokenizer);
    script = (struct script){0};
}

static struct engine_result ask_until(struct engine *engine, int64_t parent, const char *stop,
                                      const char *end)
{
    struct ponder_err err = {0};
    struct engine_result result;
    struct engine_request request = {.parent = parent,
                                     .tokens_max = 100,
                                     .sampling = {.temperature = 0, .top_p = 1},
                                     .stops = &stop,
                                     .stop_count = 1,
                                     .end = end};
    assert_int_equal(engine_submit(engine, &request, &err), PONDER_OK);
    run_all(engine);
    assert_true(engine_take(engine, &result));
    return result;
}

static void a_string_that_ends_a_text_is_left_out_of_it(void **state)
{
    (void)state;
    struct lm_model model = model_of(VOCAB);
    model.tokenizer = learnt();
    struct engine *engine = open_engine(&model, 4, 16, 1000);
    const int32_t start[] = {TOKENIZER_QUESTION, 100, 101};
    int64_t node;
    struct ponder_err err = {0};
    assert_int_equal(local_prompt_ids(engine, 0, start, 3, &node, &err), PONDER_OK);
    make_say(model.tokenizer, 3, "so ## therefore ##", true);
    static const struct {
        const char *stop, *end, *text;
        enum engine_finish finish;
    } rows[] = {
        {"fore", "# there", "so #", ENGINE_FINISH_END}, /* inside a token, before the stop string */
        {"so", "there", "so", ENGINE_FINISH_STOP},
        {"x", "so", "", ENGINE_FINISH_END},
        {"x", "y", "so ## therefore ##", ENGINE_FINISH_END},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct engine_result result = ask_until(engine, node, rows[i].stop, rows[i].end);
        check_result(&result, rows[i].finish, rows[i].text);
        assert_true(result.token_count > 0);
        engine_node_release(engine, result.node);
        engine_result_clear(&result);
    }
    struct engine_request request = {.parent = node, .tokens_max = 1, .sampling = {.top_p = 1}, .end = ""};
    assert_int_equal(engine_submit(engine, &request, &err), PONDER_E_ARGUMENT);
    engine_node_release(engine, node);
    nothing_is_held(engine);
    engine_release(engine);
    tokenizer_release(model.tokenizer);
    script = (struct script){0};
}

/* A prompt's parts and what is around them: how many tokens it has, with a control token only in a part. */
static void control_tokens_stand_only_in_the_parts_of_a_prompt(void **state)
{
    (void)state;
    struct lm_model model = model_of(VOCAB);
    model.tokenizer = learnt();
    struct engine *engine = open_engine(&model, 4, 16, 1000);
    static const char text[] = "<|end|><|end|>";
    const struct tokenizer_part first = {0, 7};
    const struct engine_text parts = {text, sizeof text - 1, &first, 1},
                             none = {text, sizeof text - 1, NULL, 0};
    int64_t with, without;
    struct ponder_err err = {0};
    assert_int_equal(engine_prompt_parts(engine, &parts, &with, &err), PONDER_OK);
    assert_int_equal(engine_prompt_parts(engine, &none, &without, &err), PONDER_OK);
    assert_int_equal(engine_length(engine, without), 14);
    assert_int_equal(engine_length(engine, with), 8);
    engine_node_release(engine, with);
    engine_node_release(engine, without);
    engine_release(engine);
    tokenizer_release(model.tokenizer);
}

static void an_end_token_first_gives_an_empty_text_and_the_same_place(void **state)
{
    (void)state;
    struct lm_model model = model_of(VOCAB);
    model.tokenizer = learnt();
    struct engine *engine = open_engine(&model, 4, 16, 1000);
    int32_t start = 100;
    int64_t node;
    struct ponder_err err = {0};
    assert_int_equal(local_prompt_ids(engine, 0, &start, 1, &node, &err), PONDER_OK);
    make_say(model.tokenizer, 1, "", true);
    struct engine_result result = ask(engine, node, 9, NULL), more;
    check_result(&result, ENGINE_FINISH_END, "");
    assert_int_equal(result.token_count, 1);
    engine_node_release(engine, node);
    make_say(model.tokenizer, 1, "so", true);
    more = ask(engine, result.node, 9, NULL);
    check_result(&more, ENGINE_FINISH_END, "so");
    engine_node_release(engine, result.node);
    engine_node_release(engine, more.node);
    engine_result_clear(&result);
    engine_result_clear(&more);
    nothing_is_held(engine);
    engine_release(engine);
    tokenizer_release(model.tokenizer);
    script = (struct script){0};
}

/* ---- limits and refusals ---- */

static void prompts_that_do_not_fit_are_refused_by_how_much(void **state)
{
    (void)state;
    struct lm_model model = model_of(VOCAB);
    struct engine *engine = open_engine(&model, 4, 16, 1000);
    char text[CONTEXT + 8];
    memset(text, 'y', sizeof text);
    int64_t node, other;
    struct ponder_err err = {0};
    assert_int_equal(engine_prompt(engine, 0, text, CONTEXT + 7, &node, &err), PONDER_E_LIMIT);
    assert_non_null(strstr(err.message, " 7 more "));
    assert_int_equal(engine_prompt(engine, 0, text, 0, &node, &err), PONDER_E_ARGUMENT);
    assert_int_equal(engine_prompt(engine, 12345, text, 1, &node, &err), PONDER_E_ARGUMENT);
    assert_int_equal(engine_prompt(engine, 0, text, CONTEXT - 2, &node, &err), PONDER_OK);
    assert_int_equal(engine_prompt(engine, node, text, 3, &other, &err), PONDER_E_LIMIT);
    struct engine_result result = ask(engine, node, 100, NULL);
    assert_int_equal(result.finish, ENGINE_FINISH_CONTEXT);
    assert_int_equal(result.token_count, 2);
    struct engine_result full = ask(engine, result.node, 100, NULL);
    assert_int_equal(full.finish, ENGINE_FINISH_CONTEXT);
    assert_int_equal(full.token_count, 0);
    engine_node_release(engine, full.node);
    engine_node_release(engine, result.node);
    engine_node_release(engine, node);
    struct engine_request request = {.parent = node, .tokens_max = 1, .sampling = {1, 0, 1, 0}};
    assert_int_equal(engine_submit(engine, &request, &err), PONDER_E_ARGUMENT);
    request.tokens_max = 0;
    assert_int_equal(engine_submit(engine, &request, &err), PONDER_E_ARGUMENT);
    engine_result_clear(&result);
    engine_result_clear(&full);
    nothing_is_held(engine);
    engine_release(engine);
}

static void a_path_that_cannot_fit_is_refused_and_the_others_go_on(void **state)
{
    (void)state;
    struct lm_model model = model_of(VOCAB);
    struct engine *engine = open_engine(&model, 8, 64, CONTEXT / KV_BLOCK);
    int64_t node = prompt(engine, 0, "."), small = prompt(engine, 0, "A question of some length");
    for (int i = 0; i < 30; i++) { /* a block for every segment: more than there are */
        int64_t next = prompt(engine, node, "..");
        engine_node_release(engine, node);
        node = next;
    }
    for (int i = 0; i < 6; i++)
        submit(engine, i, i % 2 ? node : small, 20, (uint64_t)i);
    run_all(engine);
    struct engine_result result;
    for (int i = 0; i < 6; i++) {
        assert_true(engine_take(engine, &result));
        bool refused = result.tag % 2;
        assert_int_equal(result.finish, refused ? ENGINE_FINISH_FAILED : ENGINE_FINISH_LENGTH);
        assert_int_equal(result.status, refused ? PONDER_E_LIMIT : PONDER_OK);
        assert_int_equal(strstr(result.error, "refused") != NULL, refused);
        engine_node_release(engine, result.node);
        engine_result_clear(&result);
    }
    engine_node_release(engine, node);
    engine_node_release(engine, small);
    nothing_is_held(engine);
    engine_release(engine);
}

static void logits_that_are_not_numbers_fail_the_request_only(void **state)
{
    (void)state;
    struct lm_model model = model_of(VOCAB);
    struct engine *engine = open_engine(&model, 8, 64, 100);
    int64_t node = prompt(engine, 0, "abc");
    script.broken = true;
    struct engine_result result = ask(engine, node, 5, NULL);
    script.broken = false;
    assert_int_equal(result.finish, ENGINE_FINISH_FAILED);
    assert_int_equal(result.status, PONDER_E_ENGINE);
    assert_int_equal(result.node, 0);
    engine_result_clear(&result);
    result = ask(engine, node, 5, NULL);
    assert_int_equal(result.finish, ENGINE_FINISH_LENGTH);
    engine_node_release(engine, result.node);
    engine_node_release(engine, node);
    engine_result_clear(&result);
    engine_release(engine);
}

static void a_cancelled_request_keeps_what_it_has(void **state)
{
    (void)state;
    struct lm_model model = model_of(VOCAB);
    struct engine *engine = open_engine(&model, 2, 64, 100);
    int64_t node = prompt(engine, 0, "abc");
    struct ponder_err err = {0};
    for (int i = 0; i < 4; i++)
        submit(engine, i, node, 50, (uint64_t)i);
    for (int i = 0; i < 10; i++)
        assert_int_equal(engine_step(engine, 0, &err), 4);
    engine_cancel(engine, 1);
    engine_cancel(engine, 3);
    engine_cancel(engine, 77);
    struct engine_result result;
    for (int i = 0; i < 2; i++) {
        assert_true(engine_take(engine, &result));
        assert_int_equal(result.finish, ENGINE_FINISH_CANCELLED);
        assert_int_equal(result.tag, i ? 3 : 1);
        assert_int_equal(result.token_count, i ? 0 : 10);
        engine_node_release(engine, result.node);
        engine_result_clear(&result);
    }
    assert_false(engine_take(engine, &result));
    submit(engine, 9, node, 50, 1);
    engine_release(engine); /* with work under way and a node in hand */
}

/* ---- memory that runs out ---- */

/* One small search that lives with every failure: whatever was handed out is given back. */
static void search_anyhow(struct engine *engine)
{
    struct ponder_err err = {0};
    struct engine_result result;
    int64_t node = 0, next = 0;
    static const char *const stop = "zz";
    (void)!engine_prompt(engine, 0, question, strlen(question), &node, &err);
    for (int i = 0; node && i < 70; i++) {
        struct engine_request request = {.tag = i,
                                         .parent = node,
                                         .tokens_max = 20,
                                         .sampling = {.temperature = 1, .top_p = 1},
                                         .stops = &stop,
                                         .stop_count = 1};
        (void)!engine_submit(engine, &request, &err);
    }
    if (node && engine_prompt(engine, node, "then", 4, &next, &err) == PONDER_OK)
        engine_node_release(engine, next);
    for (int i = 0; engine_step(engine, 0, &err) > 0; i++)
        assert_true(i < 10000);
    while (engine_take(engine, &result)) {
        assert_int_equal(result.node == 0, result.finish == ENGINE_FINISH_FAILED);
        engine_node_release(engine, result.node);
        engine_result_clear(&result);
    }
    engine_node_release(engine, node);
    nothing_is_held(engine);
}

static void no_failed_allocation_is_fatal_or_loses_anything(void **state)
{
    (void)state;
    struct lm_model model = model_of(VOCAB);
    struct local_options options = {.threads = 1, .kv_bytes_max = 60 * BLOCK_BYTES, .kv_type = KV_F32};
    struct ponder_err err = {0};
    bool failed = true;
    for (long nth = 1; failed; nth++) {
        struct engine *engine;
        fail_after = nth - 1;
        int status = local_open(&engine, &model, &options, &err);
        if (status == PONDER_OK) {
            search_anyhow(engine);
            failed = fail_after < 0;
            fail_after = -1;
            search_anyhow(engine); /* it works on */
            engine_release(engine);
        }
        assert_true(nth < 100000);
    }
    fail_after = -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_do_not_depend_on_what_runs_beside_or_on_memory),
        cmocka_unit_test(a_shared_prefix_is_computed_and_stored_once),
        cmocka_unit_test(a_search_is_the_same_with_little_memory_and_leaves_nothing_behind),
        cmocka_unit_test(ten_thousand_requests_leave_nothing_behind),
        cmocka_unit_test(text_ends_at_stop_strings_wherever_tokens_end),
        cmocka_unit_test(a_string_that_ends_a_text_is_left_out_of_it),
        cmocka_unit_test(control_tokens_stand_only_in_the_parts_of_a_prompt),
        cmocka_unit_test(an_end_token_first_gives_an_empty_text_and_the_same_place),
        cmocka_unit_test(prompts_that_do_not_fit_are_refused_by_how_much),
        cmocka_unit_test(a_path_that_cannot_fit_is_refused_and_the_others_go_on),
        cmocka_unit_test(logits_that_are_not_numbers_fail_the_request_only),
        cmocka_unit_test(a_cancelled_request_keeps_what_it_has),
        cmocka_unit_test(no_failed_allocation_is_fatal_or_loses_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
