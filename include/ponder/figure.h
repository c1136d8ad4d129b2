/* figure.h - figures of Snell et al. 2024 from the runs of a store.
 *
 * A figure is made of series; a point of a series is a share of right answers at a budget, with its interval
 * over the questions, its measured cost, and its paired differences from the figure's first verified series
 * and from the one greedy answer. A method is shown at the temperature that was best for it on other
 * questions, since what is best for one is not for another; a second panel has all of them at one
 * temperature. The figure `temperature` has each method at each temperature that there are runs of.
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
    const char *group;   /* "all", or a quintile: "1 (easiest)" .. "5 (hardest)", "3 and 4" */
    double temperature;  /* of its samples; of the searches' steps */
    int64_t n;           /* samples, or beams */
    int64_t generations; /* as the strategy counts them: n, of lookahead n (k + 1) */
    double compute;      /* measured FLOPs, the verifier's included, over those of one sample */
    int64_t questions;   /* of the group */
    double seeds;        /* under how many each was asked, on average; of samples: n of how many */
    struct ponder_interval accuracy;
    struct ponder_interval over_1x, over_4x; /* minus the reference at as many generations, and at four times
                                                as many; NAN where there is none */
    struct ponder_interval over_greedy;      /* minus the one greedy answer */
};

struct ponder_figure_series {
    const char *label;
    int panel;                          /* 0: each at its best temperature; 1: all at one */
    struct ponder_figure_point *points; /* (count) by group, then by temperature, then by n */
    int64_t count;                      /* 0: the store has no run for it */
};

enum { PONDER_FIGURE_SERIES_MAX = 12, PONDER_FIGURE_PANELS = 2 };

/* Filled by ponder_options_default(ponder_figure_options(), ..). Texts are borrowed. */
struct ponder_figure_settings {
    const char *data;      /* of these questions; NULL: those of the newest samples */
    const char *chosen_on; /* each method at the temperature that is best on these questions, of the same
                              store; NULL: at that of its newest run */
    double temperature;    /* a second panel, all at this one; NAN ("auto"): none */
};
PONDER_API const struct ponder_option *ponder_figure_options(void);

struct ponder_figure {
    const char *name, *title;
    const char *reference; /* label of the series that the others are paired with */
    int64_t questions;
    int64_t quintiles_samples; /* per question, cut the quintiles: samples that no series scores. 0: there are
                                  none */
    const char *chosen_on;     /* questions that chose the temperatures, owned; NULL: none did */
    double temperature;        /* of the second panel; NAN: there is none */
    bool by_temperature;       /* accuracy by temperature, not by budget */
    struct ponder_figure_series series[PONDER_FIGURE_PANELS * PONDER_FIGURE_SERIES_MAX];
    int series_count;
};

/* Name and summary of figure `index`; NULL behind the last. */
PONDER_API const char *ponder_figure_name(int index, const char **summary);
/* PONDER_E_NOT_FOUND where the store has no run for any of its series. `settings` may be NULL. `*out` is the
 * caller's. */
PONDER_API int ponder_figure_make(const char *store, const char *name,
                                  const struct ponder_figure_settings *settings, struct ponder_figure **out,
                                  struct ponder_err *err) PONDER_USE;
/* The best temperature for each purpose but one answer, which is the greedy one, of the runs that a store has
 * of these questions (NULL: of those of its newest samples), by the shipped process verifier where one is
 * needed: the one with the largest mean accuracy over 4, 16 and 64 generations, as far as there are such; of
 * equals the lower. */
PONDER_API int ponder_sampling_choose(const char *store, const char *data, struct ponder_sampling_choice *out,
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
