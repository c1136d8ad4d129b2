#include "select/vote.h"

#include <math.h>
#include <stdlib.h>

/* Totals that differ by less than this part of them are the same. */
#define TIE_PART 1e-12

static int64_t solution_of(const struct ballots *ballots, int64_t i)
{
    return ballots->picked ? ballots->picked[i] : i;
}

/* Whether no solution that votes was given a weight. */
static bool none_weighed(const struct ballots *ballots)
{
    for (int64_t i = 0; ballots->weights && i < ballots->n; i++) {
        int64_t solution = solution_of(ballots, i);
        if (ballots->of[solution] >= 0 && !isnan(ballots->weights[solution]))
            return false;
    }
    return true;
}

static double weight_of(const struct ballots *ballots, int64_t solution, bool all_alike)
{
    double weight = all_alike ? 1 : isnan(ballots->weights[solution]) ? 0 : ballots->weights[solution];
    return ballots->repeats ? weight * ballots->repeats[solution] : weight;
}

static bool is_more(double a, double b)
{
    return a > b + TIE_PART * fabs(b);
}

int64_t vote(const struct ballots *ballots, double *totals, int64_t class_count)
{
    bool all_alike = none_weighed(ballots);
    int64_t elected = -1;
    for (int64_t c = 0; c < class_count; c++)
        totals[c] = -1;
    for (int64_t i = 0; i < ballots->n; i++) {
        int64_t solution = solution_of(ballots, i), c = ballots->of[solution];
        if (c >= 0)
            totals[c] = fmax(totals[c], 0) + weight_of(ballots, solution, all_alike);
    }
    for (int64_t i = 0; i < ballots->n; i++) { /* in this order, so that of equals the first seen stays */
        int64_t c = ballots->of[solution_of(ballots, i)];
        if (c >= 0 && (elected < 0 || is_more(totals[c], totals[elected])))
            elected = c;
    }
    return elected;
}

double vote_tied_share(const double *totals, int64_t class_count, const bool *right)
{
    double most = -1;
    int64_t tied = 0, good = 0;
    for (int64_t c = 0; c < class_count; c++)
        most = fmax(most, totals[c]);
    for (int64_t c = 0; c < class_count && most >= 0; c++)
        if (totals[c] >= 0 && !is_more(most, totals[c])) {
            tied++;
            good += right[c];
        }
    return tied ? (double)good / (double)tied : 0;
}

/* ---- as a list ---- */

static bool is_likelier(const double *logprobs, int64_t challenger, int64_t holder)
{
    return logprobs && !isnan(logprobs[challenger]) &&
           (isnan(logprobs[holder]) || logprobs[challenger] > logprobs[holder]);
}

static int by_count_then_first(const void *a, const void *b)
{
    const struct vote_row *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

static int64_t row_with_first(const struct vote_row *rows, int64_t count, int64_t first)
{
    int64_t row = 0;
    while (row < count && rows[row].first != first)
        row++;
    return row;
}

int64_t vote_rows(const int64_t *of, const double *logprobs, int64_t n, struct vote_row *rows,
                  int64_t *row_of)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        if (of[i] < 0)
            continue;
        int64_t row = 0;
        while (row < count && of[rows[row].first] != of[i])
            row++;
        if (row == count)
            rows[count++] = (struct vote_row){.first = i, .best = i};
        rows[row].count++;
        if (is_likelier(logprobs, i, rows[row].best))
            rows[row].best = i;
        if (row_of)
            row_of[i] = rows[row].first;
    }
    if (count)
        qsort(rows, (size_t)count, sizeof *rows, by_count_then_first);
    for (int64_t i = 0; row_of && i < n; i++)
        row_of[i] = of[i] >= 0 ? row_with_first(rows, count, row_of[i]) : -1;
    return count;
}
