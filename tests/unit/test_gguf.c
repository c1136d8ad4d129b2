/* test_gguf.c - GGUF files: what is written is read back, and nothing hostile gets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "kernels/f16.h"
#include "gguf/gguf.h"
#include "failing_alloc.h"

static struct ponder_err err;
static char directory[] = "/tmp/test_gguf_XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(directory); /* fails where a test left a file behind */
}

static const char *file_in_directory(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static const float numbers[] = {0.0f, 1.0f, -2.5f, 65504.0f, 1e-7f, 3.14159274f};

/* One of everything the writer can put. */
static struct gguf_writer *sample_writer(void)
{
    struct gguf_writer *writer = gguf_writer_new();
    if (!writer)
        return NULL;
    struct gguf_string words[] = {{"one", 3}, {"", 0}, {"a\0b", 3}};
    int32_t ints[] = {-1, 0, 2147483647};
    gguf_put_text(writer, "general.architecture", "llama");
    gguf_put_u32(writer, "u32", 4000000000u);
    gguf_put_u64(writer, "u64", 1ull << 40);
    gguf_put_f32(writer, "f32", 0.5f);
    gguf_put_f64(writer, "f64", 0.1);
    gguf_put_bool(writer, "yes", true);
    gguf_put_bool(writer, "no", false);
    gguf_put_strings(writer, "words", words, 3);
    gguf_put_i32s(writer, "ints", ints, 3);
    gguf_put_f32s(writer, "floats", numbers, 6);
    gguf_put_strings(writer, "none", NULL, 0);
    gguf_put_tensor(writer, "as_f32", GGUF_TENSOR_F32, 2, (uint64_t[]){3, 2}, numbers);
    gguf_put_tensor(writer, "as_f16", GGUF_TENSOR_F16, 1, (uint64_t[]){6}, numbers);
    gguf_put_tensor(writer, "as_bf16", GGUF_TENSOR_BF16, 3, (uint64_t[]){1, 2, 3}, numbers);
    return writer;
}

static char *sample_bytes(size_t *len)
{
    char *bytes;
    struct gguf_writer *writer = sample_writer();
    assert_non_null(writer);
    assert_int_equal(gguf_writer_bytes(writer, &bytes, len, &err), PONDER_OK);
    gguf_writer_release(writer);
    return bytes;
}

static void check_sample_values(const struct gguf_file *file)
{
    uint32_t u32;
    float f32;
    bool truth;
    struct gguf_string text;
    assert_int_equal(gguf_value_count(file), 11);
    assert_int_equal(gguf_get_u32(file, "u32", &u32, &err), 0);
    assert_int_equal(u32, 4000000000u);
    assert_true(gguf_number_at(file, gguf_find(file, "u64"), 0) == (double)(1ull << 40));
    assert_int_equal(gguf_get_f32(file, "f32", &f32, &err), 0);
    assert_true(f32 == 0.5f);
    assert_int_equal(gguf_get_f32(file, "f64", &f32, &err), 0);
    assert_true(f32 == 0.1f);
    assert_int_equal(gguf_get_bool(file, "yes", &truth, &err), 0);
    assert_true(truth);
    assert_int_equal(gguf_get_bool(file, "no", &truth, &err), 0);
    assert_false(truth);
    assert_int_equal(gguf_get_string(file, "general.architecture", &text, &err), 0);
    assert_int_equal(text.len, 5);
    assert_memory_equal(text.data, "llama", 5);
    const struct gguf_value *words = gguf_find(file, "words");
    assert_int_equal(words->count, 3);
    assert_int_equal(gguf_string_at(file, words, 1).len, 0);
    assert_memory_equal(gguf_string_at(file, words, 2).data, "a\0b", 3);
    assert_int_equal(gguf_string_at(file, words, 3).len, 0);
    const struct gguf_value *ints = gguf_find(file, "ints");
    assert_true(gguf_number_at(file, ints, 0) == -1.0);
    assert_true(gguf_number_at(file, ints, 2) == 2147483647.0);
    assert_true(isnan(gguf_number_at(file, ints, 3)));
    assert_int_equal(gguf_find(file, "none")->count, 0);
    assert_null(gguf_find(file, "nowhere"));
}

static void check_sample_tensors(const struct gguf_file *file)
{
    assert_int_equal(gguf_tensor_count(file), 3);
    static const char *const names[] = {"as_f32", "as_f16", "as_bf16"};
    for (int i = 0; i < 3; i++) {
        const struct gguf_tensor *tensor = gguf_tensor_find(file, names[i]);
        assert_non_null(tensor);
        assert_ptr_equal(tensor, gguf_tensor_at(file, (size_t)i));
        float out[6];
        gguf_tensor_to_f32(tensor, out);
        for (int k = 0; k < 6; k++) {
            float wanted = i == 0   ? numbers[k]
                           : i == 1 ? f16_to_f32(f32_to_f16(numbers[k]))
                                    : bf16_to_f32(f32_to_bf16(numbers[k]));
            assert_true(out[k] == wanted);
        }
    }
    const struct gguf_tensor *tensor = gguf_tensor_find(file, "as_bf16");
    assert_int_equal(tensor->n_dims, 3);
    assert_int_equal(tensor->dims[2], 3);
    assert_int_equal(tensor->dims[3], 1);
    assert_int_equal(tensor->bytes, 12);
    assert_null(gguf_tensor_find(file, "nowhere"));
}

static void what_is_saved_is_read_back(void **state)
{
    (void)state;
    struct gguf_writer *writer = sample_writer();
    const char *path = file_in_directory("sample.gguf");
    assert_int_equal(gguf_writer_save(writer, path, &err), 0);
    gguf_writer_release(writer);
    struct gguf_file *file;
    assert_int_equal(gguf_open(&file, path, &err), 0);
    assert_string_equal(gguf_path(file), path);
    check_sample_values(file);
    check_sample_tensors(file);
    gguf_release(file);
    unlink(path);
}

static void getters_refuse_other_types_and_name_the_key(void **state)
{
    (void)state;
    size_t len;
    char *bytes = sample_bytes(&len);
    struct gguf_file *file;
    assert_int_equal(gguf_open_bytes(&file, bytes, len, "sample", &err), 0);
    uint32_t u32;
    float f32;
    bool truth;
    struct gguf_string text;
    assert_int_equal(gguf_get_u32(file, "u64", &u32, &err), PONDER_E_FORMAT); /* does not fit */
    assert_int_equal(gguf_get_u32(file, "yes", &u32, &err), PONDER_E_FORMAT);
    assert_int_equal(gguf_get_u32(file, "ints", &u32, &err), PONDER_E_FORMAT);
    assert_int_equal(gguf_get_f32(file, "u32", &f32, &err), PONDER_E_FORMAT);
    assert_int_equal(gguf_get_bool(file, "u32", &truth, &err), PONDER_E_FORMAT);
    assert_int_equal(gguf_get_string(file, "words", &text, &err), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "'words'"));
    assert_int_equal(gguf_get_string(file, "nowhere", &text, &err), PONDER_E_NOT_FOUND);
    assert_non_null(strstr(err.message, "'nowhere'"));
    gguf_release(file);
    free(bytes);
}

