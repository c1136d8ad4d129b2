/* test_answer_field.c - pairs of the kinds that users of graders reported: each kind of pair has a test, with
 * what must be equal and what must not. */
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

static int wrong(const struct pair *pairs, size_t count, bool wanted)
{
    int n = 0;
    for (size_t i = 0; i < count; i++) {
        const char *a = pairs[i].gold, *b = pairs[i].pred, *how;
        if (answer_equal(a, strlen(a), b, strlen(b), &how) == wanted &&
            answer_equal(b, strlen(b), a, strlen(a), NULL) == wanted)
            continue;
        print_message("'%s' and '%s' should be %s (%s)\n", a, b, wanted ? "the same" : "different", how);
        n++;
    }
    return n;
}

/* All of a kind are shown before it fails. */
#define CHECK(same, different)                                                                               \
    assert_int_equal(wrong(same, sizeof same / sizeof *same, true) +                                         \
                         wrong(different, sizeof different / sizeof *different, false),                      \
                     0)

static void an_answer_with_words_is_no_text_to_search(void **state)
{
    (void)state;
    static const struct pair same[] = {
        {"$3^m$ where $m$ is even", "\\boxed{3^m}"},
        {"$f(x)=cx$ for any real $c$", "\\boxed{f(x)=cx}"},
        {"$g(x)=ax+b$ for some constants $a$ and $b$", "\\boxed{ax+b}"},
        {"$p$ (for $p>2$)", "\\boxed{p}"},
        {"All $m$ of the form $6k-1$", "\\boxed{m=6k-1}"},
        {"$x=\\frac{\\pi}{4}+\\pi k$, $k\\in\\mathbb{Z}$", "\\boxed{\\frac{\\pi}{4}+k\\pi}"},
        {"$a_n=2^{n-1}$ for all $n \\ge 1$", "\\boxed{2^{n-1}}"},
        {"$\\cos(u)=\\frac12$ when $u=\\frac{\\pi}{3}+2\\pi k$ or $u=-\\frac{\\pi}{3}+2\\pi k$, $k$ an "
         "integer",
         "\\boxed{u=\\frac{\\pi}{3}+2\\pi k,\\ u=-\\frac{\\pi}{3}+2\\pi k}"},
        {"odd $n$", "\\boxed{\\text{odd } n}"},
        {"odd $n$", "\\boxed{n \\text{ odd}}"},
        {"odd $n$", "All odd $n$"},
        {"$n$ is odd", "\\boxed{n\\text{ is odd}}"},
        {"All powers of 2", "\\boxed{\\text{All powers of }2}"},
        {"all primes $p$", "\\boxed{\\text{all primes}}"},
        {"$\\frac{m}{2}$ if $m$ is even and $m$ if $m$ is odd",
         "\\boxed{\\frac{m}{2} \\text{ if } m \\text{ is even and } m \\text{ if } m \\text{ is odd}}"},
        {"max. $(0,1)$; min. $(2,3)$", "max. $(0, 1)$; min. $(2, 3)$"},
        {"$n=3k$", "\\boxed{n = 3k \\; (k \\in \\mathbb{Z}^+)}"},
        {"859", "Each school will receive 859 balloons."},
        {"50", "So in total, all children received 20 + 30 = 50 fruits."},
        {"4", "So there are 4 even divisors."},
        {"3", "The only odd prime is $3$."},
        {"1, 2, 3, ...", "$1,2,3,\\ldots$"},
        {"$2x$", "We find that $f(x)=2x$ for all $x$."},
        {"$n^2$", "Hence the sum is $n^2$ for every $n$."},
    };
    static const struct pair different[] = {
        {"There are infinitely many such $n$", "\\boxed{n}"},
        {"$n$ such that $n$ is a perfect square", "\\boxed{n}"},
        {"$\\cos(t)=0$ when $t=\\frac{\\pi}{2}+\\pi k$ for any integer $k$.", "\\boxed{0}"},
        {"3", "The answer is x=2, y=3."},
        {"odd $n$", "\\boxed{n}"},
        {"odd $n$", "\\boxed{\\text{even } n}"},
        {"x=3", "x=\\pm 3"},
        {"A", "\\boxed{A) or B)}"},
        {"$n$ is odd", "\\boxed{n}"},
        {"n", "\\boxed{n \\text{ odd}}"},
        {"All powers of 2", "\\boxed{2}"},
        {"All powers of 2", "\\boxed{\\text{All powers of }3}"},
        {"all multiples of $3$", "\\boxed{3}"},
        {"$f(x)=cx$ for any real $c$", "\\boxed{c}"},
        {"$3^m$ where $m$ is even", "\\boxed{m}"},
        {"$3^m$ where $m$ is even", "$3^m$ where $m$ is odd"},
        {"$\\frac{m}{2}$ if $m$ is even and $m$ if $m$ is odd", "\\boxed{m}"},
        {"$\\frac{m}{2}$ if $m$ is even and $m$ if $m$ is odd", "\\boxed{\\frac{m}{2}}"},
        {"$a_n=2^{n-1}$ for all $n \\ge 1$", "\\boxed{1}"},
        {"max. $(0,1)$; min. $(2,3)$", "\\boxed{(2,3)}"},
        {"max. $(0,1)$; min. $(2,3)$", "max. $(2,3)$; min. $(0,1)$"},
        {"$x=1$ for all $y$, or $x=2$", "\\boxed{1}"},
        {"at most $5$", "\\boxed{5}"},
        {"all primes $p$ of the form $4k+1$", "\\boxed{p=4k+1}"},
    };
    CHECK(same, different);
}

