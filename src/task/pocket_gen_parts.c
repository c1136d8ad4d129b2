/* pocket_gen_parts.c - questions of several parts, one kind for each subject.
 *
 * Every part hides a number behind a letter: which number solves a(a+3)=40, leaves remainder 5 when tripled,
 * is the smaller root. The number is hard to find and easy to test, and all a test needs is small sums and
 * the table of products. The level says how many parts there are. A solution goes through the letters: it
 * repeats the part, states a number with its test or tries a few, and adds them up at the end.
 *
 * Each family has a tempting number too, what a hasty reader of a part takes for it: the root of 40, the
 * first divisor that comes to mind. It is the right one for most parts and wrong for some, the traps. At a
 * trap more authors take it than do any other single thing, though in some families most of them go another
 * way: so what is likeliest at each step is wrong there, and what most solutions come to is right. */
#include <stdio.h>

#include "task/pocket.h"

enum { PARTS_MAX = POCKET_PARTS_MAX, PART_BYTES = 40, TRAP_PERCENT = 17, TRAP_DRAWS_MAX = 60 };

struct part {
    int n[4]; /* the part's own numbers; what they are is the family's affair */
    int right, low, high;
    int tempting; /* kept within low and high */
};

struct parts {
    const struct parts_kind *kind;
    struct part part[PARTS_MAX];
    int count;
    int shared[2]; /* numbers that all parts have in common */
};

/* What differs between the families. */
struct parts_kind {
    bool tempts; /* most authors fall into its traps; else fewer than half, though more than do anything else
                  */
    void (*draw_shared)(struct pocket_draft *draft, struct parts *parts); /* may be NULL */
    bool (*draw)(struct pocket_draft *draft, const struct parts *parts, struct part *part);
    /* The part as the question has it, with `letter` where the form names it. */
    void (*ask)(char *out, size_t size, const struct parts *parts, const struct part *part, char letter);
    /* The test of `t`: true claims. */
    void (*test)(struct pocket_draft *draft, const struct parts *parts, const struct part *part, int t);
};

static int root_below(int n)
{
    int root = 0;
    while ((root + 1) * (root + 1) <= n)
        root++;
    return root;
}

/* ---- a(a+k)=n ---- */

static bool draw_product(struct pocket_draft *draft, const struct parts *parts, struct part *part)
{
    (void)parts;
    int t = draft_range(draft, 2, draft_by_level(draft, 7, 8, 9, 9, 10)),
        k = draft_range(draft, 1, 12 - t < 6 ? 12 - t : 6);
    *part = (struct part){.n = {k, t * (t + k)}, .right = t, .low = 2, .high = 11};
    part->tempting = root_below(part->n[1]); /* as if both factors were the same */
    return true;
}

static void ask_product(char *out, size_t size, const struct parts *parts, const struct part *part,
                        char letter)
{
    (void)parts;
    snprintf(out, size, "%c(%c+%d)=%d", letter, letter, part->n[0], part->n[1]);
}

static void test_product(struct pocket_draft *draft, const struct parts *parts, const struct part *part,
                         int t)
{
    (void)parts;
    int other = t + part->n[0];
    draft_put(draft, "%d+%d=%d, %d*%d=%d", t, part->n[0], other, t, other, t * other);
}

/* ---- pa+q(n-a)=s ---- */

static bool draw_mix(struct pocket_draft *draft, const struct parts *parts, struct part *part)
{
    (void)parts;
    int n = draft_range(draft, 3, draft_by_level(draft, 5, 5, 6, 6, 7)), t = draft_range(draft, 1, n - 1);
    int p, q = draft_range(draft, 2, 3);
    do
        p = draft_range(draft, 2, 4);
    while (p == q);
    *part = (struct part){.n = {p, q, n, p * t + q * (n - t)}, .right = t, .low = 1, .high = n - 1};
    part->tempting = part->n[3] / p; /* as if the second term were not there */
    return true;
}

static void ask_mix(char *out, size_t size, const struct parts *parts, const struct part *part, char letter)
{
    (void)parts;
    snprintf(out, size, "%d%c+%d(%d-%c)=%d", part->n[0], letter, part->n[1], part->n[2], letter, part->n[3]);
}

static void test_mix(struct pocket_draft *draft, const struct parts *parts, const struct part *part, int t)
{
    (void)parts;
    const int *n = part->n;
    int rest = n[2] - t, sum = n[0] * t + n[1] * rest;
    draft_put(draft, "%d*%d=%d, %d-%d=%d, %d*%d=%d, %d+%d=%d", n[0], t, n[0] * t, n[2], t, rest, n[1], rest,
              n[1] * rest, n[0] * t, n[1] * rest, sum);
}

/* ---- the largest number that divides both parts of a fraction ---- */

