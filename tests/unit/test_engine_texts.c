/* test_engine_texts.c - where the texts of the local engine end, and what it refuses. */
#include "hash_engine.h"

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

/* An engine over a model that says `text` behind *node, and then ends; the model's tokenizer is learnt. */
static struct engine *engine_that_says(struct lm_model *model, const char *text, int64_t *node)
{
    const int32_t start[] = {TOKENIZER_QUESTION, 100, 101};
    struct ponder_err err = {0};
    model->tokenizer = learnt();
    struct engine *engine = open_engine(model, 4, 16, 1000);
    assert_int_equal(local_prompt_ids(engine, 0, start, 3, node, &err), PONDER_OK);
    make_say(model->tokenizer, 3, text, true);
    return engine;
}

static void text_ends_at_stop_strings_wherever_tokens_end(void **state)
{
    (void)state;
    struct lm_model model = model_of(VOCAB);
    int64_t node;
    struct engine *engine = engine_that_says(&model, "so ## therefore ##", &node);

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

/* A line end, or a blank line, ends no text that is nothing else; another stop string does. */
static void an_empty_line_is_the_beginning_of_the_next(void **state)
{
    (void)state;
    static const struct {
        const char *text, *stop, *told;
        enum engine_finish finish;
    } rows[] = {
        {"\n\nso\nthere", "\n", "\n\nso\n", ENGINE_FINISH_STOP},
        {" \nso\n\nthere", "\n\n", " \nso\n\n", ENGINE_FINISH_STOP},
        {"\n\n\nso\n\nthere", "\n\n", "\n\n\nso\n\n", ENGINE_FINISH_STOP},
        {"\n\n", "\n", "\n\n", ENGINE_FINISH_END},
        {"\n##\nso", "##", "\n##", ENGINE_FINISH_STOP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct lm_model model = model_of(VOCAB);
        int64_t node;
        struct engine *engine = engine_that_says(&model, rows[i].text, &node);
        struct engine_result result = ask(engine, node, 100, rows[i].stop);
        check_result(&result, rows[i].finish, rows[i].told);
        engine_node_release(engine, result.node);
        engine_result_clear(&result);
        engine_node_release(engine, node);
        engine_release(engine);
        tokenizer_release(model.tokenizer);
    }
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
    int64_t node;
    struct engine *engine = engine_that_says(&model, "so ## therefore ##", &node);
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
    struct ponder_err err = {0};
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
    assert_int_equal(engine_prompt_parts(engine, 0, &parts, &with, &err), PONDER_OK);
    assert_int_equal(engine_prompt_parts(engine, 0, &none, &without, &err), PONDER_OK);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_ends_at_stop_strings_wherever_tokens_end),
        cmocka_unit_test(an_empty_line_is_the_beginning_of_the_next),
        cmocka_unit_test(a_string_that_ends_a_text_is_left_out_of_it),
        cmocka_unit_test(control_tokens_stand_only_in_the_parts_of_a_prompt),
        cmocka_unit_test(an_end_token_first_gives_an_empty_text_and_the_same_place),
        cmocka_unit_test(prompts_that_do_not_fit_are_refused_by_how_much),
        cmocka_unit_test(a_path_that_cannot_fit_is_refused_and_the_others_go_on),
        cmocka_unit_test(logits_that_are_not_numbers_fail_the_request_only),
        cmocka_unit_test(a_cancelled_request_keeps_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
