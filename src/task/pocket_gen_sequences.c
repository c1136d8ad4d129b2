/* pocket_gen_sequences.c - sequences: terms and sums, the rule behind a few terms (found by trying rules),
 * steps forward modulo a number, and steps taken back. */
#include <stdio.h>

#include "task/pocket.h"

enum { TERMS_MAX = 8 };

static void put_terms(struct pocket_draft *draft, const int *term, int n)
{
    size_t len = 0;
    for (int i = 0; i < n; i++)
        len += (size_t)snprintf(draft->hole[0] + len, POCKET_HOLE_BYTES - len, i ? ", %d" : "%d", term[i]);
}

static int arithmetic(struct pocket_draft *draft, int *step)
{
    int first = draft_range(draft, 1, 20), term[3];
    *step = draft_range(draft, 2, draft_by_level(draft, 6, 7, 8, 9, 9));
    if (draft->level > 2 && draft_chance(draft, 20)) {
        first += 60;
        *step = -*step;
    }
    for (int i = 0; i < 3; i++)
        term[i] = first + i * *step;
    put_terms(draft, term, 3);
    draft_line(draft, "%d-%d=%d", term[1], term[0], *step);
    return first;
}

/* The n-th term in two lines; returns it. */
static int write_term(struct pocket_draft *draft, int first, int step, int n)
{
    int way = step * (n - 1);
    draft_line(draft, "%d*%s=%d", n - 1, number_factor(step).s, way);
    draft_line(draft, "%d%+d=%d", first, way, first + way);
    return first + way;
}

void pocket_generate_term(struct pocket_draft *draft)
{
    int step, first = arithmetic(draft, &step);
    int n = draft_range(draft, 5, draft_by_level(draft, 10, 13, 16, 21, 21));
    draft_hole(draft, 1, "%d", n);
    draft_answer(draft, "%d", write_term(draft, first, step, n));
}

void pocket_generate_series(struct pocket_draft *draft)
{
    int step, first = arithmetic(draft, &step),
              n = draft_range(draft, 4, draft_by_level(draft, 4, 5, 7, 9, 11));
    draft_hole(draft, 1, "%d", n);
    if (n <= 6 && draft_chance(draft, 40)) { /* term by term */
        int term = first, sum = first;
        for (int i = 1; i < n; i++) {
            term += step;
            draft_line(draft, "%d%+d=%d, %d+%s=%d", term - step, step, term, sum, number_factor(term).s,
                       sum + term);
            sum += term;
        }
        draft_answer(draft, "%d", sum);
        return;
    }
    int last = write_term(draft, first, step, n), both = first + last;
    draft_line(draft, "%d+%s=%d", first, number_factor(last).s, both);
    if (both % 2 == 0 && draft_chance(draft, 60)) {
        draft_line(draft, "%d/2=%d", both, both / 2);
        draft_line(draft, "%d*%d=%d", both / 2, n, both / 2 * n);
    } else {
        draft_line(draft, "%d*%d=%d", both, n, both * n);
        draft_line(draft, "%d/2=%d", both * n, both * n / 2);
    }
    draft_answer(draft, "%d", both * n / 2);
}

/* ---- what comes next ---- */

enum rule { SAME_STEP, SAME_RATIO, GROWING_STEP, SUM_OF_TWO, TWO_MIXED, RULES };
static const char *const rule_name[RULES] = {"step", "ratio", "growing step", "sum of two", "two mixed"};

static int draw_terms(struct pocket_draft *draft, enum rule rule, int *term, int n)
{
    int a = draft_range(draft, 1, 9 + 4 * draft->level), b = draft_range(draft, 1, 9),
        c = draft_range(draft, 1, 2 + draft->level);
    int d = draft_range(draft, 1, 20), e = draft_range(draft, 1, 9), ratio = draft_range(draft, 2, 4);
    for (int i = 0; i < n; i++) {
        switch (rule) {
        case SAME_STEP:
            term[i] = a + b * i;
            break;
        case SAME_RATIO:
            term[i] = i ? term[i - 1] * ratio : b;
            break;
        case GROWING_STEP:
            term[i] = i ? term[i - 1] + b + c * (i - 1) : a;
            break;
        case SUM_OF_TWO:
            term[i] = i > 1 ? term[i - 1] + term[i - 2] : i ? c + d / 2 : b;
            break;
        default:
            term[i] = i % 2 ? d + e * (i / 2) : a + b * (i / 2);
        }
    }
    return term[n - 1];
}

