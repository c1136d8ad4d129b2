/* kv.h - keys and values as a tree.
 *
 * A segment is a run of positions [start, end) that continues its parent's path after `start` positions; a
 * sequence is a path of segments. A child may attach anywhere inside its parent, so forking copies nothing, a
 * prefix is stored and computed once however many branches use it, and a chain of single children is simply
 * one segment that grew.
 *
 * Keys and values live in blocks of KV_BLOCK positions aligned to absolute positions (position p is slot p %
 * KV_BLOCK of its block). Per layer and key/value head a block holds keys as (D, KV_BLOCK) and values as
 * (KV_BLOCK, D), so that both attention products read them with unit stride. 16-bit (f16) or f32. A segment
 * that starts in the middle of a block has its own block for that tile, whose slots before `start` stay zero:
 * every slot that was never written reads as 0, so a kernel may multiply masked slots by 0.
 *
 * A segment always knows its tokens; its blocks may be evicted (cold leaves first) and are computed anew from
 * the tokens when they are needed. Pinned paths are never evicted. Memory for blocks has the limit given at
 * open. A tree belongs to one thread at a time; kv_keys(), kv_values() and the other calls that take it const
 * change nothing and may run in parallel. */
#ifndef LM_KV_H
#define LM_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"
#include "lm/model.h"

enum kv_type { KV_F16, KV_F32 };
enum { KV_SEGMENTS_MAX = 1 << 22 }; /* of one tree at a time */
enum { KV_CONTEXT_MIN = 4096 };     /* positions that a tree holds at least, where the model has as many */

struct kv_tree;

/* `bytes_max` bounds the blocks, and with them the context: it is the model's, or as many positions as the
 * blocks hold where a model is made for more. Fewer than the model's context and than KV_CONTEXT_MIN are
 * refused (PONDER_E_LIMIT, the message says how much memory they need). Memory is taken as it is first used.
 */
int kv_tree_open(struct kv_tree **out, const struct lm_shape *shape, enum kv_type type, size_t bytes_max,
                 struct ponder_err *err) PONDER_USE;
void kv_tree_release(struct kv_tree *tree);
int kv_context(const struct kv_tree *tree); /* positions of the longest path */

/* A new, empty segment behind the first `start` positions of `parent`'s path (parent < 0: a root, start 0).
 * It is born with one reference, and holds one on its parent: the segment of that path in which position
 * start - 1 lies, so kv_parent() may be an ancestor of `parent`. Returns the id (>= 0) or a negative
 * status. */
int kv_segment_new(struct kv_tree *tree, int parent, int start) PONDER_USE;
void kv_segment_retain(struct kv_tree *tree, int segment);
/* The last release frees the segment's tokens and blocks at once, and its hold on the parent. */
void kv_segment_drop(struct kv_tree *tree, int segment);

/* Tokens are appended first; their keys and values come with the next lm_forward over them. PONDER_E_LIMIT
 * where the path would grow past the context. */
int kv_append(struct kv_tree *tree, int segment, const int32_t *tokens, int count) PONDER_USE;
/* Forgets what lies behind position `end` (start <= end). The caller knows that no child attaches there. */
void kv_truncate(struct kv_tree *tree, int segment, int end);

int kv_parent(const struct kv_tree *tree, int segment); /* -1 for a root */
int kv_start(const struct kv_tree *tree, int segment);
int kv_end(const struct kv_tree *tree, int segment); /* path length, positions */
/* Positions [start, resident) have keys and values. */
int kv_resident(const struct kv_tree *tree, int segment);
/* The furthest that resident ever was: a row before it that is computed now is computed again. */
int kv_computed(const struct kv_tree *tree, int segment);
int32_t kv_token(const struct kv_tree *tree, int segment, int position); /* start <= position < end */
int kv_references(const struct kv_tree *tree, int segment);

/* A path from its root down. Calls nest: pin counts. */
void kv_pin(struct kv_tree *tree, int segment);
void kv_unpin(struct kv_tree *tree, int segment);

/* Makes sure that blocks stand for positions [start, end) of `segment`, evicting the least recently used of
 * what is unpinned, leaves first. PONDER_E_LIMIT where even that cannot make room: nothing changed then.
 * `segment` and its path are not evicted by it. `end` may lie past the tokens there are, not past the
 * context. */
int kv_reserve(struct kv_tree *tree, int segment, int end) PONDER_USE;
/* Blocks that kv_reserve(segment, end) would have to take. */
int kv_missing_blocks(const struct kv_tree *tree, int segment, int end);
/* Blocks that can be had: free ones and those of unpinned segments. */
int kv_room_blocks(const struct kv_tree *tree);
/* lm_forward says that the keys and values before `end` are written. A lower `end` than before makes the rows
 * behind it computed again, in place. */
void kv_set_resident(struct kv_tree *tree, int segment, int end);

size_t kv_bytes(const struct kv_tree *tree);      /* in blocks now */
size_t kv_bytes_peak(const struct kv_tree *tree); /* the most there ever was */
size_t kv_bytes_max(const struct kv_tree *tree);  /* the limit */
/* Bytes that `positions` positions from 0 on need; one block more where they start in the middle of one. */
size_t kv_bytes_for(const struct kv_tree *tree, int positions);
int kv_segment_count(const struct kv_tree *tree); /* alive */

/* For the attention kernel: keys (D, KV_BLOCK) and values (KV_BLOCK, D) of one layer and kv head in the block
 * of `segment` that covers `position`. 64-byte aligned; values follow keys, the next head follows them, the
 * next layer follows the last head. */
enum kv_type kv_tree_type(const struct kv_tree *tree);
void *kv_keys(struct kv_tree *tree, int segment, int position, int layer, int head);
void *kv_values(struct kv_tree *tree, int segment, int position, int layer, int head);

#endif
