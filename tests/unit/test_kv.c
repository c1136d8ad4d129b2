/* test_kv.c - the tree of keys and values: paths, sharing, eviction, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "lm/kv.h"

enum { LAYERS = 2, HEADS = 3, DIM = 4, CONTEXT = 128 };
enum { BLOCK_BYTES = LAYERS * HEADS * 2 * DIM * KV_BLOCK * 4 };

static const struct lm_shape shape = {.vocab = 64,
                                      .width = 24,
                                      .layers = LAYERS,
                                      .heads = 6,
                                      .kv_heads = HEADS,
                                      .head_dim = DIM,
                                      .ffn = 8,
                                      .context = CONTEXT};

static struct kv_tree *open_tree(int blocks)
{
    struct kv_tree *tree;
    struct ponder_err err;
    assert_int_equal(kv_tree_open(&tree, &shape, KV_F32, (size_t)blocks * BLOCK_BYTES, &err), PONDER_OK);
    return tree;
}

static int add(struct kv_tree *tree, int parent, int start, int count)
{
    int32_t tokens[CONTEXT];
    int segment = kv_segment_new(tree, parent, start);
    assert_true(segment >= 0);
    for (int i = 0; i < count; i++)
        tokens[i] = segment * 1000 + start + i;
    assert_int_equal(kv_append(tree, segment, tokens, count), PONDER_OK);
    return segment;
}

static void fill(struct kv_tree *tree, int segment)
{
    assert_int_equal(kv_reserve(tree, segment, kv_end(tree, segment)), PONDER_OK);
    kv_set_resident(tree, segment, kv_end(tree, segment));
}

static bool resident(const struct kv_tree *tree, int segment)
{
    return kv_resident(tree, segment) == kv_end(tree, segment);
}

static void a_limit_below_one_context_is_refused_with_the_bytes_needed(void **state)
{
    (void)state;
    struct kv_tree *tree;
    struct ponder_err err;
    size_t need = (size_t)(CONTEXT / KV_BLOCK) * BLOCK_BYTES;
    char text[32];
    snprintf(text, sizeof text, "%zu", need);
    assert_int_equal(kv_tree_open(&tree, &shape, KV_F32, need - 1, &err), PONDER_E_LIMIT);
    assert_null(tree);
    assert_non_null(strstr(err.message, text));
    assert_int_equal(kv_tree_open(&tree, &shape, KV_F16, need / 2, &err), PONDER_OK);
    kv_tree_release(tree);
}

static void a_context_is_cut_to_what_memory_holds_but_not_below_the_least(void **state)
{
    (void)state;
    struct kv_tree *tree;
    struct ponder_err err;
    struct lm_shape vast = shape;
    vast.context = 1 << 17;
    size_t least = (size_t)(KV_CONTEXT_MIN / KV_BLOCK) * BLOCK_BYTES;
    assert_int_equal(kv_tree_open(&tree, &vast, KV_F32, least - 1, &err), PONDER_E_LIMIT);
    assert_non_null(strstr(err.message, "4096 positions"));
    assert_int_equal(kv_tree_open(&tree, &vast, KV_F32, least + 3 * BLOCK_BYTES - 1, &err), PONDER_OK);
    assert_int_equal(kv_context(tree), KV_CONTEXT_MIN + 2 * KV_BLOCK);
    kv_tree_release(tree);
    vast.context = KV_CONTEXT_MIN + 1;
    assert_int_equal(kv_tree_open(&tree, &vast, KV_F32, least + BLOCK_BYTES, &err), PONDER_OK);
    assert_int_equal(kv_context(tree), KV_CONTEXT_MIN + 1);
    kv_tree_release(tree);
    assert_int_equal(kv_tree_open(&tree, &vast, KV_F32, least, &err), PONDER_OK);
    assert_int_equal(kv_context(tree), KV_CONTEXT_MIN);
    kv_tree_release(tree);
}

static void a_path_remembers_its_tokens_and_where_children_attach(void **state)
{
    (void)state;
    struct kv_tree *tree = open_tree(8);
    int root = add(tree, -1, 0, 20), child = add(tree, root, 7, 5);
    assert_int_equal(kv_parent(tree, root), -1);
    assert_int_equal(kv_parent(tree, child), root);
    assert_int_equal(kv_start(tree, child), 7);
    assert_int_equal(kv_end(tree, child), 12);
    assert_int_equal(kv_token(tree, child, 11), child * 1000 + 11);
    assert_int_equal(kv_token(tree, root, 19), root * 1000 + 19);
    int deep = add(tree, child, 3, 1); /* before the child starts: it belongs to the root */
    assert_int_equal(kv_parent(tree, deep), root);
    int whole = add(tree, child, 0, 1);
    assert_int_equal(kv_parent(tree, whole), -1);
    assert_int_equal(kv_references(tree, root), 3);
    int32_t tokens[CONTEXT] = {0};
    assert_int_equal(kv_append(tree, root, tokens, CONTEXT - 19), PONDER_E_LIMIT);
    assert_int_equal(kv_end(tree, root), 20);
    kv_tree_release(tree);
}