/* The first places where a rule can be looked at, as text after "Try ...: "; false where it does not hold
 * there. */
static bool write_rule(struct pocket_draft *draft, enum rule rule, const int *t, int n)
{
    bool holds = true;
    draft_put(draft, "Try %s: ", rule_name[rule]);
    if (rule == SAME_STEP || rule == GROWING_STEP) {
        for (int i = 1; i < n && (holds || rule == GROWING_STEP); i++) {
            draft_put(draft, i > 1 ? ", %d-%d=%d" : "%d-%d=%d", t[i], t[i - 1], t[i] - t[i - 1]);
            if (rule == SAME_STEP && i > 1)
                holds &= t[i] - t[i - 1] == t[1] - t[0];
            if (rule == GROWING_STEP && i > 2)
                holds &= t[i] - 2 * t[i - 1] + t[i - 2] == t[2] - 2 * t[1] + t[0];
        }
    } else if (rule == SAME_RATIO) {
        int ratio = t[1] / t[0];
        for (int i = 1; i < n && holds; i++) {
            draft_put(draft, i > 1 ? ", %d*%d=%d" : "%d*%d=%d", t[i - 1], ratio, t[i - 1] * ratio);
            holds = t[i - 1] * ratio == t[i];
        }
    } else if (rule == SUM_OF_TWO) {
        for (int i = 2; i < n && holds; i++) {
            draft_put(draft, i > 2 ? ", %d+%d=%d" : "%d+%d=%d", t[i - 2], t[i - 1], t[i - 2] + t[i - 1]);
            holds = t[i - 2] + t[i - 1] == t[i];
        }
    } else {
        for (int i = 2; i < n && holds; i++) {
            draft_put(draft, i > 2 ? ", %d-%d=%d" : "%d-%d=%d", t[i], t[i - 2], t[i] - t[i - 2]);
            if (i > 3)
                holds = t[i] - t[i - 2] == t[i - 2] - t[i - 4];
        }
    }
    draft_line(draft, ". %s.", holds ? "Yes" : "No");
    return holds;
}

static bool rule_holds(enum rule rule, const int *t, int n)
{
    bool holds = true;
    for (int i = 2; i < n; i++) {
        if (rule == SAME_STEP)
            holds &= t[i] - t[i - 1] == t[1] - t[0];
        else if (rule == SAME_RATIO)
            holds &= t[i] * t[0] == t[i - 1] * t[1] && t[1] % t[0] == 0;
        else if (rule == SUM_OF_TWO)
            holds &= t[i] == t[i - 1] + t[i - 2];
        else if (rule == GROWING_STEP)
            holds &= t[i] - 2 * t[i - 1] + t[i - 2] == t[2] - 2 * t[1] + t[0];
        else if (i > 3)
            holds &= t[i] - t[i - 2] == t[i - 2] - t[i - 4];
    }
    return holds;
}

static void write_next(struct pocket_draft *draft, enum rule rule, const int *t, int n)
{
    int next = t[n];
    if (rule == SAME_STEP)
        draft_line(draft, "%d+%d=%d", t[n - 1], t[1] - t[0], next);
    else if (rule == SAME_RATIO)
        draft_line(draft, "%d*%d=%d", t[n - 1], t[1] / t[0], next);
    else if (rule == SUM_OF_TWO)
        draft_line(draft, "%d+%d=%d", t[n - 2], t[n - 1], next);
    else if (rule == TWO_MIXED)
        draft_line(draft, "%d%+d=%d", t[n - 2], t[n - 2] - t[n - 4], next);
    else
        draft_line(draft, "%d+%d=%d, %d+%d=%d", t[n - 1] - t[n - 2], t[2] - 2 * t[1] + t[0], next - t[n - 1],
                   t[n - 1], next - t[n - 1], next);
    draft_answer(draft, "%d", next);
}

