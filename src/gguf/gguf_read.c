/* gguf_read.c - opening a GGUF file: one pass over its head that checks everything.
 *
 * A cursor moves over the bytes; each read first makes sure that what it wants is inside the file, and a
 * count is compared with the bytes that are left before memory is allocated for it, so that memory never
 * exceeds a small multiple of the file's size. Keys and tensors are then sorted by name: that finds
 * duplicates and serves look-ups. */
#include "gguf/gguf_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"

/* Where the reader is, and in what, for errors. */
struct cursor {
    struct gguf_file *file;
    size_t at;
    const char *kind;        /* "header", "key" or "tensor" */
    struct gguf_string name; /* of the key or tensor; empty while it is being read */
    uint64_t index;          /* of the key or tensor */
    struct ponder_err *err;
};

enum { HEADER_BYTES = 24, KEY_BYTES_MIN = 8 + 1 + 4 + 1, TENSOR_BYTES_MIN = 8 + 1 + 4 + 8 + 4 + 8 };
enum { ALIGNMENT_MIN = 8, ALIGNMENT_MAX = 65536, SHOWN_BYTES_MAX = 100 };

/* What a look at the file's bytes fails with: path, offset, key or tensor, then `what`. */
static int gguf_refuse(const struct cursor *cursor, size_t at, int status, const char *what)
{
    const char *path = cursor->file->path;
    int shown = (int)(cursor->name.len < SHOWN_BYTES_MAX ? cursor->name.len : SHOWN_BYTES_MAX);
    if (!strcmp(cursor->kind, "header"))
        return err_set(cursor->err, status, "%s: byte %zu: header: %s", path, at, what);
    if (shown)
        return err_set(cursor->err, status, "%s: byte %zu: %s '%.*s': %s", path, at, cursor->kind, shown,
                       cursor->name.data, what);
    return err_set(cursor->err, status, "%s: byte %zu: %s number %llu: %s", path, at, cursor->kind,
                   (unsigned long long)cursor->index + 1, what);
}

static int malformed(const struct cursor *cursor, size_t at, const char *what)
{
    return gguf_refuse(cursor, at, PONDER_E_FORMAT, what);
}

/* `count` items of `each` bytes (at least) must follow. */
static int need(const struct cursor *cursor, uint64_t count, size_t each)
{
    size_t left = cursor->file->size - cursor->at;
    if (count <= left / each)
        return PONDER_OK;
    uint64_t bytes = count > UINT64_MAX / each ? UINT64_MAX : count * each;
    char what[160];
    snprintf(what, sizeof what,
             "%llu bytes are missing: the file is truncated or damaged; download or copy it again",
             (unsigned long long)(bytes - left));
    return malformed(cursor, cursor->at, what);
}

static int read_bytes(struct cursor *cursor, void *out, size_t n)
{
    int status = need(cursor, n, 1);
    if (status)
        return status;
    memcpy(out, cursor->file->bytes + cursor->at, n);
    cursor->at += n;
    return PONDER_OK;
}

static int read_u32(struct cursor *cursor, uint32_t *out)
{
    return read_bytes(cursor, out, sizeof *out);
}

static int read_u64(struct cursor *cursor, uint64_t *out)
{
    return read_bytes(cursor, out, sizeof *out);
}

static int read_string(struct cursor *cursor, struct gguf_string *out)
{
    uint64_t len;
    int status = read_u64(cursor, &len);
    if (!status)
        status = need(cursor, len, 1);
    if (status)
        return status;
    *out = (struct gguf_string){(const char *)cursor->file->bytes + cursor->at, (size_t)len};
    cursor->at += (size_t)len;
    return PONDER_OK;
}

/* The name of a key or tensor, which errors then show. */
static int read_name(struct cursor *cursor, size_t bytes_max)
{
    size_t at = cursor->at;
    struct gguf_string name;
    int status = read_string(cursor, &name);
    if (status)
        return status;
    if (name.len == 0 || name.len > bytes_max || memchr(name.data, '\0', name.len)) {
        char what[96];
        snprintf(what, sizeof what, "its name is empty, over %zu bytes, or holds a NUL", bytes_max);
        return malformed(cursor, at, what);
    }
    cursor->name = name;
    return PONDER_OK;
}