static void dropping_the_last_reference_frees_a_long_chain_at_once(void **state)
{
    (void)state;
    struct kv_tree *tree = open_tree(CONTEXT);
    int last = -1;
    for (int i = 0; i < CONTEXT; i++) {
        int next = add(tree, last, i, 1);
        if (last >= 0)
            kv_segment_drop(tree, last);
        last = next;
        if (i % 3 == 0)
            fill(tree, last);
    }
    assert_int_equal(kv_segment_count(tree), CONTEXT);
    kv_segment_retain(tree, last);
    kv_segment_drop(tree, last);
    assert_int_equal(kv_segment_count(tree), CONTEXT);
    kv_segment_drop(tree, last);
    assert_int_equal(kv_segment_count(tree), 0);
    assert_int_equal(kv_bytes(tree), 0);
    assert_int_equal(kv_room_blocks(tree), CONTEXT);
    kv_tree_release(tree);
}

static void every_slot_has_its_own_memory_and_survives_growth(void **state)
{
    (void)state;
    struct kv_tree *tree = open_tree(32);
    int root = add(tree, -1, 0, 21), child = add(tree, root, 21, 30);
    fill(tree, root);
    fill(tree, child);
    assert_ptr_not_equal(kv_keys(tree, root, 20, 0, 0), kv_keys(tree, child, 21, 0, 0));
    for (int pass = 0; pass < 2; pass++)
        for (int position = 0; position < 51; position++)
            for (int layer = 0; layer < LAYERS; layer++)
                for (int head = 0; head < HEADS; head++)
                    for (int d = 0; d < DIM; d++) {
                        int segment = position < 21 ? root : child, slot = position % KV_BLOCK;
                        float *k =
                            (float *)kv_keys(tree, segment, position, layer, head) + d * KV_BLOCK + slot;
                        float *v = (float *)kv_values(tree, segment, position, layer, head) + slot * DIM + d;
                        float name = (float)(((position * LAYERS + layer) * HEADS + head) * DIM + d) + 1;
                        if (pass == 0) {
                            assert_true(*k == 0 && *v == 0);
                            *k = name;
                            *v = -name;
                        } else {
                            assert_true(*k == name && *v == -name);
                        }
                    }
    assert_int_equal((uintptr_t)kv_keys(tree, child, 22, 1, 2) % 64, 0);
    kv_tree_release(tree);
}

static void a_block_used_again_reads_as_zero(void **state)
{
    (void)state;
    struct kv_tree *tree = open_tree(8);
    for (int round = 0; round < 20; round++) {
        int segment = add(tree, -1, 0, CONTEXT);
        fill(tree, segment);
        for (int position = 0; position < CONTEXT; position += KV_BLOCK) {
            unsigned char *block = kv_keys(tree, segment, position, 0, 0);
            for (int i = 0; i < BLOCK_BYTES; i++)
                assert_int_equal(block[i], 0);
            memset(block, 0xff, BLOCK_BYTES);
        }
        kv_segment_drop(tree, segment);
    }
    assert_int_equal(kv_bytes_peak(tree), 8 * BLOCK_BYTES);
    kv_tree_release(tree);
}

