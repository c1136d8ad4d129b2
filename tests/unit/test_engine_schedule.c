/* test_engine_schedule.c - the local engine's scheduling: what runs beside a request, and memory, change
 * nothing. */
#include "hash_engine.h"

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
        cmocka_unit_test(no_failed_allocation_is_fatal_or_loses_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
