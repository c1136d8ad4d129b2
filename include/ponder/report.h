/* report.h - the runs of a store as a page to read, and their figures as tables to compute with. */
#ifndef PONDER_REPORT_H
#define PONDER_REPORT_H

#include <stdint.h>

#include "ponder/option.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is written where. Filled by ponder_options_default(ponder_report_options(), ..). Texts are borrowed.
 */
struct ponder_report_settings {
    const char *out;   /* the page: one HTML file that needs nothing else; NULL: none */
    const char *csv;   /* the figures, docs/report.md has the columns; NULL: none */
    const char *json;  /* the same as one JSON object; NULL: none */
    const char *title; /* NULL: made from the runs */
    int64_t samples;   /* shown of a question and run: the first ones */
    int64_t questions; /* shown with their samples: the first ones; the figures are of all */
};
PONDER_API const struct ponder_option *ponder_report_options(void);

struct ponder_report {
    int64_t runs, questions; /* that the figures are of */
    int64_t shown;           /* questions with a page of their own */
    int64_t bytes;           /* of the page */
};

/* Writes what the settings name. `runs` (run_count) are their numbers in the store, the first is what the
 * others are compared with; run_count 0: all of which something is done. Figures are graded anew from the
 * texts. The same store gives the same bytes. Each file is the old one or the new one, never half, and none
 * is written before all are made.
 *
 * The page's plots are drawn by gnuplot, which is started as a program: PONDER_E_NOT_FOUND where it is not
 * installed. PONDER_E_LIMIT for a page of over a gigabyte. `out` may be NULL. */
PONDER_API int ponder_report_write(const char *store, const int64_t *runs, int64_t run_count,
                                   const struct ponder_report_settings *settings, struct ponder_report *out,
                                   struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