static void the_coldest_leaf_is_evicted_first_and_parents_after_children(void **state)
{
    (void)state;
    struct kv_tree *tree = open_tree(8);
    int root = add(tree, -1, 0, 16), old = add(tree, root, 16, 16), young = add(tree, root, 16, 16);
    fill(tree, root);
    fill(tree, old);
    fill(tree, young);
    kv_pin(tree, young);
    kv_unpin(tree, young);
    int other = add(tree, -1, 0, 96);
    fill(tree, other); /* 6 of 8 blocks: one has to go */
    assert_false(resident(tree, old));
    assert_true(resident(tree, young) && resident(tree, root));
    assert_int_equal(kv_resident(tree, old), 16);
    assert_int_equal(kv_computed(tree, old), 32);
    assert_int_equal(kv_token(tree, old, 20), old * 1000 + 20);
    int more = add(tree, -1, 0, 1);
    kv_pin(tree, other);
    fill(tree, more);
    assert_false(resident(tree, young));
    assert_true(resident(tree, root));
    int yet = add(tree, -1, 0, 1);
    fill(tree, yet);
    assert_false(resident(tree, root));
    kv_unpin(tree, other);
    kv_tree_release(tree);
}

static void a_pinned_path_is_never_evicted_and_a_refusal_changes_nothing(void **state)
{
    (void)state;
    struct kv_tree *tree = open_tree(8);
    int root = add(tree, -1, 0, 40), child = add(tree, root, 40, 8), cold = add(tree, -1, 0, 48);
    fill(tree, root);
    fill(tree, child);
    fill(tree, cold);
    kv_pin(tree, child);
    kv_pin(tree, child);
    kv_pin(tree, root);
    kv_unpin(tree, child);
    kv_unpin(tree, root);
    int big = add(tree, -1, 0, 100);
    assert_int_equal(kv_missing_blocks(tree, big, 100), 7);
    assert_int_equal(kv_room_blocks(tree), 4);
    assert_int_equal(kv_reserve(tree, big, 100), PONDER_E_LIMIT);
    assert_true(resident(tree, root) && resident(tree, child) && resident(tree, cold));
    assert_int_equal(kv_missing_blocks(tree, big, 100), 7);
    assert_int_equal(kv_reserve(tree, big, 64), PONDER_OK);
    assert_false(resident(tree, cold));
    assert_true(resident(tree, root) && resident(tree, child));
    kv_unpin(tree, child);
    assert_int_equal(kv_reserve(tree, big, 100), PONDER_OK);
    assert_false(resident(tree, root) || resident(tree, child));
    kv_tree_release(tree);
}

static void reserving_does_not_evict_the_path_it_is_for(void **state)
{
    (void)state;
    struct kv_tree *tree = open_tree(8);
    int root = add(tree, -1, 0, 112), child = add(tree, root, 112, 16);
    fill(tree, root);
    fill(tree, child);
    kv_truncate(tree, child, 112);
    assert_int_equal(kv_bytes(tree), 7 * BLOCK_BYTES);
    int other = add(tree, -1, 0, 10);
    fill(tree, other);
    fill(tree, child);
    int again = add(tree, root, 112, 16);
    fill(tree, again);
    assert_true(resident(tree, root));
    assert_false(resident(tree, other));
    kv_tree_release(tree);
}

static void truncating_frees_the_blocks_behind(void **state)
{
    (void)state;
    struct kv_tree *tree = open_tree(8);
    int root = add(tree, -1, 0, 5), child = add(tree, root, 5, 60);
    fill(tree, child);
    assert_int_equal(kv_bytes(tree), 5 * BLOCK_BYTES);
    kv_truncate(tree, child, 17);
    assert_int_equal(kv_bytes(tree), 2 * BLOCK_BYTES);
    assert_int_equal(kv_resident(tree, child), 17);
    kv_truncate(tree, child, 16);
    assert_int_equal(kv_bytes(tree), BLOCK_BYTES);
    int32_t token = 9;
    assert_int_equal(kv_append(tree, child, &token, 1), PONDER_OK);
    assert_int_equal(kv_token(tree, child, 16), 9);
    kv_tree_release(tree);
}

