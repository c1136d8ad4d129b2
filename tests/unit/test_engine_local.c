/* test_engine_local.c - the local engine over the real forward pass of a small random model. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/local.h"

enum { CONTEXT = 256, ALL = 64 };
static const char *const question =
    "What is the sum of all the numbers that were ever named by a child at play?";

static struct lm_model *model_new(void)
{
    struct lm_shape shape = {.vocab = 300,
                             .width = 48,
                             .layers = 3,
                             .heads = 4,
                             .kv_heads = 2,
                             .head_dim = 16,
                             .ffn = 64,
                             .context = CONTEXT,
                             .rope_base = 10000,
                             .rms_eps = 1e-5f,
                             .tied = false};
    struct lm_model *model;
    struct ponder_err err = {0};
    assert_int_equal(lm_model_new(&model, &shape, 11, NULL, &err), PONDER_OK);
    for (size_t i = 0; i < model->param_count; i++)
        model->params[i] *= 8; /* far from uniform, so that a wrong bit changes a text soon */
    return model;
}

static size_t block_bytes(const struct lm_model *model, enum kv_type type)
{
    const struct lm_shape *s = &model->shape;
    return (size_t)s->layers * s->kv_heads * s->head_dim * 2 * KV_BLOCK * (type == KV_F32 ? 4 : 2);
}

struct way {
    int together, branches, rows, blocks, threads;
};

static struct engine *open_engine(const struct lm_model *model, const struct way *way, enum kv_type type,
                                  bool exact)
{
    struct engine *engine;
    struct ponder_err err = {0};
    struct local_options options = {.threads = way->threads,
                                    .rows_max = way->rows,
                                    .branches_max = way->branches,
                                    .kv_bytes_max = (size_t)way->blocks * block_bytes(model, type),
                                    .kv_type = type,
                                    .precision = LM_PRECISION_F32,
                                    .exact = exact};
    assert_int_equal(local_open(&engine, model, &options, &err), PONDER_OK);
    return engine;
}

static int64_t prompt(struct engine *engine, const char *text)
{
    int64_t node;
    struct ponder_err err = {0};
    assert_int_equal(engine_prompt(engine, 0, text, strlen(text), &node, &err), PONDER_OK);
    return node;
}

static void submit(struct engine *engine, int64_t tag, int64_t parent, int tokens_max, double temperature)
{
    struct ponder_err err = {0};
    struct engine_request request = {.tag = tag,
                                     .parent = parent,
                                     .tokens_max = tokens_max,
                                     .sampling = {.temperature = temperature, .top_p = 1},
                                     .stream = (uint64_t)tag};
    assert_int_equal(engine_submit(engine, &request, &err), PONDER_OK);
}

static void run_all(struct engine *engine)
{
    struct ponder_err err = {0};
    int left;
    while ((left = engine_step(engine, 1, &err)) > 0)
        ;
    assert_int_equal(left, 0);
}

/* ALL requests from four prompts of different length, each continued once more. */
static void solve(const struct lm_model *model, const struct way *way, enum kv_type type, bool exact,
                  struct engine_result *results)
{
    struct engine *engine = open_engine(model, way, type, exact);
    int64_t nodes[4];
    for (int q = 0; q < 4; q++)
        nodes[q] = prompt(engine, question + 11 * q);
    for (int begin = 0; begin < ALL; begin += way->together) {
        struct engine_result result;
        for (int i = begin; i < ALL && i < begin + way->together; i++)
            submit(engine, i, nodes[i % 4], 4 + i % 30, 1);
        run_all(engine);
        struct engine_result first[ALL];
        while (engine_take(engine, &result))
            first[result.tag] = result;
        for (int i = begin; i < ALL && i < begin + way->together; i++) {
            submit(engine, ALL + i, first[i].node, 10, 1);
            engine_node_release(engine, first[i].node);
            results[i] = first[i];
        }
        run_all(engine);
        while (engine_take(engine, &result)) {
            engine_node_release(engine, result.node);
            results[result.tag] = result;
        }
    }
    for (int q = 0; q < 4; q++)
        engine_node_release(engine, nodes[q]);
    assert_int_equal(local_state_get(engine).segments, 0);
    assert_int_equal(local_state_get(engine).kv_bytes, 0);
    engine_release(engine);
}

