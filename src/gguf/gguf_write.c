/* gguf_write.c - writing a GGUF file: keys, tensor descriptions and tensor data grow in three buffers, which
 * are joined behind a header when the file is saved. The layout is in gguf.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "kernels/f16.h"
#include "gguf/gguf_impl.h"

enum { VERSION = 3 };
static const size_t bytes_max = (size_t)1 << 36; /* of the file: 64 GiB */

struct gguf_writer {
    struct buf keys, tensors, data;
    struct buf names; /* of keys and tensors, each "k" or "t", the name, NUL: to find duplicates */
    uint64_t key_count, tensor_count;
    struct ponder_err err; /* the first failure; its status is 0 until then */
};

struct gguf_writer *gguf_writer_new(void)
{
    struct gguf_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return NULL;
    writer->keys = writer->tensors = writer->data = writer->names = BUF_INIT(bytes_max);
    return writer;
}

void gguf_writer_release(struct gguf_writer *writer)
{
    if (!writer)
        return;
    buf_release(&writer->keys);
    buf_release(&writer->tensors);
    buf_release(&writer->data);
    buf_release(&writer->names);
    free(writer);
}

void gguf_writer_fail(struct gguf_writer *writer, int status, const char *message)
{
    if (!writer->err.status)
        err_set(&writer->err, status, "%s", message);
}

static void writer_append(struct gguf_writer *writer, struct buf *buf, const void *bytes, size_t n)
{
    if (!writer->err.status && buf_append(buf, bytes, n))
        err_memory(&writer->err, "a GGUF file that is being written");
}

static void append_u32(struct gguf_writer *writer, struct buf *buf, uint32_t value)
{
    writer_append(writer, buf, &value, sizeof value);
}

static void append_u64(struct gguf_writer *writer, struct buf *buf, uint64_t value)
{
    writer_append(writer, buf, &value, sizeof value);
}

static void append_string(struct gguf_writer *writer, struct buf *buf, const char *data, size_t len)
{
    append_u64(writer, buf, len);
    writer_append(writer, buf, data, len);
}

/* Keeps the name; a failure where it is empty, too long, or there already. `kind` is 'k' or 't'. */
static void add_name(struct gguf_writer *writer, char kind, const char *name, size_t len_max)
{
    const char *what = kind == 'k' ? "key" : "tensor";
    size_t len = strlen(name);
    if (writer->err.status)
        return;
    if (len == 0 || len > len_max)
        err_set(&writer->err, PONDER_E_ARGUMENT, "the name of %s '%.100s' is empty or over %zu bytes", what,
                name, len_max);
    for (size_t at = 0; at < writer->names.len; at += strlen(writer->names.data + at) + 1)
        if (writer->names.data[at] == kind && !strcmp(writer->names.data + at + 1, name))
            err_set(&writer->err, PONDER_E_ARGUMENT, "%s '%.100s' was put twice", what, name);
    writer_append(writer, &writer->names, &kind, 1);
    writer_append(writer, &writer->names, name, len + 1);
}

static void begin_key(struct gguf_writer *writer, const char *key, enum gguf_type type)
{
    add_name(writer, 'k', key, GGUF_KEY_BYTES_MAX);
    if (!writer->err.status && !strcmp(key, "general.alignment"))
        err_set(&writer->err, PONDER_E_ARGUMENT,
                "key general.alignment cannot be set: we write the default, 32");
    append_string(writer, &writer->keys, key, strlen(key));
    append_u32(writer, &writer->keys, (uint32_t)type);
    writer->key_count++;
}

static void begin_array(struct gguf_writer *writer, const char *key, enum gguf_type element, size_t count)
{
    begin_key(writer, key, GGUF_ARRAY);
    append_u32(writer, &writer->keys, (uint32_t)element);
    append_u64(writer, &writer->keys, count);
}

static void put_scalar(struct gguf_writer *writer, const char *key, enum gguf_type type, const void *value)
{
    begin_key(writer, key, type);
    writer_append(writer, &writer->keys, value, gguf_type_size(type));
}

void gguf_put_u32(struct gguf_writer *writer, const char *key, uint32_t value)
{
    put_scalar(writer, key, GGUF_U32, &value);
}

