/* kv.c - the tree of segments and the blocks under it; see kv.h for what it promises.
 *
 * Segments live in one growing table; an id is an index, and free ids form a list through `parent`. Blocks
 * come from slabs mapped from the system, which hands out zeroed pages; a block that is used again is zeroed
 * then, so that no kernel ever reads what was not written.
 *
 * Invariants, for every living segment s with parent p:
 *   references(s) = the callers' holds + living children; an id is free when it is 0
 *   pins(s)       = the callers' pins + children with pins > 0: so a pinned segment's whole path is pinned
 *   leafy(s)      = children that have blocks
 *   blocks(s)     = a gapless run of tiles from start / KV_BLOCK on; resident(s) lies inside them
 *   s is in the cold list exactly when it has blocks, no pins, and no child with blocks
 *   blocks_cold   = the blocks of all segments without pins. As descendants of an unpinned segment are
 *                   unpinned, all of them can be had by evicting leaves until they are gone. */
#include "lm/kv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/array.h"
#include "core/err.h"

enum { SLAB_BYTES = 8 << 20 };

struct segment {
    int parent; /* -1: a root. The next free id where this one is free */
    int references, pins, leafy;
    int start, end, resident, computed;
    int32_t *tokens; /* (end - start) */
    int64_t token_cap;
    unsigned char **blocks; /* (block_count) */
    int block_count;
    int64_t block_cap;
    uint64_t used;      /* when it was last unpinned or reserved */
    int colder, warmer; /* neighbours in the cold list, -1 at its ends */
    bool listed;
};

struct kv_tree {
    enum kv_type type;
    int context, kv_heads;
    size_t half_bytes;  /* keys, or values, of one head of one layer in one block */
    size_t block_bytes; /* all layers and heads */
    int blocks_max, blocks_used, blocks_peak, blocks_cold;

    struct segment *segments;
    int64_t segment_cap;
    int segment_top;  /* ids below top were given out at some time */
    int segment_free; /* first free id below top, -1: none */
    int segment_count;
    int coldest, warmest; /* ends of the cold list */
    uint64_t now;         /* counts uses */

    unsigned char **slabs; /* (slab_count), each of slab_blocks blocks */
    int slab_count, slab_blocks;
    int64_t slab_cap;
    int fresh;              /* blocks of the last slab that were never handed out */
    unsigned char **unused; /* (unused_count) blocks to hand out again; room for all there are */
    int unused_count;
    int64_t unused_cap;
};

static struct segment *at(const struct kv_tree *tree, int segment)
{
    assert(segment >= 0 && segment < tree->segment_top);
    struct segment *s = &tree->segments[segment];
    assert(s->references > 0);
    return s;
}

int kv_tree_open(struct kv_tree **out, const struct lm_shape *shape, enum kv_type type, size_t bytes_max,
                 struct ponder_err *err)
{
    *out = NULL;
    assert(shape->layers > 0 && shape->kv_heads > 0 && shape->head_dim > 0 && shape->context > 0);
    size_t half = (size_t)KV_BLOCK * shape->head_dim * (type == KV_F32 ? 4 : 2);
    size_t block = half * 2 * (size_t)shape->kv_heads * (size_t)shape->layers;
    int least = shape->context < KV_CONTEXT_MIN ? shape->context : KV_CONTEXT_MIN;
    size_t blocks_max = bytes_max / block, tiles = ((size_t)least + KV_BLOCK - 1) / KV_BLOCK;
    if (blocks_max < tiles)
        return err_set(
            err, PONDER_E_LIMIT,
            "memory for keys and values: %zu bytes do not hold a context of %d positions; %zu or more "
            "are needed",
            bytes_max, least, tiles * block);
    struct kv_tree *tree = calloc(1, sizeof *tree);
    if (!tree)
        return err_memory(err, "a KV tree");
    tree->type = type;
    tree->context =
        blocks_max <= (size_t)shape->context / KV_BLOCK ? (int)blocks_max * KV_BLOCK : shape->context;
    tree->kv_heads = shape->kv_heads;
    tree->half_bytes = half;
    tree->block_bytes = block;
    tree->blocks_max = blocks_max > INT32_MAX / 2 ? INT32_MAX / 2 : (int)blocks_max;
    tree->slab_blocks = block >= SLAB_BYTES ? 1 : (int)(SLAB_BYTES / block);
    tree->segment_free = tree->coldest = tree->warmest = -1;
    *out = tree;
    return PONDER_OK;
}

