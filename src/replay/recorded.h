/* recorded.h - samples that were recorded earlier, in memory, whichever format they were stored in.
 *
 * A run of a store, or a file of JSONL, one question a line, in one of three formats:
 *   samples           ours: "samples", objects with "text" and what else is known of each
 *   search-and-learn  "completions", lists "scores" and "agg_scores" beside it, and what it picked:
 *                     "pred_maj@n" and its kin
 *   qwen              of Qwen2.5-Math's evaluation: "code", lists "pred", "score" (verdicts) and "pred_score"
 *
 * A file has one format. Lines of one question (the same "unique_id", or without ids the same problem) that
 * were made with different seeds of one run are put together, in the order of their seeds. Everything else
 * that stands twice is refused, and so are scores that are no numbers, and step scores outside 0 to 1. */
#ifndef REPLAY_RECORDED_H
#define REPLAY_RECORDED_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "ponder/status.h"

enum {
    RECORDED_SAMPLES_MAX = 1 << 16, /* of one question, over all its lines */
    RECORDED_STEPS_MAX = 1 << 14,   /* step scores of a sample */
    RECORDED_PICKS_MAX = 256,
};

enum recorded_verdict { RECORDED_UNJUDGED, RECORDED_WRONG, RECORDED_RIGHT };

struct recorded_sample {
    const char *text; /* with a NUL behind its `len` bytes */
    int64_t len;
    int64_t tokens;      /* -1: not recorded */
    double logprob;      /* mean of a token; NAN: not recorded */
    const float *scores; /* (steps) 0 to 1; NULL: not recorded */
    int64_t steps;
    double score;       /* of the whole solution, any number; NAN: not recorded */
    const char *answer; /* as recorded; NULL: none */
    bool cut;           /* recorded as cut off before its end */
    enum recorded_verdict verdict;
};

/* The answer that the recording program picked among the first n. */
struct recorded_pick {
    const char *method; /* "majority", "best_of_n" or "weighted" */
    int64_t n;
    const char *answer;
};

struct recorded_question {
    const char *id; /* the problem where there is none */
    const char *problem, *answer;
    const char *level, *subject; /* "none" where not recorded */
    struct recorded_sample *samples;
    int64_t n; /* >= 1 */
    struct recorded_pick *picks;
    int64_t pick_count;
    int64_t index; /* of the question in its run's set; -1: not recorded */
    int64_t line;  /* in the file */
    int64_t seed;  /* of the run, 0 where not recorded */
};

struct recorded {
    struct recorded_question *questions; /* in the order of the file */
    int64_t count, cap;
    const char *format;  /* "samples", "search-and-learn" or "qwen" */
    struct arena memory; /* of everything a question points to */
    json_t *run;         /* of the first line, where there is one */
};

/* Reads a whole file; "-" is standard input. Of a store, the run of that number; `run` 0: the only one it
 * has. Errors begin with path and line. Release `out` in any case. */
int recorded_read(struct recorded *out, const char *path, int64_t run, struct ponder_err *err) PONDER_USE;
/* The same from lines that stand open; errors about the whole call them `name`. */
struct jsonl;
int recorded_read_lines(struct recorded *out, struct jsonl *file, const char *name,
                        struct ponder_err *err) PONDER_USE;
void recorded_release(struct recorded *recorded);

/* Nothing yet. */
void recorded_init(struct recorded *out);
/* recorded_formats.c: adds the question of one line. */
int recorded_add(struct recorded *out, const json_t *record, int64_t line, struct ponder_err *err) PONDER_USE;
/* recorded_merge.c: puts the lines of one question together. Errors begin with a line. */
int recorded_merge(struct recorded *out, const char *name, struct ponder_err *err) PONDER_USE;

#endif
