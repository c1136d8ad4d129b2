/* test_train_example.c - examples and packing: every token trained once, towards the right thing, alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "train/stream.h"

static struct ponder_err err;

static void learnt_tokens_are_targets_of_the_position_before(void **state)
{
    (void)state;
    struct example example = EXAMPLE_INIT(16);
    assert_int_equal(example_add(&example, (int32_t[]){5, 6, 7}, 3, false), 0);
    assert_int_equal(example_add(&example, (int32_t[]){8, 9}, 2, true), 0);
    assert_int_equal(example.count, 5);
    assert_int_equal(example.targets[0].kind, LM_TARGET_NONE);
    assert_int_equal(example.targets[1].kind, LM_TARGET_NONE);
    assert_int_equal(example.targets[2].kind, LM_TARGET_NEXT);
    assert_int_equal(example.targets[2].token, 8);
    assert_int_equal(example.targets[3].token, 9);
    assert_int_equal(example.targets[4].kind, LM_TARGET_NONE);
    example_release(&example);
}

static void an_example_over_its_maximum_is_refused_whole(void **state)
{
    (void)state;
    struct example example = EXAMPLE_INIT(3);
    assert_int_equal(example_add(&example, (int32_t[]){1, 2}, 2, true), 0);
    assert_int_equal(example_add(&example, (int32_t[]){3, 4}, 2, true), PONDER_E_LIMIT);
    assert_int_equal(example.count, 2);
    assert_int_equal(example.targets[1].kind, LM_TARGET_NONE);
    assert_int_equal(example_add(&example, (int32_t[]){3}, 1, true), 0);
    example_release(&example);
}

static void a_soft_target_stays_when_tokens_that_are_not_learnt_follow(void **state)
{
    (void)state;
    struct example example = EXAMPLE_INIT(8);
    assert_int_equal(example_soft(&example, 2, 3, 0.5f), PONDER_E_ARGUMENT);
    assert_int_equal(example_add(&example, (int32_t[]){4, 1}, 2, false), 0);
    assert_int_equal(example_soft(&example, 2, 3, 1.5f), PONDER_E_ARGUMENT);
    assert_int_equal(example_soft(&example, 2, 3, 0.75f), 0);
    assert_int_equal(example_add(&example, (int32_t[]){5}, 1, false), 0);
    assert_int_equal(example.targets[1].kind, LM_TARGET_SOFT);
    assert_int_equal(example.targets[1].token, 2);
    assert_int_equal(example.targets[1].other, 3);
    assert_true(example.targets[1].p == 0.75f);
    example_release(&example);
}

/* A source whose document says its own index in every token, and has a length from 1 to 40 (some empty). */
enum { LENGTH_MAX = 40, DOCUMENTS = 3000 };
static int length_of(uint64_t index)
{
    return (int)(rng_key(7, index) % (LENGTH_MAX + 1));
}
static int numbered_document(void *data, uint64_t index, struct example *out, struct ponder_err *e)
{
    (void)e;
    ++*(int *)data;
    int n = length_of(index);
    for (int i = 0; i < n; i++) {
        int32_t token = (int32_t)(index * 64) + i;
        assert_int_equal(example_add(out, &token, 1, true), 0);
    }
    return n ? example_soft(out, 1, 2, (float)n / 64) : 0;
}

/* Checks the pack's documents and counts them in `seen`. */
static void check_pack(const struct pack *pack, int *seen)
{
    struct lm_batch batch = pack_batch(pack);
    assert_int_equal(batch.rows, pack->rows);
    assert_null(batch.kv);
    assert_null(batch.logit_rows);
    assert_int_equal(batch.doc_start[0], 0);
    assert_int_equal(batch.doc_start[batch.docs], batch.rows);
    double keys = 0;
    for (int d = 0; d < batch.docs; d++) {
        int first = batch.doc_start[d], n = batch.doc_start[d + 1] - first;
        uint64_t index = (uint64_t)batch.tokens[first] / 64;
        assert_int_equal(n, length_of(index));
        if (index < DOCUMENTS)
            seen[index]++;
        for (int i = 0; i < n; i++) {
            assert_int_equal(batch.tokens[first + i], (int)index * 64 + i);
            assert_int_equal(batch.positions[first + i], i);
            const struct lm_target *target = &pack->targets[first + i];
            assert_int_equal(target->kind, i + 1 < n ? LM_TARGET_NEXT : LM_TARGET_SOFT);
            assert_int_equal(target->token, i + 1 < n ? (int)index * 64 + i + 1 : 1);
            if (i + 1 == n)
                assert_true(target->p == (float)n / 64);
            keys += i + 1;
        }
    }
    assert_true(pack->key_count == keys);
    assert_int_equal(pack->target_count, pack->rows);
}

