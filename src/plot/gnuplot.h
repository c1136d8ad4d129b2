/* gnuplot.h - gnuplot as a program that is started: commands in, SVG out. */
#ifndef PLOT_GNUPLOT_H
#define PLOT_GNUPLOT_H

#include "core/buf.h"

enum { GNUPLOT_SECONDS_MAX = 30, GNUPLOT_SVG_BYTES_MAX = 1 << 24 };

/* Appends what gnuplot prints for `commands`, which set their terminal themselves. PONDER_E_NOT_FOUND where
 * it is not installed, PONDER_E_ENGINE with its own first words where it fails, PONDER_E_TIMEOUT. */
int gnuplot_run(struct buf *out, const struct buf *commands, struct ponder_err *err) PONDER_USE;

/* Writes it to `path`: the old file or the new one, never half. PONDER_E_MEMORY where `commands` are not
 * whole.
 */
int gnuplot_write(const char *path, const struct buf *commands, struct ponder_err *err) PONDER_USE;

/* A colour that stands for a CSS variable until gnuplot_inline_svg() puts that in: number 0 for var(--fg), 1
 * for var(--grid), 2 and up for var(--c1) .. */
enum { GNUPLOT_INK, GNUPLOT_GRID, GNUPLOT_SERIES, GNUPLOT_SERIES_MAX = 8 };
void gnuplot_colour(struct buf *commands, int number);
enum { GNUPLOT_HEX_BYTES = 8 };
const char *gnuplot_colour_hex(int number, char text[GNUPLOT_HEX_BYTES]); /* "#rrggbb" */

/* Appends the drawing as an <svg> for the inside of an HTML page: no ids that others may have too, the page's
 * font, colours by CSS variables. A text "@3@" becomes texts[3], escaped. `label` is what a screen reader
 * says. PONDER_E_ENGINE where `svg` is none. */
int gnuplot_inline_svg(struct buf *out, const struct buf *svg, const char *label, const char *const *texts,
                       int text_count, struct ponder_err *err) PONDER_USE;

#endif
