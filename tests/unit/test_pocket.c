/* test_pocket.c - the generator: what it yields, and that no seed leaks from test into train. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ponder/task.h"

static struct ponder_err err;

static struct ponder_pocket *open_pocket(enum ponder_pocket_split split, uint64_t seed, bool distinct)
{
    struct ponder_pocket *pocket;
    assert_int_equal(ponder_pocket_new(&pocket, split, seed, distinct, &err), 0);
    return pocket;
}

static struct ponder_pocket_item next(struct ponder_pocket *pocket)
{
    struct ponder_pocket_item item;
    if (ponder_pocket_next(pocket, &item, &err))
        fail_msg("%s", err.message);
    return item;
}

static void questions_of_one_split_never_hash_to_the_other(void **state)
{
    (void)state;
    for (int split = 0; split < 2; split++) {
        for (uint64_t seed = 0; seed < 5; seed++) {
            struct ponder_pocket *pocket = open_pocket((enum ponder_pocket_split)split, seed, false);
            for (int i = 0; i < 4000; i++) {
                struct ponder_pocket_item item = next(pocket);
                if (ponder_pocket_split_of(item.problem) != split)
                    fail_msg("seed %d, kind %s: %s", (int)seed, item.kind, item.problem);
            }
            ponder_pocket_free(pocket);
        }
    }
}

static void the_same_question_in_other_words_stays_in_its_split(void **state)
{
    (void)state;
    for (int a = 11; a < 60; a++) {
        char text[2][64];
        snprintf(text[0], sizeof text[0], "Compute %d+7*3.", a);
        snprintf(text[1], sizeof text[1], "What is the value of %d+7*3?", a);
        assert_int_equal(ponder_pocket_split_of(text[0]), ponder_pocket_split_of(text[1]));
    }
    assert_int_equal(ponder_pocket_split_of("Who wrote this?"), -1);
}

static void the_same_seed_yields_the_same_items(void **state)
{
    (void)state;
    struct ponder_pocket *a = open_pocket(PONDER_POCKET_TRAIN, 9, true),
                         *b = open_pocket(PONDER_POCKET_TRAIN, 9, true);
    struct ponder_pocket *other = open_pocket(PONDER_POCKET_TRAIN, 10, true);
    int differ = 0;
    for (int i = 0; i < 500; i++) {
        struct ponder_pocket_item x = next(a), y = next(b), z = next(other);
        assert_string_equal(x.problem, y.problem);
        assert_string_equal(x.solution, y.solution);
        assert_string_equal(x.unique_id, y.unique_id);
        differ += strcmp(x.problem, z.problem) != 0;
    }
    assert_true(differ > 450);
    ponder_pocket_free(a);
    ponder_pocket_free(b);
    ponder_pocket_free(other);
}

static int subject_of(const char *name)
{
    for (int i = 0; ponder_pocket_subject(i); i++) {
        if (strcmp(name, ponder_pocket_subject(i)) == 0)
            return i;
    }
    fail_msg("no subject is called %s", name);
    return -1;
}

static void the_test_set_is_balanced_over_subjects_and_levels(void **state)
{
    (void)state;
    int cell[PONDER_POCKET_SUBJECTS][PONDER_POCKET_LEVELS] = {{0}};
    struct ponder_pocket *pocket = open_pocket(PONDER_POCKET_TEST, 1, true);
    for (int i = 0; i < 500; i++) {
        struct ponder_pocket_item item = next(pocket);
        assert_in_range(item.level, 1, PONDER_POCKET_LEVELS);
        cell[subject_of(item.subject)][item.level - 1]++;
    }
    for (int s = 0; s < PONDER_POCKET_SUBJECTS; s++) {
        for (int l = 0; l < PONDER_POCKET_LEVELS; l++)
            assert_in_range(cell[s][l], 14, 15);
    }
    ponder_pocket_free(pocket);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void the_training_set_has_no_question_twice(void **state)
{
    (void)state;
    enum { COUNT = 12000 };
    static char *id[COUNT];
    struct ponder_pocket *pocket = open_pocket(PONDER_POCKET_TRAIN, 1, true);
    for (int i = 0; i < COUNT; i++)
        id[i] = strdup(next(pocket).unique_id);
    qsort(id, COUNT, sizeof *id, compare);
    for (int i = 1; i < COUNT; i++)
        assert_string_not_equal(id[i - 1], id[i]);
    for (int i = 0; i < COUNT; i++)
        free(id[i]);
    ponder_pocket_free(pocket);
}

static bool printable(const char *text)
{
    for (; *text; text++) {
        if ((*text < ' ' && *text != '\n') || *text > '~')
            return false;
    }
    return true;
}

static void items_are_ascii_within_their_limits_and_end_with_the_boxed_answer(void **state)
{
    (void)state;
    struct ponder_pocket *pocket = open_pocket(PONDER_POCKET_TRAIN, 2, false);
    for (int i = 0; i < 20000; i++) {
        struct ponder_pocket_item item = next(pocket);
        char last[64];
        snprintf(last, sizeof last, "The answer is \\boxed{%s}.", item.answer);
        const char *newline = strrchr(item.solution, '\n');
        if (!printable(item.problem) || !printable(item.solution) || strchr(item.problem, '\n') ||
            strcmp(newline ? newline + 1 : item.solution, last) || strstr(item.solution, "\n\n"))
            fail_msg("[%s] %s\n%s", item.kind, item.problem, item.solution);
        assert_true(strlen(item.problem) < PONDER_POCKET_PROBLEM_BYTES);
        assert_true(strlen(item.solution) < PONDER_POCKET_SOLUTION_BYTES);
    }
    ponder_pocket_free(pocket);
}

static void json_reads_back_as_the_item(void **state)
{
    (void)state;
    struct ponder_pocket *pocket = open_pocket(PONDER_POCKET_TEST, 4, false);
    for (int i = 0; i < 500; i++) {
        struct ponder_pocket_item item = next(pocket);
        char line[4096];
        size_t n = ponder_pocket_json(line, sizeof line, &item);
        assert_true(n < sizeof line && line[n - 1] == '\n');
        json_t *json = json_loads(line, 0, NULL);
        assert_non_null(json);
        assert_string_equal(json_string_value(json_object_get(json, "problem")), item.problem);
        assert_string_equal(json_string_value(json_object_get(json, "solution")), item.solution);
        assert_string_equal(json_string_value(json_object_get(json, "answer")), item.answer);
        assert_string_equal(json_string_value(json_object_get(json, "subject")), item.subject);
        assert_string_equal(json_string_value(json_object_get(json, "unique_id")), item.unique_id);
        assert_int_equal(json_integer_value(json_object_get(json, "level")), item.level);
        json_decref(json);
        assert_int_equal(ponder_pocket_json(line, 10, &item), n);
        assert_int_equal(strlen(line), 9);
    }
    ponder_pocket_free(pocket);
}

static void an_exhausted_generator_says_so(void **state)
{
    (void)state;
    struct ponder_pocket *pocket = open_pocket(PONDER_POCKET_TEST, 1, true);
    struct ponder_pocket_item item;
    int status = 0, items = 0;
    while (!(status = ponder_pocket_next(pocket, &item, &err)) && items < 1000000)
        items++;
    assert_int_equal(status, PONDER_E_LIMIT);
    assert_true(items >= 2000);
    ponder_pocket_free(pocket);
}

/* ---- documents ---- */

