/* select.c - majority over answers, and the longest agreement where there are none. */
#include "search/select.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool better(const double *logprobs, int64_t challenger, int64_t holder)
{
    return logprobs && !isnan(logprobs[challenger]) &&
           (isnan(logprobs[holder]) || logprobs[challenger] > logprobs[holder]);
}

static int by_count_then_first(const void *a, const void *b)
{
    const struct select_vote *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

static int64_t vote_with_first(const struct select_vote *votes, int64_t count, int64_t first)
{
    int64_t row = 0;
    while (row < count && votes[row].first != first)
        row++;
    return row;
}

int64_t select_majority(const int64_t *of, const double *logprobs, int64_t n, struct select_vote *votes,
                        int64_t *vote_of)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        if (of[i] < 0)
            continue;
        int64_t row = 0;
        while (row < count && of[votes[row].first] != of[i])
            row++;
        if (row == count)
            votes[count++] = (struct select_vote){.first = i, .best = i};
        votes[row].count++;
        if (better(logprobs, i, votes[row].best))
            votes[row].best = i;
        if (vote_of)
            vote_of[i] = votes[row].first;
    }
    if (count)
        qsort(votes, (size_t)count, sizeof *votes, by_count_then_first);
    for (int64_t i = 0; vote_of && i < n; i++)
        vote_of[i] = of[i] >= 0 ? vote_with_first(votes, count, vote_of[i]) : -1;
    return count;
}

static int by_bytes(const void *a, const void *b)
{
    const struct select_text *x = a, *y = b;
    size_t shorter = (size_t)(x->len < y->len ? x->len : y->len);
    int order = shorter ? memcmp(x->text, y->text, shorter) : 0;
    return order ? order : x->len < y->len ? -1 : x->len > y->len;
}

static int64_t shared_opening(const struct select_text *a, const struct select_text *b)
{
    int64_t shorter = a->len < b->len ? a->len : b->len, i = 0;
    while (i < shorter && a->text[i] == b->text[i])
        i++;
    return i;
}

/* Back to the last line end inside the opening, or else out of the middle of a UTF-8 character. */
static int64_t whole(const struct select_text *text, int64_t len)
{
    if (len == text->len)
        return len;
    for (int64_t i = len; i > 0; i--)
        if (text->text[i - 1] == '\n')
            return i;
    while (len > 0 && ((unsigned char)text->text[len] & 0xc0) == 0x80)
        len--;
    return len;
}

int64_t select_agreement(const struct select_text *texts, int64_t n, int64_t *owner, int64_t *agreeing)
{
    *owner = n ? 0 : -1;
    *agreeing = 0;
    struct select_text *sorted = n ? malloc((size_t)n * sizeof *sorted) : NULL;
    if (!sorted)
        return 0;
    memcpy(sorted, texts, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_bytes);
    /* Texts that share an opening are neighbours once sorted. */
    int64_t best = 0;
    for (int64_t need = n > 2 ? (n + 1) / 2 : n; need >= 1 && best == 0; need /= 2)
        for (int64_t i = 0; i + need <= n; i++) {
            int64_t len = whole(&sorted[i], shared_opening(&sorted[i], &sorted[i + need - 1]));
            if (len <= best)
                continue;
            best = len;
            for (*owner = 0; texts[*owner].text != sorted[i].text; ++*owner)
                ;
        }
    for (int64_t i = 0; best && i < n; i++)
        *agreeing += texts[i].len >= best && memcmp(texts[i].text, texts[*owner].text, (size_t)best) == 0;
    free(sorted);
    return best;
}