static int read_strings(struct cursor *cursor, uint64_t count, size_t **out)
{
    int status = need(cursor, count, 8);
    if (status)
        return status;
    size_t *starts = malloc((size_t)(count ? count : 1) * sizeof *starts);
    if (!starts)
        return err_memory(cursor->err, "the index of an array of strings");
    *out = starts; /* owned by the file from here on, whatever comes */
    for (uint64_t i = 0; i < count; i++) {
        struct gguf_string item;
        starts[i] = cursor->at;
        status = read_string(cursor, &item);
        if (status)
            return status;
    }
    return PONDER_OK;
}

static int read_elements(struct cursor *cursor, struct gguf_value *value, size_t **starts)
{
    value->offset = cursor->at;
    if (value->element == GGUF_STRING)
        return read_strings(cursor, value->count, starts);
    size_t size = gguf_type_size(value->element);
    int status = need(cursor, value->count, size);
    if (status)
        return status;
    cursor->at += (size_t)value->count * size;
    for (uint64_t i = 0; value->element == GGUF_BOOL && i < value->count; i++)
        if (cursor->file->bytes[value->offset + i] > 1)
            return malformed(cursor, value->offset + (size_t)i, "a bool must be 0 or 1");
    return PONDER_OK;
}

static int read_type(struct cursor *cursor, enum gguf_type *out)
{
    size_t at = cursor->at;
    uint32_t type;
    int status = read_u32(cursor, &type);
    if (status)
        return status;
    if (type > GGUF_F64) {
        char what[80];
        snprintf(what, sizeof what, "value type %lu does not exist; there are 0 to 12", (unsigned long)type);
        return malformed(cursor, at, what);
    }
    *out = (enum gguf_type)type;
    return PONDER_OK;
}

static int read_value(struct cursor *cursor, struct gguf_value *value, size_t **starts)
{
    cursor->name.len = 0;
    int status = read_name(cursor, GGUF_KEY_BYTES_MAX);
    value->key = cursor->name;
    value->count = 1;
    if (!status)
        status = read_type(cursor, &value->type);
    if (status)
        return status;
    value->element = value->type;
    if (value->type == GGUF_ARRAY) {
        size_t at = cursor->at;
        status = read_type(cursor, &value->element);
        if (!status && value->element == GGUF_ARRAY)
            return gguf_refuse(cursor, at, PONDER_E_UNSUPPORTED, "arrays of arrays are not supported");
        if (!status)
            status = read_u64(cursor, &value->count);
    }
    return status ? status : read_elements(cursor, value, starts);
}

/* Of a type that ggml has (the list is enum ggml_type of ggml.h) and this program not; "" for what is none.
 */
static const char *foreign_type_name(uint32_t type)
{
    static const char *const names[] = {
        [9] = "Q8_1",     [10] = "Q2_K",  [11] = "Q3_K",   [15] = "Q8_K",  [16] = "IQ2_XXS", [17] = "IQ2_XS",
        [18] = "IQ3_XXS", [19] = "IQ1_S", [20] = "IQ4_NL", [21] = "IQ3_S", [22] = "IQ2_S",   [23] = "IQ4_XS",
        [24] = "I8",      [25] = "I16",   [26] = "I32",    [27] = "I64",   [28] = "F64",     [29] = "IQ1_M",
        [34] = "TQ1_0",   [35] = "TQ2_0", [39] = "MXFP4"};
    return type < sizeof names / sizeof *names && names[type] ? names[type] : "";
}

static int unknown_tensor_type(const struct cursor *cursor, size_t at, uint32_t type)
{
    char what[240];
    const char *name = foreign_type_name(type);
    snprintf(what, sizeof what,
             "tensor type %s%s%lu%s is not supported; supported are "
#define X(name, number, elements, bytes) #name " "
             GGUF_TENSOR_TYPES(X)
#undef X
                 "(convert the file, for example with llama-quantize)",
             name, *name ? " (" : "", (unsigned long)type, *name ? ")" : "");
    return gguf_refuse(cursor, at, PONDER_E_UNSUPPORTED, what);
}

static int read_dims(struct cursor *cursor, struct gguf_tensor *tensor, uint64_t *elements)
{
    size_t at = cursor->at;
    uint32_t n_dims;
    int status = read_u32(cursor, &n_dims);
    if (status)
        return status;
    if (n_dims < 1 || n_dims > 4)
        return malformed(cursor, at, "a tensor has 1 to 4 dimensions");
    tensor->n_dims = (int)n_dims;
    *elements = 1;
    for (int i = 0; i < 4; i++) {
        at = cursor->at;
        tensor->dims[i] = 1;
        if (i < tensor->n_dims)
            status = read_u64(cursor, &tensor->dims[i]);
        if (status)
            return status;
        if (tensor->dims[i] == 0 || *elements > INT64_MAX / tensor->dims[i])
            return malformed(cursor, at, "a dimension is 0, or the tensor is too large for 63 bits");
        *elements *= tensor->dims[i];
    }
    return PONDER_OK;
}