/* A file by hand: the parts that the writer refuses to make. */
static void u32(struct buf *buf, uint32_t value)
{
    buf_append(buf, &value, sizeof value);
}
static void u64(struct buf *buf, uint64_t value)
{
    buf_append(buf, &value, sizeof value);
}
static void text(struct buf *buf, const char *value)
{
    u64(buf, strlen(value));
    buf_puts(buf, value);
}
static struct buf header(uint32_t version, uint64_t tensors, uint64_t keys)
{
    struct buf buf = BUF_INIT(1 << 20);
    buf_puts(&buf, "GGUF");
    u32(&buf, version);
    u64(&buf, tensors);
    u64(&buf, keys);
    return buf;
}
static void tensor_info(struct buf *buf, const char *name, uint32_t type, uint64_t width, uint64_t offset)
{
    text(buf, name);
    u32(buf, 2);
    u64(buf, width);
    u64(buf, 1);
    u32(buf, type);
    u64(buf, offset);
}
static void zeros(struct buf *buf, size_t n)
{
    while (n--)
        buf_putc(buf, 0);
}

/* Opens and releases `buf`; the status must be `status`, and the message hold `word`. */
static void check_refused(struct buf *buf, int status, const char *word)
{
    struct gguf_file *file;
    assert_int_equal(gguf_open_bytes(&file, buf_text(buf), buf->len, "hostile", &err), status);
    assert_null(file);
    assert_int_equal(err.status, status);
    if (!strstr(err.message, word))
        fail_msg("'%s' lacks '%s'", err.message, word);
    buf_release(buf);
}

