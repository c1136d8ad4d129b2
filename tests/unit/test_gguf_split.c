/* test_gguf_split.c - a model in several files is the model in one; parts that cannot be joined say what they
 * are. */
#include <sys/stat.h>

#include "core/buf.h"
#include "gguf/gguf_impl.h"
#include "model_fixture.h"

static char folder[] = "/tmp/test_split_XXXXXX";

static int set_up_folder(void **state)
{
    return set_up(state) || !mkdtemp(folder) ? -1 : 0;
}

static int tear_down_folder(void **state)
{
    return tear_down(state) || rmdir(folder) ? -1 : 0; /* fails where a test left a file behind */
}

static const char *at(const char *name)
{
    static char paths[4][128];
    static int next;
    char *text = paths[next++ % 4];
    snprintf(text, sizeof paths[0], "%s/%s", folder, name);
    return text;
}

static const char *part_name(int number, int count)
{
    char name[64];
    snprintf(name, sizeof name, "tiny-%05d-of-%05d.gguf", number + 1, count);
    return at(name);
}

/* ---- splitting ---- */

static void put_u32(struct buf *out, uint32_t value)
{
    buf_append(out, (const char *)&value, sizeof value);
}

static void put_u64(struct buf *out, uint64_t value)
{
    buf_append(out, (const char *)&value, sizeof value);
}

static void put_name(struct buf *out, const char *name)
{
    put_u64(out, strlen(name));
    buf_puts(out, name);
}

static void put_key(struct buf *out, const char *name, uint32_t value)
{
    put_name(out, name);
    put_u32(out, GGUF_U32);
    put_u32(out, value);
}

static void pad(struct buf *out)
{
    while (out->len % GGUF_ALIGNMENT)
        buf_putc(out, '\0');
}

/* Part `number` of `count`, with tensors [first, end) of the file. */
struct part {
    int number, count;
    size_t first, end;
    uint32_t tensors; /* it says that there are so many in all */
};

static void write_part(const struct gguf_file *file, const struct part *part, const char *name)
{
    enum { HEADER = 24 };
    struct buf out = BUF_INIT(1 << 24), data = BUF_INIT(1 << 24);
    size_t keys = part->number ? 0 : file->value_count;
    buf_puts(&out, "GGUF");
    put_u32(&out, 3);
    put_u64(&out, part->end - part->first);
    put_u64(&out, keys + 3);
    if (keys)
        buf_append(&out, (const char *)file->bytes + HEADER, file->tensors_at - HEADER);
    put_key(&out, "split.no", (uint32_t)part->number);
    put_key(&out, "split.count", (uint32_t)part->count);
    put_key(&out, "split.tensors.count", part->tensors);
    for (size_t i = part->first; i < part->end; i++) {
        const struct gguf_tensor *tensor = gguf_tensor_at(file, i);
        put_name(&out, tensor->name);
        put_u32(&out, (uint32_t)tensor->n_dims);
        for (int d = 0; d < tensor->n_dims; d++)
            put_u64(&out, tensor->dims[d]);
        put_u32(&out, (uint32_t)tensor->type);
        put_u64(&out, data.len);
        buf_append(&data, tensor->data, tensor->bytes);
        pad(&data);
    }
    pad(&out);
    buf_append(&out, data.data, data.len);
    FILE *to = fopen(name, "w");
    assert_true(buf_ok(&out) && to && fwrite(out.data, 1, out.len, to) == out.len && !fclose(to));
    buf_release(&out);
    buf_release(&data);
}

/* A small model in one file at `path`, opened. */
static struct gguf_file *whole_file(void)
{
    struct lm_shape shape = whole_shape(2);
    struct lm_model *model;
    struct gguf_file *file;
    assert_int_equal(lm_model_alloc(&model, &shape, &err), 0);
    model->tokenizer = bytes_tokenizer();
    for (size_t i = 0; i < model->param_count; i++)
        model->params[i] = (float)(i % 97) / 97 - 0.5f;
    assert_int_equal(lm_model_save(model, path, GGUF_TENSOR_F16, "tiny", NULL, NULL, &err), 0);
    lm_model_release(model);
    assert_int_equal(gguf_open(&file, path, &err), 0);
    return file;
}

