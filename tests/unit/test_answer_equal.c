/* test_answer_equal.c - which answers are the same one, and which are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"

struct pair {
    const char *gold, *pred;
};

static const struct pair same[] = {
    {"2x+2", "2(x+1)"},
    {"0.333", "1/3"},
    {"3.14", "\\pi"},
    {"3.1416", "\\pi"},
    {"x=5", "5"},
    {"5", "x = 5"},
    {"[0,1)", "[0,1)"},
    {"\\{1,2,3\\}", "3,2,1"},
    {"1,2,3", "3,2,1"},
    {"1 \\text{ and } 2", "2,1"},
    {"\\pm 3", "3,-3"},
    {"x = \\pm 3", "x=3 or x=-3"},
    {"3 \\pm \\sqrt{2}", "3+\\sqrt2, 3-\\sqrt2"},
    {"10\\%", "0.1"},
    {"10\\%", "10"},
    {"\\$1,234.50", "1234.5"},
    {"1{,}234", "1234"},
    {"50^\\circ", "50"},
    {"\\sin 30^\\circ", "0.5"},
    {"\\frac12", "\\dfrac{1}{2}"},
    {"2\\frac12", "2.5"},
    {"2 1/2", "5/2"},
    {"\\sqrt[3]{8}", "2"},
    {"\\sqrt[3]{-8}", "-2"},
    {"\\log_2 8", "3"},
    {"\\binom{5}{2}", "10"},
    {"5!", "120"},
    {"e^{i\\pi}", "-1"},
    {"\\infty", "infinity"},
    {"(-\\infty, 5)", "x<5"},
    {"[3,\\infty)", "x \\geq 3"},
    {"(1,3]", "1 < x \\le 3"},
    {"x>5", "5<x"},
    {"\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{bmatrix}1\\\\2\\end{bmatrix}"},
    {"y=2x+1", "2x-y+1=0"},
    {"2x+1", "y=2x+1"},
    {"1011_2", "1011_{2}"},
    {"\\text{even}", "Even"},
    {"A", "\\text{(A)}"},
    {"(B)", "B"},
    {"Tuesday", "\\text{Tuesday}"},
    {"5\\text{ cm}", "5"},
    {"5 cm", "5 cm"},
    {"25\\text{ cm}^2", "25"},
    {"60 mph", "60"},
    {"\\frac{3}{4}\\text{ miles per hour}", "0.75"},
    {"1.5\\times 10^3", "1500"},
    {"1.5e3", "1500"},
    {"\\sin^2 x+\\cos^2 x", "1"},
    {"(x+1)^2", "x^2+2x+1"},
    {"9^{9^{9^9}}", "9^{9^{9^9}}"},
    {"0.\\overline{3}", "1/3"},
    {"0.1\\overline{6}", "1/6"},
    {"1/0", "1/0"},
    {"(-\\infty,-2)\\cup(2,\\infty)", "(2,\\infty)\\cup(-\\infty,-2)"},
    {"x \\in [1,2]", "[1,2]"},
    {"\\emptyset", "\\{\\}"},
    {"2\\sqrt{3}", "\\sqrt{12}"},
    {"2\\sqrt{3}", "3.46"},
    {"100,000", "100000"},
    {"1,000,000", "10^6"},
    {"-\\frac{1}{2}", "\\frac{-1}{2}"},
    {"-\\frac{1}{2}", "-.5"},
    {"\\frac{x}{y}", "x/y"},
    {"xy", "yx"},
    {"ab+c", "c+ba"},
    {"f(x)=x^2", "x^2"},
    {"x^2", "f(x)=x^2"},
    {"2\xCF\x80", "2\\pi"},
    {"\xE2\x88\x9A"
     "2",
     "\\sqrt{2}"},
    {"x\xC2\xB2", "x^2"},
    {"\xC2\xBD", "0.5"},
    {"1,2", "(1,2)"},
    {"{1,2}", "\\{1,2\\}"},
    {"12 inches", "12"},
    {"5 apples", "5"},
    {"3 and 5", "5 and 3"},
    {"\\text{no solution}", "No solution"},
    {"10^{-3}", "0.001"},
    {"\\tan^{-1} 1", "\\pi/4"},
    {"\\arctan 1", "\\frac{\\pi}{4}"},
    {"x^{2}y", "yx^2"},
    {"n(n+1)/2", "\\frac{n^2+n}{2}"},
    {"2^{n}-1", "-1+2^n"},
    {"a_n = 2n", "2n"},
    {"\\left(\\frac{1}{2},3\\right)", "(0.5,3)"},
    {"12:30", "12:30"},
    {"The answer is 5", "5"},
    {"\\boxed{5}", "5"},
    {"so we get \\boxed{\\frac12}", "0.5"},
    {"#### 18", "18"},
    {"I think the final answer is $\\sqrt{2}/2$.", "1/\\sqrt2"},
    {"1 + \\sqrt{3}i", "1+i\\sqrt{3}"},
    {"3+4i", "4i+3"},
    {"i^2", "-1"},
    {"0", "-0"},
    {"0.0", "0"},
    {"\\frac{0}{5}", "0"},
    {"1.0", "1."},
    {"6,000", "6000"},
    {"(3,\\pi)", "(3, 3.14159)"},
    {"x\\neq 3", "x \\ne 3"},
    {"$\\frac{1}{3}$", "\\(\\frac{1}{3}\\)"},
    {"\\frac{1}{3}", "0.3333"},
    {"0.667", "2/3"},
};

static const struct pair different[] = {
    {"1/2004!", "1/2006!"},
    {"0.33", "1/3"},
    {"3.15", "\\pi"},
    {"x=5", "y=5"},
    {"(1,2)", "[1,2]"},
    {"(1,2)", "(2,1)"},
    {"0.1", "10"},
    {"1,234", "1 235"},
    {"x>5", "x>=5"},
    {"\\begin{pmatrix}1&2\\end{pmatrix}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}"},
    {"y=2x+1", "y=2x+2"},
    {"1011_2", "1011_3"},
    {"11", "1011_2"},
    {"B", "C"},
    {"|x|", "x"},
    {"\\sqrt{x^2}", "x"},
    {"\\ln x^2", "2\\ln x"},
    {"(x+1)^2", "x^2+2x+2"},
    {"9^{9^{9^9}}", "9^{9^{9^8}}"},
    {"1/0", "2/0"},
    {"2\\sqrt{3}", "3.47"},
    {"3:2", "3/2"},
    {"-5", "5"},
    {"5", "5.001"},
    {"1234.5", "1234.6"},
    {"\\frac{\\pi}{4}", "45^\\circ"},
    {"0.5", "\\frac{1}{2} \\text{ or } 50\\%"},
    {"12:30", "12:31"},
    {"0.67", "2/3"},
};

/* Both ways: the verdict may not depend on which of the two is the truth. */
static void check(const struct pair *pairs, size_t count, bool wanted)
{
    for (size_t i = 0; i < count; i++) {
        const char *a = pairs[i].gold, *b = pairs[i].pred, *how;
        if (answer_equal(a, strlen(a), b, strlen(b), &how) != wanted ||
            answer_equal(b, strlen(b), a, strlen(a), NULL) != wanted)
            fail_msg("'%s' and '%s' should be %s (%s)", a, b, wanted ? "the same" : "different", how);
    }
}