static int least_divisor(int n)
{
    int divisor = 2;
    while (n % divisor)
        divisor++;
    return divisor;
}

static bool draw_divisor(struct pocket_draft *draft, const struct parts *parts, struct part *part)
{
    (void)parts;
    int common = draft_range(draft, 2, draft_by_level(draft, 6, 7, 8, 9, 11));
    int top = draft_range(draft, 1, 8), bottom = draft_range(draft, top + 1, 12);
    *part = (struct part){.n = {top * common, bottom * common}, .right = common, .low = 2, .high = 12};
    part->tempting = least_divisor(common); /* the first that divides both */
    return int_gcd(top, bottom) == 1;
}

static void ask_divisor(char *out, size_t size, const struct parts *parts, const struct part *part,
                        char letter)
{
    (void)parts;
    (void)letter;
    snprintf(out, size, "%d/%d", part->n[0], part->n[1]);
}

/* What does not divide is told by its remainder; what does must leave lowest terms. */
static void test_divisor(struct pocket_draft *draft, const struct parts *parts, const struct part *part,
                         int t)
{
    (void)parts;
    for (int i = 0; i < 2; i++) {
        int n = part->n[i];
        if (n % t) {
            draft_put(draft, "%s%d=%d mod %d", i ? ", " : "", n, n % t, t);
            return;
        }
        draft_put(draft, "%s%d/%d=%d", i ? ", " : "", n, t, n / t);
    }
}

/* ---- ka=r modulo m ---- */

static void share_modulus(struct pocket_draft *draft, struct parts *parts)
{
    parts->shared[0] = draft_chance(draft, 50) ? 5 : 7;
    parts->shared[1] = parts->shared[0] - 1;
}

static bool draw_inverse(struct pocket_draft *draft, const struct parts *parts, struct part *part)
{
    int m = parts->shared[0], k = draft_range(draft, 2, m - 1 < 9 ? m - 1 : 9),
        t = draft_range(draft, 1, m - 1);
    *part = (struct part){.n = {k, k * t % m}, .right = t, .low = 1, .high = m - 1};
    part->tempting = (part->n[1] % k ? part->n[1] + m : part->n[1]) / k; /* as if one turn were enough */
    return true;
}

static void ask_inverse(char *out, size_t size, const struct parts *parts, const struct part *part,
                        char letter)
{
    (void)parts;
    snprintf(out, size, "%d%c=%d", part->n[0], letter, part->n[1]);
}

static void test_inverse(struct pocket_draft *draft, const struct parts *parts, const struct part *part,
                         int t)
{
    int m = parts->shared[0], product = part->n[0] * t, rest = product % m;
    draft_put(draft, "%d*%d=%d", part->n[0], t, product);
    if (product >= m || rest != product)
        draft_put(draft, "=%d", rest);
    draft_put(draft, " mod %d", m);
}

/* ---- handshakes among a people, and of each with k guests ---- */

static void share_guests(struct pocket_draft *draft, struct parts *parts)
{
    parts->shared[0] = draft_range(draft, 1, draft_by_level(draft, 3, 4, 5, 5, 6));
}

static bool draw_handshakes(struct pocket_draft *draft, const struct parts *parts, struct part *part)
{
    int t = draft_range(draft, 2, draft_by_level(draft, 6, 7, 8, 9, 10));
    *part = (struct part){.n = {t * (t - 1) / 2 + t * parts->shared[0]}, .right = t, .low = 2, .high = 10};
    part->tempting = root_below(part->n[0]); /* as if everybody shook as many hands as there are people */
    return true;
}

static void ask_number(char *out, size_t size, const struct parts *parts, const struct part *part,
                       char letter)
{
    (void)parts;
    (void)letter;
    snprintf(out, size, "%d", part->n[0]);
}

static void test_handshakes(struct pocket_draft *draft, const struct parts *parts, const struct part *part,
                            int t)
{
    (void)part;
    int k = parts->shared[0], both = t * (t - 1), among = both / 2;
    draft_put(draft, "%d*%d=%d, %d/2=%d, %d*%d=%d, %d+%d=%d", t, t - 1, both, both, among, t, k, t * k, among,
              t * k, among + t * k);
}

/* ---- a machine that multiplies and adds, twice ---- */

static void share_machine(struct pocket_draft *draft, struct parts *parts)
{
    parts->shared[0] = draft_range(draft, 2, draft_by_level(draft, 2, 3, 3, 3, 3));
    parts->shared[1] = draft_range(draft, 1, draft_by_level(draft, 4, 5, 5, 6, 6));
}

static int turn(const struct parts *parts, int t)
{
    return parts->shared[0] * t + parts->shared[1];
}