void kv_tree_release(struct kv_tree *tree)
{
    if (!tree)
        return;
    for (int i = 0; i < tree->segment_top; i++)
        if (tree->segments[i].references > 0) {
            free(tree->segments[i].tokens);
            free(tree->segments[i].blocks);
        }
    for (int i = 0; i < tree->slab_count; i++)
        munmap(tree->slabs[i], (size_t)tree->slab_blocks * tree->block_bytes);
    free(tree->segments);
    free(tree->slabs);
    free(tree->unused);
    free(tree);
}

int kv_context(const struct kv_tree *tree)
{
    return tree->context;
}

/* ---- the cold list ---- */

static void cold_remove(struct kv_tree *tree, struct segment *s)
{
    if (s->colder >= 0)
        tree->segments[s->colder].warmer = s->warmer;
    else
        tree->coldest = s->warmer;
    if (s->warmer >= 0)
        tree->segments[s->warmer].colder = s->colder;
    else
        tree->warmest = s->colder;
    s->listed = false;
}

static void cold_insert_between(struct kv_tree *tree, struct segment *s, int colder, int warmer)
{
    int id = (int)(s - tree->segments);
    s->colder = colder;
    s->warmer = warmer;
    if (colder >= 0)
        tree->segments[colder].warmer = id;
    else
        tree->coldest = id;
    if (warmer >= 0)
        tree->segments[warmer].colder = id;
    else
        tree->warmest = id;
    s->listed = true;
}

/* In order of last use. The search starts at the end where the place is near: a segment just used is the
 * warmest, the parent of one just evicted is as cold as that one or little warmer. */
static void cold_insert(struct kv_tree *tree, struct segment *s, bool from_coldest)
{
    int colder, warmer;
    if (from_coldest) {
        colder = -1, warmer = tree->coldest;
        while (warmer >= 0 && tree->segments[warmer].used < s->used)
            colder = warmer, warmer = tree->segments[warmer].warmer;
    } else {
        colder = tree->warmest, warmer = -1;
        while (colder >= 0 && tree->segments[colder].used > s->used)
            warmer = colder, colder = tree->segments[colder].colder;
    }
    cold_insert_between(tree, s, colder, warmer);
}

/* Puts `s` into the cold list or takes it out, as its state says. */
static void cold_update(struct kv_tree *tree, struct segment *s, bool from_coldest)
{
    bool cold = s->block_count > 0 && s->pins == 0 && s->leafy == 0;
    if (cold && !s->listed)
        cold_insert(tree, s, from_coldest);
    else if (!cold && s->listed)
        cold_remove(tree, s);
}

/* ---- blocks ---- */

