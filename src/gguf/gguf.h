/* gguf.h - GGUF version 3 files, read by mmap and written whole.
 *
 * Source of the format: the GGUF specification of the ggml project (docs/gguf.md). A file is
 *
 *     "GGUF"  u32 version  u64 tensors  u64 keys
 *     keys:     string name, u32 type, value        (an array: u32 type, u64 count, elements)
 *     tensors:  string name, u32 n_dims, u64 dims[n_dims], u32 type, u64 offset into the data
 *     padding to the alignment, then the data: each tensor starts at a multiple of the alignment
 *
 * little-endian, strings as u64 length and bytes. Everything in a file is hostile until checked: every size,
 * offset, type and string is verified at open, and an error names the key or tensor and the byte offset.
 * After gguf_open() succeeds, every pointer handed out lies inside the file and every tensor's bytes too.
 *
 * A model may be split into files PREFIX-00001-of-00002.gguf and so on (keys split.no, split.count and
 * split.tensors.count, as llama.cpp writes them): any of them opens all, as one file with the first one's
 * keys and the tensors of all in order.
 *
 * Read: versions 2 and 3 (the layouts are the same). Refused: big-endian files, arrays of arrays, keys or
 * tensors that appear twice, tensor types not listed below, an alignment (key general.alignment, 32 where
 * absent) that is not a power of two from 8 to 65,536. */
#ifndef GGUF_GGUF_H
#define GGUF_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/tensor_type.h"
#include "ponder/status.h"

enum {
    GGUF_KEYS_MAX = 1 << 16,
    GGUF_TENSORS_MAX = 1 << 16,
    GGUF_KEY_BYTES_MAX = 65535, /* the specification's limit */
    GGUF_NAME_BYTES_MAX = 64,   /* of a tensor; the specification's limit */
    GGUF_ALIGNMENT = 32,        /* the default, and what we write */
};

/* Metadata value types, by their numbers in the file. */
enum gguf_type {
    GGUF_U8 = 0,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64
};

struct gguf_string {
    const char *data; /* not NUL-terminated; inside the mapped file */
    size_t len;
};

struct gguf_value { /* one key */
    struct gguf_string key;
    enum gguf_type type;    /* GGUF_ARRAY for arrays */
    enum gguf_type element; /* of an array; of a scalar the same as `type` */
    uint64_t count;         /* elements of an array, else 1 */
    size_t offset;          /* of the value (first element) in the file, bytes */
};

struct gguf_tensor {
    const char *name; /* NUL-terminated */
    int n_dims;       /* 1 to 4 */
    /* dims[0] is the contiguous one: a weight (N out, K in) has dims {K, N}; unused ones are 1. Every
     * dimension is at least 1 and their product fits in 63 bits. */
    uint64_t dims[4];
    enum gguf_tensor_type type;
    const void *data; /* inside the mapped file, aligned to the file's alignment (8 bytes at least) */
    size_t bytes;
};

struct gguf_file;

/* `*out` is owned by the caller; `path` is copied. Of a split model gguf_path() is the first file. The file
 * stays mapped until gguf_release() and must not be shortened meanwhile; replacing it by rename, as
 * gguf_writer_save() does, is safe. */
int gguf_open(struct gguf_file **out, const char *path, struct ponder_err *err) PONDER_USE;
/* The same over bytes that the caller keeps alive (tests, fuzzing); `name` is used in errors. The tensors'
 * data is aligned as far as `bytes` is. A part of a split model is read by itself. */
int gguf_open_bytes(struct gguf_file **out, const void *bytes, size_t n, const char *name,
                    struct ponder_err *err) PONDER_USE;
void gguf_release(struct gguf_file *file);
const char *gguf_path(const struct gguf_file *file);

/* Keys in file order. */
size_t gguf_value_count(const struct gguf_file *file);
const struct gguf_value *gguf_value_at(const struct gguf_file *file, size_t index);
const struct gguf_value *gguf_find(const struct gguf_file *file, const char *key); /* NULL where absent */

/* Scalars by key. A missing key is PONDER_E_NOT_FOUND, a wrong type PONDER_E_FORMAT, both with the key named.
 * Unsigned and signed integers of every width are accepted where the value fits, f32 and f64 alike; a `bool`
 * only for gguf_get_bool. */
