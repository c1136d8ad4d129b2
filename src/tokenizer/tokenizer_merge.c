/* tokenizer_merge.c - merging neighbours by priority.
 *
 * Symbols are a doubly linked list in an array; possible merges wait in a binary heap. A merge makes its left
 * symbol longer and empties its right one, so a candidate whose parts have changed since is told by its
 * length: symbols only ever grow. Each merge adds at most two candidates, so n symbols take O(n log n). */
#include <stdlib.h>

#include "tokenizer/tokenizer_impl.h"

#include "core/array.h"

static bool before(const struct merge_candidate *a, const struct merge_candidate *b)
{
    if (a->priority > b->priority)
        return true;
    return a->priority == b->priority && a->left < b->left;
}

static int heap_push(struct merge_work *work, struct merge_candidate candidate)
{
    if (array_reserve(&work->heap, sizeof *work->heap, &work->heap_cap, (int64_t)work->heap_count + 1,
                      INT32_MAX))
        return PONDER_E_MEMORY;
    size_t at = work->heap_count++;
    for (; at && before(&candidate, &work->heap[(at - 1) / 2]); at = (at - 1) / 2)
        work->heap[at] = work->heap[(at - 1) / 2];
    work->heap[at] = candidate;
    return PONDER_OK;
}

static struct merge_candidate heap_pop(struct merge_work *work)
{
    struct merge_candidate top = work->heap[0], last = work->heap[--work->heap_count];
    size_t at = 0, count = work->heap_count;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < count && before(&work->heap[child + 1], &work->heap[child]))
            child++;
        if (child >= count || !before(&work->heap[child], &last))
            break;
        work->heap[at] = work->heap[child];
        at = child;
    }
    work->heap[at] = last;
    return top;
}

int merge_push(struct merge_work *work, int32_t id, uint32_t start, uint32_t len)
{
    if (array_reserve(&work->symbols, sizeof *work->symbols, &work->symbol_cap,
                      (int64_t)work->symbol_count + 1, INT32_MAX))
        return PONDER_E_MEMORY;
    int32_t at = (int32_t)work->symbol_count++;
    work->symbols[at] = (struct merge_symbol){id, start, len, at - 1, -1};
    if (at)
        work->symbols[at - 1].next = at;
    return PONDER_OK;
}

typedef bool pair_function(const struct tokenizer *tokenizer, const struct merge_work *work,
                           const struct merge_symbol *left, const struct merge_symbol *right,
                           struct merge_candidate *out);

/* Offers the merge of `left` with the symbol behind it. */
static int offer(struct merge_work *work, const struct tokenizer *tokenizer, int32_t left,
                 pair_function *pair)
{
    if (left < 0 || work->symbols[left].next < 0)
        return PONDER_OK;
    const struct merge_symbol *a = &work->symbols[left], *b = &work->symbols[a->next];
    struct merge_candidate candidate = {.left = (uint32_t)left, .len = a->len + b->len};
    if (a->id == MERGE_FIXED || b->id == MERGE_FIXED || !pair(tokenizer, work, a, b, &candidate))
        return PONDER_OK;
    return heap_push(work, candidate);
}

int merge_run(struct merge_work *work, const struct tokenizer *tokenizer, pair_function *pair)
{
    int status = PONDER_OK;
    work->heap_count = 0;
    for (size_t i = 0; !status && i < work->symbol_count; i++)
        status = offer(work, tokenizer, (int32_t)i, pair);
    while (!status && work->heap_count) {
        struct merge_candidate best = heap_pop(work);
        struct merge_symbol *a = &work->symbols[best.left];
        if (a->len == 0 || a->next < 0)
            continue;
        struct merge_symbol *b = &work->symbols[a->next];
        if (a->len + b->len != best.len)
            continue;
        a->id = best.id;
        a->len = best.len;
        a->next = b->next;
        b->len = 0;
        if (a->next >= 0)
            work->symbols[a->next].prev = (int32_t)best.left;
        status = offer(work, tokenizer, a->prev, pair);
        if (!status)
            status = offer(work, tokenizer, (int32_t)best.left, pair);
    }
    return status;
}

void merge_release(struct merge_work *work)
{
    free(work->symbols);
    free(work->heap);
    buf_release(&work->text);
}