static void check_same(const struct engine_result *a, const struct engine_result *b)
{
    for (int i = 0; i < 2 * ALL; i++) {
        assert_int_equal(a[i].finish, ENGINE_FINISH_LENGTH);
        assert_int_equal(a[i].token_count, b[i].token_count);
        assert_memory_equal(a[i].tokens, b[i].tokens, (size_t)a[i].token_count * sizeof *a[i].tokens);
        assert_memory_equal(&a[i].logprob, &b[i].logprob, sizeof a[i].logprob);
    }
}

static void clear(struct engine_result *results)
{
    for (int i = 0; i < 2 * ALL; i++)
        engine_result_clear(&results[i]);
}

static void exact_texts_are_bit_identical(enum kv_type type)
{
    static const struct way alone = {1, 1, 64, 1000, 1};
    static const struct way ways[] = {
        {ALL, 64, 512, 1000, 2}, {7, 5, 16, 1000, 2}, {ALL, 64, 100, 24, 2}, {ALL, 3, 3, 17, 1}};
    struct lm_model *model = model_new();
    struct engine_result one[2 * ALL], many[2 * ALL];
    solve(model, &alone, type, true, one);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        solve(model, &ways[i], type, true, many);
        check_same(one, many);
        clear(many);
    }
    clear(one);
    lm_model_release(model);
}

static void exact_texts_do_not_depend_on_batch_or_memory_with_f32_keys(void **state)
{
    (void)state;
    exact_texts_are_bit_identical(KV_F32);
}

static void exact_texts_do_not_depend_on_batch_or_memory_with_f16_keys(void **state)
{
    (void)state;
    exact_texts_are_bit_identical(KV_F16);
}

/* log-probabilities of a text, computed without any tree, on a fresh tree in one batch */
static double logprob_of(const struct lm_model *model, const char *text, const int32_t *tokens, int count)
{
    struct lm_run *run;
    struct kv_tree *kv;
    struct ponder_err err = {0};
    int before = (int)strlen(text), rows = before + count - 1;
    int32_t ids[CONTEXT], positions[CONTEXT], segments[CONTEXT];
    for (int i = 0; i < rows; i++) {
        ids[i] = i < before ? (unsigned char)text[i] : tokens[i - before];
        positions[i] = i;
    }
    struct lm_run_options options = {.rows_max = CONTEXT, .threads = 1, .precision = LM_PRECISION_F32};
    assert_int_equal(lm_run_open(&run, model, &options, &err), PONDER_OK);
    assert_int_equal(kv_tree_open(&kv, &model->shape, KV_F32, (size_t)1 << 26, &err), PONDER_OK);
    int segment = kv_segment_new(kv, -1, 0);
    for (int i = 0; i < rows; i++)
        segments[i] = segment;
    assert_int_equal(kv_append(kv, segment, ids, rows), PONDER_OK);
    assert_int_equal(kv_reserve(kv, segment, rows), PONDER_OK);
    struct lm_batch batch = {
        .rows = rows, .tokens = ids, .positions = positions, .kv = kv, .segments = segments};
    float *logits;
    assert_int_equal(lm_forward(run, &batch, &logits, &err), PONDER_OK);
    double sum = 0;
    for (int i = 0; i < count; i++) {
        const float *row = logits + (size_t)(before - 1 + i) * (size_t)model->shape.vocab;
        double total = 0;
        for (int t = 0; t < model->shape.vocab; t++)
            total += exp((double)row[t]);
        sum += (double)row[tokens[i]] - log(total);
    }
    kv_tree_release(kv);
    lm_run_release(run);
    return sum;
}

