/* Chains of attempts: what each is shown, what that costs, how the result is chosen. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "driver/driver.h"
#include "engine/scripted.h"
#include "sampling_fixture.h"

/* The letter behind the last attempt that is shown says which comes next, and the whole text is known. */
static const struct scripted_reply replies[] = {
    {.behind = "Chain:", .text = "a \\boxed{1}"},
    {.behind = "Chain:a \\boxed{1}|", .text = "b \\boxed{2}"},
    {.behind = "Chain:a \\boxed{1}|b \\boxed{2}|", .text = "c \\boxed{2}"},
    {.behind = "Chain:b \\boxed{2}|c \\boxed{2}|", .text = "d \\boxed{3}"},
    {.behind = "Chain:c \\boxed{2}|d \\boxed{3}|", .text = "e \\boxed{3}"},
};

/* Scores by the letter. */
static int letter_score(struct verifier *v, struct verifier_item *items, int64_t count,
                        const struct deadline *deadline, struct ponder_err *err)
{
    (void)deadline;
    (void)err;
    const float *scores = v->data;
    for (int64_t i = 0; i < count; i++) {
        items[i].scores[0] = scores[items[i].text[0] - 'a'];
        items[i].count = 1;
        items[i].whole = true;
    }
    return PONDER_OK;
}
static const struct verifier_ops letter_ops = {.name = "letter", .tokenless = true, .score = letter_score};

struct kept {
    char texts[16][32];
    int32_t revises[16];
    int32_t count, result[3]; /* by enum search_select */
    struct ponder_ledger cost;
};

static int keep(void *data, int64_t question, const struct driver_outcome *outcome, struct ponder_err *err)
{
    struct kept *kept = data;
    (void)question;
    (void)err;
    kept->cost = outcome->cost;
    for (int32_t i = 1; i < outcome->tree->count && i < 16; i++) {
        snprintf(kept->texts[i], sizeof kept->texts[i], "%s", outcome->tree->nodes[i].text);
        kept->revises[i] = outcome->tree->nodes[i].revises;
        kept->count = i;
    }
    for (int how = 0; how < 3; how++)
        assert_int_equal(
            search_result(outcome->search, (enum search_select)how, ANSWER_BOX_ONLY, &kept->result[how]),
            PONDER_OK);
    return PONDER_OK;
}

static struct kept run_behind(const char *first, struct budget budget, const char *own, int64_t n,
                              const float *scores, const struct scripted_reply *script, int script_count)
{
    struct kept kept = {0};
    struct engine *engine;
    struct search_options options;
    struct ponder_err err = {0};
    const struct search_ops *ops = search_find("revise");
    struct scripted_options scripted = {.replies = script, .reply_count = script_count, .flops_per_token = 1};
    struct ponder_sampling sampling = plain_sampling();
    struct verifier verifier = {.ops = &letter_ops, .hash = 1, .data = (void *)scores};
    assert_int_equal(scripted_open(&engine, &scripted, NULL), PONDER_OK);
    assert_int_equal(search_options_of(&options, ops, n, own, &err), PONDER_OK);
    struct driver_plan plan = {
        .ops = ops, .options = &options, .verifier = &verifier, .budget = budget, .sampling = &sampling};
    struct revision revision = {.first = {.text = first, .len = strlen(first), .key = 7},
                                .between = {.text = "|", .len = 1},
                                .shown_max = 2};
    struct driver_question question = {
        .prompt = {.text = "Q:", .len = 2, .key = 7}, .revision = &revision, .problem = "Q", .plan = &plan};
    struct driver_run_settings settings = {.clock = &clock_system};
    struct driver_run_listener listener = {.question_done = keep, .data = &kept};
    struct driver_result result;
    if (driver_run(engine, &question, 1, &settings, &listener, &result, &err))
        fail_msg("%s", err.message);
    assert_int_equal(scripted_node_count(engine), 0);
    assert_int_equal(result.ledger.generated_tokens, kept.cost.generated_tokens);
    engine_release(engine);
    return kept;
}

static struct kept run(const char *own, int64_t n, const float *scores, const struct scripted_reply *script,
                       int script_count)
{
    return run_behind("Chain:", (struct budget){0}, own, n, scores, script, script_count);
}

static const float rising[] = {.1f, .2f, .3f, .4f, .5f, .6f, .7f, .8f};

