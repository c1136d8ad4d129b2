/* What a search's tree becomes when people see it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session/solution_tree.h"

/* Two rounds: of three first steps 1 is kept, 2 pruned, 3 says what 1 says; behind 1 node 4 ended, 5 was cut,
 * 6 failed, 7 is not decided, 8 is a look ahead. */
static void fill(struct tree *tree)
{
    static const struct {
        int32_t parent;
        enum tree_end end;
        bool kept, rollout;
        const char *text;
    } rows[] = {{0, TREE_OPEN, true, false, "one\n"},     {0, TREE_OPEN, false, false, "two\n"},
                {0, TREE_OPEN, false, false, "one\n"},    {1, TREE_ENDED, false, false, "\\boxed{7}"},
                {1, TREE_CUT, false, false, "on and on"}, {1, TREE_FAILED, false, false, ""},
                {1, TREE_OPEN, false, false, "three\n"},  {1, TREE_OPEN, false, true, "ahead\n"}};
    assert_int_equal(tree_init(tree, 1), PONDER_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int32_t node = tree_add(tree, rows[i].parent);
        tree->nodes[node].end = rows[i].end;
        tree->nodes[node].kept = rows[i].kept;
        tree->nodes[node].rollout = rows[i].rollout;
        tree->nodes[node].score = i == 0 ? 0.5 : 2; /* 2: out of range */
        assert_int_equal(tree_append(tree, node, rows[i].text, strlen(rows[i].text)), PONDER_OK);
        tree_merge(tree, node, 0);
    }
}

static void every_step_has_its_state_and_equal_ones_are_one(void **state)
{
    (void)state;
    static const enum trace_state states[] = {TRACE_KEPT, TRACE_KEPT,   TRACE_PRUNED, TRACE_ENDED,
                                              TRACE_CUT,  TRACE_FAILED, TRACE_OPEN,   TRACE_OPEN};
    struct tree tree;
    struct ponder_candidate candidate = {.answer = "7", .vote = 0};
    struct ponder_vote vote = {.answer = "7", .count = 1};
    struct ponder_solution solution = {.question = "q",
                                       .prompt = "Q: q\n",
                                       .answer = "7",
                                       .votes = &vote,
                                       .vote_count = 1,
                                       .candidates = &candidate,
                                       .candidate_count = 1,
                                       .stopped = PONDER_STOPPED_BY_CALLER,
                                       .ledger = {.generations = 3}};
    int32_t nodes[] = {4};
    struct solution_tree_plan plan = {.settings = {.search = "beam", .n = 3},
                                      .nodes = nodes,
                                      .result = 4,
                                      .rounds = 2,
                                      .ended_by = "budget"};
    fill(&tree);
    assert_int_equal(solution_tree_fill(&solution, &tree, &plan), PONDER_OK);
    solution_tree_end(&solution);
    const struct ponder_tree *out = solution.tree;
    assert_int_equal(out->count, 8);
    for (int i = 0; i < 8; i++)
        assert_int_equal(out->nodes[i].state, states[i]);
    assert_string_equal(out->nodes[0].text, "Q: q\n");
    assert_int_equal(out->nodes[1].samples, 2);
    assert_true(out->nodes[1].score == 0.5 && isnan(out->nodes[2].score));
    assert_int_equal(out->nodes[3].parent, 1);
    assert_string_equal(out->nodes[3].answer, "7");
    assert_int_equal(out->nodes[3].vote, 0);
    assert_int_equal(out->nodes[4].vote, -1);
    assert_true(out->nodes[7].rollout && !out->nodes[6].rollout);
    assert_int_equal(out->result, 3);
    assert_true(out->nodes[1].winning && !out->nodes[2].winning);
    assert_string_equal(out->ended_by, "caller");
    assert_int_equal(out->ledger.generations, 3);
    ponder_tree_release(solution.tree);
    tree_release(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_step_has_its_state_and_equal_ones_are_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