static void batched_log_probabilities_equal_those_of_the_text_alone(void **state)
{
    (void)state;
    static const struct way way = {ALL, 20, 64, 40, 2};
    struct lm_model *model = model_new();
    struct engine_result results[2 * ALL];
    solve(model, &way, KV_F32, false, results);
    for (int i = 0; i < ALL; i += 7) {
        double alone = logprob_of(model, question + 11 * (i % 4), results[i].tokens, results[i].token_count);
        assert_true(fabs(alone - results[i].logprob) < 2e-3);
    }
    clear(results);
    lm_model_release(model);
}

/* A text is scored behind each of its steps, each step appended to the node of those before, while other
 * requests generate. */
static void steps_are_scored_as_the_whole_text_is_and_cost_their_own_rows(void **state)
{
    (void)state;
    static const struct way way = {ALL, 20, 64, 40, 1};
    static const char *const steps[] = {"What is it?", " It is", " seven", " or eight."};
    static const int32_t good = 'y', bad = 'n';
    struct lm_model *model = model_new();
    struct engine *engine = open_engine(model, &way, KV_F32, true);
    struct ponder_err err = {0};
    struct engine_result result;
    char text[64] = "";
    int64_t node = 0, other = prompt(engine, question);
    submit(engine, 100, other, 30, 1);
    for (int i = 0; i < 4; i++) {
        int64_t next;
        strcat(text, steps[i]);
        assert_int_equal(engine_prompt(engine, node, steps[i], strlen(steps[i]), &next, &err), PONDER_OK);
        engine_node_release(engine, node);
        node = next;
        struct engine_request request = {.tag = i, .parent = node, .score = true, .good = good, .bad = bad};
        assert_int_equal(engine_submit(engine, &request, &err), PONDER_OK);
        do
            assert_true(engine_step(engine, 1, &err) >= 0);
        while (!engine_take(engine, &result));
        assert_int_equal(result.tag, i);
        assert_int_equal(result.finish, ENGINE_FINISH_SCORED);
        assert_int_equal(result.token_count, 0);
        double expected = 1 / (1 + exp(logprob_of(model, text, &bad, 1) - logprob_of(model, text, &good, 1)));
        if (!(fabs(result.score - expected) < 1e-4))
            fail_msg("step %d: %.6f, expected %.6f", i, result.score, expected);
        engine_node_release(engine, result.node);
        engine_result_clear(&result);
    }
    run_all(engine);
    assert_true(engine_take(engine, &result));
    assert_int_equal(result.token_count, 30);
    assert_int_equal(local_state_get(engine).rows, (int64_t)(strlen(text) + strlen(question)) + 29);
    engine_node_release(engine, result.node);
    engine_result_clear(&result);
    struct engine_request request = {.parent = other, .score = true, .good = 300};
    assert_int_equal(engine_submit(engine, &request, &err), PONDER_E_ARGUMENT);
    engine_node_release(engine, node);
    engine_node_release(engine, other);
    engine_release(engine);
    lm_model_release(model);
}

static double score_of(struct engine *engine, const char *text, int32_t good, int32_t bad)
{
    struct ponder_err err = {0};
    struct engine_result result;
    int64_t node = prompt(engine, text);
    struct engine_request request = {.parent = node, .score = true, .good = good, .bad = bad};
    assert_int_equal(engine_submit(engine, &request, &err), PONDER_OK);
    run_all(engine);
    assert_true(engine_take(engine, &result));
    double score = result.score;
    engine_node_release(engine, result.node);
    engine_node_release(engine, node);
    engine_result_clear(&result);
    return score;
}

