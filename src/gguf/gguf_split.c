/* gguf_split.c - a model in several GGUF files, read as one.
 *
 * As llama.cpp splits them: the files are named PREFIX-00001-of-00003.gguf and so on; each says which one it
 * is (split.no, from 0) and of how many (split.count), the first has all other keys, and how many tensors
 * there are in all (split.tensors.count). Each file is read and checked by itself, then the tensors are
 * gathered in the first. */
#include "gguf/gguf_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"

enum { PARTS_MAX = 1024, PATH_BYTES_MAX = 1 << 16 };

static int read_number(const struct gguf_file *file, const char *key, uint32_t *out, struct ponder_err *err)
{
    return gguf_find(file, key) ? gguf_get_u32(file, key, out, err) : PONDER_OK;
}

/* Which part of how many; a file that is whole is part 0 of 1. */
struct place {
    uint32_t number, count;
};

static int read_place(const struct gguf_file *file, struct place *out, struct ponder_err *err)
{
    *out = (struct place){0, 0};
    int status = read_number(file, "split.no", &out->number, err);
    if (!status)
        status = read_number(file, "split.count", &out->count, err);
    if (out->count == 0) /* as in a model that was joined again */
        *out = (struct place){0, 1};
    if (!status && (out->count > PARTS_MAX || out->number >= out->count))
        status = err_set(err, PONDER_E_FORMAT,
                         "%s: keys 'split.no' and 'split.count' say part %u of %u, of %d at most", file->path,
                         out->number + 1, out->count, PARTS_MAX);
    return status;
}

/* The end of a part's name. */
static void write_ending(char ending[40], struct place place)
{
    snprintf(ending, 40, "-%05u-of-%05u.gguf", place.number + 1, place.count);
}

static int misnamed(const char *path, struct place place, struct ponder_err *err)
{
    char ending[40];
    write_ending(ending, place);
    return err_set(
        err, PONDER_E_FORMAT,
        "%s: it is part %u of the %u of a split model, but its name does not end in %s: give the parts "
        "their own names again, so that each is found by any other",
        path, place.number + 1, place.count, ending);
}

/* The path of another part, beside one whose name ends as it should. The caller frees it. */
static char *sibling(const char *path, struct place place, uint32_t number)
{
    char ending[40];
    write_ending(ending, place);
    size_t stem = strlen(path) - strlen(ending);
    write_ending(ending, (struct place){number, place.count});
    struct buf text = BUF_INIT(PATH_BYTES_MAX);
    buf_append(&text, path, stem);
    buf_puts(&text, ending);
    return buf_take(&text, NULL);
}

static int check_sibling(const struct gguf_file *file, struct place wanted, struct ponder_err *err)
{
    struct place place;
    int status = read_place(file, &place, err);
    if (!status && (place.number != wanted.number || place.count != wanted.count))
        status =
            err_set(err, PONDER_E_FORMAT, "%s: it says that it is part %u of %u, and its name part %u of %u",
                    file->path, place.number + 1, place.count, wanted.number + 1, wanted.count);
    return status;
}

static int open_sibling(struct gguf_file **out, const char *path, struct place place, uint32_t number,
                        struct ponder_err *err)
{
    char *name = sibling(path, place, number);
    if (!name)
        return err_memory(err, "the name of a part");
    int status = gguf_open_one(out, name, err);
    if (status == PONDER_E_IO)
        err_prefix(err, status,
                   "%s is part %u of the %u of a split model, which all have to be in one folder", path,
                   place.number + 1, place.count);
    if (!status)
        status = check_sibling(*out, (struct place){number, place.count}, err);
    free(name);
    return status;
}

/* `file` is one of the parts; all are in `first` and behind it afterwards. */
static int open_others(struct gguf_file **first, struct place place, struct ponder_err *err)
{
    struct gguf_file *file = *first, **parts = calloc(place.count, sizeof *parts);
    if (!parts)
        return err_memory(err, "the parts of a split model");
    int status = PONDER_OK;
    for (uint32_t i = 0; !status && i < place.count; i++)
        if (i != place.number)
            status = open_sibling(&parts[i], file->path, place, i, err);
    parts[place.number] = file;
    for (uint32_t i = 0; status && i < place.count; i++)
        if (parts[i] != file)
            gguf_release(parts[i]);
    if (status) {
        free(parts);
        return status;
    }
    *first = parts[0];
    memmove(parts, parts + 1, (place.count - 1) * sizeof *parts);
    (*first)->others = parts;
    (*first)->other_count = place.count - 1;
    return PONDER_OK;
}

static size_t count_tensors(const struct gguf_file *first)
{
    size_t count = first->own_count; /* each at most GGUF_TENSORS_MAX */
    for (size_t i = 0; i < first->other_count; i++)
        count += first->others[i]->own_count;
    return count;
}

static int check_tensors(const struct gguf_file *first, size_t count, struct ponder_err *err)
{
    uint32_t wanted = (uint32_t)count;
    if (count > GGUF_TENSORS_MAX)
        return err_set(err, PONDER_E_LIMIT, "%s: its parts have over 65,536 tensors", first->path);
    int status = read_number(first, "split.tensors.count", &wanted, err);
    if (!status && wanted != count)
        status = err_set(err, PONDER_E_FORMAT,
                         "%s: key 'split.tensors.count' is %u, but its parts have %zu tensors: they are of "
                         "different models",
                         first->path, wanted, count);
    return status;
}

static int gather_tensors(struct gguf_file *first, struct ponder_err *err)
{
    size_t count = count_tensors(first), at = first->own_count;
    const struct gguf_tensor *twice;
    int status = check_tensors(first, count, err);
    if (status)
        return status;
    struct gguf_tensor *tensors = calloc(count + 1, sizeof *tensors);
    const struct gguf_tensor **by_name = calloc(count + 1, sizeof *by_name);
    if (!tensors || !by_name) {
        free(tensors);
        free(by_name);
        return err_memory(err, "the tensors of a split model");
    }
    memcpy(tensors, first->tensors, at * sizeof *tensors);
    for (size_t i = 0; i < first->other_count; i++) {
        const struct gguf_file *other = first->others[i];
        memcpy(tensors + at, other->tensors, other->own_count * sizeof *tensors);
        at += other->own_count;
    }
    free(first->tensors);
    free(first->by_name);
    first->tensors = tensors;
    first->by_name = by_name;
    first->tensor_count = count;
    gguf_sort_tensors(first, &twice);
    if (twice)
        return err_set(err, PONDER_E_FORMAT, "%s: tensor '%s' is in two of its parts", first->path,
                       twice->name);
    return PONDER_OK;
}

int gguf_join_parts(struct gguf_file **file, struct ponder_err *err)
{
    struct place place;
    char ending[40];
    int status = read_place(*file, &place, err);
    if (status || place.count == 1)
        return status;
    write_ending(ending, place);
    size_t len = strlen((*file)->path), end = strlen(ending);
    if (len < end || strcmp((*file)->path + len - end, ending) != 0)
        return misnamed((*file)->path, place, err);
    status = open_others(file, place, err);
    return status ? status : gather_tensors(*file, err);
}

bool gguf_is_piece(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *at = strstr(slash ? slash : path, ".gguf");
    return at && (at[5] == '.' || at[5] == '-' || at[5] == '_') &&
           (strncmp(at + 6, "split", 5) == 0 || strncmp(at + 6, "part", 4) == 0);
}