/* Leaves the offset into the data in `*offset`; where the data begin is known only after the last tensor. */
static int read_tensor(struct cursor *cursor, struct gguf_tensor *tensor, char *name, uint64_t *offset)
{
    cursor->name.len = 0;
    int status = read_name(cursor, GGUF_NAME_BYTES_MAX);
    if (status)
        return status;
    memcpy(name, cursor->name.data, cursor->name.len);
    name[cursor->name.len] = '\0';
    tensor->name = name;

    uint64_t elements = 1;
    uint32_t number = 0;
    status = read_dims(cursor, tensor, &elements);
    size_t at = cursor->at;
    if (!status)
        status = read_u32(cursor, &number);
    if (status)
        return status;
    const struct gguf_tensor_kind *kind = gguf_tensor_kind(number);
    if (!kind)
        return unknown_tensor_type(cursor, at, number);
    if (tensor->dims[0] % kind->elements)
        return malformed(cursor, at, "its first dimension is not a multiple of the type's block");
    if (elements / kind->elements > INT64_MAX / kind->bytes)
        return malformed(cursor, at, "the tensor is too large for 63 bits");
    tensor->type = kind->type;
    tensor->bytes = (size_t)(elements / kind->elements * kind->bytes);

    at = cursor->at;
    status = read_u64(cursor, offset);
    if (!status && *offset % cursor->file->alignment)
        return malformed(cursor, at, "its data are not aligned as general.alignment says");
    return status;
}

static int place_tensor(struct cursor *cursor, struct gguf_tensor *tensor, size_t data_at, uint64_t offset)
{
    struct gguf_file *file = cursor->file;
    cursor->name = (struct gguf_string){tensor->name, strlen(tensor->name)};
    bool fits = offset <= UINT64_MAX - data_at - tensor->bytes;
    uint64_t end = fits ? data_at + offset + tensor->bytes : UINT64_MAX;
    if (end > file->size) {
        char what[200];
        snprintf(what, sizeof what,
                 "its data end at byte %llu, but the file has %zu: %llu bytes are missing; the file is "
                 "truncated or damaged: download or copy it again",
                 (unsigned long long)end, file->size, (unsigned long long)(end - file->size));
        size_t at = fits && data_at + offset < file->size ? data_at + (size_t)offset : file->size;
        return malformed(cursor, at, what);
    }
    tensor->data = file->bytes + data_at + offset;
    if (end > file->data_end)
        file->data_end = (size_t)end;
    return PONDER_OK;
}

static int compare_values(const void *a, const void *b)
{
    const struct gguf_value *const *x = a, *const *y = b;
    return gguf_string_compare((*x)->key, (*y)->key);
}

