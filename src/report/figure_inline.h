/* figure_inline.h - a figure of the paper inside a page. */
#ifndef REPORT_FIGURE_INLINE_H
#define REPORT_FIGURE_INLINE_H

#include "core/buf.h"
#include "ponder/figure.h"

/* Appends it as an <svg> in the page's own colours; errors as those of gnuplot_run(). */
int figure_inline(struct buf *out, const struct ponder_figure *figure, struct ponder_err *err) PONDER_USE;

#endif