static void not_a_gguf_file_is_said_in_plain_words(void **state)
{
    (void)state;
    struct gguf_file *file;
    assert_int_equal(gguf_open(&file, file_in_directory("missing"), &err), PONDER_E_IO);
    assert_non_null(strstr(err.message, "No such file"));
    assert_int_equal(gguf_open(&file, directory, &err), PONDER_E_IO);
    assert_non_null(strstr(err.message, "directory"));
    assert_int_equal(gguf_open(&file, "/dev/null", &err), PONDER_E_IO);
    struct buf buf = BUF_INIT(1000);
    check_refused(&buf, PONDER_E_FORMAT, "empty");
    buf_puts(&buf, "GGML and more than that");
    check_refused(&buf, PONDER_E_FORMAT, "not a GGUF file");
    buf = header(0x03000000, 0, 0);
    check_refused(&buf, PONDER_E_UNSUPPORTED, "little-endian");
    buf = header(1, 0, 0);
    check_refused(&buf, PONDER_E_UNSUPPORTED, "version 1");
}

static void counts_beyond_the_file_are_refused_before_memory_is_taken(void **state)
{
    (void)state;
    struct buf buf = header(3, 0, 1u << 20);
    check_refused(&buf, PONDER_E_LIMIT, "65,536");
    buf = header(3, UINT64_MAX, 0);
    check_refused(&buf, PONDER_E_LIMIT, "65,536");
    buf = header(3, 0, 60000);
    check_refused(&buf, PONDER_E_FORMAT, "missing");
    for (uint32_t element = 0; element <= GGUF_F64; element++) {
        if (element == GGUF_ARRAY)
            continue;
        buf = header(3, 0, 1);
        text(&buf, "many");
        u32(&buf, GGUF_ARRAY);
        u32(&buf, element);
        u64(&buf, UINT64_MAX / 8 + 2); /* times 8 overflows */
        zeros(&buf, 64);
        check_refused(&buf, PONDER_E_FORMAT, "'many'");
    }
    buf = header(3, 0, 1);
    u64(&buf, UINT64_MAX - 3); /* the length of a name */
    zeros(&buf, 64);
    check_refused(&buf, PONDER_E_FORMAT, "key number 1");
}

static void malformed_keys_are_refused_by_name(void **state)
{
    (void)state;
    struct buf buf = header(3, 0, 2);
    for (int i = 0; i < 2; i++) {
        text(&buf, "twin");
        u32(&buf, GGUF_U32);
        u32(&buf, 7);
    }
    check_refused(&buf, PONDER_E_FORMAT, "'twin': the key appears twice");
    buf = header(3, 0, 1);
    text(&buf, "nest");
    u32(&buf, GGUF_ARRAY);
    u32(&buf, GGUF_ARRAY);
    u64(&buf, 1);
    zeros(&buf, 64);
    check_refused(&buf, PONDER_E_UNSUPPORTED, "'nest': arrays of arrays");
    buf = header(3, 0, 1);
    text(&buf, "odd");
    u32(&buf, 13);
    zeros(&buf, 64);
    check_refused(&buf, PONDER_E_FORMAT, "value type 13");
    buf = header(3, 0, 1);
    text(&buf, "maybe");
    u32(&buf, GGUF_BOOL);
    buf_putc(&buf, 2);
    check_refused(&buf, PONDER_E_FORMAT, "0 or 1");
    buf = header(3, 0, 1);
    text(&buf, "");
    u32(&buf, GGUF_U32);
    u32(&buf, 7);
    check_refused(&buf, PONDER_E_FORMAT, "empty");
    buf = header(3, 0, 1);
    text(&buf, "general.alignment");
    u32(&buf, GGUF_U32);
    u32(&buf, 48);
    check_refused(&buf, PONDER_E_FORMAT, "power of two");
}

