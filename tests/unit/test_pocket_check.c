/* test_pocket_check.c - the checker: it passes what is right, finds what is not, and survives anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "ponder/task.h"
#include "task/pocket_claim.h"

static struct ponder_err err;

static struct ponder_pocket *open_pocket(enum ponder_pocket_split split, uint64_t seed)
{
    struct ponder_pocket *pocket;
    assert_int_equal(ponder_pocket_new(&pocket, split, seed, false, &err), 0);
    return pocket;
}

static struct ponder_pocket_verdict check(const char *problem, const char *solution)
{
    struct ponder_pocket_verdict verdict;
    if (ponder_pocket_check(problem, solution, &verdict, &err))
        fail_msg("%s", err.message);
    return verdict;
}

static void every_line_of_every_generated_solution_is_right(void **state)
{
    (void)state;
    for (int split = 0; split < 2; split++) {
        struct ponder_pocket *pocket = open_pocket((enum ponder_pocket_split)split, 11);
        for (int i = 0; i < 20000; i++) {
            struct ponder_pocket_item item;
            assert_int_equal(ponder_pocket_next(pocket, &item, &err), 0);
            struct ponder_pocket_verdict verdict = check(item.problem, item.solution);
            if (verdict.first_wrong >= 0 || !verdict.answer_right || strcmp(verdict.answer, item.answer))
                fail_msg("[%s] %s\n%s\nline %d: %s; the answer is %s", item.kind, item.problem, item.solution,
                         verdict.first_wrong + 1,
                         verdict.line[verdict.first_wrong < 0 ? 0 : verdict.first_wrong].reason,
                         verdict.answer);
        }
        ponder_pocket_free(pocket);
    }
}

static bool digit_is(char c)
{
    return c >= '0' && c <= '9';
}

/* Changes one digit at random; returns where it is. */
static size_t change_digit(struct rng *rng, char *text)
{
    size_t n = strlen(text), at;
    do
        at = rng_below(rng, n);
    while (!digit_is(text[at]));
    text[at] = (char)('0' + (text[at] - '0' + rng_range(rng, 1, 9)) % 10);
    return at;
}

static int line_of(const char *text, size_t at)
{
    int line = 0;
    for (size_t i = 0; i < at; i++)
        line += text[i] == '\n';
    return line;
}

static void a_changed_digit_is_found_in_its_own_line(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 5);
    struct ponder_pocket *pocket = open_pocket(PONDER_POCKET_TRAIN, 12);
    int planted = 0, found = 0, answers = 0, answers_found = 0;
    while (planted < 20000) {
        struct ponder_pocket_item item;
        char solution[PONDER_POCKET_SOLUTION_BYTES];
        assert_int_equal(ponder_pocket_next(pocket, &item, &err), 0);
        snprintf(solution, sizeof solution, "%s", item.solution);
        if (!strpbrk(solution, "0123456789"))
            continue;
        int line = line_of(solution, change_digit(&rng, solution));
        struct ponder_pocket_verdict verdict = check(item.problem, solution);
        bool is_answer = line == verdict.line_count - 1;
        planted++;
        found += verdict.first_wrong == line;
        answers += is_answer;
        answers_found += is_answer && verdict.first_wrong == line && !verdict.answer_right;
        if (verdict.first_wrong >= 0 && verdict.first_wrong < line)
            fail_msg("line %d is blamed for line %d: %s", verdict.first_wrong, line, solution);
    }
    print_message("# %d of %d planted digits found in their line\n", found, planted);
    assert_int_equal(answers_found, answers);
    assert_true(found > planted * 97 / 100);
    ponder_pocket_free(pocket);
}