/* What the counters must say, computed from outside. */
static void check_totals(const struct kv_tree *tree, const int *segments, const int *pins, int count)
{
    int blocks = 0, missing = 0;
    bool pinned[64] = {0};
    for (int i = 0; i < count; i++)
        if (segments[i] >= 0 && pins[i] > 0)
            for (int s = segments[i]; s >= 0; s = kv_parent(tree, s))
                for (int j = 0; j < count; j++)
                    pinned[j] = pinned[j] || segments[j] == s;
    for (int i = 0; i < count; i++)
        if (segments[i] >= 0) {
            int tiles = (kv_resident(tree, segments[i]) + KV_BLOCK - 1) / KV_BLOCK -
                        kv_start(tree, segments[i]) / KV_BLOCK;
            if (kv_resident(tree, segments[i]) == kv_start(tree, segments[i]))
                tiles = 0;
            blocks += tiles;
            missing += pinned[i] ? tiles : 0;
        }
    assert_int_equal(kv_bytes(tree), (size_t)blocks * BLOCK_BYTES);
    assert_int_equal(kv_room_blocks(tree), 24 - missing);
}

static void random_work_keeps_the_counts_right_and_leaves_nothing(void **state)
{
    (void)state;
    enum { COUNT = 64 };
    struct kv_tree *tree = open_tree(24);
    int segments[COUNT], pins[COUNT] = {0};
    struct rng rng;
    rng_init(&rng, 7);
    for (int i = 0; i < COUNT; i++)
        segments[i] = -1;
    for (int round = 0; round < 20000; round++) {
        int i = (int)rng_below(&rng, COUNT), j = (int)rng_below(&rng, COUNT);
        if (segments[i] < 0) {
            int parent = segments[j];
            int start = parent < 0 ? 0 : (int)rng_below(&rng, (uint64_t)kv_end(tree, parent) + 1);
            if (CONTEXT - start > 40)
                segments[i] = add(tree, parent, start, rng_range(&rng, 1, 40));
        } else if (rng_below(&rng, 3) == 0) {
            if (kv_reserve(tree, segments[i], kv_end(tree, segments[i])) == PONDER_OK)
                kv_set_resident(tree, segments[i], kv_end(tree, segments[i]));
        } else if (pins[i] > 0) {
            kv_unpin(tree, segments[i]);
            pins[i]--;
        } else if (rng_below(&rng, 4) == 0) {
            kv_pin(tree, segments[i]);
            pins[i]++;
        } else if (kv_references(tree, segments[i]) == 1) {
            kv_segment_drop(tree, segments[i]);
            segments[i] = -1;
        }
        check_totals(tree, segments, pins, COUNT);
    }
    for (int i = 0; i < COUNT; i++)
        for (; pins[i] > 0; pins[i]--)
            kv_unpin(tree, segments[i]);
    for (int i = 0; i < COUNT; i++)
        if (segments[i] >= 0)
            kv_segment_drop(tree, segments[i]);
    assert_int_equal(kv_bytes(tree), 0);
    assert_int_equal(kv_segment_count(tree), 0);
    kv_tree_release(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_below_one_context_is_refused_with_the_bytes_needed),
        cmocka_unit_test(a_context_is_cut_to_what_memory_holds_but_not_below_the_least),
        cmocka_unit_test(a_path_remembers_its_tokens_and_where_children_attach),
        cmocka_unit_test(dropping_the_last_reference_frees_a_long_chain_at_once),
        cmocka_unit_test(every_slot_has_its_own_memory_and_survives_growth),
        cmocka_unit_test(a_block_used_again_reads_as_zero),
        cmocka_unit_test(the_coldest_leaf_is_evicted_first_and_parents_after_children),
        cmocka_unit_test(a_pinned_path_is_never_evicted_and_a_refusal_changes_nothing),
        cmocka_unit_test(reserving_does_not_evict_the_path_it_is_for),
        cmocka_unit_test(truncating_frees_the_blocks_behind),
        cmocka_unit_test(random_work_keeps_the_counts_right_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
