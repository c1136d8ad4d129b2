#include "train/checkpoint.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/rng.h"

static const char magic[8] = "PONDERCK";

enum {
    VERSION = 2,
    HASH_AT = 24,
    HEADER_BYTES = 120 + 8 * STREAM_WAIT_MAX,
};
static const size_t file_bytes_max = (size_t)16 << 30;

/* Header fields are written and read by one walk, so that the two cannot disagree. */
struct header {
    uint32_t version, header_bytes;
    uint64_t file_bytes, hash, param_count, recipe_bytes;
    int64_t step;
    uint64_t tokens;
    double seconds;
    uint64_t next, skipped, waiting, wait_index[STREAM_WAIT_MAX];
    int64_t best_step;
    double best_loss;
    int64_t best_since;
};

static void checkpoint_walk(struct header *header, unsigned char *bytes, bool store)
{
    struct {
        void *field;
        size_t n;
    } fields[] = {
        {&header->version, 4},
        {&header->header_bytes, 4},
        {&header->file_bytes, 8},
        {&header->hash, 8},
        {&header->param_count, 8},
        {&header->recipe_bytes, 8},
        {&header->step, 8},
        {&header->tokens, 8},
        {&header->seconds, 8},
        {&header->next, 8},
        {&header->skipped, 8},
        {&header->waiting, 8},
        {header->wait_index, sizeof header->wait_index},
        {&header->best_step, 8},
        {&header->best_loss, 8},
        {&header->best_since, 8},
    };
    const unsigned char *begin = bytes;
    bytes += sizeof magic;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (store)
            memcpy(bytes, fields[i].field, fields[i].n);
        else
            memcpy(fields[i].field, bytes, fields[i].n);
        bytes += fields[i].n;
    }
    assert(bytes - begin == HEADER_BYTES);
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "checkpoints are written as they lie in memory");

static size_t blocks(int64_t best_step)
{
    return best_step ? 4 : 3;
}

static size_t padded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

int checkpoint_save(const struct checkpoint *checkpoint, const char *path, struct ponder_err *err)
{
    size_t recipe_bytes = strlen(checkpoint->recipe);
    size_t block = checkpoint->param_count * sizeof(float);
    size_t n = HEADER_BYTES + padded(recipe_bytes) + blocks(checkpoint->best.step) * block;
    unsigned char *bytes = calloc(1, n);
    if (!bytes)
        return err_memory(err, "a checkpoint");
    struct header header = {
        .version = VERSION,
        .header_bytes = HEADER_BYTES,
        .file_bytes = n,
        .param_count = checkpoint->param_count,
        .recipe_bytes = recipe_bytes,
        .step = checkpoint->step,
        .tokens = checkpoint->tokens,
        .seconds = checkpoint->seconds,
        .next = checkpoint->stream.next,
        .skipped = checkpoint->stream.skipped,
        .waiting = (uint64_t)checkpoint->stream.waiting,
        .best_step = checkpoint->best.step,
        .best_loss = checkpoint->best.loss,
        .best_since = checkpoint->best.since,
    };
    memcpy(header.wait_index, checkpoint->stream.wait_index, sizeof header.wait_index);
    memcpy(bytes, magic, sizeof magic);
    checkpoint_walk(&header, bytes, true);
    unsigned char *at = bytes + HEADER_BYTES;
    memcpy(at, checkpoint->recipe, recipe_bytes);
    at += padded(recipe_bytes);
    memcpy(at, checkpoint->params, block);
    memcpy(at + block, checkpoint->m, block);
    memcpy(at + 2 * block, checkpoint->v, block);
    if (checkpoint->best.step)
        memcpy(at + 3 * block, checkpoint->best.params, block);
    header.hash = hash_bytes(bytes, n);
    memcpy(bytes + HASH_AT, &header.hash, sizeof header.hash);
    int status = file_write_atomic(path, bytes, n, err);
    free(bytes);
    return status;
}