static void wrong_choices_and_verdicts_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *problem, *solution;
        int first_wrong;
        bool answer_right;
    } cases[] = {
        {"Solve $5x=1$ modulo 13 for x from 1 to 12.", "5*8=1 mod 13.\nThe answer is \\boxed{8}.", -1, true},
        {"Solve $5x=1$ modulo 13 for x from 1 to 12.", "5*9=1 mod 13.\nThe answer is \\boxed{9}.", 0, false},
        {"Solve $5x=1$ modulo 13 for x from 1 to 12.",
         "Try 9: 5*9=45=6 mod 13. Yes.\nThe answer is \\boxed{9}.", 0, false},
        {"What is the larger root of x^2-5x+6?", "x^2-5x+6=(x-1)(x-6)\nThe answer is \\boxed{6}.", 0, false},
        {"What is the larger root of x^2-5x+6?", "Try 1 and 6: 1*6=6, 1+6=7. No.\nThe answer is \\boxed{3}.",
         -1, true},
        {"What is the larger root of x^2-5x+6?", "Try 1 and 6: 1*6=6, 1+6=7. Yes.\nThe answer is \\boxed{6}.",
         0, false},
        {"Compute 3*(4+5)-7.", "4+5=9: 3*9-7\n3*9=27: 27-7\n27-7=20\nThe answer is \\boxed{20}.", -1, true},
        {"Compute 3*(4+5)-7.", "4+5=9: 3*9-8\nThe answer is \\boxed{19}.", 0, false},
        {"Solve 2x+3=11 for x.", "2x=11+3=14\nx=14/2=7\nThe answer is \\boxed{7}.", 0, false},
        {"A, B and C ran a race: C before A, A before B. Who came second?", "CAB.\nThe answer is \\boxed{A}.",
         -1, true},
        {"A, B and C ran a race: C before A, A before B. Who came second?", "CBA.\nThe answer is \\boxed{B}.",
         0, false},
        {"The roads are AB 3, BC 4, AC 9. How long is the shortest way from A to C?",
         "AC: 9\nLeast: 9\nThe answer is \\boxed{9}.", 1, false},
        {"Reduce the fraction 12/18. What is the new denominator?",
         "12/18=6/9, by 2.\nThe answer is \\boxed{9}.", 0, false},
        {"Reduce the fraction 12/18. What is the new denominator?",
         "12/18=6/9, by 2\nThe answer is \\boxed{9}.", 1, false},
        {"Compute 3+4.", "3+4=7\nThe answer is \\boxed{7}.\n3+4=7", 2, true},
        {"Compute 3+4.", "", -1, false},
        {"If a(a+3)=40 for positive integers a, what is a?",
         "a(a+3)=40: a=5, 5+3=8, 5*8=40.\nThe answer is \\boxed{5}.", -1, true},
        {"If a(a+3)=40 for positive integers a, what is a?",
         "a(a+3)=40: a=4, 4+3=7, 4*7=28.\nThe answer is \\boxed{4}.", 0, false},
        {"If a(a+3)=40 for positive integers a, what is a?",
         "a(a+3)=40: a=4, 4+3=7, 4*7=40.\nThe answer is \\boxed{4}.", 0, false},
        {"Modulo 7 we have 2a=5 and 3b=1, with a and b from 1 to 6. What is a+b?",
         "Try 2a=5: a=5, 2*5=10=3 mod 7. No.\n2a=5: a=6, 2*6=12=5 mod 7.\n3b=1: b=5, 3*5=15=1 mod "
         "7.\n6+5=11.\n"
         "The answer is \\boxed{11}.",
         -1, true},
        {"Modulo 7 we have 2a=5 and 3b=1, with a and b from 1 to 6. What is a+b?",
         "2a=5: a=6, 2*6=12=5 mod 7.\nTry 3b=1: b=4, 3*4=12=5 mod 7. Yes.\n6+4=10.\nThe answer is "
         "\\boxed{10}.",
         1, false},
        {"Modulo 7 we have 2a=5 and 3b=1, with a and b from 1 to 6. What is a+b?",
         "3b=1: b=5, 3*5=15=1 mod 7.\n2a=5: a=6, 2*6=12=5 mod 7.\n5+6=11.\nThe answer is \\boxed{11}.", 2,
         true},
        {"Let a be the largest numbers by which 12/18 can be reduced. Find a.",
         "12/18: a=3, 12/3=4, 18/3=6.\nThe answer is \\boxed{3}.", 0, false},
        {"Let a be the largest numbers by which 12/18 can be reduced. Find a.",
         "12/18: a=6, 12/6=2, 18/6=3.\nThe answer is \\boxed{6}.", -1, true},
        {"Let a be the largest numbers by which 12/18 can be reduced. Find a.",
         "12/30: a=6, 12/6=2, 30/6=5.\nThe answer is \\boxed{6}.", 0, true},
        {"Let a be the largest numbers by which 12/18 can be reduced. Find a.",
         ".\nThe answer is \\boxed{6}.", 0, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ponder_pocket_verdict verdict = check(cases[i].problem, cases[i].solution);
        if (verdict.first_wrong != cases[i].first_wrong || verdict.answer_right != cases[i].answer_right)
            fail_msg("%s\n%s\nfirst wrong %d, answer %s", cases[i].problem, cases[i].solution,
                     verdict.first_wrong, verdict.answer);
    }
}