/* The question, and behind marks two to five attempts at it, whole ones. */
static void check_attempts(const char *text, size_t len, size_t bytes_max)
{
    int attempts = 0;
    assert_true(strncmp(text, "Attempts: ", 10) == 0 && len <= bytes_max + 400);
    for (const char *at = strchr(text, PONDER_POCKET_ATTEMPT); at;
         at = strchr(at + 1, PONDER_POCKET_ATTEMPT)) {
        const char *end = strchr(at + 1, PONDER_POCKET_ATTEMPT);
        end = end ? end : text + len;
        assert_true(at[-1] == '\n' && strncmp(end - 3, "}.\n", 3) == 0);
        attempts++;
    }
    assert_in_range(attempts, 1, 5);
}

/* How many lines of the second attempt stand in the first one too. */
static int lines_kept(const char *first, const char *second, int *lines)
{
    int kept = 0;
    *lines = 0;
    for (const char *line = second; strchr(line, '\n'); line = strchr(line, '\n') + 1) {
        char whole[256];
        if (*line == PONDER_POCKET_ATTEMPT)
            break;
        snprintf(whole, sizeof whole, "%.*s", (int)(strchr(line, '\n') - line + 1), line);
        const char *found = strstr(first, whole);
        kept += found && found < second;
        ++*lines;
    }
    return kept;
}

