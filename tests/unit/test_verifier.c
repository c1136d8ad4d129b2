/* What the verifiers say, and how they are named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ponder/task.h"
#include "verifier/probe.h"
#include "verifier/scorer.h"
#include "verifier/verifier.h"

extern const struct verifier_ops verifier_oracle;
static struct verifier oracle = {.ops = &verifier_oracle};

struct verdict {
    double score;
    bool solved;
};

static struct verdict judged(struct verifier_case question, const char *text, size_t len, bool ended)
{
    float score;
    struct verifier_item item = {
        .of = &question, .text = text, .len = len, .ended = ended, .scores = &score, .scores_max = 1};
    assert_int_equal(verifier_score(&oracle, &item, 1, NULL, NULL), PONDER_OK);
    assert_int_equal(item.count, 1);
    return (struct verdict){(double)score, item.solved};
}

static struct verdict checked(const char *problem, const char *text, size_t len, bool ended)
{
    return judged(verifier_case_of(problem, NULL), text, len, ended);
}

static struct verdict checked_answer(const char *text, bool ended)
{
    return judged(verifier_case_of("How many legs have two hens?", "4"), text, strlen(text), ended);
}

static int accepted(const char *problem, const char *gold)
{
    struct verifier_case question = verifier_case_of(problem, gold);
    return verifier_accept(&oracle, &question, NULL);
}

static void the_oracle_gives_more_to_what_is_nearer_and_0_to_what_is_lost(void **state)
{
    (void)state;
    struct ponder_pocket *pocket;
    struct ponder_pocket_item item;
    assert_int_equal(ponder_pocket_new(&pocket, PONDER_POCKET_TEST, 1, true, NULL), PONDER_OK);
    for (int i = 0; i < 70; i++) {
        assert_int_equal(ponder_pocket_next(pocket, &item, NULL), PONDER_OK);
        char text[PONDER_POCKET_SOLUTION_BYTES + 8];
        double before = 0;
        for (size_t n = 0; item.solution[n]; n++)
            if (item.solution[n] == '\n') {
                snprintf(text, sizeof text, "%.*s", (int)n + 1, item.solution);
                double score = checked(item.problem, text, n + 1, false).score;
                assert_true(score > 0 && score < 1 && score >= before);
                before = score;
                assert_true(checked(item.problem, text, n + 1, true).score ==
                            0); /* ended without an answer */
            }
        struct verdict whole = checked(item.problem, item.solution, strlen(item.solution), true);
        assert_true(whole.solved && whole.score == 1);
        snprintf(text, sizeof text, "1=2\n%s", item.solution);
        struct verdict lucky = checked(item.problem, text, strlen(text), true);
        assert_true(lucky.solved && lucky.score == 0);
    }
    const char *problem = "If a(a+3)=40 for positive integers a, what is a?",
               *no = "Try a(a+3)=40: a=4, 4+3=7, 4*7=28. No.\n", *yes = "a(a+3)=40: a=5, 5+3=8, 5*8=40.\n",
               *slip = "Try a(a+3)=40: a=4, 4+3=7, 4*7=27. No.\n", *lost = "a(a+3)=40: a=4, 4+3=7, 4*7=28.\n";
    assert_true(checked(problem, yes, strlen(yes), false).score >
                checked(problem, no, strlen(no), false).score);
    assert_true(checked(problem, no, strlen(no), false).score >
                checked(problem, slip, strlen(slip), false).score);
    assert_true(checked(problem, slip, strlen(slip), false).score > 0);
    assert_true(checked(problem, lost, strlen(lost), false).score == 0);
    assert_true(checked(item.problem, "a\0b", 3, false).score == 0);
    char lines[2 * PONDER_POCKET_LINES_MAX + 8] = "";
    for (int i = 0; i <= PONDER_POCKET_LINES_MAX; i++)
        strcat(lines, "a\n");
    assert_true(checked(item.problem, lines, strlen(lines), false).score == 0);
    assert_int_equal(accepted(item.problem, NULL), PONDER_OK);
    assert_int_equal(accepted("What is love?", NULL), PONDER_E_ARGUMENT);
    ponder_pocket_free(pocket);
}

static void the_oracle_knows_the_answer_of_any_question_it_is_given(void **state)
{
    (void)state;
    assert_int_equal(accepted("How many legs have two hens?", "4"), PONDER_OK);
    assert_true(checked_answer("It is \\boxed{4.0}.", true).solved);
    assert_true(checked_answer("It is \\boxed{3}.", true).score == 0);
    assert_true(checked_answer("It is \\boxed{4}.", false).score == 0.5);
    assert_true(checked_answer("I do not know.", true).score == 0);
}

