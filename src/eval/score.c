/* score.c - puts a verifier's scores beside labelled solutions, a question a line, and goes on where an
 * earlier run ended; then reports (judge.c). */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/json.h"
#include "eval/judge.h"
#include "eval/score.h"
#include "lm/ponder_model.h"
#include "verifier/scorer.h"

struct work {
    const struct ponder_score_settings *settings;
    const struct ponder_watch *watch;
    struct scorer *scorer;
    struct jsonl *in;
    FILE *out;
    int64_t done, total; /* questions scored, questions of the file */
    double began_s;
};

static void work_release(struct work *work)
{
    scorer_release(work->scorer);
    jsonl_release(work->in);
    if (work->out)
        fclose(work->out);
}

/* ---- one question ---- */

/* Equal texts are scored once. */
static int score_record(struct work *work, struct labelled *record, struct ponder_err *err)
{
    struct scorer_item *items = calloc((size_t)record->count + 1, sizeof *items);
    int64_t count = 0;
    int status = items ? PONDER_OK : err_memory(err, "scores");
    for (int64_t i = 0; i < record->count && !status; i++) {
        struct labelled_text *text = &record->texts[i];
        free(text->scores);
        text->scores = calloc((size_t)text->lines + 1, sizeof *text->scores);
        if (!text->scores)
            status = err_memory(err, "scores");
        else if (labelled_first_equal(record, i) == i)
            items[count++] =
                (struct scorer_item){record->problem, text->text, text->scores, text->lines, 0, false};
    }
    if (!status)
        status = scorer_run(work->scorer, items, count, err);
    for (int64_t i = 0; i < record->count && !status; i++) {
        int64_t same = labelled_first_equal(record, i);
        if (same != i)
            memcpy(record->texts[i].scores, record->texts[same].scores,
                   (size_t)record->texts[i].lines * sizeof(float));
    }
    free(items);
    return status;
}

/* The record as it was read, with the scores put in. */
static int write_record(struct work *work, const struct labelled *record, json_t *root,
                        struct ponder_err *err)
{
    json_t *samples = json_object_get(root, "samples");
    int failed = 0;
    for (int64_t i = 0; i < record->count && !failed; i++) {
        json_t *scores = json_array();
        for (int k = 0; k < record->texts[i].lines; k++)
            failed |= json_array_append_new(scores, json_real((double)record->texts[i].scores[k]));
        failed |= json_object_set_new(json_array_get(samples, (size_t)i), "scores", scores);
    }
    char *text = failed ? NULL : json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(7));
    if (!text)
        return err_memory(err, "a scored question");
    bool written = fputs(text, work->out) >= 0 && fputc('\n', work->out) != EOF && fflush(work->out) == 0;
    free(text);
    return written ? PONDER_OK
                   : err_set(err, PONDER_E_IO, "--out: %s cannot be written", work->settings->out);
}

static bool go_on(const struct work *work)
{
    if (!work->watch || !work->watch->progress)
        return true;
    struct ponder_progress progress = {.done = work->done,
                                       .total = work->total,
                                       .unit = "questions",
                                       .seconds = clock_now_s(&clock_system) - work->began_s,
                                       .tokens = scorer_tokens(work->scorer)};
    return work->watch->progress(&progress, work->watch->data);
}

static int score_one(struct work *work, struct labelled *record, json_t *root, struct ponder_err *err)
{
    int status = score_record(work, record, err);
    if (!status)
        status = write_record(work, record, root, err);
    if (status)
        return jsonl_prefix(work->in, status, err);
    work->done++;
    return go_on(work)
               ? PONDER_OK
               : err_set(err, PONDER_E_CANCELLED, "stopped after %lld of %lld questions; they are kept in %s",
                         (long long)work->done, (long long)work->total, work->settings->out);
}

static int score_all(struct work *work, struct ponder_err *err)
{
    int more = 1, status = PONDER_OK;
    while (!status && more > 0) {
        struct labelled record;
        json_t *root;
        more = labelled_next(work->in, &record, &root, err);
        status = more > 0 ? score_one(work, &record, root, err) : more;
        labelled_release(&record);
        json_decref(root);
    }
    return status;
}