static void a_letter_before_an_argument_is_a_function(void **state)
{
    (void)state;
    static const struct pair same[] = {
        {"V(0)e^{-kt}", "e^{-kt}V(0)"},
        {"h(x,y)=x-y", "h(x,y)=-y+x"},
        {"x-y", "h(x,y)=x-y"},
        {"x+y=f(x,y)", "f(x,y)=x+y"},
        {"f(x,y)=x+y", "f(x,y)=y+x"},
        {"\\Psi(x,t)=A\\sin(kx-t)", "\\Psi(x,t)=A\\sin(-t+kx)"},
        {"u(t)=3t", "3t"},
        {"Q(0)+2", "2+Q(0)"},
        {"k(x^2-1)", "k(x-1)(x+1)"},
        {"h(a+b)", "ha+hb"},
        {"\\frac{h(a+b)}{2}", "\\frac{(a+b)h}{2}"},
        {"n(n+1)", "n^2+n"},
        {"\\frac{n(n-1)!}{2}", "\\frac{n!}{2}"},
        {"P(A)P(B)", "P(B)P(A)"},
        {"P(A|B)=\\frac13", "\\frac13"},
        {"y(x)=Ce^x", "y=Ce^x"},
    };
    static const struct pair different[] = {
        {"P(0)", "0"},     {"\\phi(0)", "\\boxed{0}"}, {"V(0)e^{-kt}", "0"},
        {"T(2)", "2T(1)"}, {"X(0)", "Y(0)"},           {"h(x,y)=x-y", "h(x,y)=y-x"},
        {"a(b+c)=5", "5"}, {"f(x,y)", "f(y,x)"},       {"I(t)", "I(0)"},
    };
    CHECK(same, different);
}

static void scripts_primes_and_bars_name_the_same_in_any_spelling(void **state)
{
    (void)state;
    static const struct pair same[] = {
        {"\\frac{w^2_1}{2g}", "\\frac{w_1^2}{2g}"},
        {"p_{0}^{3}", "p^{3}_{0}"},
        {"g'(x)=3x^2", "g^{\\prime}(x)=3x^2"},
        {"y''", "y^{\\prime\\prime}"},
        {"x'_1", "x_1'"},
        {"x_{1}^{\\prime 2}", "x_1'^2"},
        {"\\phi^{\\prime}(x)=2x", "2x"},
        {"\\bar x", "\\overline{x}"},
        {"\\bar{z}_1+2", "2+\\overline{z}_1"},
        {"\\overline{CD}=7", "7"},
        {"\\hat{p}=0.5", "0.5"},
        {"x\u207B\u00B9", "x^{-1}"},
        {"10\u207B\u2076", "10^{-6}"},
        {"2\u207F", "2^n"},
        {"v\u2080\u00B2", "v_0^2"},
        {"x\u2081 + x\u2082", "x_1+x_2"},
        {"\\int^1_0 x", "\\int_0^1 x"},
        {"m s\u207B\u00B9", "m s^{-1}"},
    };
    static const struct pair different[] = {
        {"v_0^2", "v_2^0"},
        {"f'(x)", "f(x)"},
        {"y'", "y''"},
        {"\\bar{x}", "x"},
        {"\\bar{x}", "\\bar{y}"},
        {"\\overline{AB}", "\\overline{CD}"},
        {"10\u207B\u00B3", "10\u00B3"},
        {"x\u2081", "x\u00B9"},
    };
    CHECK(same, different);
}

