/* questions.h - a set of questions with their answers, from a JSONL file or from the Pocket generator.
 *
 * Records of a file, one object a line, gzip allowed:
 *   MATH (Hendrycks et al. 2021)  problem, solution, answer, level, subject (or type), unique_id; without an
 *                                 answer, what is boxed in the solution
 *   GSM8K (Cobbe et al. 2021)     question, answer: a solution whose last line is "#### ANSWER"
 *   plain                         question, answer
 * A name "pocket:test:COUNT[:SEED]" or "pocket:train:COUNT[:SEED]" is the generated set. */
#ifndef TASK_QUESTIONS_H
#define TASK_QUESTIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ponder/status.h"
#include "ponder/task.h"

enum { QUESTIONS_MAX = 1000000 };

struct question {
    char *problem, *answer;
    char *level;   /* "1" to "5", or "none" */
    char *subject; /* or "none" */
    char *id;
};

struct questions {
    struct question *items;
    int64_t count, cap;
    int64_t skipped;  /* lines that were no question */
    int64_t repeated; /* questions that stand in the set before */
};

struct questions_source {
    const char *data;
    int64_t limit; /* over 0: stops after so many */
    bool skip_bad; /* a bad line is left out; else it is an error */
    /* Told of bad lines that are skipped and of repeated questions, a line of text each, the first few one by
     * one; may be NULL. */
    void (*note)(const char *text, void *data);
    void *note_data;
};

/* PONDER_E_FORMAT names the line and what is missing there. Release `out` in any case. */
int questions_open(struct questions *out, const struct questions_source *source,
                   struct ponder_err *err) PONDER_USE;
void questions_release(struct questions *questions);

/* The generated set of a name "pocket:..". PONDER_E_ARGUMENT for another name; the message opens with the
 * `option` that has it. The caller frees the generator in any case. */
struct questions_pocket {
    struct ponder_pocket *generator;
    enum ponder_pocket_split split;
    int64_t count;
};
int questions_pocket_open(struct questions_pocket *out, const char *option, const char *name,
                          struct ponder_err *err) PONDER_USE;
/* Of all their texts, in order: two sets with the same hash are the same set. */
uint64_t questions_hash(const struct questions *questions);

enum { QUESTIONS_LEVEL_BYTES = 32 };
/* A level as text without MATH's "Level ", "" where there is none. */
void questions_level_text(const json_t *level, char text[QUESTIONS_LEVEL_BYTES]);
/* questions_file.c: appends the questions of a JSONL file, or of lines that stand open. */
struct jsonl;
int questions_read_lines(struct questions *out, const struct questions_source *source, struct jsonl *file,
                         struct ponder_err *err) PONDER_USE;
int questions_read_file(struct questions *out, const struct questions_source *source,
                        struct ponder_err *err) PONDER_USE;
/* Appends a copy of `question`, whose level and subject may be NULL or "". */
int questions_add(struct questions *out, const struct question *question, struct ponder_err *err) PONDER_USE;

#endif