/* ---- going on ---- */

/* Whether a line of ours is about the question that comes next. */
static bool is_next(struct work *work, const char *line, size_t len)
{
    json_t *theirs = json_loadb(line, len, 0, NULL), *ours = NULL;
    const json_t *problem = json_object_get(theirs, "problem");
    bool same = jsonl_next(work->in, &ours, NULL) == 1 && json_is_string(problem) &&
                json_equal(problem, json_object_get(ours, "problem"));
    json_decref(theirs);
    json_decref(ours);
    return same;
}

/* Passes what `out` holds already: whole lines, in the order of the samples. A line that was cut off is
 * dropped. */
static int skip_done(struct work *work, struct ponder_err *err)
{
    FILE *file = fopen(work->settings->out, "r");
    char *line = NULL;
    size_t cap = 0;
    off_t whole = 0;
    int status = PONDER_OK;
    ssize_t n;
    while (file && !status && (n = getline(&line, &cap, file)) > 0 && line[n - 1] == '\n') {
        if (!is_next(work, line, (size_t)n))
            status = err_set(err, PONDER_E_FORMAT,
                             "%s, question %lld: this is not the scores of %s; give --out another name",
                             work->settings->out, (long long)work->done + 1, work->settings->samples);
        whole += n;
        work->done++;
    }
    free(line);
    if (file)
        fclose(file);
    if (!status && file && truncate(work->settings->out, whole))
        status = err_set(err, PONDER_E_IO, "--out: %s cannot be written", work->settings->out);
    return status;
}

static int count_lines(struct work *work, struct ponder_err *err)
{
    struct jsonl *file;
    const char *text;
    size_t len;
    int status = jsonl_open(&file, work->settings->samples, err), more = 0;
    while (!status && (more = jsonl_next_text(file, &text, &len, err)) > 0)
        work->total++;
    jsonl_release(file);
    return status ? status : more;
}

static int open_files(struct work *work, struct ponder_err *err)
{
    const struct ponder_score_settings *s = work->settings;
    int status = count_lines(work, err);
    if (!status)
        status = jsonl_open(&work->in, s->samples, err);
    if (!status)
        status = skip_done(work, err);
    if (status)
        return status;
    work->out = fopen(s->out, "a");
    return work->out ? PONDER_OK : err_set(err, PONDER_E_IO, "--out: %s cannot be written", s->out);
}

static int score_file(struct work *work, struct ponder_err *err)
{
    struct scorer_options options = {.threads = (int)work->settings->threads};
    int status = precision_parse(work->settings->precision, &options.precision, err);
    if (!status)
        status = open_files(work, err);
    if (status || work->done == work->total)
        return status;
    status = scorer_open(&work->scorer, work->settings->verifier, &options, err);
    work->began_s = clock_now_s(&clock_system);
    return status ? status : score_all(work, err);
}

static int check(const struct ponder_score_settings *s, struct ponder_err *err)
{
    if (!s->samples)
        return err_set(err, PONDER_E_ARGUMENT, "--samples is missing: a file that `ponder task check` wrote");
    if (s->verifier && !s->out)
        return err_set(err, PONDER_E_ARGUMENT, "--out is missing: where the scores go");
    return PONDER_OK;
}

int ponder_score_run(const struct ponder_score_settings *settings, const struct ponder_watch *watch,
                     struct ponder_score *score, struct ponder_err *err)
{
    *score = (struct ponder_score){0};
    struct work work = {.settings = settings, .watch = watch};
    enum verifier_aggregate how = VERIFIER_LAST;
    int status = check(settings, err);
    if (!status)
        status = score_aggregate(settings, &how, err);
    if (!status && settings->verifier)
        status = score_file(&work, err);
    if (work.scorer)
        score->verifier_tokens = scorer_tokens(work.scorer);
    work_release(&work);
    return status ? status
                  : judge_report(settings->verifier ? settings->out : settings->samples, how, score, err);
}