static void malformed_tensors_are_refused_by_name(void **state)
{
    (void)state;
    struct buf buf = header(3, 1, 0);
    tensor_info(&buf, "new", 39, 32, 0);
    zeros(&buf, 256);
    check_refused(&buf, PONDER_E_UNSUPPORTED, "'new': tensor type MXFP4 (39)");
    buf = header(3, 1, 0);
    tensor_info(&buf, "strange", UINT32_MAX, 32, 0);
    zeros(&buf, 256);
    check_refused(&buf, PONDER_E_UNSUPPORTED,
                  "'strange': tensor type 4294967295 is not supported; supported are F32");
    buf = header(3, 1, 0);
    tensor_info(&buf, "crooked", GGUF_TENSOR_F32, 4, 8);
    zeros(&buf, 256);
    check_refused(&buf, PONDER_E_FORMAT, "'crooked': its data are not aligned");
    buf = header(3, 1, 0);
    tensor_info(&buf, "ragged", GGUF_TENSOR_Q8_0, 33, 0);
    zeros(&buf, 256);
    check_refused(&buf, PONDER_E_FORMAT, "'ragged'");
    buf = header(3, 1, 0);
    tensor_info(&buf, "void", GGUF_TENSOR_F32, 0, 0);
    zeros(&buf, 256);
    check_refused(&buf, PONDER_E_FORMAT, "'void'");
    buf = header(3, 1, 0);
    tensor_info(&buf, "vast", GGUF_TENSOR_F32, 1ull << 62, 0);
    zeros(&buf, 256);
    check_refused(&buf, PONDER_E_FORMAT, "'vast'");
    buf = header(3, 1, 0);
    tensor_info(&buf, "far", GGUF_TENSOR_F32, 4, UINT64_MAX - 31);
    zeros(&buf, 256);
    check_refused(&buf, PONDER_E_FORMAT, "'far'");
    buf = header(3, 1, 0);
    tensor_info(&buf, "past", GGUF_TENSOR_F32, 4, 256);
    zeros(&buf, 256);
    check_refused(&buf, PONDER_E_FORMAT, "'past': its data end at byte");
    static const uint32_t dims[] = {0, 5, UINT32_MAX};
    for (int i = 0; i < 3; i++) {
        buf = header(3, 1, 0);
        text(&buf, "folded");
        u32(&buf, dims[i]);
        zeros(&buf, 256);
        check_refused(&buf, PONDER_E_FORMAT, "'folded'");
    }
    buf = header(3, 2, 0);
    tensor_info(&buf, "twin", GGUF_TENSOR_F32, 4, 0);
    tensor_info(&buf, "twin", GGUF_TENSOR_F32, 4, 0);
    zeros(&buf, 256);
    check_refused(&buf, PONDER_E_FORMAT, "'twin': the tensor appears twice");
}

static void a_wider_alignment_is_honoured(void **state)
{
    (void)state;
    struct buf buf = header(2, 1, 1);
    text(&buf, "general.alignment");
    u32(&buf, GGUF_U32);
    u32(&buf, 256);
    tensor_info(&buf, "t", GGUF_TENSOR_F32, 1, 256);
    zeros(&buf, 512 - buf.len);
    float seven = 7;
    buf_append(&buf, &seven, sizeof seven);
    struct gguf_file *file;
    assert_int_equal(gguf_open_bytes(&file, buf.data, buf.len, "wide", &err), 0);
    float out;
    gguf_tensor_to_f32(gguf_tensor_at(file, 0), &out);
    assert_true(out == 7);
    gguf_release(file);
    buf_release(&buf);
}

static void quantised_tensors_have_the_bytes_of_their_blocks(void **state)
{
    (void)state;
    struct buf buf = header(3, 1, 0);
    tensor_info(&buf, "q", GGUF_TENSOR_Q6_K, 512, 0);
    zeros(&buf, 32 - buf.len % 32 + 420);
    struct gguf_file *file;
    assert_int_equal(gguf_open_bytes(&file, buf.data, buf.len, "quantised", &err), 0);
    assert_int_equal(gguf_tensor_at(file, 0)->bytes, 420);
    float out[512];
    gguf_tensor_to_f32(gguf_tensor_at(file, 0), out);
    assert_true(out[0] == 0 && out[511] == 0);
    gguf_release(file);
    buf_release(&buf);
}