static void a_slip_in_a_try_that_is_rightly_given_up_loses_nothing(void **state)
{
    (void)state;
    const char *problem = "Modulo 7 we have 2a=5 and 3b=1, with a and b from 1 to 6. What is a+b?";
    struct ponder_pocket_verdict verdict =
        check(problem, "Try 2a=5: a=5, 2*5=10=4 mod 7. No.\n2a=5: a=6, 2*6=12=5 mod 7.\nTry 3b=1: b=5, "
                       "3*5=15=2 mod 7. No.\n3b=1: b=4, 3*4=12.");
    assert_int_equal(verdict.first_wrong, 0);
    assert_false(verdict.line[0].right);
    assert_true(verdict.line[0].reachable); /* 5 is no solution, whatever 10 leaves */
    assert_true(verdict.line[1].reachable);
    assert_false(verdict.line[2].reachable); /* 5 is the solution and was given up */
    assert_false(verdict.line[3].reachable);
}

static void careless_authors_choose_wrong_and_test_truthfully(void **state)
{
    (void)state;
    struct ponder_pocket *pocket = open_pocket(PONDER_POCKET_TRAIN, 21);
    struct ponder_pocket_mix mix = {.share = {[PONDER_POCKET_SOLVED] = 1}, .many_max = 2};
    int wrong = 0, of_parts = 0, lucky = 0;
    for (int i = 0; i < 4000; i++) {
        const char *text;
        size_t len;
        enum ponder_pocket_document kind;
        assert_int_equal(ponder_pocket_next_document(pocket, &mix, &text, &len, &kind, &err), 0);
        const char *solution = strstr(text, "\nA:\n");
        assert_non_null(solution);
        char problem[PONDER_POCKET_PROBLEM_BYTES];
        snprintf(problem, sizeof problem, "%.*s", (int)(solution - text - 3), text + 3);
        solution += 4;
        if (!strstr(solution, ": a="))
            continue;
        struct ponder_pocket_verdict verdict = check(problem, solution);
        of_parts++;
        if (verdict.first_wrong < 0)
            continue;
        wrong++;
        lucky += verdict.answer_right;
        if (strcmp(verdict.line[verdict.first_wrong].reason, "this choice does not fit the question"))
            fail_msg("%s\n%s\nline %d: %s", problem, solution, verdict.first_wrong + 1,
                     verdict.line[verdict.first_wrong].reason);
    }
    assert_in_range(wrong, of_parts * 3 / 10, of_parts * 6 / 10);
    assert_true(lucky <= wrong / 20); /* two slips seldom make up for each other */
    ponder_pocket_free(pocket);
}

static void labels_are_put_beside_every_text(void **state)
{
    (void)state;
    char *out;
    assert_int_equal(
        ponder_pocket_label("{\"problem\": \"Compute 3+4.\", \"samples\": [{\"text\": \"3+4=7\\nThe "
                            "answer is \\\\boxed{7}.\"}, {\"text\": \"3+4=8\"}], \"kept\": 1}",
                            &out, &err),
        0);
    assert_non_null(strstr(
        out, "\"right\":[true,true],\"reachable\":[true,true],\"first_wrong\":null,\"answer_right\":true"));
    assert_non_null(
        strstr(out, "\"right\":[false],\"reachable\":[false],\"first_wrong\":0,\"answer_right\":false"));
    assert_non_null(strstr(out, "\"kept\":1"));
    assert_non_null(strstr(out, "\"kind\":\"expression\""));
    free(out);
    assert_int_equal(ponder_pocket_label("{\"problem\": \"Compute 3+4.\"}", &out, &err), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "`solution`"));
    assert_int_equal(ponder_pocket_label("{\"problem\": \"Who?\", \"text\": \"1\"}", &out, &err),
                     PONDER_E_NOT_FOUND);
    assert_int_equal(ponder_pocket_label("{\"problem\": ", &out, &err), PONDER_E_FORMAT);
    assert_int_equal(ponder_pocket_label("{\"problem\": \"Compute 3+4.\", \"samples\": [{}]}", &out, &err),
                     PONDER_E_FORMAT);
}

static void the_offset_points_at_the_false_claim(void **state)
{
    (void)state;
    const char *solution = "4+5=9: 3*9-7\n3*9=28: 28-7\nThe answer is \\boxed{21}.";
    struct ponder_pocket_verdict verdict = check("Compute 3*(4+5)-7.", solution);
    assert_int_equal(verdict.first_wrong, 1);
    assert_string_equal(solution + verdict.line[1].offset, "3*9=28: 28-7\nThe answer is \\boxed{21}.");
    assert_string_equal(verdict.answer, "20");
}

