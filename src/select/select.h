/* select.h - what candidates share where none has an answer. */
#ifndef SELECT_SELECT_H
#define SELECT_SELECT_H

#include <stdint.h>

/* The longest opening that many texts share, as text and how many share it. Asked of at least half of the
 * texts first, then of a quarter, and so on down to one, until there is such an opening of at least one
 * character; cut back to whole lines where it has one. Returns its length in bytes; *owner is a text that
 * begins with it. */
struct select_text {
    const char *text;
    int64_t len;
};
int64_t select_agreement(const struct select_text *texts, int64_t n, int64_t *owner, int64_t *agreeing);

#endif