static void a_file_cut_anywhere_is_refused_with_the_place(void **state)
{
    (void)state;
    size_t len;
    char *bytes = sample_bytes(&len);
    for (size_t cut = 0; cut < len; cut++) {
        char *part = malloc(cut ? cut : 1); /* so that ASan sees a read behind the end */
        memcpy(part, bytes, cut);
        struct gguf_file *file = NULL;
        int status = gguf_open_bytes(&file, part, cut, "cut", &err);
        if (cut + 32 <= len) /* the padding behind the last tensor is nobody's */
            assert_int_equal(status, PONDER_E_FORMAT);
        if (status && cut >= 24)
            assert_non_null(strstr(err.message, "missing"));
        gguf_release(file);
        free(part);
    }
    free(bytes);
}

/* Walks everything that an opened file hands out. */
static double walk(const struct gguf_file *file)
{
    double sum = 0;
    for (size_t i = 0; i < gguf_value_count(file); i++) {
        const struct gguf_value *value = gguf_value_at(file, i);
        for (uint64_t k = 0; k < value->count; k++) {
            struct gguf_string item = gguf_string_at(file, value, k);
            for (size_t c = 0; c < item.len; c++)
                sum += item.data[c];
            sum += gguf_number_at(file, value, k);
        }
    }
    for (size_t i = 0; i < gguf_tensor_count(file); i++) {
        const struct gguf_tensor *tensor = gguf_tensor_at(file, i);
        for (size_t c = 0; c < tensor->bytes; c++)
            sum += ((const unsigned char *)tensor->data)[c];
    }
    return sum;
}

static void no_single_changed_byte_leads_outside_the_file(void **state)
{
    (void)state;
    size_t len;
    char *bytes = sample_bytes(&len);
    static const unsigned char flips[] = {0x01, 0x80, 0xff, 0x20};
    volatile double sum;
    for (size_t at = 0; at < len; at++)
        for (size_t k = 0; k < sizeof flips; k++) {
            struct gguf_file *file = NULL;
            bytes[at] = (char)(bytes[at] ^ flips[k]);
            if (!gguf_open_bytes(&file, bytes, len, "changed", &err))
                sum = walk(file), (void)sum;
            gguf_release(file);
            bytes[at] = (char)(bytes[at] ^ flips[k]);
        }
    free(bytes);
}

static void every_failing_allocation_is_an_error_not_a_crash(void **state)
{
    (void)state;
    size_t len, out_len;
    char *bytes = sample_bytes(&len), *out;
    int status = PONDER_E_MEMORY;
    for (long n = 0; status; n++) {
        struct gguf_file *file;
        fail_after = n;
        status = gguf_open_bytes(&file, bytes, len, "memory", &err);
        fail_after = -1;
        assert_true(status == PONDER_OK || status == PONDER_E_MEMORY);
        gguf_release(file);
        assert_true(n < 1000);
    }
    status = PONDER_E_MEMORY;
    for (long n = 0; status; n++) {
        fail_after = n;
        struct gguf_writer *writer = sample_writer();
        if (writer)
            status = gguf_writer_bytes(writer, &out, &out_len, &err);
        fail_after = -1;
        if (writer && !status)
            free(out);
        gguf_writer_release(writer);
        assert_true(n < 1000);
    }
    free(bytes);
}

static void the_writer_keeps_its_first_failure(void **state)
{
    (void)state;
    const char *path = file_in_directory("never.gguf");
    struct gguf_writer *writer = gguf_writer_new();
    gguf_put_u32(writer, "twin", 1);
    gguf_put_u32(writer, "twin", 2);
    gguf_put_u32(writer, "", 2);
    assert_int_equal(gguf_writer_save(writer, path, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "'twin' was put twice"));
    gguf_writer_release(writer);
    writer = gguf_writer_new();
    gguf_put_tensor(writer, "q", GGUF_TENSOR_Q8_0, 1, (uint64_t[]){6}, numbers);
    assert_int_equal(gguf_writer_save(writer, path, &err), PONDER_E_UNSUPPORTED);
    gguf_writer_release(writer);
    assert_int_equal(access(path, F_OK), -1);
}