static bool draw_machine(struct pocket_draft *draft, const struct parts *parts, struct part *part)
{
    int t = draft_range(draft, 1, draft_by_level(draft, 6, 7, 8, 8, 9));
    *part = (struct part){.n = {turn(parts, turn(parts, t))}, .right = t, .low = 1, .high = 9};
    /* A number that ends in what the machine adds looks as if that were all it did. */
    int n = part->n[0], add = parts->shared[1];
    part->tempting = n % 10 == add ? n / 10 : t;
    return true;
}

static void test_machine(struct pocket_draft *draft, const struct parts *parts, const struct part *part,
                         int t)
{
    (void)part;
    int k = parts->shared[0], add = parts->shared[1], once = turn(parts, t);
    draft_put(draft, "%d*%d=%d, %d+%d=%d, %d*%d=%d, %d+%d=%d", k, t, k * t, k * t, add, once, k, once,
              k * once, k * once, add, k * once + add);
}

/* ---- the smaller root of x^2-sx+p ---- */

static bool draw_root(struct pocket_draft *draft, const struct parts *parts, struct part *part)
{
    (void)parts;
    int t = draft_range(draft, 1, draft_by_level(draft, 5, 6, 7, 8, 9));
    int other = draft_range(draft, t + 1, draft_by_level(draft, 9, 10, 11, 12, 12));
    *part = (struct part){.n = {t + other, t * other}, .right = t, .low = 1, .high = (t + other - 1) / 2};
    part->tempting = least_divisor(part->n[1]); /* whatever divides the product */
    return true;
}

static void ask_root(char *out, size_t size, const struct parts *parts, const struct part *part, char letter)
{
    (void)parts;
    (void)letter;
    snprintf(out, size, "x^2-%dx+%d", part->n[0], part->n[1]);
}

static void test_root(struct pocket_draft *draft, const struct parts *parts, const struct part *part, int t)
{
    (void)parts;
    int other = part->n[0] - t;
    draft_put(draft, "%d-%d=%d, %d*%d=%d", part->n[0], t, other, t, other, t * other);
}

/* ---- what all have in common ---- */

/* "7", "7 and 9", "7, 9 and 4": appends to hole `hole`. */
static void put_listed(struct pocket_draft *draft, int hole, size_t *len, int i, int count, const char *text)
{
    const char *before = i == 0 ? "" : i == count - 1 ? " and " : ", ";
    *len += (size_t)snprintf(draft->hole[hole] + *len, POCKET_HOLE_BYTES - *len, "%s%s", before, text);
}

static void ask_all(struct pocket_draft *draft, const struct parts *parts)
{
    size_t asked = 0, sum = 0, letters = 0;
    for (int i = 0; i < parts->count; i++) {
        char letter = (char)('a' + i), text[PART_BYTES];
        parts->kind->ask(text, sizeof text, parts, &parts->part[i], letter);
        put_listed(draft, 0, &asked, i, parts->count, text);
        sum += (size_t)snprintf(draft->hole[1] + sum, POCKET_HOLE_BYTES - sum, i ? "+%c" : "%c", letter);
        snprintf(text, sizeof text, "%c", letter);
        put_listed(draft, 2, &letters, i, parts->count, text);
    }
    draft_hole(draft, 3, "%d", parts->shared[0]);
    draft_hole(draft, 4, "%d", parts->shared[1]);
}

/* What an author who slips writes: a number near the right one, on either side. */
static int near_miss(struct pocket_draft *draft, const struct part *part)
{
    int low = part->right - 4 > part->low ? part->right - 4 : part->low;
    int high = part->right + 4 < part->high ? part->right + 4 : part->high;
    int chosen = part->right;
    while (chosen == part->right && low < high)
        chosen = draft_range(draft, low, high);
    return chosen;
}

/* The part as the question has it, and a number for its letter. */
static void put_choice(struct pocket_draft *draft, const struct parts *parts, int i, int chosen)
{
    char letter = (char)('a' + i), text[PART_BYTES];
    parts->kind->ask(text, sizeof text, parts, &parts->part[i], letter);
    draft_put(draft, "%s: %c=%d, ", text, letter, chosen);
}

/* How often a careless author slips at a choice: where there is more to do, each part gets less care. */
static int slip_percent(const struct parts *parts)
{
    return parts->count < 3 ? 3 : parts->count == 3 ? 8 : 14;
}

enum manner { HASTY, SURE, TRIES };

/* How an author goes about a part. Of the careless in a hundred: hasty, sure, trying. */
static enum manner draw_manner(struct pocket_draft *draft, const struct parts *parts, bool careless)
{
    static const int weak[] = {45, 23}, strong[] = {68, 18};
    const int *of = parts->kind->tempts ? strong : weak;
    int draw = draft_range(draft, careless ? 0 : of[HASTY], 99);
    return draw < of[HASTY] ? HASTY : draw < of[HASTY] + of[SURE] ? SURE : TRIES;
}

