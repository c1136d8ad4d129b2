/* gguf_get.c - what an opened GGUF file holds: look-ups by name, and values converted.
 *
 * Everything was checked at open; values may stand at any address in the file, so they are copied out. */
#include "gguf/gguf_impl.h"

#include <math.h>
#include <string.h>

#include "core/err.h"
#include "kernels/quant.h"

size_t gguf_type_size(enum gguf_type type)
{
    static const unsigned char sizes[] = {
        [GGUF_U8] = 1,  [GGUF_I8] = 1,   [GGUF_U16] = 2, [GGUF_I16] = 2, [GGUF_U32] = 4, [GGUF_I32] = 4,
        [GGUF_F32] = 4, [GGUF_BOOL] = 1, [GGUF_U64] = 8, [GGUF_I64] = 8, [GGUF_F64] = 8};
    return (unsigned)type <= GGUF_F64 ? sizes[type] : 0;
}

const char *gguf_type_name(enum gguf_type type)
{
    static const char *const names[] = {"uint8", "int8",   "uint16", "int16",  "uint32", "int32",  "float32",
                                        "bool",  "string", "array",  "uint64", "int64",  "float64"};
    return (unsigned)type <= GGUF_F64 ? names[type] : "unknown";
}

const struct gguf_tensor_kind *gguf_tensor_kind(uint32_t type)
{
    static const struct gguf_tensor_kind kinds[] = {
#define X(name, number, elements, bytes) {GGUF_TENSOR_##name, #name, elements, bytes},
        GGUF_TENSOR_TYPES(X)
#undef X
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if ((uint32_t)kinds[i].type == type)
            return &kinds[i];
    return NULL;
}

const char *gguf_tensor_type_name(enum gguf_tensor_type type)
{
    const struct gguf_tensor_kind *kind = gguf_tensor_kind((uint32_t)type);
    return kind ? kind->name : "unknown";
}

int gguf_string_compare(struct gguf_string a, struct gguf_string b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    if (order)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

const char *gguf_path(const struct gguf_file *file)
{
    return file->path;
}

size_t gguf_value_count(const struct gguf_file *file)
{
    return file->value_count;
}

const struct gguf_value *gguf_value_at(const struct gguf_file *file, size_t index)
{
    return index < file->value_count ? &file->values[index] : NULL;
}

const struct gguf_value *gguf_find(const struct gguf_file *file, const char *key)
{
    struct gguf_string wanted = {key, strlen(key)};
    size_t low = 0, high = file->value_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = gguf_string_compare(wanted, file->by_key[middle]->key);
        if (order == 0)
            return file->by_key[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

size_t gguf_tensor_count(const struct gguf_file *file)
{
    return file->tensor_count;
}

const struct gguf_tensor *gguf_tensor_at(const struct gguf_file *file, size_t index)
{
    return index < file->tensor_count ? &file->tensors[index] : NULL;
}

const struct gguf_tensor *gguf_tensor_find(const struct gguf_file *file, const char *name)
{
    size_t low = 0, high = file->tensor_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, file->by_name[middle]->name);
        if (order == 0)
            return file->by_name[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* The key as a scalar; `wanted` says in an error what it should have been. */
static int find_scalar(const struct gguf_file *file, const char *key, const struct gguf_value **out,
                       struct ponder_err *err)
{
    *out = gguf_find(file, key);
    if (!*out)
        return err_set(err, PONDER_E_NOT_FOUND, "%s: key '%s' is missing", file->path, key);
    return PONDER_OK;
}

static int wrong_type(const struct gguf_file *file, const struct gguf_value *value, const char *wanted,
                      struct ponder_err *err)
{
    return err_set(err, PONDER_E_FORMAT, "%s: byte %zu: key '%.*s' is %s; %s is wanted", file->path,
                   value->offset, (int)value->key.len, value->key.data, gguf_type_name(value->type), wanted);
}

/* An integer of any width as 64 bits; false where the value is none. Unsigned values keep their size, so
 * `*negative` tells -1 from 2^64 - 1. */
static bool integer_of(const struct gguf_file *file, const struct gguf_value *value, uint64_t *out,
                       bool *negative)
{
    const unsigned char *at = file->bytes + value->offset;
    size_t size = gguf_type_size(value->type);
    bool is_signed = value->type == GGUF_I8 || value->type == GGUF_I16 || value->type == GGUF_I32 ||
                     value->type == GGUF_I64;
    bool is_unsigned = value->type == GGUF_U8 || value->type == GGUF_U16 || value->type == GGUF_U32 ||
                       value->type == GGUF_U64;
    if (!is_signed && !is_unsigned)
        return false;
    uint64_t bits = 0;
    memcpy(&bits, at, size);
    *negative = is_signed && at[size - 1] >> 7;
    *out = bits;
    return true;
}

int gguf_get_u32(const struct gguf_file *file, const char *key, uint32_t *out, struct ponder_err *err)
{
    const struct gguf_value *value;
    int status = find_scalar(file, key, &value, err);
    if (status)
        return status;
    uint64_t number;
    bool negative;
    if (!integer_of(file, value, &number, &negative))
        return wrong_type(file, value, "an integer", err);
    if (negative || number > UINT32_MAX)
        return err_set(err, PONDER_E_FORMAT, "%s: byte %zu: key '%s' is not from 0 to 4,294,967,295",
                       file->path, value->offset, key);
    *out = (uint32_t)number;
    return PONDER_OK;
}

int gguf_get_f32(const struct gguf_file *file, const char *key, float *out, struct ponder_err *err)
{
    const struct gguf_value *value;
    int status = find_scalar(file, key, &value, err);
    if (status)
        return status;
    if (value->type != GGUF_F32 && value->type != GGUF_F64)
        return wrong_type(file, value, "a float", err);
    double number = gguf_number_at(file, value, 0);
    if (isfinite(number) && fabs(number) > 3.4028234663852886e38)
        return err_set(err, PONDER_E_FORMAT, "%s: byte %zu: key '%s' is too large for a 32-bit float",
                       file->path, value->offset, key);
    *out = (float)number;
    return PONDER_OK;
}

int gguf_get_bool(const struct gguf_file *file, const char *key, bool *out, struct ponder_err *err)
{
    const struct gguf_value *value;
    int status = find_scalar(file, key, &value, err);
    if (status)
        return status;
    if (value->type != GGUF_BOOL)
        return wrong_type(file, value, "a bool", err);
    *out = file->bytes[value->offset] != 0;
    return PONDER_OK;
}

int gguf_get_string(const struct gguf_file *file, const char *key, struct gguf_string *out,
                    struct ponder_err *err)
{
    const struct gguf_value *value;
    int status = find_scalar(file, key, &value, err);
    if (status)
        return status;
    if (value->type != GGUF_STRING)
        return wrong_type(file, value, "a string", err);
    *out = gguf_string_at(file, value, 0);
    return PONDER_OK;
}

struct gguf_string gguf_string_at(const struct gguf_file *file, const struct gguf_value *value,
                                  uint64_t index)
{
    if (value->element != GGUF_STRING || index >= value->count)
        return (struct gguf_string){"", 0};
    size_t at = file->starts[value - file->values][index];
    uint64_t len;
    memcpy(&len, file->bytes + at, sizeof len);
    return (struct gguf_string){(const char *)file->bytes + at + sizeof len, (size_t)len};
}

double gguf_number_at(const struct gguf_file *file, const struct gguf_value *value, uint64_t index)
{
    size_t size = gguf_type_size(value->element);
    if (index >= value->count || size == 0)
        return NAN;
    const unsigned char *at = file->bytes + value->offset + index * size;
    switch (value->element) {
#define CASE(type, c_type)                                                                                   \
    case type: {                                                                                             \
        c_type number;                                                                                       \
        memcpy(&number, at, sizeof number);                                                                  \
        return (double)number;                                                                               \
    }
        CASE(GGUF_U8, uint8_t)
        CASE(GGUF_I8, int8_t)
        CASE(GGUF_U16, uint16_t)
        CASE(GGUF_I16, int16_t)
        CASE(GGUF_U32, uint32_t)
        CASE(GGUF_I32, int32_t)
        CASE(GGUF_F32, float)
        CASE(GGUF_BOOL, uint8_t)
        CASE(GGUF_U64, uint64_t)
        CASE(GGUF_I64, int64_t)
        CASE(GGUF_F64, double)
#undef CASE
    case GGUF_STRING:
    case GGUF_ARRAY:
        break;
    }
    return NAN;
}

void gguf_tensor_to_f32(const struct gguf_tensor *tensor, float *out)
{
    enum { STRETCH = 1 << 16 }; /* elements; a multiple of every type's block */
    const struct gguf_tensor_kind *kind = gguf_tensor_kind((uint32_t)tensor->type);
    const char *from = tensor->data;
    size_t n = 1;
    for (int i = 0; i < tensor->n_dims; i++)
        n *= (size_t)tensor->dims[i];
#pragma omp parallel for schedule(static)
    for (size_t at = 0; at < n; at += STRETCH)
        quant_expand(tensor->type, from + at / kind->elements * kind->bytes,
                     n - at < STRETCH ? n - at : STRETCH, out + at);
}
