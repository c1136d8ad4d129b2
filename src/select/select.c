/* select.c - what texts agree on where no answer can be voted for. */
#include "select/select.h"

#include <stdlib.h>
#include <string.h>

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