static void units_behind_any_number_count_nothing(void **state)
{
    (void)state;
    static const struct pair same[] = {
        {"\\frac{5}{4}", "\\boxed{\\frac{5}{4} \\text{ A}}"},
        {"3\\sqrt{5}", "3\\sqrt{5} \\text{ m}"},
        {"3\\sqrt{5}", "3\\sqrt{5}\\,\\mathrm{N}"},
        {"2.5e-7", "\\boxed{2.5 \\times 10^{-7} \\text{ T}}"},
        {"2.5e-7", "2.5e-7 C"},
        {"2.5e-7", "2.5 \\times 10^{-7}\\ \\mathrm{m}"},
        {"\\pi/4", "\\frac{\\pi}{4} \\text{ s}"},
        {"7 (oranges)", "7"},
        {"7 (oranges)", "7 oranges"},
        {"7", "7 (in total)"},
        {"35", "35\u00B0C"},
        {"35", "35 \u2103"},
        {"35", "35^\\circ C"},
        {"35", "35^{\\circ}\\text{F}"},
        {"35", "35^\\circ\\mathrm{F}"},
        {"35", "35\\,{}^\\circ\\text{C}"},
        {"35", "35^{o}C"},
        {"35", "35 degrees Fahrenheit"},
        {"35 \u00B0C", "35\\text{ \u00B0C}"},
        {"-4.5", "\u22124.5 \u00B0F"},
        {"0.25N", "0.25"},
        {"0.25N", "0.25\\text{ N}"},
        {"0.25N", "\\frac14 \\text{ N}"},
        {"9.8", "9.8\\text{ m/s}^2"},
        {"5.0\\times 10^{3}\\text{ J}", "5000 \\text{ J}"},
    };
    static const struct pair different[] = {
        {"\\frac{5}{4} \\text{ A}", "\\frac{5}{4} \\text{ V}"},
        {"35 \u00B0C", "35 \u00B0F"},
        {"35^\\circ\\text{C}", "35\\%"},
        {"35 \u00B0C", "36 \u00B0C"},
        {"1.5\\times10^3 \\text{ m}", "1.5\\times10^3 \\text{ s}"},
        {"-5\\text{ cm}", "-5\\text{ m}"},
        {"9.8 m/s", "9.8 m/s^2"},
        {"36 km/h", "36 m/s"},
        {"5m", "5"},
        {"2mV", "2"},
        {"2.5e-7", "2.5e-6 C"},
        {"\\frac{1}{2}\\mathrm{m}v^2", "\\frac{1}{2}v^2"},
        {"3(x)", "3"},
    };
    CHECK(same, different);
}

static void a_mixed_number_is_no_product_and_no_longer_number(void **state)
{
    (void)state;
    static const struct pair same[] = {
        {"5 1/4", "21/4"},
        {"5 1/4", "5.25"},
        {"5\\,1/4", "\\frac{21}{4}"},
        {"-5 1/4", "-5.25"},
        {"5\u00BC", "21/4"},
        {"5\\frac14", "5 1/4"},
        {"5\\tfrac{1}{4}", "5.25"},
        {"5 1/4 \\text{ cups}", "21/4"},
        {"21/4", "You need 5 1/4 cups."},
        {"5~1/4", "5.25"},
    };
    static const struct pair different[] = {
        {"5 1/4", "51/4"},  {"5 1/4", "5/4"},          {"5\\frac14", "5\\cdot\\frac14"},
        {"5 1/4", "5-1/4"}, {"51/4", "5\\frac{1}{4}"}, {"2 3", "23"},
        {"12 34", "1234"},
    };
    CHECK(same, different);
}

static void radicals_and_logarithms_agree_where_both_are_real(void **state)
{
    (void)state;
    static const struct pair same[] = {
        {"\\sqrt{\\frac{k}{m}}", "\\frac{\\sqrt{k}}{\\sqrt{m}}"},
        {"\\sqrt{\\frac{1}{n}}", "\\frac{1}{\\sqrt{n}}"},
        {"\\ln(x/y)", "\\ln x-\\ln y"},
        {"\\ln\\frac{a+b}{c}", "\\ln(a+b)-\\ln c"},
        {"\\sqrt{xy}", "\\sqrt{x}\\sqrt{y}"},
        {"\\sqrt{x^3}", "x\\sqrt{x}"},
        {"(ab)^{1/2}", "\\sqrt{a}\\sqrt{b}"},
        {"y=\\sqrt{x/2}", "y=\\frac{\\sqrt{x}}{\\sqrt{2}}"},
        {"\\log_2(xy)", "\\log_2 x+\\log_2 y"},
        {"\\sqrt[4]{x/y}", "\\frac{\\sqrt[4]{x}}{\\sqrt[4]{y}}"},
        {"e^{\\frac12\\ln x}", "\\sqrt{x}"},
        {"\\sqrt{-x}\\sqrt{-y}", "\\sqrt{xy}"},
    };
    static const struct pair different[] = {
        {"\\sqrt{x^2}", "x"},           {"\\sqrt{x+y}", "\\sqrt{x}+\\sqrt{y}"},
        {"\\ln(x+y)", "\\ln x+\\ln y"}, {"\\ln(x/y)", "\\frac{\\ln x}{\\ln y}"},
        {"\\sqrt{x/y}", "\\sqrt{y/x}"}, {"|x|+\\sqrt{y}", "x+\\sqrt{y}"},
        {"\\ln x^2", "2\\ln x"},        {"\\sqrt{x}", "\\sqrt{-x}"},
        {"\\sqrt{x^2y}", "x\\sqrt{y}"},
    };
    CHECK(same, different);
}

