/* look.h - text of any bytes on one line of a terminal, cut to its columns. */
#ifndef CORE_LOOK_H
#define CORE_LOOK_H

#include "core/buf.h"
#include "ponder/text.h"

/* How many bytes of `text` fit into so many columns when it is shown; *used: the columns they take. */
size_t look_fit(const struct ponder_look *look, const char *text, size_t len, int64_t columns, int64_t *used);
/* Appends `text` made harmless, line ends and tabs as blanks, in at most so many columns: where it is longer
 * it ends with an ellipsis. Returns the columns it takes. */
int64_t look_text(const struct ponder_look *look, struct buf *out, const char *text, size_t len,
                  int64_t columns);
/* Appends an SGR sequence such as "1" (bold), "0" ends it; nothing without colour. */
void look_style(const struct ponder_look *look, struct buf *out, const char *code);
enum { LOOK_NUMBER_COLUMNS = 4, LOOK_BAR_COLUMNS = 5 };
/* Appends a score from 0 to 1 in its colour, "0.75", and where asked for a bar behind it, " ###--" in ASCII;
 * as many blanks for NAN. `dim` draws it paler. */
void look_score(const struct ponder_look *look, struct buf *out, double score, bool bar, bool dim);

#endif
