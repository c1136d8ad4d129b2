/* gguf_impl.h - an opened GGUF file, as gguf_read.c fills it and gguf_get.c answers from it.
 *
 * Of a model in several files the first is this file, with all its keys; gguf_split.c appends the tensors of
 * the others to its own. */
#ifndef GGUF_GGUF_IMPL_H
#define GGUF_GGUF_IMPL_H

#include "gguf/gguf.h"

struct gguf_file {
    char *path;
    const unsigned char *bytes; /* the whole file */
    size_t size;
    void *map; /* to unmap at release; NULL for bytes of the caller */
    size_t alignment;
    size_t tensors_at, tensors_end, data_at,
        data_end; /* where the tensors' descriptions begin and end, and their data */

    struct gguf_value *values; /* in file order */
    size_t value_count;
    size_t **starts;                  /* per value: of a string array, where each string begins; else NULL */
    const struct gguf_value **by_key; /* sorted */
    struct gguf_tensor *tensors;      /* in file order */
    size_t tensor_count, own_count;   /* of the model, and in this file */
    char (*names)[GGUF_NAME_BYTES_MAX + 1]; /* of its own tensors, NUL-terminated */
    const struct gguf_tensor **by_name;     /* sorted */

    struct gguf_file **others; /* (other_count) of a split model, behind the first, in order */
    size_t other_count;
};

/* gguf_read.c: one file by itself, whatever it is a part of. */
int gguf_open_one(struct gguf_file **out, const char *path, struct ponder_err *err) PONDER_USE;
/* Fills by_name from tensors; the first name that appears twice into `*twice`, NULL: there is none. */
void gguf_sort_tensors(struct gguf_file *file, const struct gguf_tensor **twice);
/* gguf_split.c: `*file` is the first part of its model afterwards, with the others behind it. On failure it
 * is still the caller's. */
int gguf_join_parts(struct gguf_file **file, struct ponder_err *err) PONDER_USE;
/* Whether the path is named as a piece of a file that was cut, as in model.gguf.part1of2. */
bool gguf_is_piece(const char *path);

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