/* States a number, writes its test as it comes out, and goes on, with or without a look at it. */
static int write_stated(struct pocket_draft *draft, const struct parts *parts, int i, int chosen)
{
    put_choice(draft, parts, i, chosen);
    parts->kind->test(draft, parts, &parts->part[i], chosen);
    draft_line(draft, ".");
    return chosen;
}

static int write_tries(struct pocket_draft *draft, const struct parts *parts, int i)
{
    const struct part *part = &parts->part[i];
    int tries[8], n = draft_tries(draft, part->low, part->high, part->right, 1, tries);
    for (int k = 0; k < n; k++) {
        draft_put(draft, "Try ");
        put_choice(draft, parts, i, tries[k]);
        parts->kind->test(draft, parts, part, tries[k]);
        draft_line(draft, ". %s.", tries[k] == part->right ? "Yes" : "No");
    }
    return part->right;
}

/* The letter's line or lines, by its own pen, so that another attempt can have them again to the letter. */
static int write_choice(struct pocket_draft *draft, const struct parts *parts, int i, bool wrong)
{
    const struct part *part = &parts->part[i];
    struct rng pen, *outer = draft->rng;
    rng_init(&pen, draft->pen[i].seed);
    draft->rng = &pen;
    bool careless = draft->pen[i].careless;
    enum manner manner = draw_manner(draft, parts, careless);
    int chosen;
    if (wrong)
        chosen = write_stated(draft, parts, i,
                              part->tempting != part->right ? part->tempting : near_miss(draft, part));
    else if (manner == TRIES)
        chosen = write_tries(draft, parts, i);
    else if (careless && draft_chance(draft, slip_percent(parts)))
        chosen = write_stated(draft, parts, i, near_miss(draft, part));
    else
        chosen = write_stated(draft, parts, i, manner == HASTY ? part->tempting : part->right);
    draft->rng = outer;
    return chosen;
}

static void write_sum(struct pocket_draft *draft, const int *term, int n)
{
    int sum = term[0];
    for (int i = 1; i < n; i++) {
        draft_put(draft, i > 1 ? ", %d+%d=%d" : "%d+%d=%d", sum, term[i], sum + term[i]);
        sum += term[i];
    }
    if (n > 1)
        draft_line(draft, ".");
    draft_answer(draft, "%d", sum);
}

/* A part of the kind that is wanted, a trap or none, as far as the family has one with these numbers. */
static void draw_part(struct pocket_draft *draft, struct parts *parts, int i, bool trap)
{
    struct part *part = &parts->part[i];
    int draws = 0;
    bool drawn;
    do {
        drawn = parts->kind->draw(draft, parts, part);
        if (part->tempting < part->low)
            part->tempting = part->low;
        if (part->tempting > part->high)
            part->tempting = part->high;
    } while (!drawn || ((part->tempting != part->right) != trap && ++draws < TRAP_DRAWS_MAX));
}

static void generate(struct pocket_draft *draft, const struct parts_kind *kind)
{
    struct parts parts = {.kind = kind, .count = draft_by_level(draft, 2, 3, 5, 7, 9)};
    if (draft->practises && draft_chance(draft, 60))
        parts.count = draft_range(draft, 1, parts.count);
    int chosen[PARTS_MAX] = {0};
    if (kind->draw_shared)
        kind->draw_shared(draft, &parts);
    for (int i = 0; i < parts.count; i++)
        draw_part(draft, &parts, i, draft_chance(draft, TRAP_PERCENT));
    ask_all(draft, &parts);
    int wrong_at = draft->wrong ? draft_range(draft, 0, parts.count - 1) : -1;
    for (int i = 0; i < parts.count; i++)
        chosen[i] = write_choice(draft, &parts, i, i == wrong_at);
    write_sum(draft, chosen, parts.count);
}

#define PARTS(name, tempts_, shared_, draw_, ask_, test_)                                                    \
    void pocket_generate_##name(struct pocket_draft *draft)                                                  \
    {                                                                                                        \
        static const struct parts_kind kind = {                                                              \
            .tempts = tempts_, .draw_shared = shared_, .draw = draw_, .ask = ask_, .test = test_};           \
        generate(draft, &kind);                                                                              \
    }
PARTS(products, false, NULL, draw_product, ask_product, test_product)
PARTS(mixes, false, NULL, draw_mix, ask_mix, test_mix)
PARTS(divisors, false, NULL, draw_divisor, ask_divisor, test_divisor)
PARTS(inverses, false, share_modulus, draw_inverse, ask_inverse, test_inverse)
PARTS(handshakes, true, share_guests, draw_handshakes, ask_number, test_handshakes)
PARTS(machine, false, share_machine, draw_machine, ask_number, test_machine)
PARTS(roots, true, NULL, draw_root, ask_root, test_root)
