/* kv.h - keys and values as a tree.
 *
 * A segment is a run of positions [start, end) that continues its parent's path after `start` positions; a
 * sequence is a path of segments. A child may attach anywhere inside its parent, so forking copies nothing, a
 * prefix is stored and computed once however many branches use it, and a chain of single children is simply
 * one segment that grew.
 *
 * Keys and values live in blocks of KV_BLOCK positions aligned to absolute positions (position p is slot p %
 * KV_BLOCK of its block). Per layer and key/value head a block holds keys as (D, KV_BLOCK) and values as
 * (KV_BLOCK, D), so that both attention products read them with unit stride. 16-bit (f16) or f32.
 *
 * A segment always knows its tokens; its blocks may be evicted (cold leaves first) and are computed anew from
 * the tokens when they are needed. Pinned paths are never evicted. Memory for blocks has the limit given at
 * open. */
#ifndef LM_KV_H
#define LM_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lm/model.h"

enum { KV_BLOCK = 16 };
enum kv_type { KV_F16, KV_F32 };

struct kv_tree;

/* `bytes_max` bounds the blocks; less than one full context is refused. */
int kv_tree_open(struct kv_tree **out, const struct lm_shape *shape, enum kv_type type, size_t bytes_max,
                 struct ponder_err *err) PONDER_USE;
void kv_tree_release(struct kv_tree *tree);

/* A new, empty segment behind the first `start` positions of `parent`'s path (parent < 0: a root, start 0).
 * It is born with one reference, and holds one on its parent. Returns the id (>= 0) or a negative status. */
int kv_segment_new(struct kv_tree *tree, int parent, int start);
void kv_segment_retain(struct kv_tree *tree, int segment);
/* The last release frees the segment's tokens and blocks at once, and its hold on the parent. */
void kv_segment_drop(struct kv_tree *tree, int segment);

/* Tokens are appended first; their keys and values come with the next lm_forward over them. */
int kv_append(struct kv_tree *tree, int segment, const int32_t *tokens, int count) PONDER_USE;
/* Forgets what lies behind position `end` (start <= end). The caller knows that no child attaches there. */
void kv_truncate(struct kv_tree *tree, int segment, int end);

int kv_parent(const struct kv_tree *tree, int segment); /* -1 for a root */
int kv_start(const struct kv_tree *tree, int segment);
int kv_end(const struct kv_tree *tree, int segment); /* path length, positions */
int kv_resident(const struct kv_tree *tree,
                int segment); /* positions [start, resident) have keys and values */
int32_t kv_token(const struct kv_tree *tree, int segment, int position); /* start <= position < end */
int kv_references(const struct kv_tree *tree, int segment);

/* A path from its root down. Calls nest: pin counts. */
void kv_pin(struct kv_tree *tree, int segment);
void kv_unpin(struct kv_tree *tree, int segment);

/* Makes sure that blocks stand for positions [resident, end) of `segment`, evicting cold unpinned leaves as
 * needed. PONDER_E_LIMIT where even that cannot make room: nothing changed then. */
int kv_reserve(struct kv_tree *tree, int segment, int end) PONDER_USE;
/* lm_forward says that the keys and values before `end` are written. */
void kv_set_resident(struct kv_tree *tree, int segment, int end);

size_t kv_bytes(const struct kv_tree *tree);     /* in blocks now */
size_t kv_bytes_max(const struct kv_tree *tree); /* the limit */
/* Bytes that `positions` positions need when stored in a segment of their own. */
size_t kv_bytes_for(const struct kv_tree *tree, int positions);

/* For the attention kernel: keys (D, KV_BLOCK) and values (KV_BLOCK, D) of one block, layer and kv head. */
enum kv_type kv_tree_type(const struct kv_tree *tree);
void *kv_keys(struct kv_tree *tree, int segment, int position, int layer, int head);
void *kv_values(struct kv_tree *tree, int segment, int position, int layer, int head);

#endif
