/* gguf_impl.h - an opened GGUF file, as gguf_read.c fills it and gguf_get.c answers from it. */
#ifndef LM_GGUF_IMPL_H
#define LM_GGUF_IMPL_H

#include "lm/gguf.h"

struct gguf_file {
    char *path;
    const unsigned char *bytes; /* the whole file */
    size_t size;
    void *map; /* to unmap at release; NULL for bytes of the caller */
    size_t alignment;
    size_t tensors_at, tensors_end,
        data_at; /* where the tensors' descriptions begin and end, and their data */

    struct gguf_value *values; /* in file order */
    size_t value_count;
    size_t **starts;                  /* per value: of a string array, where each string begins; else NULL */
    const struct gguf_value **by_key; /* sorted */
    struct gguf_tensor *tensors;      /* in file order */
    size_t tensor_count;
    char (*names)[GGUF_NAME_BYTES_MAX + 1]; /* of the tensors, NUL-terminated */
    const struct gguf_tensor **by_name;     /* sorted */
};

/* Bytes of one element; 0 for strings, arrays and numbers that are no type. */
size_t gguf_type_size(enum gguf_type type);
/* A row of the table of tensor types in gguf.h; NULL for a number that is not in it. */
struct gguf_tensor_kind {
    enum gguf_tensor_type type;
    const char *name;
    unsigned elements, bytes; /* per block */
};
const struct gguf_tensor_kind *gguf_tensor_kind(uint32_t type);
int gguf_string_compare(struct gguf_string a, struct gguf_string b); /* as memcmp, the shorter first */

#endif
