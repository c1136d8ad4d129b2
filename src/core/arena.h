/* arena.h - memory for what dies together. */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_chunk;
struct arena {
    struct arena_chunk *last;
    size_t bytes;     /* handed out and reserved, in all */
    size_t bytes_max; /* `bytes` never passes this */
};

#define ARENA_INIT(max) ((struct arena){.bytes_max = (max)})

/* `n` zeroed bytes aligned to 16, or NULL (memory, or the maximum). */
void *arena_alloc(struct arena *arena, size_t n);
/* `count` zeroed items of `size` bytes; NULL too where the product overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size);
/* A copy of `n` bytes with a NUL behind them. */
char *arena_copy(struct arena *arena, const void *bytes, size_t n);
/* Whether its maximum leaves no room for `n` bytes more; where it does, a NULL was for want of memory. */
bool arena_is_full(const struct arena *arena, size_t n);
void arena_release(struct arena *arena);

#endif