static int compare_tensors(const void *a, const void *b)
{
    const struct gguf_tensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static int sort_values(struct cursor *cursor)
{
    struct gguf_file *file = cursor->file;
    for (size_t i = 0; i < file->value_count; i++)
        file->by_key[i] = &file->values[i];
    qsort(file->by_key, file->value_count, sizeof *file->by_key, compare_values);
    for (size_t i = 1; i < file->value_count; i++) {
        if (compare_values(&file->by_key[i - 1], &file->by_key[i]))
            continue;
        cursor->name = file->by_key[i]->key;
        return malformed(cursor, file->by_key[i]->offset, "the key appears twice");
    }
    return PONDER_OK;
}

void gguf_sort_tensors(struct gguf_file *file, const struct gguf_tensor **twice)
{
    *twice = NULL;
    for (size_t i = 0; i < file->tensor_count; i++)
        file->by_name[i] = &file->tensors[i];
    qsort(file->by_name, file->tensor_count, sizeof *file->by_name, compare_tensors);
    for (size_t i = 1; i < file->tensor_count && !*twice; i++)
        if (compare_tensors(&file->by_name[i - 1], &file->by_name[i]) == 0)
            *twice = file->by_name[i];
}

static int sort_tensors(struct cursor *cursor)
{
    const struct gguf_tensor *twice;
    gguf_sort_tensors(cursor->file, &twice);
    if (!twice)
        return PONDER_OK;
    cursor->name = (struct gguf_string){twice->name, strlen(twice->name)};
    return malformed(cursor, cursor->at, "the tensor appears twice");
}

static int read_header(struct cursor *cursor)
{
    struct gguf_file *file = cursor->file;
    unsigned char magic[4];
    uint32_t version;
    uint64_t tensor_count, value_count;
    cursor->kind = "header";
    if (file->size == 0)
        return err_set(cursor->err, PONDER_E_FORMAT, "%s: the file is empty; a GGUF file is wanted",
                       file->path);
    if (file->size < sizeof magic || memcmp(file->bytes, "GGUF", 4))
        return err_set(cursor->err, PONDER_E_FORMAT, "%s: not a GGUF file: it does not begin with \"GGUF\"",
                       file->path);
    int status = read_bytes(cursor, magic, sizeof magic);
    if (!status)
        status = read_u32(cursor, &version);
    if (status)
        return status;
    if (version != 2 && version != 3) {
        char what[120];
        snprintf(what, sizeof what, "GGUF version %lu is not supported: wanted is 2 or 3, little-endian",
                 (unsigned long)version);
        return gguf_refuse(cursor, 4, PONDER_E_UNSUPPORTED, what);
    }
    status = read_u64(cursor, &tensor_count);
    if (!status)
        status = read_u64(cursor, &value_count);
    if (status)
        return status;
    if (tensor_count > GGUF_TENSORS_MAX || value_count > GGUF_KEYS_MAX)
        return gguf_refuse(cursor, 8, PONDER_E_LIMIT, "over 65,536 tensors or keys");
    status = need(cursor, value_count, KEY_BYTES_MIN);
    if (!status)
        status = need(cursor, tensor_count, TENSOR_BYTES_MIN);
    file->value_count = (size_t)value_count;
    file->tensor_count = file->own_count = (size_t)tensor_count;
    return status;
}

/* calloc with room for at least one, so that NULL means out of memory. */
static void *array(size_t count, size_t size)
{
    return calloc(count ? count : 1, size);
}

static int read_values(struct cursor *cursor)
{
    struct gguf_file *file = cursor->file;
    file->values = array(file->value_count, sizeof *file->values);
    file->starts = array(file->value_count, sizeof *file->starts);
    file->by_key = array(file->value_count, sizeof *file->by_key);
    if (!file->values || !file->starts || !file->by_key)
        return err_memory(cursor->err, "the keys of a GGUF file");
    cursor->kind = "key";
    int status = PONDER_OK;
    for (size_t i = 0; !status && i < file->value_count; i++) {
        cursor->index = i;
        status = read_value(cursor, &file->values[i], &file->starts[i]);
    }
    return status ? status : sort_values(cursor);
}

static int read_alignment(struct cursor *cursor)
{
    struct gguf_file *file = cursor->file;
    uint32_t alignment;
    file->alignment = GGUF_ALIGNMENT;
    const struct gguf_value *value = gguf_find(file, "general.alignment");
    if (!value)
        return PONDER_OK;
    int status = gguf_get_u32(file, "general.alignment", &alignment, cursor->err);
    if (status)
        return status;
    cursor->name = value->key;
    if (alignment < ALIGNMENT_MIN || alignment > ALIGNMENT_MAX || (alignment & (alignment - 1)))
        return malformed(cursor, value->offset, "the alignment is not a power of two from 8 to 65,536");
    file->alignment = alignment;
    return PONDER_OK;
}

static int read_tensors(struct cursor *cursor)
{
    struct gguf_file *file = cursor->file;
    file->tensors = array(file->tensor_count, sizeof *file->tensors);
    file->names = array(file->tensor_count, sizeof *file->names);
    file->by_name = array(file->tensor_count, sizeof *file->by_name);
    uint64_t *offsets = array(file->tensor_count, sizeof *offsets);
    int status = PONDER_OK;
    if (!file->tensors || !file->names || !file->by_name || !offsets)
        status = err_memory(cursor->err, "the tensors of a GGUF file");
    cursor->kind = "tensor";
    file->tensors_at = cursor->at;
    for (size_t i = 0; !status && i < file->tensor_count; i++) {
        cursor->index = i;
        status = read_tensor(cursor, &file->tensors[i], file->names[i], &offsets[i]);
    }
    file->tensors_end = cursor->at;
    file->data_at = (cursor->at + file->alignment - 1) / file->alignment * file->alignment;
    file->data_end = file->data_at;
    for (size_t i = 0; !status && i < file->tensor_count; i++)
        status = place_tensor(cursor, &file->tensors[i], file->data_at, offsets[i]);
    free(offsets);
    return status ? status : sort_tensors(cursor);
}

/* Parts that were written one behind another: the tensors of all but the first would be passed over. */
static int refuse_another(const struct cursor *cursor)
{
    const struct gguf_file *file = cursor->file;
    size_t at = (file->data_end + file->alignment - 1) / file->alignment * file->alignment;
    if (at > file->size || file->size - at < HEADER_BYTES || memcmp(file->bytes + at, "GGUF", 4))
        return PONDER_OK;
    return err_set(
        cursor->err, PONDER_E_FORMAT,
        "%s: byte %zu: another GGUF file begins here: the parts of a split model were written one behind "
        "another, which makes no model of them; keep them as files of their own, side by side and under "
        "their own names, or join them with llama-gguf-split --merge",
        file->path, at);
}

/* Takes over `file`, which is released on failure. */
static int read_file(struct gguf_file **out, struct gguf_file *file, struct ponder_err *err)
{
    struct cursor cursor = {.file = file, .err = err};
    int status = read_header(&cursor);
    if (!status)
        status = read_values(&cursor);
    if (!status)
        status = read_alignment(&cursor);
    if (!status)
        status = read_tensors(&cursor);
    if (!status)
        status = refuse_another(&cursor);
    if (status == PONDER_E_FORMAT && gguf_is_piece(file->path))
        err_prefix(
            err, status,
            "its name says that it is a piece of a file that was cut: join the pieces in order first, as "
            "in `cat PIECE.. > MODEL.gguf`");
    if (status)
        gguf_release(file);
    else
        *out = file;
    return status;
}

static struct gguf_file *file_new(const char *path)
{
    struct gguf_file *file = calloc(1, sizeof *file);
    if (file)
        file->path = strdup(path);
    if (file && !file->path) {
        free(file);
        return NULL;
    }
    return file;
}

static int map_file(struct gguf_file *file, struct ponder_err *err)
{
    struct stat info;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info)) {
        int status = err_set(err, PONDER_E_IO, "%s: cannot open: %s", file->path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return status;
    }
    int status = PONDER_OK;
    if (!S_ISREG(info.st_mode))
        status = err_set(err, PONDER_E_IO, "%s: is %s; a GGUF file is wanted", file->path,
                         S_ISDIR(info.st_mode) ? "a directory" : "not a regular file");
    file->size = status ? 0 : (size_t)info.st_size;
    if (file->size) {
        void *map = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED)
            status = err_set(err, PONDER_E_IO, "%s: cannot map %zu bytes: %s", file->path, file->size,
                             strerror(errno));
        else
            file->bytes = file->map = map;
    }
    close(fd);
    return status;
}

