/* Files of JSON lines, plain and compressed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "core/buf.h"
#include "core/jsonl.h"

static char path[] = "/tmp/ponder_jsonl_XXXXXX";

static int make_path(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_plain(const char *text, size_t len)
{
    assert_int_equal(file_write_atomic(path, text, len, NULL), PONDER_OK);
}

static void write_gzip(const char *text, size_t len)
{
    gzFile out = gzopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(gzwrite(out, text, (unsigned)len), len);
    assert_int_equal(gzclose(out), Z_OK);
}

/* The `key`s of all lines in one text, "!" for a line that is no object. */
static void read_keys(char keys[64], int *last_status, struct ponder_err *err)
{
    struct jsonl *file;
    json_t *object;
    size_t count = 0;
    int status = jsonl_open(&file, path, err);
    assert_int_equal(status, PONDER_OK);
    while ((status = jsonl_next(file, &object, err)) == 1 || status == PONDER_E_FORMAT) {
        keys[count++] = status == 1 ? json_string_value(json_object_get(object, "k"))[0] : '!';
        json_decref(object);
    }
    keys[count] = '\0';
    *last_status = status;
    jsonl_release(file);
}

static void lines_are_read_in_order_whatever_the_form(void **state)
{
    (void)state;
    static const char text[] = "{\"k\": \"a\"}\n\n \t\r\n{\"k\": \"b\"}\r\nnonsense\n[1]\n{\"k\": \"c\"}";
    for (int gzip = 0; gzip < 2; gzip++) {
        char keys[64];
        int status;
        (gzip ? write_gzip : write_plain)(text, sizeof text - 1);
        read_keys(keys, &status, NULL);
        assert_string_equal(keys, "ab!!c");
        assert_int_equal(status, 0);
    }
}

static void errors_name_file_and_line(void **state)
{
    (void)state;
    struct jsonl *file;
    struct ponder_err err = {0};
    json_t *object;
    write_plain("\n{\"k\": 1}\n{\"k\": }\n", 18);
    assert_int_equal(jsonl_open(&file, path, &err), PONDER_OK);
    assert_int_equal(jsonl_next(file, &object, &err), 1);
    assert_int_equal(jsonl_line(file), 2);
    json_decref(object);
    assert_int_equal(jsonl_next(file, &object, &err), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, ":3: not JSON"));
    assert_null(object);
    jsonl_release(file);
    assert_int_equal(jsonl_open(&file, "/nonexistent/x.jsonl", &err), PONDER_E_IO);
    assert_non_null(strstr(err.message, "x.jsonl"));
    jsonl_release(file);
}

static void what_stands_behind_a_nul_is_not_lost(void **state)
{
    (void)state;
    char keys[64];
    int status;
    static const char text[] = "{\"k\": \"a\"}\0rubbish\n{\"k\": \"b\"}\n";
    write_plain(text, sizeof text - 1);
    read_keys(keys, &status, NULL);
    assert_string_equal(keys, "!b");
}

static void a_line_longer_than_a_chunk_is_whole(void **state)
{
    (void)state;
    size_t len = 300000;
    char *text = malloc(len + 64), keys[64];
    int status;
    int head = sprintf(text, "{\"k\": \"a\", \"x\": \"");
    memset(text + head, 'y', len);
    sprintf(text + head + len, "\"}\n{\"k\": \"b\"}\n");
    write_gzip(text, strlen(text));
    read_keys(keys, &status, NULL);
    assert_string_equal(keys, "ab");
    free(text);
}

static void damaged_compressed_data_is_an_error(void **state)
{
    (void)state;
    static const char text[] = "{\"k\": \"a\"}\n{\"k\": \"b\"}\n{\"k\": \"c\"}\n";
    struct buf bytes = BUF_INIT(1 << 20);
    struct ponder_err err = {0};
    char keys[64];
    int status;
    write_gzip(text, sizeof text - 1);
    assert_int_equal(buf_read_file(&bytes, path, NULL), PONDER_OK);
    write_plain(bytes.data, bytes.len - 9);
    read_keys(keys, &status, &err);
    assert_int_equal(status, PONDER_E_IO);
    assert_non_null(strstr(err.message, "cannot be read on"));
    bytes.data[bytes.len - 6] ^= 1; /* the checksum */
    write_plain(bytes.data, bytes.len);
    read_keys(keys, &status, &err);
    assert_int_equal(status, PONDER_E_IO);
    buf_release(&bytes);
}

static void a_folder_is_no_file(void **state)
{
    (void)state;
    struct jsonl *file;
    struct ponder_err err = {0};
    json_t *object;
    int status = jsonl_open(&file, "/tmp", &err);
    if (!status)
        status = jsonl_next(file, &object, &err);
    assert_int_equal(status, PONDER_E_IO);
    jsonl_release(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read_in_order_whatever_the_form),
        cmocka_unit_test(errors_name_file_and_line),
        cmocka_unit_test(what_stands_behind_a_nul_is_not_lost),
        cmocka_unit_test(a_line_longer_than_a_chunk_is_whole),
        cmocka_unit_test(damaged_compressed_data_is_an_error),
        cmocka_unit_test(a_folder_is_no_file),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