static void each_attempt_is_shown_the_latest_of_its_chain(void **state)
{
    (void)state;
    struct kept kept = run("chains=1", 5, rising, replies, 5);
    static const char letters[] = " abcde";
    assert_int_equal(kept.count, 5);
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(kept.texts[i][0], letters[i]);
        assert_int_equal(kept.revises[i], i - 1);
    }
}

/* Tokens are bytes here. The second and third attempt stand behind what was there; the fourth and fifth are
 * shown two attempts of 11 bytes with a mark behind each, anew. */
static void what_is_shown_is_prompt_as_far_as_it_is_read_again(void **state)
{
    (void)state;
    struct kept kept = run("chains=1", 5, rising, replies, 5);
    assert_int_equal(kept.cost.prompt_tokens, 6 + 1 + 1 + 2 * (11 + 1) * 2);
    assert_int_equal(kept.cost.generated_tokens, 5 * (11 + 1)); /* an end token is one */
    assert_int_equal(kept.cost.generations, 5);
}

static void chains_share_the_attempts_and_the_first_are_the_longer_ones(void **state)
{
    (void)state;
    struct kept kept = run("chains=2", 5, rising, replies, 5);
    assert_int_equal(kept.count, 5);
    assert_int_equal(kept.revises[1] + kept.revises[2], 0);
    assert_int_equal(kept.revises[3], 1);
    assert_int_equal(kept.revises[4], 2);
    assert_int_equal(kept.revises[5], 3);
}

/* Three chains of two: 1 and 2, 1 and 4, 1 and 5. Of all together 1 has the largest sum, inside each chain
 * the other answer has. */
static void a_result_is_elected_inside_chains_first(void **state)
{
    (void)state;
    static const struct scripted_reply script[] = {
        {.behind = "Chain:", .times = 1, .text = "a \\boxed{1}"},
        {.behind = "Chain:", .times = 1, .text = "b \\boxed{1}"},
        {.behind = "Chain:", .times = 1, .text = "c \\boxed{1}"},
        {.behind = "Chain:a \\boxed{1}|", .text = "d \\boxed{2}"},
        {.behind = "Chain:b \\boxed{1}|", .text = "e \\boxed{4}"},
        {.behind = "Chain:c \\boxed{1}|", .text = "f \\boxed{5}"},
    };
    static const float scores[] = {.3f, .3f, .3f, .5f, .6f, .4f};
    struct kept kept = run("chains=3", 6, scores, script, 6);
    assert_string_equal(kept.texts[kept.result[SEARCH_WEIGHTED]], "e \\boxed{4}");
    assert_string_equal(kept.texts[kept.result[SEARCH_MAJORITY]], "a \\boxed{1}");
    kept = run("chains=3,flat=1", 6, scores, script, 6);
    assert_string_equal(kept.texts[kept.result[SEARCH_WEIGHTED]], "a \\boxed{1}");
}

/* What chains begin with may be much longer than the question's own prompt, which is what a budget is first
 * held against. */
static void a_long_beginning_of_chains_passes_no_budget(void **state)
{
    (void)state;
    static char first[201];
    static const struct scripted_reply any[] = {{.text = "a \\boxed{1}"}};
    memset(first, 'x', 200);
    for (int64_t most = 1; most < 400; most += 3) {
        struct kept kept = run_behind(first, (struct budget){.tokens = most}, "chains=2", 6, rising, any, 1);
        if (kept.cost.prompt_tokens + kept.cost.generated_tokens > most)
            fail_msg("a budget of %lld tokens, and %lld + %lld are spent", (long long)most,
                     (long long)kept.cost.prompt_tokens, (long long)kept.cost.generated_tokens);
    }
}

static void more_chains_than_attempts_are_refused(void **state)
{
    (void)state;
    struct search_options options;
    struct ponder_err err = {0};
    assert_int_equal(search_options_of(&options, search_find("revise"), 2, "chains=3", &err),
                     PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "3 chains of 2 attempts"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_attempt_is_shown_the_latest_of_its_chain),
        cmocka_unit_test(what_is_shown_is_prompt_as_far_as_it_is_read_again),
        cmocka_unit_test(chains_share_the_attempts_and_the_first_are_the_longer_ones),
        cmocka_unit_test(a_result_is_elected_inside_chains_first),
        cmocka_unit_test(a_long_beginning_of_chains_passes_no_budget),
        cmocka_unit_test(more_chains_than_attempts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
