/* pocket_draft.c - the small tools with which every generator draws numbers and writes its lines. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "task/pocket.h"

int draft_range(struct pocket_draft *draft, int low, int high)
{
    return rng_range(draft->rng, low, high);
}

bool draft_chance(struct pocket_draft *draft, int percent)
{
    return draft_range(draft, 1, 100) <= percent;
}

int draft_by_level(const struct pocket_draft *draft, int a, int b, int c, int d, int e)
{
    const int value[POCKET_LEVELS] = {a, b, c, d, e};
    return value[draft->level - 1];
}

void draft_hole(struct pocket_draft *draft, int index, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(draft->hole[index], POCKET_HOLE_BYTES, format, args);
    va_end(args);
}

static void pocket_draft_put(struct pocket_draft *draft, const char *format, va_list args)
{
    size_t room = POCKET_SOLUTION_BYTES - draft->solution_len;
    int n = vsnprintf(draft->solution + draft->solution_len, room, format, args);
    draft->solution_len += (size_t)n < room ? (size_t)n : room - 1;
}

void draft_put(struct pocket_draft *draft, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pocket_draft_put(draft, format, args);
    va_end(args);
}

void draft_line(struct pocket_draft *draft, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pocket_draft_put(draft, format, args);
    va_end(args);
    draft_put(draft, "\n");
}

void draft_answer(struct pocket_draft *draft, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(draft->answer, POCKET_ANSWER_BYTES, format, args);
    va_end(args);
}

void draft_distinct(struct pocket_draft *draft, int n, int low, int high, int *out)
{
    for (int i = 0; i < n; i++) {
        bool seen;
        do {
            out[i] = draft_range(draft, low, high);
            seen = false;
            for (int j = 0; j < i; j++)
                seen |= out[j] == out[i];
        } while (seen);
    }
}

void draft_shuffle(struct pocket_draft *draft, int *items, int n)
{
    for (int i = n - 1; i > 0; i--) {
        int j = draft_range(draft, 0, i), held = items[i];
        items[i] = items[j];
        items[j] = held;
    }
}

bool draft_guesses(struct pocket_draft *draft)
{
    return draft->wrong || draft_chance(draft, 40);
}

int draft_fails(struct pocket_draft *draft, int most)
{
    static const int up_to[] = {30, 60, 82, 95, 100}; /* percent with at most so many fails */
    int draw = draft_range(draft, 1, 100), fails = 0;
    while (draw > up_to[fails])
        fails++;
    return fails < most ? fails : most;
}

int draft_tries(struct pocket_draft *draft, int low, int high, int right, int most, int *out)
{
    if (right - low <= most && draft_chance(draft, 25)) {
        for (int i = low; i <= right; i++)
            out[i - low] = i;
        return right - low + 1;
    }
    int fails = draft_fails(draft, most < high - low ? most : high - low), n = 0;
    while (n < fails) {
        int candidate = draft_range(draft, low, high);
        bool taken = candidate == right;
        for (int i = 0; i < n; i++)
            taken |= out[i] == candidate;
        if (!taken)
            out[n++] = candidate;
    }
    out[n++] = right;
    return n;
}

int draft_choice(struct pocket_draft *draft, int low, int high, int right)
{
    int choice = right;
    while (draft->wrong && choice == right && high > low)
        choice = draft_range(draft, low, high);
    return choice;
}

struct number_text number_factor(int value)
{
    struct number_text text;
    snprintf(text.s, sizeof text.s, value < 0 ? "(%d)" : "%d", value);
    return text;
}

struct poly_text poly_print(const int *coefficient, int degree)
{
    struct poly_text text = {.s = ""};
    size_t n = 0;
    for (int i = degree; i >= 0; i--) {
        int c = coefficient[i];
        if (c == 0)
            continue;
        if (i > 0 && (c == 1 || c == -1))
            n += (size_t)snprintf(text.s + n, sizeof text.s - n, "%s", c < 0 ? "-" : n ? "+" : "");
        else
            n += (size_t)snprintf(text.s + n, sizeof text.s - n, n ? "%+d" : "%d", c);
        if (i > 1)
            n += (size_t)snprintf(text.s + n, sizeof text.s - n, "x^%d", i);
        else if (i == 1)
            n += (size_t)snprintf(text.s + n, sizeof text.s - n, "x");
    }
    if (n == 0)
        snprintf(text.s, sizeof text.s, "0");
    return text;
}

int int_gcd(int a, int b)
{
    while (b) {
        int rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}
