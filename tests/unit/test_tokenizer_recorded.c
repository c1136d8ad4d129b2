/* test_tokenizer_recorded.c - that tokenizers agree with recorded ids of others. */
#include "tokenizer_fixture.h"

static const char *data_path(const char *name)
{
    static char path[4096];
    const char *data = getenv("PONDER_TEST_DATA");
    snprintf(path, sizeof path, "%s/models/%s", data ? data : "../shared/data", name);
    return path;
}

/* The tokenizer of a file under the test data; skips the test where it is absent. */
static struct tokenizer *open_data(const char *name)
{
    struct gguf_file *file;
    struct tokenizer *tokenizer = NULL;
    const char *path = data_path(name);
    if (access(path, R_OK)) {
        print_message("# skipped: %s is absent\n", path);
        skip();
    }
    if (gguf_open(&file, path, &err) || tokenizer_open(&tokenizer, file, &err))
        fail_msg("%s", err.message);
    gguf_release(file);
    return tokenizer;
}

/* The ids of `text`, as a line of the recorded file has them: each after a space. */
static void check_line(const struct tokenizer *tokenizer, const char *text, size_t len, const char *line,
                       size_t line_len)
{
    struct buf seen = BUF_INIT(1 << 20);
    struct tokenizer_ids ids = encode(tokenizer, text, len, 0);
    for (size_t i = 0; i < ids.count; i++)
        buf_printf(&seen, " %d", ids.ids[i]);
    if (seen.len != line_len || memcmp(buf_text(&seen), line, line_len))
        fail_msg("'%.*s' gives%s, not%.*s", (int)len, text, buf_text(&seen), (int)line_len, line);
    tokenizer_ids_release(&ids);
    buf_release(&seen);
}

/* Compares with recorded ids: .inp holds texts between separators, .out a line of ids for each. */
static void check_recorded(const char *name)
{
    static const char separator[] = "\n__ggml_vocab_test__\n";
    struct buf inp = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
    struct tokenizer *tokenizer = open_data(name);
    char file_name[256];
    snprintf(file_name, sizeof file_name, "%s.inp", name);
    assert_int_equal(buf_read_file(&inp, data_path(file_name), &err), 0);
    snprintf(file_name, sizeof file_name, "%s.out", name);
    assert_int_equal(buf_read_file(&out, data_path(file_name), &err), 0);
    char *text = inp.data, *line = out.data;
    int count = 0;
    for (char *end; (end = strstr(text, separator)); count++) {
        size_t line_len = strcspn(line, "\n");
        check_line(tokenizer, text, (size_t)(end - text), line, line_len);
        text = end + sizeof separator - 1;
        line += line_len + 1;
    }
    assert_true(count > 30);
    for (int i = 0; i < TEXT_COUNT; i++) /* not all bytes: some vocabularies lack those that UTF-8 has not */
        check_round_trip(tokenizer, texts[i], strlen(texts[i]));
    buf_release(&inp);
    buf_release(&out);
    tokenizer_release(tokenizer);
}

static void ids_equal_those_recorded_for_llama_spm(void **state)
{
    (void)state;
    check_recorded("vocab/ggml-vocab-llama-spm.gguf");
}

static void ids_equal_those_recorded_for_phi_3(void **state)
{
    (void)state;
    check_recorded("vocab/ggml-vocab-phi-3.gguf");
}

static void ids_equal_those_recorded_for_gpt_2(void **state)
{
    (void)state;
    check_recorded("vocab/ggml-vocab-gpt-2.gguf");
}

static void ids_equal_those_recorded_for_starcoder(void **state)
{
    (void)state;
    check_recorded("vocab/ggml-vocab-starcoder.gguf");
}

static void ids_equal_those_recorded_for_qwen2(void **state)
{
    (void)state;
    check_recorded("vocab/vocab-qwen2.gguf");
}

static void ids_equal_those_recorded_for_falcon(void **state)
{
    (void)state;
    check_recorded("vocab/ggml-vocab-falcon.gguf");
}

static void ids_equal_those_recorded_for_deepseek_llm(void **state)
{
    (void)state;
    check_recorded("vocab/ggml-vocab-deepseek-llm.gguf");
}

static void stories260K_text_round_trips(void **state)
{
    (void)state;
    struct tokenizer *tokenizer = open_data("stories260K/stories260K-f32.gguf");
    assert_int_equal(tokenizer_size(tokenizer), 512);
    check_all_round_trips(tokenizer);
    tokenizer_release(tokenizer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_equal_those_recorded_for_llama_spm),
        cmocka_unit_test(ids_equal_those_recorded_for_phi_3),
        cmocka_unit_test(ids_equal_those_recorded_for_gpt_2),
        cmocka_unit_test(ids_equal_those_recorded_for_starcoder),
        cmocka_unit_test(ids_equal_those_recorded_for_qwen2),
        cmocka_unit_test(ids_equal_those_recorded_for_falcon),
        cmocka_unit_test(ids_equal_those_recorded_for_deepseek_llm),
        cmocka_unit_test(stories260K_text_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