static void claims_are_true_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool holds;
    } cases[] = {
        {"2+3*4=14", true},
        {"-9*(-2)=18", true},
        {"1/4+1/6=5/12", true},
        {"2/7<2/5", true},
        {"2/5<2/7", false},
        {"5*8=40=1 mod 13", true},
        {"5*8=40=14 mod 13", false},
        {"5*8=41=1 mod 13", false},
        {"2(3+4)=14", true},
        {"3^4=81", true},
        {"9223372036854775807*2=5", false},
        {"1/0=1", false},
        {"3=7 mod 0", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct claim claim;
        const char *p = cases[i].text, *reason = claim_read(&p, rational_of(0), &claim);
        if ((!reason && claim.holds) != cases[i].holds)
            fail_msg("%s", cases[i].text);
    }
}

static void huge_numbers_are_refused_not_overflown(void **state)
{
    (void)state;
    struct ponder_pocket_verdict verdict;
    assert_int_equal(
        ponder_pocket_check("What is 1/2 of the number 99999999999999999999?", "1=1", &verdict, &err),
        PONDER_E_NOT_FOUND);
    verdict = check("Which two of 1, 2, 4 have the sum 3? Give the larger one.",
                    "Try 9999999999999999999+2=3. Yes.");
    assert_int_equal(verdict.first_wrong, 0);
    verdict = check("What is the larger root of x^2-5x+6?",
                    "Try 999999999 and 999999999: 999999999*999999999=999999998000000001, 2+3=5. No.");
    assert_int_equal(verdict.first_wrong, 0);
}

static void other_texts_are_no_questions(void **state)
{
    (void)state;
    struct ponder_pocket_verdict verdict;
    assert_int_equal(ponder_pocket_check("Who?", "1=1", &verdict, &err), PONDER_E_NOT_FOUND);
    assert_int_equal(ponder_pocket_check("Find 3 modulo 0.", "1=1", &verdict, &err), PONDER_E_NOT_FOUND);
    char lines[300];
    memset(lines, '\n', sizeof lines - 1);
    lines[sizeof lines - 1] = 0;
    assert_int_equal(ponder_pocket_check("Compute 3+4.", lines, &verdict, &err), PONDER_E_LIMIT);
}

/* Overwrites a few bytes with what such texts are made of. */
static void scramble(struct rng *rng, char *text)
{
    static const char letters[] = "0123456789+-*/=<^()x:,. \nABTry{}";
    size_t n = strlen(text);
    for (int i = rng_range(rng, 1, 4); i > 0 && n > 0; i--)
        text[rng_below(rng, n)] = letters[rng_below(rng, sizeof letters - 1)];
}

static void scrambled_problems_and_solutions_do_no_harm(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 6);
    struct ponder_pocket *pocket = open_pocket(PONDER_POCKET_TRAIN, 13);
    for (int i = 0; i < 40000; i++) {
        struct ponder_pocket_item item;
        char problem[PONDER_POCKET_PROBLEM_BYTES], solution[PONDER_POCKET_SOLUTION_BYTES];
        assert_int_equal(ponder_pocket_next(pocket, &item, &err), 0);
        snprintf(problem, sizeof problem, "%s", item.problem);
        snprintf(solution, sizeof solution, "%s", item.solution);
        if (i % 2)
            scramble(&rng, problem);
        scramble(&rng, solution);
        struct ponder_pocket_verdict verdict;
        int status = ponder_pocket_check(problem, solution, &verdict, &err);
        if (!status && verdict.first_wrong >= 0)
            assert_true(verdict.line[verdict.first_wrong].offset <= strlen(solution));
    }
    ponder_pocket_free(pocket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_of_every_generated_solution_is_right),
        cmocka_unit_test(a_changed_digit_is_found_in_its_own_line),
        cmocka_unit_test(wrong_choices_and_verdicts_are_found),
        cmocka_unit_test(a_slip_in_a_try_that_is_rightly_given_up_loses_nothing),
        cmocka_unit_test(careless_authors_choose_wrong_and_test_truthfully),
        cmocka_unit_test(labels_are_put_beside_every_text),
        cmocka_unit_test(the_offset_points_at_the_false_claim),
        cmocka_unit_test(claims_are_true_or_not),
        cmocka_unit_test(huge_numbers_are_refused_not_overflown),
        cmocka_unit_test(other_texts_are_no_questions),
        cmocka_unit_test(scrambled_problems_and_solutions_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