static int entries_in_directory(void)
{
    int count = 0;
    DIR *dir = opendir(directory);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2;
}

static void a_full_disk_leaves_nothing_behind(void **state)
{
    (void)state;
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 100;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    struct gguf_writer *writer = sample_writer();
    int status = gguf_writer_save(writer, file_in_directory("full.gguf"), &err);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, PONDER_E_IO);
    assert_int_equal(entries_in_directory(), 0);
    gguf_writer_release(writer);
}

static void halves_narrow_to_the_nearest_and_widen_exactly(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x7c00; h++) { /* every finite positive f16 and the step above it */
        float low = f16_to_f32((uint16_t)h);
        double high = h == 0x7bff ? 65536.0 : (double)f16_to_f32((uint16_t)(h + 1));
        float middle = (float)(((double)low + high) / 2); /* exact */
        assert_true((double)low ==
                    ldexp(h < 0x400 ? h : 0x400 | (h & 0x3ff), (h < 0x400 ? 1 : h >> 10) - 25));
        assert_int_equal(f32_to_f16(low), h);
        assert_int_equal(f32_to_f16(-low), h | 0x8000);
        assert_int_equal(f32_to_f16(middle), h & 1 ? h + 1 : h);
        assert_int_equal(f32_to_f16(nextafterf(middle, 0)), h);
        assert_int_equal(f32_to_f16(nextafterf(middle, INFINITY)), h + 1);
    }
    assert_true(isinf(f16_to_f32(0x7c00)) && isnan(f16_to_f32(0x7e01)));
    assert_int_equal(f32_to_f16(INFINITY), 0x7c00);
    assert_true(isnan(f16_to_f32(f32_to_f16(NAN))));
    assert_int_equal(f32_to_bf16(1.0f), 0x3f80);
    assert_int_equal(f32_to_bf16(1.0f + 0x1p-8f), 0x3f80); /* a tie goes to even */
    assert_int_equal(f32_to_bf16(1.0f + 0x3p-8f), 0x3f82);
    assert_int_equal(f32_to_bf16(1.0f + 0x1.1p-8f), 0x3f81);
    assert_true(isnan(bf16_to_f32(f32_to_bf16(f32_from_bits(0x7f800001)))));
    assert_true(isinf(bf16_to_f32(f32_to_bf16(INFINITY))));
}

static void a_real_file_opens(void **state)
{
    (void)state;
    const char *data = getenv("PONDER_TEST_DATA");
    char path[4096];
    snprintf(path, sizeof path, "%s/models/stories260K/stories260K-f32.gguf", data ? data : "../shared/data");
    if (access(path, R_OK)) {
        print_message("# skipped: %s is absent\n", path);
        skip();
    }
    struct gguf_file *file;
    assert_int_equal(gguf_open(&file, path, &err), 0);
    assert_int_equal(gguf_tensor_find(file, "token_embd.weight")->dims[1], 512);
    gguf_release(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_saved_is_read_back),
        cmocka_unit_test(getters_refuse_other_types_and_name_the_key),
        cmocka_unit_test(not_a_gguf_file_is_said_in_plain_words),
        cmocka_unit_test(counts_beyond_the_file_are_refused_before_memory_is_taken),
        cmocka_unit_test(malformed_keys_are_refused_by_name),
        cmocka_unit_test(malformed_tensors_are_refused_by_name),
        cmocka_unit_test(a_wider_alignment_is_honoured),
        cmocka_unit_test(quantised_tensors_have_the_bytes_of_their_blocks),
        cmocka_unit_test(a_file_cut_anywhere_is_refused_with_the_place),
        cmocka_unit_test(no_single_changed_byte_leads_outside_the_file),
        cmocka_unit_test(every_failing_allocation_is_an_error_not_a_crash),
        cmocka_unit_test(the_writer_keeps_its_first_failure),
        cmocka_unit_test(a_full_disk_leaves_nothing_behind),
        cmocka_unit_test(halves_narrow_to_the_nearest_and_widen_exactly),
        cmocka_unit_test(a_real_file_opens),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
