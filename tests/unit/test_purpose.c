/* test_purpose.c - how a model says it is sampled, and how that is kept in its file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "gguf/gguf.h"
#include "model/ponder_model.h"

static const char path[] = "test_purpose.gguf";

static int remove_file(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

/* A file with a key of another kind before and behind, and a tensor. */
static void write_file(const char *key, float value)
{
    static const float numbers[] = {1, -2, 3.5f, 4};
    const uint64_t dims[] = {2, 2};
    struct gguf_writer *writer = gguf_writer_new();
    struct ponder_err err;
    gguf_put_text(writer, "general.name", "some model");
    if (key)
        gguf_put_f32(writer, key, value);
    gguf_put_u32(writer, "llama.block_count", 7);
    gguf_put_tensor(writer, "w", GGUF_TENSOR_F16, 2, dims, numbers);
    if (gguf_writer_save(writer, path, &err))
        fail_msg("%s", err.message);
    gguf_writer_release(writer);
}

static int read_model(struct ponder_model *model, struct ponder_err *err)
{
    struct gguf_file *file;
    *model = (struct ponder_model){0};
    ponder_model_default_sampling(model);
    assert_int_equal(gguf_open(&file, path, err), PONDER_OK);
    int status = ponder_model_read_sampling(model, file, err);
    gguf_release(file);
    return status;
}

static void a_model_that_says_nothing_has_the_defaults(void **state)
{
    (void)state;
    struct ponder_model model;
    struct ponder_err err;
    write_file(NULL, 0);
    assert_int_equal(read_model(&model, &err), PONDER_OK);
    for (int p = 0; p < PONDER_PURPOSES; p++) {
        struct ponder_purpose_sampling plain = ponder_purpose_default((enum ponder_purpose)p);
        assert_true(model.sampling[p].temperature == plain.temperature);
        assert_true(model.sampling[p].top_p == plain.top_p && model.sampling[p].min_p == plain.min_p);
    }
    assert_true(model.sampling[PONDER_FOR_ONE].temperature == 0);
}

static void a_model_says_how_it_is_sampled_for_a_purpose(void **state)
{
    (void)state;
    struct ponder_model model;
    struct ponder_err err;
    write_file("ponder.sampling.weighted.temperature", 0.3f);
    assert_int_equal(read_model(&model, &err), PONDER_OK);
    assert_true(model.sampling[PONDER_FOR_WEIGHTED].temperature == 0.3); /* not 0.30000001 */
    assert_true(model.sampling[PONDER_FOR_VOTE].temperature != 0.3);
}

static void a_temperature_that_none_can_be_is_refused_by_its_key(void **state)
{
    (void)state;
    const float wrong[] = {-0.1f, 11, NAN, INFINITY};
    struct ponder_model model;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct ponder_err err = {0};
        write_file("ponder.sampling.vote.temperature", wrong[i]);
        assert_int_equal(read_model(&model, &err), PONDER_E_FORMAT);
        assert_non_null(strstr(err.message, "ponder.sampling.vote.temperature"));
    }
}

static void a_top_p_of_no_token_is_refused_by_its_key(void **state)
{
    (void)state;
    const float wrong[] = {0, -0.5f, 1.5f, NAN};
    struct ponder_model model;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct ponder_err err = {0};
        write_file("ponder.sampling.vote.top_p", wrong[i]);
        assert_int_equal(read_model(&model, &err), PONDER_E_FORMAT);
        assert_non_null(strstr(err.message, "'ponder.sampling.vote.top_p': top-p"));
        assert_non_null(strstr(err.message, "it is more than 0 and at most 1"));
    }
}

static void what_is_left_open_is_as_the_model_says_and_what_is_given_stays(void **state)
{
    (void)state;
    struct ponder_model model = {0};
    ponder_model_default_sampling(&model);
    model.sampling[PONDER_FOR_VOTE] = (struct ponder_purpose_sampling){0.6, 0.9, 0.05};
    struct ponder_sampling open = {.temperature = NAN, .top_p = NAN, .min_p = NAN};
    struct ponder_sampling whole = ponder_model_sampling(&model, PONDER_FOR_VOTE, &open);
    assert_true(whole.temperature == 0.6 && whole.top_p == 0.9 && whole.min_p == 0.05);
    assert_string_equal(whole.pool, "samples");
    open.temperature = 0;
    open.pool = "greedy";
    whole = ponder_model_sampling(&model, PONDER_FOR_VOTE, &open);
    assert_true(whole.temperature == 0 && whole.top_p == 0.9);
    assert_string_equal(whole.pool, "greedy");
}

static void keeping_a_choice_leaves_all_else_in_the_file_as_it_was(void **state)
{
    (void)state;
    struct ponder_sampling_choice choice = {.known = {[PONDER_FOR_VOTE] = true},
                                            .sampling = {[PONDER_FOR_VOTE] = {0.7, 0.95, 0}}};
    struct ponder_model model;
    struct ponder_err err = {0};
    write_file("ponder.sampling.best.temperature", 0.2f);
    if (ponder_model_keep_sampling(path, &choice, &err))
        fail_msg("%s", err.message);
    assert_int_equal(read_model(&model, &err), PONDER_OK);
    assert_true(model.sampling[PONDER_FOR_VOTE].temperature == 0.7);
    assert_true(model.sampling[PONDER_FOR_VOTE].top_p == 0.95);
    assert_true(model.sampling[PONDER_FOR_BEST].temperature == 0.2);
    choice.sampling[PONDER_FOR_VOTE] = (struct ponder_purpose_sampling){0.5, 1, 0};
    assert_int_equal(ponder_model_keep_sampling(path, &choice, &err), PONDER_OK);
    assert_int_equal(read_model(&model, &err), PONDER_OK);
    assert_true(model.sampling[PONDER_FOR_VOTE].temperature == 0.5);
    assert_true(model.sampling[PONDER_FOR_VOTE].top_p == 1); /* the old one is gone */

    struct gguf_file *file;
    struct gguf_string name;
    uint32_t blocks;
    float numbers[4];
    assert_int_equal(gguf_open(&file, path, &err), PONDER_OK);
    assert_int_equal(gguf_get_string(file, "general.name", &name, &err), PONDER_OK);
    assert_true(name.len == 10 && memcmp(name.data, "some model", 10) == 0);
    assert_int_equal(gguf_get_u32(file, "llama.block_count", &blocks, &err), PONDER_OK);
    assert_int_equal(blocks, 7);
    const struct gguf_tensor *tensor = gguf_tensor_find(file, "w");
    assert_true(tensor && tensor->type == GGUF_TENSOR_F16);
    gguf_tensor_to_f32(tensor, numbers);
    assert_true(numbers[0] == 1 && numbers[1] == -2 && numbers[2] == 3.5f && numbers[3] == 4);
    gguf_release(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_model_that_says_nothing_has_the_defaults, remove_file),
        cmocka_unit_test_teardown(a_model_says_how_it_is_sampled_for_a_purpose, remove_file),
        cmocka_unit_test_teardown(a_temperature_that_none_can_be_is_refused_by_its_key, remove_file),
        cmocka_unit_test(a_top_p_of_no_token_is_refused_by_its_key),
        cmocka_unit_test(what_is_left_open_is_as_the_model_says_and_what_is_given_stays),
        cmocka_unit_test_teardown(keeping_a_choice_leaves_all_else_in_the_file_as_it_was, remove_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
