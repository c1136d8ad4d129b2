/* test_remark.c - what is guessed of a model is said, and nothing where it is not. */
#include "model/ponder_model.h"
#include "model_fixture.h"
#include "ponder/prompting.h"

static void put_template(struct gguf_writer *writer, void *data)
{
    if (data)
        gguf_put_text(writer, "tokenizer.chat_template", data);
}

/* A small model whose file has this chat template (NULL: none). */
static void write_model(const char *template)
{
    struct lm_shape shape = whole_shape(0);
    struct lm_model *model;
    assert_int_equal(lm_model_alloc(&model, &shape, &err), 0);
    model->tokenizer = bytes_tokenizer();
    memset(model->params, 0, model->param_count * sizeof *model->params);
    if (lm_model_save(model, path, GGUF_TENSOR_F32, "tiny", put_template, (void *)template, &err))
        fail_msg("%s", err.message);
    lm_model_release(model);
}

/* The file once more, without the keys that begin so. */
static void leave_out(const char *keys)
{
    struct gguf_file *file;
    struct gguf_writer *writer = gguf_writer_new();
    assert_int_equal(gguf_open(&file, path, &err), 0);
    gguf_put_file(writer, file, keys);
    assert_int_equal(gguf_writer_save(writer, path, &err), 0);
    gguf_writer_release(writer);
    gguf_release(file);
}

static struct ponder_model *opened(void)
{
    struct ponder_model *model;
    if (ponder_model_open(&model, path, &err))
        fail_msg("%s", err.message);
    return model;
}

static void check(const struct ponder_model *model, enum ponder_remark which, const char *words)
{
    const char *remark = ponder_model_remark(model, which);
    if (!words && remark)
        fail_msg("'%s' is said", remark);
    if (words && (!remark || !strstr(remark, words) || !strstr(remark, path) || strchr(remark, '\n')))
        fail_msg("'%s' lacks '%s' or the file", remark ? remark : "nothing", words);
}

static void a_file_that_says_all_has_no_remark(void **state)
{
    (void)state;
    static const char *const templates[] = {NULL, "chatml", "{{ '<|im_start|>' }}"};
    for (size_t i = 0; i < sizeof templates / sizeof *templates; i++) {
        write_model(templates[i]);
        struct ponder_model *model = opened();
        check(model, PONDER_REMARK_TOKENIZER, NULL);
        check(model, PONDER_REMARK_PROMPT, NULL);
        ponder_model_release(model);
    }
}

static void a_tokenizer_that_does_not_say_how_it_cuts_is_a_guess(void **state)
{
    (void)state;
    struct ponder_tokenizer *tokenizer;
    write_model(NULL);
    assert_int_equal(ponder_tokenizer_open(&tokenizer, path, &err), 0);
    assert_null(ponder_tokenizer_remark(tokenizer));
    ponder_tokenizer_release(tokenizer);
    leave_out("tokenizer.ggml.pre");
    assert_int_equal(ponder_tokenizer_open(&tokenizer, path, &err), 0);
    assert_non_null(strstr(ponder_tokenizer_remark(tokenizer), "\"default\""));
    ponder_tokenizer_release(tokenizer);
    struct ponder_model *model = opened();
    check(model, PONDER_REMARK_TOKENIZER, "key 'tokenizer.ggml.pre' is missing: it is guessed");
    ponder_model_release(model);
}

static void a_chat_template_of_no_known_kind_is_a_guess_until_a_kind_is_chosen(void **state)
{
    (void)state;
    static const char *const templates[] = {"{{ messages }}", "USER: {{ x }} ASSISTANT: ", "[gMASK]<sop>"};
    for (size_t i = 0; i < sizeof templates / sizeof *templates; i++) {
        write_model(templates[i]);
        struct ponder_model *model = opened();
        assert_int_equal(ponder_model_prompting(model, &(struct ponder_prompting){"auto", NULL, NULL}, &err),
                         0);
        check(model, PONDER_REMARK_PROMPT, "chatml, llama3");
        assert_int_equal(ponder_model_prompting(model, &(struct ponder_prompting){"none", NULL, NULL}, &err),
                         0);
        check(model, PONDER_REMARK_PROMPT, NULL);
        ponder_model_release(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_says_all_has_no_remark),
        cmocka_unit_test(a_tokenizer_that_does_not_say_how_it_cuts_is_a_guess),
        cmocka_unit_test(a_chat_template_of_no_known_kind_is_a_guess_until_a_kind_is_chosen),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