static void written_digits_decide_in_any_notation(void **state)
{
    (void)state;
    static const struct pair same[] = {
        {"16.7\\%", "\\frac{1}{6}"},
        {"14.29\\%", "1/7"},
        {"1.67\\times10^{4}", "\\frac{10^5}{6}"},
        {"1.732\\times 10^{-3}", "\\frac{\\sqrt{3}}{1000}"},
        {"-1.67\\times10^{4}", "-\\frac{10^5}{6}"},
        {"1.67e4", "\\frac{10^5}{6}"},
        {"1.27\\times10^{30}", "2^{100}"},
        {"1.0715\\times10^{301}", "2^{1000}"},
        {"(1+x)^{1000}", "(x+1)^{1000}"},
        {"(3x+5)^{400}", "(5+3x)^{400}"},
        {"\\frac{(2a+7)^{900}}{3}", "\\frac13(7+2a)^{900}"},
        {"2^{1000}\\cdot 3", "3\\cdot 2^{1000}"},
        {"33.3\\%", "\\frac{100}{3}\\%"},
        {"3.14\\times10^{2}", "100\\pi"},
    };
    static const struct pair different[] = {
        {"16.6\\%", "\\frac{1}{6}"},
        {"17\\%", "\\frac{1}{6}"},
        {"1.66\\times10^{4}", "\\frac{10^5}{6}"},
        {"1.67\\times10^{5}", "\\frac{10^5}{6}"},
        {"1.7\\times10^{4}", "\\frac{10^5}{6}"},
        {"1.28\\times10^{30}", "2^{100}"},
        {"1.27\\times10^{31}", "2^{100}"},
        {"(1+x)^{1000}", "(1+x)^{1001}"},
        {"(1+x)^{1000}", "(2+x)^{1000}"},
        {"(2+x)^{1000}+1", "(2+x)^{1000}"},
        {"10^{400}+x", "10^{400}+2x"},
        {"16.7", "\\frac{1}{6}"},
        {"1.67\\times10^{4}", "16667"},
    };
    CHECK(same, different);
}

static void congruences_and_ratios_are_read(void **state)
{
    (void)state;
    static const struct pair same[] = {
        {"x \\equiv 2 \\pmod{5}", "x\\equiv 2 \\pmod 5"},
        {"x \\equiv 2 \\pmod{5}", "x \\equiv 7 \\pmod 5"},
        {"x \\equiv -1 \\pmod{8}", "x \\equiv 7 (\\text{mod } 8)"},
        {"n \\equiv 1 \\pmod 4", "n \u2261 1 (mod 4)"},
        {"n \\equiv 1 \\mod 4", "1 \\pmod{4}"},
        {"x \\equiv 1, 5 \\pmod{6}", "x \\equiv 5, 1 \\pmod{6}"},
        {"x\\equiv 1 \\text{ or } 5 \\pmod 6", "x \\equiv 1 \\pmod 6, x\\equiv 5 \\pmod 6"},
        {"2:3:5", "2 : 3 : 5"},
        {"2:3:5", "$2:3:5$."},
        {"2:3:5", "4:6:10"},
        {"\\frac12:1:2", "1:2:4"},
        {"3:4", "The ratio is 3:4."},
        {"3:4", "6:8"},
        {"4,6", "The values are\n- $\\boxed{4}$\n- $\\boxed{6}$"},
        {"4,6,8", "* \\boxed{4}\n* \\boxed{6}\n* \\boxed{8}"},
        {"4,6", "1. \\boxed{4}\n2. \\boxed{6}"},
    };
    static const struct pair different[] = {
        {"x \\equiv 2 \\pmod{5}", "x \\equiv 3 \\pmod 5"},
        {"x \\equiv 2 \\pmod{5}", "x \\equiv 2 \\pmod 7"},
        {"x \\equiv 2 \\pmod{5}", "y \\equiv 2 \\pmod 5"},
        {"x \\equiv 2 \\pmod{5}", "5"},
        {"x \\equiv 2 \\pmod{5}", "2"},
        {"2:3:5", "2:3:6"},
        {"2:3:5", "5:3:2"},
        {"2:3", "3:2"},
        {"12:30", "2:5"},
        {"1:20:30", "2:40:60"},
        {"4,6", "- \\boxed{4}\nThat is wrong.\n- \\boxed{6}"},
        {"6", "- \\boxed{4}\n- \\boxed{6}"},
    };
    CHECK(same, different);
}

