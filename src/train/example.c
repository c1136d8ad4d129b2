#include "train/example.h"

#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/err.h"

static int example_reserve(struct example *example, int n)
{
    if (n < 0 || n > example->count_max - example->count)
        return PONDER_E_LIMIT;
    int64_t need = example->count + n, cap = example->cap;
    int status = array_reserve(&example->tokens, sizeof *example->tokens, &cap, need, example->count_max);
    return status ? status
                  : array_reserve(&example->targets, sizeof *example->targets, &example->cap, need,
                                  example->count_max);
}

int example_add(struct example *example, const int32_t *tokens, int n, bool learn)
{
    int status = example_reserve(example, n);
    if (status)
        return status;
    for (int i = 0; i < n; i++) {
        int at = example->count++;
        if (learn && at > 0)
            example->targets[at - 1] = (struct lm_target){.kind = LM_TARGET_NEXT, .token = tokens[i]};
        example->tokens[at] = tokens[i];
        example->targets[at] = (struct lm_target){.kind = LM_TARGET_NONE};
    }
    return PONDER_OK;
}

int example_soft(struct example *example, int32_t good, int32_t bad, float p)
{
    if (example->count == 0 || !(p >= 0 && p <= 1))
        return PONDER_E_ARGUMENT;
    example->targets[example->count - 1] =
        (struct lm_target){.kind = LM_TARGET_SOFT, .token = good, .other = bad, .p = p};
    return PONDER_OK;
}

int example_copy(struct example *to, const struct example *from)
{
    example_clear(to);
    int status = example_add(to, from->tokens, from->count, false);
    if (!status && from->count)
        memcpy(to->targets, from->targets, (size_t)from->count * sizeof *to->targets);
    return status;
}

void example_clear(struct example *example)
{
    example->count = 0;
}

void example_release(struct example *example)
{
    free(example->tokens);
    free(example->targets);
    *example = EXAMPLE_INIT(example->count_max);
}

int pack_init(struct pack *pack, int rows_max, struct ponder_err *err)
{
    *pack = (struct pack){.rows_max = rows_max};
    size_t rows = (size_t)rows_max;
    pack->tokens = calloc(rows, sizeof *pack->tokens);
    pack->positions = calloc(rows, sizeof *pack->positions);
    pack->targets = calloc(rows, sizeof *pack->targets);
    pack->doc_start = calloc(rows + 1, sizeof *pack->doc_start);
    if (pack->tokens && pack->positions && pack->targets && pack->doc_start)
        return PONDER_OK;
    pack_release(pack);
    return err_memory(err, "a training batch");
}

void pack_release(struct pack *pack)
{
    free(pack->tokens);
    free(pack->positions);
    free(pack->targets);
    free(pack->doc_start);
    *pack = (struct pack){0};
}

void pack_clear(struct pack *pack)
{
    pack->rows = pack->docs = pack->target_count = 0;
    pack->key_count = 0;
}

bool pack_add(struct pack *pack, const struct example *example)
{
    int n = example->count;
    if (n == 0 || n > pack->rows_max - pack->rows)
        return false;
    memcpy(pack->tokens + pack->rows, example->tokens, (size_t)n * sizeof *pack->tokens);
    memcpy(pack->targets + pack->rows, example->targets, (size_t)n * sizeof *pack->targets);
    for (int i = 0; i < n; i++) {
        pack->positions[pack->rows + i] = i;
        pack->target_count += example->targets[i].kind != LM_TARGET_NONE;
    }
    pack->key_count += 0.5 * n * (n + 1.0);
    pack->doc_start[pack->docs] = pack->rows;
    pack->rows += n;
    pack->doc_start[++pack->docs] = pack->rows;
    return true;
}

struct lm_batch pack_batch(const struct pack *pack)
{
    return (struct lm_batch){
        .rows = pack->rows,
        .tokens = pack->tokens,
        .positions = pack->positions,
        .doc_start = pack->doc_start,
        .docs = pack->docs,
    };
}