int gguf_open_one(struct gguf_file **out, const char *path, struct ponder_err *err)
{
    *out = NULL;
    struct gguf_file *file = file_new(path);
    if (!file)
        return err_memory(err, "a GGUF file");
    int status = map_file(file, err);
    if (status) {
        gguf_release(file);
        return status;
    }
    return read_file(out, file, err);
}

int gguf_open(struct gguf_file **out, const char *path, struct ponder_err *err)
{
    int status = gguf_open_one(out, path, err);
    if (!status)
        status = gguf_join_parts(out, err);
    if (status) {
        gguf_release(*out);
        *out = NULL;
    }
    return status;
}

int gguf_open_bytes(struct gguf_file **out, const void *bytes, size_t n, const char *name,
                    struct ponder_err *err)
{
    *out = NULL;
    struct gguf_file *file = file_new(name);
    if (!file)
        return err_memory(err, "a GGUF file");
    file->bytes = bytes;
    file->size = n;
    return read_file(out, file, err);
}

void gguf_release(struct gguf_file *file)
{
    if (!file)
        return;
    for (size_t i = 0; file->starts && i < file->value_count; i++)
        free(file->starts[i]);
    free(file->starts);
    free(file->values);
    free(file->by_key);
    free(file->tensors);
    free(file->names);
    free(file->by_name);
    for (size_t i = 0; i < file->other_count; i++)
        gguf_release(file->others[i]);
    free(file->others);
    if (file->map)
        munmap(file->map, file->size);
    free(file->path);
    free(file);
}
