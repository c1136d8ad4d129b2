/* fuzz_answer.c - two answers, parted by the first newline, from anywhere: whatever they are, they are
 * compared soon, the verdict does not depend on their order, and each is equal to itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"

static bool equal(const char *a, size_t n, const char *b, size_t m)
{
    const char *how = NULL;
    bool same = answer_equal(a, n, b, m, &how);
    if (!how)
        abort();
    return same;
}

/* The answer that is found in a text is a part of it, or parts of it joined, and never longer than joints
 * make it. */
static void find(const char *text, size_t len)
{
    struct buf answer = BUF_INIT(len + 64);
    bool found;
    if (answer_find(text, len, ANSWER_ANY_SIGN, &answer, &found) || (found && answer.len == 0))
        abort();
    buf_release(&answer);
    for (int mode = ANSWER_BOX_ONLY; mode <= ANSWER_NO_FORMULA; mode++) {
        char *written;
        if (answer_of_text(text, len, (enum answer_mode)mode, &written))
            abort();
        free(written);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    char *part = memchr(text, '\n', size);
    size_t n = part ? (size_t)(part - text) : size / 2, skip = part ? 1 : 0;
    char *a = malloc(n + 1),
         *b = malloc(size - n - skip + 1); /* of their own, so that reading past one is seen */
    size_t m = size - n - skip;
    memcpy(a, text, n);
    memcpy(b, text + n + skip, m);
    if (equal(a, n, b, m) != equal(b, m, a, n))
        abort();
    if (strcspn(text, "0123456789") < n &&
        !equal(a, n, a, n)) /* without a digit it may be no answer at all */
        abort();
    find(a, n);
    find(b, m);
    free(a);
    free(b);
    free(text);
    return 0;
}