static void an_engine_of_scores_alone_reads_the_same_from_its_two_logits_and_refuses_the_rest(void **state)
{
    (void)state;
    static const int32_t good = 'y', bad = 'n';
    struct lm_model *model = model_new();
    struct ponder_err err = {0};
    struct local_options options = {
        .rows_max = 64, .branches_max = 64, .kv_type = KV_F32, .exact = true, .precision = LM_PRECISION_F32};
    struct engine *whole, *two;
    assert_int_equal(local_open(&whole, model, &options, &err), PONDER_OK);
    options.scores_only = true;
    options.good = good;
    options.bad = bad;
    assert_int_equal(local_open(&two, model, &options, &err), PONDER_OK);
    assert_true(local_weights_bytes(two) < local_weights_bytes(whole));
    assert_true(fabs(score_of(two, question, good, bad) - score_of(whole, question, good, bad)) < 1e-6);
    int64_t node = prompt(two, question);
    struct engine_request swapped = {.parent = node, .score = true, .good = bad, .bad = good};
    assert_int_equal(engine_submit(two, &swapped, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "scores token 121 against token 110"));
    struct engine_request text = {.parent = node, .tokens_max = 1};
    assert_int_equal(engine_submit(two, &text, &err), PONDER_E_ARGUMENT);
    engine_node_release(two, node);
    options.good = 1 << 20;
    struct engine *none;
    assert_int_equal(local_open(&none, model, &options, &err), PONDER_E_ARGUMENT);
    engine_release(two);
    engine_release(whole);
    lm_model_release(model);
}

static long resident_pages(void)
{
    char line[128];
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    char *end;
    strtol(line, &end, 10);
    return strtol(end, NULL, 10); /* the second number */
}

static void a_text_beyond_what_memory_holds_of_a_long_context_is_refused_with_the_reason(void **state)
{
    (void)state;
    struct lm_model *model = model_new();
    model->shape.context = 1 << 17;
    struct way way = {.branches = 2, .rows = 64, .blocks = KV_CONTEXT_MIN / KV_BLOCK + 1, .threads = 1};
    struct engine *engine = open_engine(model, &way, KV_F16, false);
    struct ponder_err err = {0};
    static int32_t ids[KV_CONTEXT_MIN + KV_BLOCK + 1];
    int64_t node;
    int room = KV_CONTEXT_MIN + KV_BLOCK;
    assert_int_equal(local_context(engine), room);
    assert_int_equal(local_prompt_ids(engine, 0, ids, room + 1, &node, &err), PONDER_E_LIMIT);
    assert_non_null(strstr(err.message, "--kv-mib"));
    assert_int_equal(local_prompt_ids(engine, 0, ids, room, &node, &err), PONDER_OK);
    engine_node_release(engine, node);
    engine_release(engine);
    lm_model_release(model);
}

static void ten_thousand_requests_do_not_grow(void **state)
{
    (void)state;
    static const struct way way = {ALL, 64, 512, 200, 2};
    struct lm_model *model = model_new();
    struct engine *engine = open_engine(model, &way, KV_F16, false);
    long pages = 0;
    for (int round = 0; round < 100; round++) {
        int64_t node = prompt(engine, question);
        for (int i = 0; i < 100; i++)
            submit(engine, round * 100 + i, node, 3, 1);
        engine_node_release(engine, node);
        run_all(engine);
        struct engine_result result;
        while (engine_take(engine, &result)) {
            engine_node_release(engine, result.node);
            engine_result_clear(&result);
        }
        assert_int_equal(local_state_get(engine).nodes, 0);
        assert_int_equal(local_state_get(engine).segments, 0);
        assert_int_equal(local_state_get(engine).kv_bytes, 0);
        if (round == 20)
            pages = resident_pages();
    }
#ifndef __SANITIZE_ADDRESS__ /* which keeps freed memory */
    assert_true(resident_pages() <= pages + (1 << 20) / sysconf(_SC_PAGESIZE));
#else
    (void)pages;
#endif
    engine_release(engine);
    lm_model_release(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_texts_do_not_depend_on_batch_or_memory_with_f32_keys),
        cmocka_unit_test(exact_texts_do_not_depend_on_batch_or_memory_with_f16_keys),
        cmocka_unit_test(batched_log_probabilities_equal_those_of_the_text_alone),
        cmocka_unit_test(an_engine_of_scores_alone_reads_the_same_from_its_two_logits_and_refuses_the_rest),
        cmocka_unit_test(steps_are_scored_as_the_whole_text_is_and_cost_their_own_rows),
        cmocka_unit_test(a_text_beyond_what_memory_holds_of_a_long_context_is_refused_with_the_reason),
        cmocka_unit_test(ten_thousand_requests_do_not_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