int gguf_get_u32(const struct gguf_file *file, const char *key, uint32_t *out,
                 struct ponder_err *err) PONDER_USE;
int gguf_get_f32(const struct gguf_file *file, const char *key, float *out,
                 struct ponder_err *err) PONDER_USE;
int gguf_get_bool(const struct gguf_file *file, const char *key, bool *out,
                  struct ponder_err *err) PONDER_USE;
int gguf_get_string(const struct gguf_file *file, const char *key, struct gguf_string *out,
                    struct ponder_err *err) PONDER_USE;
/* Element `index` of an array, or 0 of a scalar, in constant time. An empty string where the element is no
 * string, NaN where it is no number or bool, and both where `index` is not below value->count. */
struct gguf_string gguf_string_at(const struct gguf_file *file, const struct gguf_value *value,
                                  uint64_t index);
double gguf_number_at(const struct gguf_file *file, const struct gguf_value *value, uint64_t index);
const char *gguf_type_name(enum gguf_type type); /* as the specification spells it: "uint32", "string" */

/* Tensors in file order. */
size_t gguf_tensor_count(const struct gguf_file *file);
const struct gguf_tensor *gguf_tensor_at(const struct gguf_file *file, size_t index);
const struct gguf_tensor *gguf_tensor_find(const struct gguf_file *file,
                                           const char *name); /* NULL where absent */
const char *gguf_tensor_type_name(enum gguf_tensor_type type);
/* All elements as f32, in file order, whatever the type (quant.h); `out` has room for the product of dims. */
void gguf_tensor_to_f32(const struct gguf_tensor *tensor, float *out);

/* Writing: collect, then save atomically. Keys in the order they were put; everything is copied at once. The
 * first failure (memory, a key or tensor put twice, a name too long) is kept and returned by
 * gguf_writer_save, so puts need no checks. */
struct gguf_writer;
struct gguf_writer *gguf_writer_new(void); /* NULL: out of memory */
void gguf_writer_release(struct gguf_writer *writer);
void gguf_put_u32(struct gguf_writer *writer, const char *key, uint32_t value);
void gguf_put_u64(struct gguf_writer *writer, const char *key, uint64_t value);
void gguf_put_f32(struct gguf_writer *writer, const char *key, float value);
void gguf_put_f64(struct gguf_writer *writer, const char *key, double value);
void gguf_put_bool(struct gguf_writer *writer, const char *key, bool value);
void gguf_put_string(struct gguf_writer *writer, const char *key, const char *data, size_t len);
void gguf_put_text(struct gguf_writer *writer, const char *key, const char *text); /* NUL-terminated */
void gguf_put_strings(struct gguf_writer *writer, const char *key, const struct gguf_string *items,
                      size_t count);
void gguf_put_i32s(struct gguf_writer *writer, const char *key, const int32_t *items, size_t count);
void gguf_put_f32s(struct gguf_writer *writer, const char *key, const float *items, size_t count);
/* `data` holds the product of dims f32 values, converted to `type` (F32, F16 or BF16; round to nearest even)
 * and copied now. */
void gguf_put_tensor(struct gguf_writer *writer, const char *name, enum gguf_tensor_type type, int n_dims,
                     const uint64_t *dims, const float *data);
/* Puts all that a file has, as it is there, but for keys that begin with `but`; before any tensor. A file of
 * another alignment than 32, and a model in several files, cannot be put. */
void gguf_put_file(struct gguf_writer *writer, const struct gguf_file *file, const char *but);
/* Says that something to be put could not be made: what gguf_writer_save then returns, unless a failure is
 * kept already. */
void gguf_writer_fail(struct gguf_writer *writer, int status, const char *message);
/* Writes the file whole or not at all: a temporary file beside it, fsync, rename. The writer stays usable. */
int gguf_writer_save(struct gguf_writer *writer, const char *path, struct ponder_err *err) PONDER_USE;
/* The same bytes in memory, owned by the caller, who frees them with free(). */
int gguf_writer_bytes(struct gguf_writer *writer, char **out, size_t *len, struct ponder_err *err) PONDER_USE;

#endif