static void what_means_the_same_is_equal(void **state)
{
    (void)state;
    check(same, sizeof same / sizeof *same, true);
}

static void what_differs_in_value_is_never_equal(void **state)
{
    (void)state;
    check(different, sizeof different / sizeof *different, false);
}

/* Deep nesting, towers of powers and long texts end soon, in a verdict. */
static void hostile_answers_end_soon(void **state)
{
    (void)state;
    enum { LONG = 1 << 20 };
    static const char *const repeated[] = {"{",  "(",       "\\sqrt{", "\\frac", "-",  "9^",
                                           "1,", "\\text{", "!",       "|",      "x_", "$"};
    char *text = malloc(LONG + 16);
    for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++) {
        size_t lengths[] = {60, 900, 4000, LONG};
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            size_t n = 0, unit = strlen(repeated[i]);
            while (n + unit <= lengths[k]) {
                memcpy(text + n, repeated[i], unit);
                n += unit;
            }
            text[n++] = '9';
            assert_false(answer_equal(text, n, "2", 1, NULL));
        }
    }
    free(text);
}

static void the_answer_of_a_text_is_found_by_its_surest_sign(void **state)
{
    (void)state;
    static const struct pair texts[] = {
        {"So the answer is $\\frac{3}{4}$ meters.", "\\frac{3}{4}"},
        {"The answer is 42.", "42"},
        {"We get 5+3=8. #### 1,234", "1,234"},
        {"Thus \\boxed{3} and \\boxed{5}.", "3, 5"},
        {"First $\\boxed{1}$. No: $\\boxed{2}$", "2"},
        {"She paid $12.50 in total.", "12.50"},
        {"She had $20 and gave $8 away, $12 are left", "12"},
        {"Hence $x=3$ and finally $y = 4$.", "y = 4"},
        {"Half is $\\boxed{4}$. Then we add 3. Final Answer: The final answer is $7$.", "4"},
        {"So $\\boxed{4}$. Final answer: see the box.", "4"},
        {"La respuesta es 7.", "7"},
        {"**Final Answer:** 12", "12"},
        {"There are -3 of 17 ducks", "-3"},
        {"We bought -3 and then 17 ducks", "17"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct buf out = BUF_INIT(1 << 16);
        bool found;
        assert_int_equal(answer_find(texts[i].gold, strlen(texts[i].gold), ANSWER_ANY_SIGN, &out, &found), 0);
        assert_true(found);
        assert_string_equal(buf_text(&out), texts[i].pred);
        buf_release(&out);
    }
    struct buf out = BUF_INIT(64);
    bool found;
    assert_int_equal(answer_find("I do not know", 13, ANSWER_ANY_SIGN, &out, &found), 0);
    assert_false(found);
    assert_int_equal(answer_find("so $-2+7i$", 10, ANSWER_NO_FORMULA, &out, &found), 0);
    assert_true(found);
    assert_string_equal(buf_text(&out), "7");
    buf_clear(&out);
    assert_int_equal(answer_find("the answer is 5", 15, ANSWER_BOX_ONLY, &out, &found), 0);
    assert_false(found);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_means_the_same_is_equal),
        cmocka_unit_test(what_differs_in_value_is_never_equal),
        cmocka_unit_test(hostile_answers_end_soon),
        cmocka_unit_test(the_answer_of_a_text_is_found_by_its_surest_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