enum { PARTS = 3 };

/* In three files, of which the first has no tensors, as llama-gguf-split can do it. */
static void split(const struct gguf_file *file)
{
    size_t all = gguf_tensor_count(file), ends[PARTS + 1] = {0, 0, 4, all};
    for (int i = 0; i < PARTS; i++)
        write_part(file, &(struct part){i, PARTS, ends[i], ends[i + 1], (uint32_t)all}, part_name(i, PARTS));
}

static void clean(void)
{
    for (int i = 0; i < PARTS; i++)
        unlink(part_name(i, PARTS));
}

static void refused(const char *name, int status, const char *words)
{
    struct gguf_file *file;
    int got = gguf_open(&file, name, &err);
    if (got != status || !strstr(err.message, words) || !strstr(err.message, name))
        fail_msg("status %d, not %d: '%s' lacks '%s' or %s", got, status, err.message, words, name);
    assert_null(file);
}

/* ---- tests ---- */

static void a_split_model_is_the_model_whichever_part_is_named(void **state)
{
    (void)state;
    struct gguf_file *file = whole_file();
    struct lm_model *whole, *parts;
    split(file);
    assert_int_equal(lm_model_open(&whole, path, &err), 0);
    for (int i = 0; i < PARTS; i++)
        for (size_t expanded = 0; expanded < 2; expanded++) { /* matrices that stay in the files, too */
            if (lm_model_open_within(&parts, part_name(i, PARTS), expanded ? SIZE_MAX : 0, &err))
                fail_msg("%s", err.message);
            assert_true(!expanded || parts->hash == whole->hash);
            lm_model_expand(parts);
            assert_memory_equal(parts->params, whole->params, whole->param_count * sizeof(float));
            lm_model_release(parts);
        }
    lm_model_release(whole);
    gguf_release(file);
    clean();
}

static void a_joined_file_has_all_tensors_in_order_and_the_first_ones_keys(void **state)
{
    (void)state;
    struct gguf_file *file = whole_file(), *parts;
    split(file);
    assert_int_equal(gguf_open(&parts, part_name(2, PARTS), &err), 0);
    assert_string_equal(gguf_path(parts), part_name(0, PARTS));
    assert_int_equal(gguf_tensor_count(parts), gguf_tensor_count(file));
    for (size_t i = 0; i < gguf_tensor_count(file); i++) {
        const struct gguf_tensor *a = gguf_tensor_at(file, i), *b = gguf_tensor_at(parts, i);
        assert_string_equal(a->name, b->name);
        assert_int_equal(a->bytes, b->bytes);
        assert_memory_equal(a->data, b->data, a->bytes);
        assert_ptr_equal(gguf_tensor_find(parts, a->name), b);
    }
    assert_non_null(gguf_find(parts, "tokenizer.ggml.tokens"));
    struct gguf_writer *writer = gguf_writer_new();
    gguf_put_file(writer, parts, "ponder.");
    assert_int_equal(gguf_writer_save(writer, at("copy.gguf"), &err), PONDER_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, "several files"));
    gguf_writer_release(writer);
    gguf_release(parts);
    gguf_release(file);
    clean();
}

static void a_lone_part_names_the_file_that_is_missing(void **state)
{
    (void)state;
    struct gguf_file *file = whole_file();
    split(file);
    unlink(part_name(1, PARTS));
    refused(part_name(0, PARTS), PONDER_E_IO,
            "is part 1 of the 3 of a split model, which all have to be in one folder");
    refused(part_name(2, PARTS), PONDER_E_IO, part_name(1, PARTS));
    rename(part_name(2, PARTS), at("other.gguf"));
    refused(at("other.gguf"), PONDER_E_FORMAT, "does not end in -00003-of-00003.gguf");
    unlink(at("other.gguf"));
    gguf_release(file);
    clean();
}

