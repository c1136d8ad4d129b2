/* figure.h - figures of Snell et al. 2024 from the runs of a store.
 *
 * A figure is made of series; a point of a series is a share of right answers at a budget, with its interval
 * over the questions, its measured cost, and its paired difference from the figure's first verified series.
 * Which figures there are, and which runs each needs: `ponder figure`, paper/README.md. */
#ifndef PONDER_FIGURE_H
#define PONDER_FIGURE_H

#include <stdint.h>

#include "ponder/eval.h"
#include "ponder/status.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ponder_figure_point {
    const char *group;   /* "all", or a fifth: "1 (easiest)" .. "5 (hardest)", "3 and 4" */
    int64_t n;           /* samples, or beams */
    int64_t generations; /* as the strategy counts them: n, of lookahead n (k + 1) */
    double compute;      /* measured FLOPs, the verifier's included, over those of one sample */
    int64_t questions;   /* of the group */
    double seeds;        /* under how many each was asked, on average; of samples: n of how many */
    struct ponder_interval accuracy;
    struct ponder_interval over_1x, over_4x; /* minus the reference at as many generations, and at four times
                                                as many; NAN where there is none */
};

struct ponder_figure_series {
    const char *label;
    struct ponder_figure_point *points; /* (count) by group, then by n */
    int64_t count;                      /* 0: the store has no run for it */
};

enum { PONDER_FIGURE_SERIES_MAX = 10 };

struct ponder_figure {
    const char *name, *title;
    const char *reference; /* label of the series that the others are paired with */
    int64_t questions;
    int64_t
        fifths_samples; /* per question, cut the fifths: samples that no series scores. 0: there are none */
    struct ponder_figure_series series[PONDER_FIGURE_SERIES_MAX];
    int series_count;
};

/* Name and summary of figure `index`; NULL behind the last. */
PONDER_API const char *ponder_figure_name(int index, const char **summary);
/* PONDER_E_NOT_FOUND where the store has no run for any of its series. `*out` is the caller's. */
PONDER_API int ponder_figure_make(const char *store, const char *name, struct ponder_figure **out,
                                  struct ponder_err *err) PONDER_USE;
PONDER_API void ponder_figure_release(struct ponder_figure *figure);
/* As Markdown and as JSON, freed by the caller. */
PONDER_API int ponder_figure_markdown(const struct ponder_figure *figure, char **text,
                                      struct ponder_err *err) PONDER_USE;
PONDER_API int ponder_figure_json(const struct ponder_figure *figure, char **json,
                                  struct ponder_err *err) PONDER_USE;
/* Writes it as an SVG that stands alone, drawn by gnuplot (PONDER_E_NOT_FOUND where that is not installed):
 * the old file or the new one, never half. */
PONDER_API int ponder_figure_draw(const struct ponder_figure *figure, const char *path,
                                  struct ponder_err *err) PONDER_USE;

#ifdef __cplusplus
}
#endif
#endif