static void names_and_files_are_told_apart(void **state)
{
    (void)state;
    struct verifier_options options = {0};
    struct ponder_err err = {0};
    struct verifier v;
    assert_int_equal(verifier_open(&v, "oracle", &options, &err), PONDER_OK);
    verifier_release(&v);
    assert_int_equal(verifier_open(&v, "oracle:x", &options, &err), PONDER_E_ARGUMENT);
    verifier_release(&v);
    assert_int_equal(verifier_open(&v, "nobody", &options, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "vote, prm"));
    verifier_release(&v);
    assert_true(verifier_open(&v, "prm:nowhere.gguf", &options, &err) < 0);
    assert_non_null(strstr(err.message, "nowhere.gguf"));
    verifier_release(&v);
}

/* ---- memory ---- */

static const char shipped[] = "models/pocket-prm.gguf";

static int open_bounded(struct verifier *v, int64_t kv_mib, int64_t weights_mib, struct ponder_err *err)
{
    const struct ponder_sampling sampling = {
        .threads = 1, .precision = "f32", .kv_mib = kv_mib, .weights_mib = weights_mib};
    struct verifier_options options = verifier_options_of(&sampling, &(struct ponder_verifier_options){0});
    return verifier_open(v, shipped, &options, err);
}

static void a_verifier_that_is_a_model_keeps_to_the_memory_of_the_sampling(void **state)
{
    (void)state;
    struct verifier v;
    struct ponder_err err = {0};
    if (access(shipped, R_OK) != 0)
        skip();
    assert_int_equal(open_bounded(&v, 1, 0, &err), PONDER_E_LIMIT);
    assert_non_null(strstr(err.message, "the verifier models/pocket-prm.gguf: memory for keys and values"));
    verifier_release(&v);
    if (open_bounded(&v, 64, 0, &err))
        fail_msg("%s", err.message);
    size_t free_bytes = scorer_weights_bytes(v.data);
    verifier_release(&v);
    if (open_bounded(&v, 64, 1, &err))
        fail_msg("%s", err.message);
    assert_true(scorer_weights_bytes(v.data) < free_bytes);
    verifier_release(&v);
}

/* ---- the probe ---- */

/* Says of a solution with "right" in it what `data` says first, of others what it says second. */
static int score_by_word(struct verifier *v, struct verifier_item *items, int64_t count,
                         const struct deadline *deadline, struct ponder_err *err)
{
    (void)deadline;
    (void)err;
    for (int64_t i = 0; i < count; i++) {
        items[i].scores[0] = ((const float *)v->data)[strstr(items[i].text, "right") ? 0 : 1];
        items[i].count = items[i].scores[0] >= 0;
        items[i].of->cost.verifier_tokens += 7;
        items[i].of->cost.flops += 100;
    }
    return PONDER_OK;
}

static int probed(float right, float wrong, int64_t allowance, struct verifier *v, struct ponder_err *err)
{
    static const struct verifier_ops ops = {.name = "words", .score = score_by_word};
    static const struct verifier_profile profile = {
        .probe = {.question = "Which?", .right = "the right one", .wrong = "another"}};
    float scores[2] = {right, wrong};
    *v = (struct verifier){.ops = &ops, .data = scores, .profile = &profile};
    struct verifier_options options = {.probe_tokens_max = allowance};
    int status = probe_check(v, &options, err);
    v->data = NULL;
    return status;
}

static void a_verifier_that_is_inverted_or_flat_is_refused_by_its_probe(void **state)
{
    (void)state;
    struct ponder_err err = {0};
    struct verifier v;
    assert_int_equal(probed(0.9f, 0.1f, 0, &v, &err), PONDER_OK);
    assert_int_equal(probed(0.1f, 0.9f, 0, &v, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "inverted"));
    assert_non_null(strstr(err.message, "0.100"));
    assert_int_equal(probed(0.5f, 0.49f, 0, &v, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "flat"));
    assert_int_equal(probed(0.9f, -1, 0, &v, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "no score"));
    assert_int_equal(probed(-1, -1, 10, &v, &err),
                     PONDER_OK); /* which a allowance of 10 tokens cannot pay for */
}

static void what_a_probe_costs_is_kept(void **state)
{
    (void)state;
    struct verifier v;
    assert_int_equal(probed(0.9f, 0.1f, 0, &v, NULL), PONDER_OK);
    assert_int_equal(v.probed.verifier_tokens, 14);
    assert_true(v.probed.flops == 200 && v.probed.seconds >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oracle_gives_more_to_what_is_nearer_and_0_to_what_is_lost),
        cmocka_unit_test(the_oracle_knows_the_answer_of_any_question_it_is_given),
        cmocka_unit_test(names_and_files_are_told_apart),
        cmocka_unit_test(a_verifier_that_is_a_model_keeps_to_the_memory_of_the_sampling),
        cmocka_unit_test(a_verifier_that_is_inverted_or_flat_is_refused_by_its_probe),
        cmocka_unit_test(what_a_probe_costs_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
