/* pocket_families.c - the table of families: their subject, how often each comes at each level, and their
 * wordings; and how a wording is filled with holes and how holes are found again in a question's text.
 *
 * To add a family: a name in POCKET_FAMILY_LIST, a row here, a generator, and a solver in the checker. */
#include <string.h>

#include "task/pocket.h"

const char *const pocket_subjects[POCKET_SUBJECTS] = {
    "Number Operations",      "Linear Equations", "Fractions",   "Number Theory",
    "Counting & Probability", "Sequences",        "Polynomials",
};

enum { NUMBERS, EQUATIONS, FRACTIONS, THEORY, COUNTING, SEQUENCES, POLYNOMIALS };

#define ROW(upper, lower, subject_, ...)                                                                     \
    [POCKET_##upper] = {                                                                                     \
        .name = #lower, .subject = subject_, .generate = pocket_generate_##lower, .weight = __VA_ARGS__}

#define WEIGHTS(a, b, c, d, e)                                                                               \
    {                                                                                                        \
        a, b, c, d, e                                                                                        \
    }

const struct pocket_family_info pocket_families[POCKET_FAMILIES] = {
    ROW(EXPRESSION, expression, NUMBERS, WEIGHTS(4, 3, 1, 1, 1),
        .wording = {"Compute {0}.", "What is the value of {0}?", "Evaluate ${0}$."}),
    ROW(TAKE_AWAY, take_away, NUMBERS, WEIGHTS(5, 2, 0, 0, 0),
        .wording =
            {"Tom has {0} boxes of {1} pens. He gives {2} pens away. How many pens are left?",
             "A shop gets {0} bags with {1} apples each and sells {2} apples. How many apples are left?"}),
    ROW(TWO_KINDS, two_kinds, NUMBERS, WEIGHTS(0, 2, 1, 0, 0),
        .wording =
            {"Mia buys {0} books at {1} dollars and {2} pens at {3} dollars. How many dollars does she pay?",
             "A hall has {0} rows of {1} seats and {2} rows of {3} seats. How many seats are there?"}),
    ROW(SHARE, share, NUMBERS, WEIGHTS(3, 1, 0, 0, 0),
        .wording =
            {"Ana had {0} nuts and ate {1}. She shares the rest among {2} friends. How many does each get?",
             "Of {0} eggs {1} broke. The others fill boxes of {2}. How many boxes are filled?"}),
    ROW(PAIR, pair, NUMBERS, WEIGHTS(4, 4, 3, 2, 1),
        .wording = {"Two of the numbers {0} add up to {1}. What is the larger of the two?",
                    "Which two of {0} have the sum {1}? Give the larger one."}),
    ROW(TRIPLE, triple, NUMBERS, WEIGHTS(0, 2, 3, 3, 3),
        .wording = {"Three of the numbers {0} add up to {1}. What is the largest of the three?",
                    "Which three of {0} have the sum {1}? Give the largest one."}),
    ROW(SIGNS, signs, NUMBERS, WEIGHTS(0, 3, 3, 3, 3),
        .wording = {"Fill each gap of {0} with + or - to get {1}. How many minus signs are needed?",
                    "Put + or - in the gaps of {0} to make {1}. How many of the signs are -?"}),

    ROW(EQUATION, equation, EQUATIONS, WEIGHTS(5, 4, 2, 2, 2),
        .wording = {"Solve {0} for x.", "If ${0}$, what is $x$?", "Find x when {0}."}),
    ROW(THINK, think, EQUATIONS, WEIGHTS(3, 1, 0, 0, 0),
        .wording =
            {"I think of a number, multiply it by {0} and add {1}. The result is {2}. What is my number?",
             "A number times {0}, plus {1}, is {2}. What is the number?"}),
    ROW(DIOPHANTINE, diophantine, EQUATIONS, WEIGHTS(2, 2, 2, 2, 2),
        .wording = {"Positive integers x and y satisfy {0}x+{1}y={2}, and x is at most {1}. What is x?",
                    "Find the positive integer x up to {1} for which {0}x+{1}y={2} has an integer y>0."}),
    ROW(COINS, coins, EQUATIONS, WEIGHTS(2, 2, 2, 2, 2),
        .wording = {"A box holds {0} coins worth {1} cents in all. Each is worth {2} or {3} cents. How many "
                    "{3}-cent coins are there?",
                    "{0} tickets cost {1} dollars in all. Some cost {2} dollars, the others {3} dollars. How "
                    "many cost {3} dollars?"}),

    ROW(FRACTION_SUM, fraction_sum, FRACTIONS, WEIGHTS(3, 2, 1, 0, 0),
        .wording = {"Compute {0} in lowest terms.", "What is {0}?", "Write ${0}$ as one fraction."}),
    ROW(REDUCE, reduce, FRACTIONS, WEIGHTS(3, 3, 2, 2, 2),
        .wording = {"Write {0} in lowest terms. What is the {1}?",
                    "Reduce the fraction {0}. What is the new {1}?"}),
    ROW(LARGEST_FRACTION, largest_fraction, FRACTIONS, WEIGHTS(3, 3, 3, 3, 3),
        .wording = {"Which is the largest of {0}?", "Which of the fractions {0} is the greatest?"}),
    ROW(ADD_BOTH, add_both, FRACTIONS, WEIGHTS(0, 1, 1, 1, 1),
        .wording = {"What number can be added to top and bottom of {0} to get a fraction equal to {1}?",
                    "Adding the same number n to both parts of {0} gives {1}. What is n?"}),
    ROW(PART, part, FRACTIONS, WEIGHTS(3, 2, 1, 1, 1),
        .wording = {"What is {0} of the number {1}?",
                    "A tank holds {1} litres. How many litres are {0} of it?"}),

    ROW(GCD, gcd, THEORY, WEIGHTS(3, 2, 1, 1, 1),
        .wording = {"What is the greatest common divisor of {0} and {1}?",
                    "Find the largest number that divides both {0} and {1}.", "Compute $\\gcd({0},{1})$."}),
    ROW(INVERSE, inverse, THEORY, WEIGHTS(2, 2, 0, 0, 0),
        .wording = {"Which x from 1 to {3} makes {0}x leave remainder {1} when divided by {2}?",
                    "Solve ${0}x={1}$ modulo {2} for x from 1 to {3}."}),
    ROW(TWO_REMAINDERS, two_remainders, THEORY, WEIGHTS(2, 2, 2, 2, 2),
        .wording = {"Which number from 0 to {4} leaves remainder {0} when divided by {1} and remainder {2} "
                    "when divided by {3}?",
                    "n is from 0 to {4}, n={0} modulo {1} and n={2} modulo {3}. What is n?"}),
    ROW(POWER, power, THEORY, WEIGHTS(2, 2, 2, 2, 2),
        .wording = {"What is the remainder when {0}^{1} is divided by {2}?", "Find ${0}^{{1}}$ modulo {2}."}),
    ROW(REMAINDER, remainder, THEORY, WEIGHTS(2, 2, 1, 1, 1),
        .wording = {"What is the remainder when {0} is divided by {1}?", "Find {0} modulo {1}."}),
    ROW(TWO_PRIMES, two_primes, THEORY, WEIGHTS(2, 2, 2, 2, 2),
        .wording = {"The number {0} is the product of two primes. What is the smaller one?",
                    "Write {0} as a product of two primes and give the smaller prime."}),

    ROW(COMMITTEE, committee, COUNTING, WEIGHTS(0, 1, 1, 1, 1),
        .wording =
            {"In how many ways can we choose {1} of {0} girls and {3} of {2} boys?",
             "A menu has {0} soups and {2} cakes. In how many ways can one pick {1} soups and {3} cakes?"}),
    ROW(OUTFITS, outfits, COUNTING, WEIGHTS(4, 2, 0, 0, 0),
        .wording = {"Eva wears one of {0} shirts with one of {1} skirts, or one of {2} dresses. How many "
                    "choices has she?",
                    "From P to Q there are {0} trails up and {1} trails down over the hill, and {2} roads "
                    "around it. In how many ways can one go?"}),
    ROW(COUNT_PAIRS, count_pairs, COUNTING, WEIGHTS(3, 3, 2, 2, 2),
        .wording = {"How many pairs of numbers from {0} have the sum {1}?",
                    "In how many ways can two of the numbers {0} add up to {1}?"}),
    ROW(ROUTE, route, COUNTING, WEIGHTS(2, 2, 2, 2, 2),
        .wording =
            {"The roads are {0}. How long is the shortest way from {1} to {2}?",
             "Roads and their lengths: {0}. What is the length of the shortest path from {1} to {2}?"}),
    ROW(ORDER, order, COUNTING, WEIGHTS(2, 3, 3, 3, 3),
        .wording = {"{0} stand in a line: {1}. Who is {2}?", "{0} ran a race: {1}. Who came {2}?"}),
    ROW(BAG, bag, COUNTING, WEIGHTS(4, 2, 0, 0, 0),
        .wording =
            {"A bag holds {0} red, {1} blue and {2} green balls. One is drawn. What is the probability that "
             "it is {3}?",
             "A box has {0} red, {1} blue and {2} green pens. What is the chance that a random one is {3}?"}),
    ROW(BAG_TWO, bag_two, COUNTING, WEIGHTS(0, 0, 1, 1, 1),
        .wording =
            {"A bag holds {0} red and {1} blue balls. Two are drawn. What is the probability that both are "
             "{2}?",
             "Two of {0} red and {1} blue cards are taken at random. What is the chance that both are {2}?"}),

    ROW(TERM, term, SEQUENCES, WEIGHTS(4, 2, 1, 0, 0),
        .wording = {"An arithmetic sequence starts {0}. What is term number {1}?",
                    "Find term {1} of the arithmetic sequence {0}, ..."}),
    ROW(SERIES, series, SEQUENCES, WEIGHTS(0, 1, 1, 0, 0),
        .wording = {"An arithmetic sequence starts {0}. What is the sum of its first {1} terms?",
                    "Add the first {1} terms of the arithmetic sequence {0}, ..."}),
    ROW(NEXT, next, SEQUENCES, WEIGHTS(3, 3, 3, 3, 3),
        .wording = {"What comes next in {0}, ...?", "Find the next number: {0}, ..."}),
    ROW(STEPS, steps, SEQUENCES, WEIGHTS(3, 2, 2, 2, 2),
        .wording = {"Start with {0}. In each step multiply by {1}, add {2} and keep the remainder modulo "
                    "{3}. What comes out after {4} steps?",
                    "A sequence starts with {0}. The next term is {1} times the last plus {2}, taken modulo "
                    "{3}. What is it after {4} steps?"}),
    ROW(BACKWARDS, backwards, SEQUENCES, WEIGHTS(2, 2, 1, 1, 1),
        .wording = {"A number is multiplied by {0} and then {1} is added. After doing this {2} times we have "
                    "{3}. What was the number?",
                    "A sequence goes from n to {0}n+{1}. After {2} steps it is at {3}. Where did it start?"}),

    ROW(EVALUATE, evaluate, POLYNOMIALS, WEIGHTS(4, 2, 1, 0, 0),
        .wording = {"If f(x)={0}, what is f({1})?", "Find the value of {0} at x={1}.",
                    "What is ${0}$ for $x={1}$?"}),
    ROW(QUADRATIC, quadratic, POLYNOMIALS, WEIGHTS(3, 3, 3, 3, 3),
        .wording = {"What is the {1} root of {0}?",
                    "The equation ${0}=0$ has two roots. What is the {1} one?",
                    "Factor {0} and give the {1} root."}),
    ROW(CUBIC, cubic, POLYNOMIALS, WEIGHTS(0, 1, 1, 1, 1),
        .wording = {"Which integer from 1 to {1} is a root of {0}?", "Find x from 1 to {1} with ${0}=0$."}),
    ROW(COEFFICIENT, coefficient, POLYNOMIALS, WEIGHTS(2, 2, 1, 1, 1),
        .wording = {"What is the coefficient of {1} in {0}?",
                    "Expand ${0}$. What number stands before {1}?"}),
    ROW(PRODUCTS, products, NUMBERS, WEIGHTS(200, 200, 200, 200, 200), .own_care = true,
        .wording = {"Positive integers {2} satisfy {0}. What is {1}?",
                    "If {0} for positive integers {2}, what is {1}?"}),
    ROW(MIXES, mixes, EQUATIONS, WEIGHTS(200, 200, 200, 200, 200), .own_care = true,
        .wording = {"Solve {0}. What is {1}?", "What is {1} if {0}?"}),
    ROW(DIVISORS, divisors, FRACTIONS, WEIGHTS(200, 200, 200, 200, 200), .own_care = true,
        .wording = {"Lowest terms of {0} are reached by dividing top and bottom by {2}. What is {1}?",
                    "Let {2} be the largest numbers by which {0} can be reduced. Find {1}."}),
    ROW(INVERSES, inverses, THEORY, WEIGHTS(200, 200, 200, 200, 200), .own_care = true,
        .wording = {"Modulo {3} we have {0}, with {2} from 1 to {4}. What is {1}?",
                    "Let {2} from 1 to {4} be such that {0} modulo {3}. Find {1}."}),
    ROW(HANDSHAKES, handshakes, COUNTING, WEIGHTS(200, 200, 200, 200, 200), .own_care = true,
        .wording =
            {"In rooms of {2} people all shake hands with each other and with {3} guests: {0} "
             "handshakes. What is {1}?",
             "Teams of {2} players: each two of a team play once, and each player plays {3} guests. That "
             "makes {0} games. Find {1}."}),
    ROW(MACHINE, machine, SEQUENCES, WEIGHTS(200, 200, 200, 200, 200), .own_care = true,
        .wording =
            {"A machine turns n into {3}n+{4}. In two turns it made {0} from {2}. What is {1}?",
             "The next term is {3} times the last plus {4}. The third terms are {0}, the first terms {2}. "
             "Find {1}."}),
    ROW(ROOTS, roots, POLYNOMIALS, WEIGHTS(200, 200, 200, 200, 200), .own_care = true,
        .wording = {"Let {2} be the smaller roots of {0}. What is {1}?",
                    "The smaller roots of {0} are {2}. Find {1}."}),
};

size_t pocket_wording_fill(char *out, size_t size, const char *wording, const char hole[][POCKET_HOLE_BYTES])
{
    size_t n = 0;
    for (const char *p = wording; *p; p++) {
        const char *piece = p;
        size_t len = 1;
        if (p[0] == '{' && p[1] >= '0' && p[1] < '0' + POCKET_HOLES_MAX && p[2] == '}') {
            piece = hole[p[1] - '0'];
            len = strlen(piece);
            p += 2;
        }
        if (n + len >= size)
            return 0;
        memcpy(out + n, piece, len);
        n += len;
    }
    out[n] = 0;
    return n;
}

static bool hole_is(const char *wording)
{
    return wording[0] == '{' && wording[1] >= '0' && wording[1] < '0' + POCKET_HOLES_MAX && wording[2] == '}';
}

/* A hole ends where the text goes on as the wording does; the first such place that fits the rest counts. */
static bool match_from(const char *wording, const char *text, char hole[][POCKET_HOLE_BYTES])
{
    while (*wording && !hole_is(wording)) {
        if (*wording++ != *text++)
            return false;
    }
    if (!*wording)
        return !*text;
    char *to = hole[wording[1] - '0'];
    if (*to) {
        size_t len = strlen(to);
        return strncmp(text, to, len) == 0 && match_from(wording + 3, text + len, hole);
    }
    for (size_t len = 1; text[len - 1] && len < POCKET_HOLE_BYTES; len++) {
        memcpy(to, text, len);
        to[len] = 0;
        if (text[len] == wording[3] && match_from(wording + 3, text + len, hole))
            return true;
    }
    *to = 0;
    return false;
}

static size_t literal_length(const char *wording)
{
    size_t n = 0;
    while (*wording) {
        bool hole = hole_is(wording);
        wording += hole ? 3 : 1;
        n += !hole;
    }
    return n;
}

/* Where several wordings fit, the one with most text of its own is meant. */
bool pocket_wording_match(const char *problem, int *family, char hole[][POCKET_HOLE_BYTES])
{
    char found[POCKET_HOLES_MAX][POCKET_HOLE_BYTES];
    size_t best = 0;
    for (int f = 0; f < POCKET_FAMILIES; f++) {
        for (int w = 0; w < POCKET_WORDINGS_MAX && pocket_families[f].wording[w]; w++) {
            const char *wording = pocket_families[f].wording[w];
            size_t literal = literal_length(wording);
            memset(found, 0, sizeof found);
            if (literal > best && match_from(wording, problem, found)) {
                best = literal;
                *family = f;
                memcpy(hole, found, sizeof found);
            }
        }
    }
    return best > 0;
}

uint64_t pocket_question_hash(int family, const char hole[][POCKET_HOLE_BYTES])
{
    char text[POCKET_PROBLEM_BYTES];
    size_t n = pocket_wording_fill(text, sizeof text, pocket_families[family].wording[0], hole);
    return hash_bytes(text, n);
}
