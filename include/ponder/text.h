/* text.h - texts and scores that came from a model or a file, shown to a person. */
#ifndef PONDER_TEXT_H
#define PONDER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ponder/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The bytes made harmless for a terminal, NUL-terminated and freed by the caller: control characters become
 * \x1b, bytes that are no UTF-8 become \xff, and marks that hide or reorder text become \u202e. Line ends and
 * tabs pass where `lines` is set. NULL: out of memory. */
PONDER_API char *ponder_text_escape(const char *text, size_t len, bool lines) PONDER_USE;

/* What the place where a drawing is shown can do. */
struct ponder_look {
    int64_t columns; /* longer lines are cut; 0: they may be of any length */
    bool colour;     /* SGR sequences */
    bool ascii;      /* nothing beyond ASCII */
};

/* The bytes on one line, made harmless as above, line ends and tabs as blanks; what is longer than the
 * columns ends with an ellipsis. Without colour. Freed by the caller; NULL: out of memory. */
PONDER_API char *ponder_text_line(const char *text, size_t len, const struct ponder_look *look) PONDER_USE;
/* The SGR code of a score from 0 to 1: green from 0.8, red under 0.5, yellow between. */
PONDER_API const char *ponder_score_colour(double score);

#ifdef __cplusplus
}
#endif
#endif