static void parts_that_are_not_of_one_model_are_refused(void **state)
{
    (void)state;
    struct gguf_file *file = whole_file(), *other;
    size_t all = gguf_tensor_count(file);
    split(file);
    write_part(file, &(struct part){2, PARTS, 5, all, (uint32_t)all}, part_name(2, PARTS));
    refused(part_name(0, PARTS), PONDER_E_FORMAT, "they are of different models");
    write_part(file, &(struct part){2, PARTS, 3, all - 1, (uint32_t)all}, part_name(2, PARTS));
    refused(part_name(0, PARTS), PONDER_E_FORMAT, "is in two of its parts");
    write_part(file, &(struct part){1, PARTS, 4, all, (uint32_t)all}, part_name(2, PARTS));
    refused(part_name(2, PARTS), PONDER_E_FORMAT, "it is part 2 of the 3 of a split model, but its name");
    assert_int_equal(gguf_open(&other, part_name(0, PARTS), &err), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "it says that it is part 2 of 3, and its name part 3 of 3"));
    clean();
    write_part(file, &(struct part){0, 70000, 0, all, (uint32_t)all}, at("many.gguf"));
    refused(at("many.gguf"), PONDER_E_FORMAT, "part 1 of 70000");
    write_part(file, &(struct part){3, 2, 0, all, (uint32_t)all}, at("many.gguf"));
    refused(at("many.gguf"), PONDER_E_FORMAT, "part 4 of 2");
    unlink(at("many.gguf"));
    gguf_release(file);
}

static void a_model_that_was_joined_again_is_in_one_file(void **state)
{
    (void)state;
    struct gguf_file *file = whole_file(), *again;
    size_t all = gguf_tensor_count(file);
    write_part(file, &(struct part){0, 0, 0, all, (uint32_t)all}, at("again.gguf"));
    assert_int_equal(gguf_open(&again, at("again.gguf"), &err), 0);
    assert_int_equal(gguf_tensor_count(again), all);
    gguf_release(again);
    gguf_release(file);
    unlink(at("again.gguf"));
}

static void append(FILE *to, const char *name)
{
    char bytes[4096];
    FILE *from = fopen(name, "r");
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, from)) > 0;)
        assert_int_equal(fwrite(bytes, 1, n, to), n);
    fclose(from);
}

static void parts_written_one_behind_another_are_no_model(void **state)
{
    (void)state;
    struct gguf_file *file = whole_file();
    split(file);
    FILE *to = fopen(at("joined.gguf"), "w");
    for (int i = 0; i < PARTS; i++)
        append(to, part_name(i, PARTS));
    fclose(to);
    refused(at("joined.gguf"), PONDER_E_FORMAT, "another GGUF file begins here");
    unlink(at("joined.gguf"));
    gguf_release(file);
    clean();
}

static void a_piece_of_a_file_that_was_cut_says_so(void **state)
{
    (void)state;
    static const char *const names[] = {"tiny.gguf.part1of2", "tiny.gguf-split-a", "tiny.Q4.gguf.part-aa"};
    struct gguf_file *file = whole_file();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        FILE *to = fopen(at(names[i]), "w");
        append(to, path);
        fclose(to);
        assert_int_equal(truncate(at(names[i]), (off_t)file->size / 2), 0);
        refused(at(names[i]), PONDER_E_FORMAT, "a piece of a file that was cut");
        unlink(at(names[i]));
    }
    gguf_release(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_split_model_is_the_model_whichever_part_is_named),
        cmocka_unit_test(a_joined_file_has_all_tensors_in_order_and_the_first_ones_keys),
        cmocka_unit_test(a_lone_part_names_the_file_that_is_missing),
        cmocka_unit_test(parts_that_are_not_of_one_model_are_refused),
        cmocka_unit_test(a_model_that_was_joined_again_is_in_one_file),
        cmocka_unit_test(parts_written_one_behind_another_are_no_model),
        cmocka_unit_test(a_piece_of_a_file_that_was_cut_says_so),
    };
    return cmocka_run_group_tests(tests, set_up_folder, tear_down_folder);
}