void gguf_put_u64(struct gguf_writer *writer, const char *key, uint64_t value)
{
    put_scalar(writer, key, GGUF_U64, &value);
}

void gguf_put_f32(struct gguf_writer *writer, const char *key, float value)
{
    put_scalar(writer, key, GGUF_F32, &value);
}

void gguf_put_f64(struct gguf_writer *writer, const char *key, double value)
{
    put_scalar(writer, key, GGUF_F64, &value);
}

void gguf_put_bool(struct gguf_writer *writer, const char *key, bool value)
{
    unsigned char byte = value;
    put_scalar(writer, key, GGUF_BOOL, &byte);
}

void gguf_put_string(struct gguf_writer *writer, const char *key, const char *data, size_t len)
{
    begin_key(writer, key, GGUF_STRING);
    append_string(writer, &writer->keys, data, len);
}

void gguf_put_text(struct gguf_writer *writer, const char *key, const char *text)
{
    gguf_put_string(writer, key, text, strlen(text));
}

void gguf_put_strings(struct gguf_writer *writer, const char *key, const struct gguf_string *items,
                      size_t count)
{
    begin_array(writer, key, GGUF_STRING, count);
    for (size_t i = 0; i < count; i++)
        append_string(writer, &writer->keys, items[i].data, items[i].len);
}

void gguf_put_i32s(struct gguf_writer *writer, const char *key, const int32_t *items, size_t count)
{
    begin_array(writer, key, GGUF_I32, count);
    writer_append(writer, &writer->keys, items, count * sizeof *items);
}

void gguf_put_f32s(struct gguf_writer *writer, const char *key, const float *items, size_t count)
{
    begin_array(writer, key, GGUF_F32, count);
    writer_append(writer, &writer->keys, items, count * sizeof *items);
}

static void append_padding(struct gguf_writer *writer, struct buf *buf)
{
    static const char zeros[GGUF_ALIGNMENT];
    writer_append(writer, buf, zeros, (GGUF_ALIGNMENT - buf->len % GGUF_ALIGNMENT) % GGUF_ALIGNMENT);
}

static void append_data(struct gguf_writer *writer, enum gguf_tensor_type type, const float *data, uint64_t n)
{
    uint16_t chunk[4096];
    if (type == GGUF_TENSOR_F32)
        writer_append(writer, &writer->data, data, (size_t)n * sizeof *data);
    while (type != GGUF_TENSOR_F32 && n && !writer->err.status) {
        size_t count = n < 4096 ? (size_t)n : 4096;
        for (size_t i = 0; i < count; i++)
            chunk[i] = type == GGUF_TENSOR_F16 ? f32_to_f16(data[i]) : f32_to_bf16(data[i]);
        writer_append(writer, &writer->data, chunk, count * sizeof *chunk);
        data += count;
        n -= count;
    }
    append_padding(writer, &writer->data);
}

/* The product of dims, or 0 where they are no tensor's or too many for a file. */
static uint64_t count_elements(int n_dims, const uint64_t *dims)
{
    if (n_dims < 1 || n_dims > 4)
        return 0;
    uint64_t count = 1;
    for (int i = 0; i < n_dims; i++) {
        if (dims[i] == 0 || count > bytes_max / dims[i])
            return 0;
        count *= dims[i];
    }
    return count;
}

void gguf_put_tensor(struct gguf_writer *writer, const char *name, enum gguf_tensor_type type, int n_dims,
                     const uint64_t *dims, const float *data)
{
    add_name(writer, 't', name, GGUF_NAME_BYTES_MAX - 1); /* ggml keeps 64 bytes with the NUL */
    uint64_t count = count_elements(n_dims, dims);
    if (!writer->err.status && count == 0)
        err_set(&writer->err, PONDER_E_ARGUMENT, "tensor '%s' has no elements or too many", name);
    if (!writer->err.status && type != GGUF_TENSOR_F32 && type != GGUF_TENSOR_F16 && type != GGUF_TENSOR_BF16)
        err_set(&writer->err, PONDER_E_UNSUPPORTED, "tensor '%s': written are F32, F16 and BF16", name);
    if (writer->err.status)
        return;
    append_string(writer, &writer->tensors, name, strlen(name));
    append_u32(writer, &writer->tensors, (uint32_t)n_dims);
    writer_append(writer, &writer->tensors, dims, (size_t)n_dims * sizeof *dims);
    append_u32(writer, &writer->tensors, (uint32_t)type);
    append_u64(writer, &writer->tensors, writer->data.len);
    append_data(writer, type, data, count);
    writer->tensor_count++;
}