static void an_attempt_has_much_of_the_one_before_it_and_is_mostly_better(void **state)
{
    (void)state;
    struct ponder_pocket *pocket = open_pocket(PONDER_POCKET_TRAIN, 5, false);
    struct ponder_pocket_mix mix = {
        .share = {[PONDER_POCKET_ATTEMPTS] = 1}, .many_max = 2, .many_bytes_max = 4000};
    int kept = 0, all = 0, first_right = 0, last_right = 0, lost = 0;
    for (int i = 0; i < 2000; i++) {
        const char *text;
        size_t len;
        enum ponder_pocket_document kind;
        assert_int_equal(ponder_pocket_next_document(pocket, &mix, &text, &len, &kind, &err), 0);
        char problem[PONDER_POCKET_PROBLEM_BYTES];
        snprintf(problem, sizeof problem, "%.*s", (int)(strchr(text, '\n') - text - 10), text + 10);
        const char *first = strchr(text, PONDER_POCKET_ATTEMPT), *last = strrchr(text, PONDER_POCKET_ATTEMPT);
        const char *second = strchr(first + 1, PONDER_POCKET_ATTEMPT);
        int lines;
        kept += second ? lines_kept(first + 1, second + 1, &lines) : 0;
        all += second ? lines : 0;
        char solution[PONDER_POCKET_SOLUTION_BYTES];
        struct ponder_pocket_verdict verdict;
        snprintf(solution, sizeof solution, "%.*s", (int)((second ? second : text + len) - first - 2),
                 first + 1);
        assert_int_equal(ponder_pocket_check(problem, solution, &verdict, &err), 0);
        bool right = verdict.answer_right;
        snprintf(solution, sizeof solution, "%.*s", (int)(text + len - last - 2), last + 1);
        assert_int_equal(ponder_pocket_check(problem, solution, &verdict, &err), 0);
        first_right += right;
        last_right += verdict.answer_right;
        lost += right && !verdict.answer_right;
    }
    assert_in_range(kept, all / 2, all * 9 / 10);
    assert_true(lost > 50); /* some are worse than what they began from, others better */
    assert_true(last_right > first_right + 100);
    ponder_pocket_free(pocket);
}

static void documents_come_in_the_shares_that_were_asked_for(void **state)
{
    (void)state;
    struct ponder_pocket *pocket = open_pocket(PONDER_POCKET_TRAIN, 3, false);
    struct ponder_pocket_mix mix = ponder_pocket_mix_default();
    int count[PONDER_POCKET_DOCUMENTS] = {0}, wrong = 0;
    for (int i = 0; i < 10000; i++) {
        const char *text;
        size_t len;
        enum ponder_pocket_document kind;
        assert_int_equal(ponder_pocket_next_document(pocket, &mix, &text, &len, &kind, &err), 0);
        assert_int_equal(strlen(text), len);
        bool marked = memchr(text, PONDER_POCKET_END, len) != NULL;
        if (kind != PONDER_POCKET_SOLVED_MANY)
            assert_false(marked);
        if (kind == PONDER_POCKET_ATTEMPTS)
            check_attempts(text, len, mix.many_bytes_max);
        else if (kind <= PONDER_POCKET_SOLVED_MANY)
            assert_true(strncmp(text, "Q: ", 3) == 0 && strcmp(text + len - 2, "}.") == 0);
        if (kind == PONDER_POCKET_SOLVED_MANY)
            assert_true(marked && len <= mix.many_bytes_max);
        if (kind == PONDER_POCKET_CHECK_AFTER)
            assert_non_null(strstr(text, "\nVerdict:\n1: "));
        if (kind >= PONDER_POCKET_CHECK_BETWEEN)
            assert_true(text[len - 1] == PONDER_POCKET_RIGHT || text[len - 1] == PONDER_POCKET_WRONG);
        wrong += kind == PONDER_POCKET_CHECK_AFTER && strstr(text + len - 7, "wrong") != NULL;
        wrong += kind == PONDER_POCKET_CHECK_BETWEEN && memchr(text, PONDER_POCKET_WRONG, len) != NULL;
        count[kind]++;
    }
    for (int k = 0; k < PONDER_POCKET_DOCUMENTS; k++)
        assert_true(abs(count[k] - (int)(mix.share[k] * 10000)) < 150);
    assert_in_range(wrong, 900, 1100);
    ponder_pocket_free(pocket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_of_one_split_never_hash_to_the_other),
        cmocka_unit_test(the_same_question_in_other_words_stays_in_its_split),
        cmocka_unit_test(the_same_seed_yields_the_same_items),
        cmocka_unit_test(the_test_set_is_balanced_over_subjects_and_levels),
        cmocka_unit_test(the_training_set_has_no_question_twice),
        cmocka_unit_test(items_are_ascii_within_their_limits_and_end_with_the_boxed_answer),
        cmocka_unit_test(json_reads_back_as_the_item),
        cmocka_unit_test(an_exhausted_generator_says_so),
        cmocka_unit_test(documents_come_in_the_shares_that_were_asked_for),
        cmocka_unit_test(an_attempt_has_much_of_the_one_before_it_and_is_mostly_better),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