void pocket_generate_next(struct pocket_draft *draft)
{
    int rules = draft_by_level(draft, 2, 4, 4, 5, 5), term[TERMS_MAX], n, rule;
    bool clear;
    do {
        rule = draft_range(draft, draft->level > 3 ? 1 : 0, rules - 1);
        n = rule == TWO_MIXED ? 6 : draft->level > 2 && draft_chance(draft, 30) ? 5 : 4;
        clear = draw_terms(draft, (enum rule)rule, term, n + 1) <= 200;
        for (int other = 0; other < RULES; other++)
            clear &= other == rule || (other == TWO_MIXED && rule != TWO_MIXED && n < 6) ||
                     !rule_holds((enum rule)other, term, n);
        clear |= rule == SAME_STEP && term[n] <= 200;
    } while (!clear);
    put_terms(draft, term, n);
    if (!draft_guesses(draft)) {
        int order[RULES] = {0, 1, 2, 3, 4}, fails = draft_fails(draft, 3);
        draft_shuffle(draft, order, rules);
        for (int i = 0; i < rules && fails; i++) {
            bool usable = order[i] != rule && !rule_holds((enum rule)order[i], term, n) &&
                          !(order[i] == TWO_MIXED && n < 5) && !(order[i] == SAME_RATIO && term[1] < term[0]);
            if (usable) {
                write_rule(draft, (enum rule)order[i], term, n);
                fails--;
            }
        }
        write_rule(draft, (enum rule)rule, term, n);
    }
    write_next(draft, (enum rule)rule, term, n);
}

/* ---- steps forward and back ---- */

void pocket_generate_steps(struct pocket_draft *draft)
{
    int m = draft_range(draft, 4, draft_by_level(draft, 8, 10, 12, 13, 15)),
        n = draft_by_level(draft, 2, 3, 4, 5, 6);
    int x = draft_range(draft, 1, m - 1), a = draft_range(draft, 2, m - 1 < 9 ? m - 1 : 9),
        b = draft_range(draft, 1, m - 1);
    const int holes[] = {x, a, b, m, n};
    for (int i = 0; i < 5; i++)
        draft_hole(draft, i, "%d", holes[i]);
    for (int i = 0; i < n; i++) {
        int value = x * a + b;
        draft_put(draft, "%d*%d+%d=%d+%d=%d", x, a, b, x * a, b, value);
        if (value >= m)
            draft_put(draft, "=%d", value % m);
        draft_line(draft, " mod %d", m);
        x = value % m;
    }
    draft_answer(draft, "%d", x);
}

static void write_forward(struct pocket_draft *draft, int x, int a, int b, int steps)
{
    for (int i = 0; i < steps; i++, x = x * a + b)
        draft_put(draft, "%s%d*%d+%d=%d", i ? ", " : "", x, a, b, x * a + b);
}

void pocket_generate_backwards(struct pocket_draft *draft)
{
    int steps = draft_by_level(draft, 1, 2, 2, 3, 3), a, b, start, end;
    do {
        a = draft_range(draft, 2, draft_by_level(draft, 6, 4, 5, 3, 4));
        b = draft_range(draft, 1, draft_by_level(draft, 12, 9, 15, 9, 12));
        start = end = draft_range(draft, 1, 12);
        for (int i = 0; i < steps; i++)
            end = end * a + b;
    } while (end > 300);
    const int holes[] = {a, b, steps, end};
    for (int i = 0; i < 4; i++)
        draft_hole(draft, i, "%d", holes[i]);
    draft_answer(draft, "%d", start);
    if (!draft->wrong && draft_chance(draft, 45)) { /* undo step by step */
        for (int i = 0; i < steps; i++) {
            draft_line(draft, "%d-%d=%d, %d/%d=%d", end, b, end - b, end - b, a, (end - b) / a);
            end = (end - b) / a;
        }
        return;
    }
    int tries[8], n = draft->wrong ? 1 : draft_tries(draft, 1, 12, start, 3, tries);
    if (draft->wrong)
        tries[0] = draft_choice(draft, 1, 12, start);
    for (int i = 0; i < n; i++) {
        draft_put(draft, "Try %d: ", tries[i]);
        write_forward(draft, tries[i], a, b, steps);
        draft_line(draft, ". %s.", tries[i] == start || draft->wrong ? "Yes" : "No");
    }
    draft_answer(draft, "%d", tries[n - 1]);
}