static int check_header(const struct header *header, const char *path, size_t n, struct ponder_err *err)
{
    if (header->version != VERSION || header->header_bytes != HEADER_BYTES)
        return err_set(err, PONDER_E_UNSUPPORTED,
                       "%s: checkpoint version %u; this program reads version %d: finish the run with the "
                       "program that began it",
                       path, header->version, VERSION);
    if (header->file_bytes != n)
        return err_set(err, PONDER_E_FORMAT,
                       "%s: truncated or damaged: %zu bytes, its header says %llu; delete it to begin anew",
                       path, n, (unsigned long long)header->file_bytes);
    return PONDER_OK;
}

static int check_counts(const struct header *header, const char *path, size_t n, struct ponder_err *err)
{
    bool fits = header->recipe_bytes <= CHECKPOINT_RECIPE_BYTES_MAX &&
                header->param_count <= file_bytes_max / (4 * sizeof(float)) &&
                HEADER_BYTES + padded(header->recipe_bytes) +
                        header->param_count * blocks(header->best_step) * sizeof(float) ==
                    n;
    if (!fits || header->waiting > STREAM_WAIT_MAX || header->step < 0 || header->best_step < 0 ||
        header->best_since < 0)
        return err_set(err, PONDER_E_FORMAT, "%s: not a checkpoint this program can have written", path);
    return PONDER_OK;
}

static int parse(struct checkpoint *checkpoint, char *bytes, size_t n, const char *path,
                 struct ponder_err *err)
{
    if (n < HEADER_BYTES || memcmp(bytes, magic, sizeof magic) != 0)
        return err_set(err, PONDER_E_FORMAT,
                       "%s: not a checkpoint (it does not begin with PONDERCK); name another file", path);
    struct header header;
    checkpoint_walk(&header, (unsigned char *)bytes, false);
    int status = check_header(&header, path, n, err);
    if (status)
        return status;
    memset(bytes + HASH_AT, 0, sizeof header.hash);
    if (hash_bytes(bytes, n) != header.hash)
        return err_set(
            err, PONDER_E_FORMAT,
            "%s: damaged: the checksum at byte %d does not match its %zu bytes; delete it to begin anew",
            path, HASH_AT, n);
    status = check_counts(&header, path, n, err);
    if (status)
        return status;
    checkpoint->recipe_copy = strndup(bytes + HEADER_BYTES, header.recipe_bytes);
    if (!checkpoint->recipe_copy)
        return err_memory(err, "a checkpoint's recipe");
    checkpoint->recipe = checkpoint->recipe_copy;
    checkpoint->step = header.step;
    checkpoint->tokens = header.tokens;
    checkpoint->seconds = header.seconds;
    checkpoint->stream.next = header.next;
    checkpoint->stream.skipped = header.skipped;
    checkpoint->stream.waiting = (int)header.waiting;
    memcpy(checkpoint->stream.wait_index, header.wait_index, sizeof header.wait_index);
    checkpoint->param_count = header.param_count;
    checkpoint->params = (float *)(void *)(bytes + HEADER_BYTES + padded(header.recipe_bytes));
    checkpoint->m = checkpoint->params + header.param_count;
    checkpoint->v = checkpoint->m + header.param_count;
    checkpoint->best = (struct checkpoint_best){header.best_step, header.best_loss, header.best_since,
                                                checkpoint->v + header.param_count};
    return PONDER_OK;
}

int checkpoint_read(struct checkpoint *checkpoint, const char *path, struct ponder_err *err)
{
    *checkpoint = (struct checkpoint){0};
    if (access(path, F_OK))
        return err_set(err, PONDER_E_NOT_FOUND, "%s: no such file", path);
    struct buf buf = BUF_INIT(file_bytes_max);
    int status = buf_read_file(&buf, path, err);
    size_t n = 0;
    if (!status) {
        checkpoint->bytes = buf_take(&buf, &n);
        status = checkpoint->bytes ? parse(checkpoint, checkpoint->bytes, n, path, err)
                                   : err_memory(err, "a checkpoint");
    }
    buf_release(&buf);
    if (status)
        checkpoint_release(checkpoint);
    return status;
}

void checkpoint_release(struct checkpoint *checkpoint)
{
    free(checkpoint->bytes);
    free(checkpoint->recipe_copy);
    *checkpoint = (struct checkpoint){0};
}
