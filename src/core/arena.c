#include "core/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 64 * 1024, ALIGN = 16 };

struct arena_chunk {
    struct arena_chunk *before;
    size_t used, cap;
    alignas(16) char bytes[];
};

static int add_chunk(struct arena *arena, size_t need)
{
    size_t cap = need > CHUNK_BYTES ? need : CHUNK_BYTES;
    if (cap > arena->bytes_max || arena->bytes > arena->bytes_max - cap)
        cap = need;
    if (cap > arena->bytes_max || arena->bytes > arena->bytes_max - cap)
        return -1;
    struct arena_chunk *chunk = calloc(1, sizeof *chunk + cap);
    if (!chunk)
        return -1;
    chunk->before = arena->last;
    chunk->cap = cap;
    arena->last = chunk;
    arena->bytes += cap;
    return 0;
}

void *arena_alloc(struct arena *arena, size_t n)
{
    if (n > SIZE_MAX - ALIGN)
        return NULL;
    size_t need = (n + ALIGN - 1) / ALIGN * ALIGN;
    struct arena_chunk *chunk = arena->last;
    if (!chunk || chunk->cap - chunk->used < need) {
        if (add_chunk(arena, need))
            return NULL;
        chunk = arena->last;
    }
    void *p = chunk->bytes + chunk->used;
    chunk->used += need;
    return p;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return arena_alloc(arena, count * size);
}

char *arena_copy(struct arena *arena, const void *bytes, size_t n)
{
    if (n == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(arena, n + 1);
    if (copy && n)
        memcpy(copy, bytes, n);
    return copy;
}

bool arena_is_full(const struct arena *arena, size_t n)
{
    size_t need = n > SIZE_MAX - ALIGN ? SIZE_MAX : (n + ALIGN - 1) / ALIGN * ALIGN;
    const struct arena_chunk *chunk = arena->last;
    bool fits = chunk && chunk->cap - chunk->used >= need;
    return !fits && (need > arena->bytes_max || arena->bytes > arena->bytes_max - need);
}

void arena_release(struct arena *arena)
{
    while (arena->last) {
        struct arena_chunk *chunk = arena->last;
        arena->last = chunk->before;
        free(chunk);
    }
    arena->bytes = 0;
}