static void every_document_is_packed_once_whole_and_with_its_targets(void **state)
{
    (void)state;
    int calls = 0, rows = 0, packs = 0;
    struct train_source source = {numbered_document, &calls};
    struct stream stream;
    struct pack pack;
    int *seen = calloc(DOCUMENTS, sizeof *seen);
    assert_int_equal(pack_init(&pack, 100, &err), 0);
    stream_init(&stream, &source, LENGTH_MAX);
    while (stream.state.next < DOCUMENTS + 4 * STREAM_WAIT_MAX) {
        assert_int_equal(stream_fill(&stream, &pack, &err), 0);
        check_pack(&pack, seen);
        rows += pack.rows;
        packs++;
    }
    for (uint64_t i = 0; i < DOCUMENTS; i++)
        assert_int_equal(seen[i], length_of(i) > 0);
    assert_true(rows > 90 * packs); /* first-fit leaves little empty */
    free(seen);
    pack_release(&pack);
    stream_release(&stream);
}

static void a_stream_that_is_put_back_gives_the_same_packs(void **state)
{
    (void)state;
    int calls = 0;
    struct train_source source = {numbered_document, &calls};
    struct stream stream, again;
    struct pack pack, same;
    assert_int_equal(pack_init(&pack, 70, &err), 0);
    assert_int_equal(pack_init(&same, 70, &err), 0);
    stream_init(&stream, &source, LENGTH_MAX);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(stream_fill(&stream, &pack, &err), 0);
        stream_init(&again, &source, LENGTH_MAX);
        struct stream_state kept = stream.state;
        assert_int_equal(stream_seek(&again, &kept, &err), 0);
        if (i % 10 == 0)
            for (int k = 0; k < 5; k++) {
                assert_int_equal(stream_fill(&stream, &pack, &err), 0);
                assert_int_equal(stream_fill(&again, &same, &err), 0);
                assert_int_equal(pack.rows, same.rows);
                assert_memory_equal(pack.tokens, same.tokens, (size_t)pack.rows * sizeof *pack.tokens);
                assert_int_equal(pack.docs, same.docs);
            }
        stream_release(&again);
    }
    pack_release(&pack);
    pack_release(&same);
    stream_release(&stream);
}

static void empty_documents_are_left_out_and_counted(void **state)
{
    (void)state;
    struct pack pack;
    struct stream stream;
    struct train_source source;
    int calls = 0;
    assert_int_equal(pack_init(&pack, 100, &err), 0);
    source = (struct train_source){numbered_document, &calls};
    stream_init(&stream, &source, LENGTH_MAX);
    assert_int_equal(stream_fill(&stream, &pack, &err), 0);
    for (int d = 0; d < pack.docs; d++)
        assert_true(pack.doc_start[d + 1] > pack.doc_start[d]);
    uint64_t empty = 0;
    for (uint64_t i = 0; i < stream.state.next; i++)
        empty += length_of(i) == 0;
    assert_int_equal(stream.state.skipped, empty);
    stream_release(&stream);
    pack_release(&pack);
}

static int too_long(void *data, uint64_t index, struct example *out, struct ponder_err *e)
{
    (void)data, (void)index, (void)e;
    int32_t tokens[9] = {0};
    return example_add(out, tokens, 9, true);
}

static void a_source_with_nothing_usable_is_an_error_and_no_endless_loop(void **state)
{
    (void)state;
    struct train_source source = {too_long, NULL};
    struct stream stream;
    struct pack pack;
    assert_int_equal(pack_init(&pack, 100, &err), 0);
    stream_init(&stream, &source, 8);
    assert_int_equal(stream_fill(&stream, &pack, &err), PONDER_E_LIMIT);
    assert_non_null(strstr(err.message, "longer than 8 tokens"));
    stream_release(&stream);
    pack_release(&pack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learnt_tokens_are_targets_of_the_position_before),
        cmocka_unit_test(an_example_over_its_maximum_is_refused_whole),
        cmocka_unit_test(a_soft_target_stays_when_tokens_that_are_not_learnt_follow),
        cmocka_unit_test(every_document_is_packed_once_whole_and_with_its_targets),
        cmocka_unit_test(a_stream_that_is_put_back_gives_the_same_packs),
        cmocka_unit_test(empty_documents_are_left_out_and_counted),
        cmocka_unit_test(a_source_with_nothing_usable_is_an_error_and_no_endless_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
