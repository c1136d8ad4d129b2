/* html.h - text and figures as HTML. */
#ifndef PLOT_HTML_H
#define PLOT_HTML_H

#include <stdint.h>

#include "core/buf.h"
#include "ponder/eval.h"

/* Any bytes, for content and for attributes in double quotes: what HTML gives a meaning becomes a reference,
 * and what is no visible character an escape such as \x1b. Line ends and tabs pass where `lines` is set. */
void html_text(struct buf *out, const char *text, size_t len, bool lines);
void html_string(struct buf *out, const char *text); /* without line ends */
/* At most `len_max` bytes of it, on one line, with an ellipsis where that is not all. */
void html_opening(struct buf *out, const char *text, size_t len_max);

/* 1234567 -> 1,234,567; 2.13e10 -> 21.3 G; 0.391 -> 39.1. Without a value a dash. */
void html_count(struct buf *out, int64_t number);
void html_scaled(struct buf *out, double number);
/* The number over its prefix, which is one of "kMGTPE" or 0. */
double html_scale(double number, char *prefix);
void html_percent(struct buf *out, double share);
/* A number of tokens, generations or seconds, with as many digits as are of use. */
void html_amount(struct buf *out, double number);
/* "39.1 <i>34.8-43.5</i>" in per cent; with signs where it is a difference. */
void html_interval(struct buf *out, const struct ponder_interval *interval);
/* A difference of shares in points of a per cent, with its sign. */
void html_points(struct buf *out, double share);
void html_difference(struct buf *out, const struct ponder_interval *interval);

#endif