/* A key with its value, as it stands in the file. */
static void put_raw_key(struct gguf_writer *writer, const struct gguf_file *file, size_t index)
{
    const struct gguf_value *value = &file->values[index];
    char name[GGUF_KEY_BYTES_MAX + 1];
    size_t begin = (size_t)((const unsigned char *)value->key.data - file->bytes) - sizeof(uint64_t);
    size_t end = index + 1 < file->value_count
                     ? (size_t)((const unsigned char *)value[1].key.data - file->bytes) - sizeof(uint64_t)
                     : file->tensors_at;
    snprintf(name, sizeof name, "%.*s", (int)value->key.len, value->key.data);
    add_name(writer, 'k', name, GGUF_KEY_BYTES_MAX);
    writer_append(writer, &writer->keys, file->bytes + begin, end - begin);
    writer->key_count++;
}

void gguf_put_file(struct gguf_writer *writer, const struct gguf_file *file, const char *but)
{
    size_t len = strlen(but);
    if (file->alignment != GGUF_ALIGNMENT)
        gguf_writer_fail(writer, PONDER_E_UNSUPPORTED, "it is copied from a file whose alignment is not 32");
    if (file->other_count)
        gguf_writer_fail(writer, PONDER_E_UNSUPPORTED,
                         "it is a model in several files; join them first, as llama-gguf-split --merge does");
    if (writer->tensor_count)
        gguf_writer_fail(writer, PONDER_E_ARGUMENT, "a file is put before any tensor");
    for (size_t i = 0; i < file->value_count; i++)
        if (file->values[i].key.len < len || memcmp(file->values[i].key.data, but, len) != 0)
            put_raw_key(writer, file, i);
    for (size_t i = 0; i < file->own_count; i++)
        add_name(writer, 't', file->names[i], GGUF_NAME_BYTES_MAX);
    writer_append(writer, &writer->tensors, file->bytes + file->tensors_at,
                  file->tensors_end - file->tensors_at);
    writer_append(writer, &writer->data, file->bytes + file->data_at,
                  file->size > file->data_at ? file->size - file->data_at : 0);
    writer->tensor_count += file->own_count;
}

/* The whole file into `out`. */
static void writer_join(struct gguf_writer *writer, struct buf *out)
{
    if (!writer->err.status && (writer->key_count > GGUF_KEYS_MAX || writer->tensor_count > GGUF_TENSORS_MAX))
        err_set(&writer->err, PONDER_E_LIMIT, "over 65,536 keys or tensors");
    writer_append(writer, out, "GGUF", 4);
    append_u32(writer, out, VERSION);
    append_u64(writer, out, writer->tensor_count);
    append_u64(writer, out, writer->key_count);
    writer_append(writer, out, writer->keys.data, writer->keys.len);
    writer_append(writer, out, writer->tensors.data, writer->tensors.len);
    append_padding(writer, out);
    writer_append(writer, out, writer->data.data, writer->data.len);
}

int gguf_writer_save(struct gguf_writer *writer, const char *path, struct ponder_err *err)
{
    struct buf whole = BUF_INIT(bytes_max);
    writer_join(writer, &whole);
    int status = writer->err.status;
    if (status)
        status = err_set(err, status, "%s: not written: %s", path, writer->err.message);
    else
        status = file_write_atomic(path, whole.data, whole.len, err);
    buf_release(&whole);
    return status;
}

int gguf_writer_bytes(struct gguf_writer *writer, char **out, size_t *len, struct ponder_err *err)
{
    struct buf whole = BUF_INIT(bytes_max);
    *out = NULL;
    writer_join(writer, &whole);
    int status = writer->err.status;
    if (status)
        err_set(err, status, "a GGUF file: %s", writer->err.message);
    else
        *out = buf_take(&whole, len);
    if (!status && !*out)
        status = err_memory(err, "a GGUF file");
    buf_release(&whole);
    return status;
}