static void found(const char *text, const char *expected, int *failed)
{
    struct buf out = BUF_INIT(1 << 16);
    bool any;
    int status = answer_find(text, strlen(text), ANSWER_ANY_SIGN, &out, &any);
    assert_int_equal(status, 0);
    if (any != (expected != NULL) || (any && strcmp(buf_text(&out), expected) != 0)) {
        print_message("'%s': '%s', not '%s'\n", text, any ? buf_text(&out) : "(none)",
                      expected ? expected : "(none)");
        ++*failed;
    }
    buf_release(&out);
}

static void only_what_names_an_answer_is_one(void **state)
{
    (void)state;
    int failed = 0;
    found("The answer is correct.", NULL, &failed);
    found("My answer is right.", NULL, &failed);
    found("So it is 15. The answer is verified.", "15", &failed);
    found("The answer is 15. Indeed, the answer is clearly correct.", "15", &failed);
    found("The answer is 15. The answer is correct because 7+8=15.", "15", &failed);
    found("The answer is as follows:\n\n$15$", "15", &failed);
    found("The answer is 15, in total.", "15", &failed);
    found("The answer is 15, overall.", "15", &failed);
    found("The answer is 15, so she wins.", "15", &failed);
    found("The answer is $15$, assuming fair dice.", "15", &failed);
    found("The answer is clearly 15.", "15", &failed);
    found("The answer is therefore $x+1$.", "x+1", &failed);
    found("The answer is simply 3/4.", "3/4", &failed);
    found("The answer is 3, 5 and 7.", "3, 5 and 7", &failed);
    found("The answer is Paris.", "Paris", &failed);
    found("So we get 12 in all. \\boxed{12", NULL, &failed);
    found("\\boxed{12", NULL, &failed);
    found("\\boxed{\\frac{1}{2}", NULL, &failed);
    found("\\boxed{3} and then \\boxed{12", "3", &failed);
    found("### Answer\n72", "72", &failed);
    found("### Answer\n\nThe farmer has 72 cows.", "72", &failed);
    found("**Answer**\n\n$x=3$", "x=3", &failed);
    found("## Final answer\n\nB", "B", &failed);
    assert_int_equal(failed, 0);
    char *vote;
    assert_int_equal(answer_of_text("So 7. \\boxed{12", 15, ANSWER_ANY_SIGN, &vote), PONDER_OK);
    assert_null(vote);
}

static void grading_finds_what_extraction_finds(void **state)
{
    (void)state;
    static const struct pair same[] = {
        {"15", "The answer is 15, altogether."},
        {"15", "15, in total"},
        {"15", "15 (in total)"},
        {"15", "The answer is clearly 15."},
        {"15", "So the sum is 15. The answer is verified."},
        {"15", "### Answer\n15"},
        {"15", "### Answer\n\n15 apples"},
        {"x=3", "**Answer**\n\n$x=3$"},
        {"B", "## Answer\nB"},
    };
    static const struct pair different[] = {
        {"12", "\\boxed{12"},
        {"12", "So we get 12. \\boxed{12"},
        {"correct", "The answer is correct."},
        {"15", "### Answer\n16"},
    };
    CHECK(same, different);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_with_words_is_no_text_to_search),
        cmocka_unit_test(a_letter_before_an_argument_is_a_function),
        cmocka_unit_test(scripts_primes_and_bars_name_the_same_in_any_spelling),
        cmocka_unit_test(units_behind_any_number_count_nothing),
        cmocka_unit_test(a_mixed_number_is_no_product_and_no_longer_number),
        cmocka_unit_test(radicals_and_logarithms_agree_where_both_are_real),
        cmocka_unit_test(written_digits_decide_in_any_notation),
        cmocka_unit_test(congruences_and_ratios_are_read),
        cmocka_unit_test(only_what_names_an_answer_is_one),
        cmocka_unit_test(grading_finds_what_extraction_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