static int slab_add(struct kv_tree *tree)
{
    int all = (tree->slab_count + 1) * tree->slab_blocks;
    int status = array_reserve(&tree->slabs, sizeof *tree->slabs, &tree->slab_cap, tree->slab_count + 1,
                               INT32_MAX / 2);
    if (!status)
        status = array_reserve(&tree->unused, sizeof *tree->unused, &tree->unused_cap, all, INT32_MAX);
    if (status)
        return status;
    void *slab = mmap(NULL, (size_t)tree->slab_blocks * tree->block_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (slab == MAP_FAILED)
        return PONDER_E_MEMORY;
    tree->slabs[tree->slab_count++] = slab;
    tree->fresh = tree->slab_blocks;
    return PONDER_OK;
}

/* A zeroed block, or NULL. The caller has checked the limit. */
static unsigned char *block_take(struct kv_tree *tree)
{
    unsigned char *block;
    assert(tree->blocks_used < tree->blocks_max);
    if (tree->unused_count > 0) {
        block = tree->unused[--tree->unused_count];
        memset(block, 0, tree->block_bytes);
    } else {
        if (tree->fresh == 0 && slab_add(tree))
            return NULL;
        block = tree->slabs[tree->slab_count - 1] +
                (size_t)(tree->slab_blocks - tree->fresh--) * tree->block_bytes;
    }
    if (++tree->blocks_used > tree->blocks_peak)
        tree->blocks_peak = tree->blocks_used;
    return block;
}

/* Gives back the blocks of `s` but the first `keep`. */
static void blocks_drop(struct kv_tree *tree, struct segment *s, int keep, bool evicting)
{
    int count = s->block_count - keep;
    if (count <= 0)
        return;
    for (int i = keep; i < s->block_count; i++)
        tree->unused[tree->unused_count++] = s->blocks[i];
    tree->blocks_used -= count;
    if (s->pins == 0)
        tree->blocks_cold -= count;
    s->block_count = keep;
    cold_update(tree, s, false);
    if (keep == 0 && s->parent >= 0) {
        struct segment *parent = at(tree, s->parent);
        parent->leafy--;
        cold_update(tree, parent, evicting);
    }
}

static void evict_coldest(struct kv_tree *tree)
{
    assert(tree->coldest >= 0);
    struct segment *s = at(tree, tree->coldest);
    assert(s->pins == 0 && s->leafy == 0);
    s->resident = s->start;
    blocks_drop(tree, s, 0, true);
}

static int tiles_to(const struct segment *s, int end)
{
    return end > s->start ? (end - 1) / KV_BLOCK - s->start / KV_BLOCK + 1 : 0;
}

static int blocks_add(struct kv_tree *tree, struct segment *s, int count)
{
    int status =
        array_reserve(&s->blocks, sizeof *s->blocks, &s->block_cap, s->block_count + count, INT32_MAX / 2);
    if (status)
        return status;
    for (int i = 0; i < count; i++) {
        unsigned char *block = block_take(tree);
        if (!block)
            return PONDER_E_MEMORY;
        s->blocks[s->block_count++] = block;
        if (s->block_count == 1 && s->parent >= 0) {
            struct segment *parent = at(tree, s->parent);
            parent->leafy++;
            cold_update(tree, parent, false);
        }
    }
    return PONDER_OK;
}

int kv_missing_blocks(const struct kv_tree *tree, int segment, int end)
{
    const struct segment *s = at(tree, segment);
    int missing = tiles_to(s, end) - s->block_count;
    return missing > 0 ? missing : 0;
}

int kv_room_blocks(const struct kv_tree *tree)
{
    return tree->blocks_max - tree->blocks_used + tree->blocks_cold;
}

int kv_reserve(struct kv_tree *tree, int segment, int end)
{
    assert(end >= at(tree, segment)->start && end <= tree->context);
    int missing = kv_missing_blocks(tree, segment, end);
    if (missing == 0)
        return PONDER_OK;
    kv_pin(tree, segment);
    int status = missing > kv_room_blocks(tree) ? PONDER_E_LIMIT : PONDER_OK;
    if (!status) {
        while (tree->blocks_max - tree->blocks_used < missing)
            evict_coldest(tree);
        status = blocks_add(tree, at(tree, segment), missing);
    }
    kv_unpin(tree, segment);
    return status;
}

/* ---- segments ---- */

/* An id from the free list or the end of the table. */
static int id_take(struct kv_tree *tree)
{
    int id = tree->segment_free;
    if (id >= 0) {
        tree->segment_free = tree->segments[id].parent;
        return id;
    }
    int status = array_reserve(&tree->segments, sizeof *tree->segments, &tree->segment_cap,
                               tree->segment_top + 1, KV_SEGMENTS_MAX);
    return status ? status : tree->segment_top++;
}

int kv_segment_new(struct kv_tree *tree, int parent, int start)
{
    assert(start >= 0 && (parent < 0 || start <= at(tree, parent)->end));
    while (parent >= 0 && start <= at(tree, parent)->start)
        parent = at(tree, parent)->parent;
    assert(parent >= 0 || start == 0);
    int id = id_take(tree);
    if (id < 0)
        return id;
    tree->segments[id] = (struct segment){.parent = parent < 0 ? -1 : parent,
                                          .references = 1,
                                          .start = start,
                                          .end = start,
                                          .resident = start,
                                          .computed = start,
                                          .colder = -1,
                                          .warmer = -1};
    if (parent >= 0)
        at(tree, parent)->references++;
    tree->segment_count++;
    return id;
}

void kv_segment_retain(struct kv_tree *tree, int segment)
{
    at(tree, segment)->references++;
}

/* Up the path by a loop: a chain may be as long as the context. */
void kv_segment_drop(struct kv_tree *tree, int segment)
{
    while (segment >= 0) {
        struct segment *s = at(tree, segment);
        if (s->references > 1) {
            s->references--;
            return;
        }
        assert(s->pins == 0 && s->leafy == 0);
        blocks_drop(tree, s, 0, false);
        free(s->tokens);
        free(s->blocks);
        int parent = s->parent;
        s->references = 0;
        s->parent = tree->segment_free;
        tree->segment_free = segment;
        tree->segment_count--;
        segment = parent;
    }
}

int kv_append(struct kv_tree *tree, int segment, const int32_t *tokens, int count)
{
    struct segment *s = at(tree, segment);
    assert(count >= 0);
    if (count > tree->context - s->end)
        return PONDER_E_LIMIT;
    int have = s->end - s->start;
    int status = array_reserve(&s->tokens, sizeof *s->tokens, &s->token_cap, have + count, tree->context);
    if (status)
        return status;
    if (count > 0)
        memcpy(s->tokens + have, tokens, (size_t)count * sizeof *tokens);
    s->end += count;
    return PONDER_OK;
}

void kv_truncate(struct kv_tree *tree, int segment, int end)
{
    struct segment *s = at(tree, segment);
    assert(end >= s->start && end <= s->end);
    s->end = end;
    if (s->resident > end)
        s->resident = end;
    if (s->computed > end)
        s->computed = end;
    blocks_drop(tree, s, tiles_to(s, end), false);
}

int kv_parent(const struct kv_tree *tree, int segment)
{
    return at(tree, segment)->parent;
}

int kv_start(const struct kv_tree *tree, int segment)
{
    return at(tree, segment)->start;
}

int kv_end(const struct kv_tree *tree, int segment)
{
    return at(tree, segment)->end;
}

int kv_resident(const struct kv_tree *tree, int segment)
{
    return at(tree, segment)->resident;
}

int kv_computed(const struct kv_tree *tree, int segment)
{
    return at(tree, segment)->computed;
}

int32_t kv_token(const struct kv_tree *tree, int segment, int position)
{
    const struct segment *s = at(tree, segment);
    assert(position >= s->start && position < s->end);
    return s->tokens[position - s->start];
}

int kv_references(const struct kv_tree *tree, int segment)
{
    return at(tree, segment)->references;
}

void kv_set_resident(struct kv_tree *tree, int segment, int end)
{
    struct segment *s = at(tree, segment);
    assert(end >= s->start && end <= s->end && tiles_to(s, end) <= s->block_count);
    s->resident = end;
    if (end > s->computed)
        s->computed = end;
}

/* A pin goes up only as long as it changes something: above a pinned segment all is pinned already. */
void kv_pin(struct kv_tree *tree, int segment)
{
    for (int id = segment; id >= 0;) {
        struct segment *s = at(tree, id);
        if (s->pins++ > 0)
            return;
        tree->blocks_cold -= s->block_count;
        cold_update(tree, s, false);
        id = s->parent;
    }
}

void kv_unpin(struct kv_tree *tree, int segment)
{
    tree->now++;
    for (int id = segment; id >= 0;) {
        struct segment *s = at(tree, id);
        assert(s->pins > 0);
        s->used = tree->now;
        if (--s->pins > 0)
            return;
        tree->blocks_cold += s->block_count;
        cold_update(tree, s, false);
        id = s->parent;
    }
}

/* ---- what there is ---- */

size_t kv_bytes(const struct kv_tree *tree)
{
    return (size_t)tree->blocks_used * tree->block_bytes;
}

size_t kv_bytes_peak(const struct kv_tree *tree)
{
    return (size_t)tree->blocks_peak * tree->block_bytes;
}

size_t kv_bytes_max(const struct kv_tree *tree)
{
    return (size_t)tree->blocks_max * tree->block_bytes;
}

size_t kv_bytes_for(const struct kv_tree *tree, int positions)
{
    return positions > 0 ? (size_t)((positions - 1) / KV_BLOCK + 1) * tree->block_bytes : 0;
}

int kv_segment_count(const struct kv_tree *tree)
{
    return tree->segment_count;
}

enum kv_type kv_tree_type(const struct kv_tree *tree)
{
    return tree->type;
}

void *kv_keys(struct kv_tree *tree, int segment, int position, int layer, int head)
{
    const struct segment *s = &tree->segments[segment];
    int tile = position / KV_BLOCK - s->start / KV_BLOCK;
    assert(tile >= 0 && tile < s->block_count);
    return s->blocks[tile] + (size_t)(layer * tree->kv_heads + head) * 2 * tree->half_bytes;
}

void *kv_values(struct kv_tree *tree, int segment, int position, int layer, int head)
{
    return (unsigned char *)kv_keys(tree, segment, position, layer, head) + tree->half_bytes;
}
