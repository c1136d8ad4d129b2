/* score.c - puts a verifier's scores beside labelled solutions, a question a line, and goes on where an
 * earlier run ended; then reports (judge.c). */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/json.h"
#include "verify/judge.h"
#include "eval/run_record.h"
#include "verify/score.h"

struct work {
    const struct ponder_score_settings *settings;
    const struct ponder_watch *watch;
    struct verifier verifier;
    struct jsonl *in;
    FILE *out;
    int64_t done, total; /* questions scored, questions of the file */
    int64_t tokens;      /* the verifier's */
    double began_s;
};

static void work_release(struct work *work)
{
    verifier_release(&work->verifier);
    jsonl_release(work->in);
    if (work->out)
        fclose(work->out);
}

/* ---- one question ---- */

/* Labels are a line's; a verifier of whole solutions says the same of every line. */
static int lay_out(struct labelled_text *text, const struct verifier_item *item, struct ponder_err *err)
{
    if (item->count == 1 && item->whole)
        for (int i = 1; i < text->lines; i++)
            text->scores[i] = text->scores[0];
    else if (item->whole && item->count != text->lines)
        return err_set(err, PONDER_E_ARGUMENT,
                       "the verifier has %d scores for a solution of %d lines, and the labels are the lines'",
                       item->count, text->lines);
    return PONDER_OK;
}

static int new_item(struct labelled_text *text, struct verifier_case *of, struct verifier_item *out)
{
    free(text->scores);
    text->scores = calloc((size_t)text->lines + 1, sizeof *text->scores);
    *out = (struct verifier_item){.of = of,
                                  .text = text->text,
                                  .len = strlen(text->text),
                                  .ended = true,
                                  .scores = text->scores,
                                  .scores_max = text->lines ? text->lines : 1};
    return text->scores ? PONDER_OK : PONDER_E_MEMORY;
}

static int run_items(struct work *work, struct verifier_case *one, struct verifier_item *items, int64_t count,
                     struct ponder_err *err)
{
    int status = verifier_accept(&work->verifier, one, err);
    if (!status)
        status = verifier_score(&work->verifier, items, count, NULL, err);
    verifier_forget(&work->verifier, one);
    work->tokens += one->cost.verifier_tokens + one->cost.recomputed_tokens;
    return status;
}

/* Equal texts are scored once. */
static int score_record(struct work *work, struct labelled *record, struct ponder_err *err)
{
    struct verifier_case one = verifier_case_of(record->problem, record->answer);
    struct verifier_item *items = calloc((size_t)record->count + 1, sizeof *items);
    int64_t count = 0;
    int status = items ? PONDER_OK : err_memory(err, "scores");
    for (int64_t i = 0; i < record->count && !status; i++)
        if (labelled_first_equal(record, i) == i && new_item(&record->texts[i], &one, &items[count++]))
            status = err_memory(err, "scores");
    if (!status)
        status = run_items(work, &one, items, count, err);
    for (int64_t i = 0, next = 0; i < record->count && !status; i++)
        if (labelled_first_equal(record, i) == i)
            status = lay_out(&record->texts[i], &items[next++], err);
    for (int64_t i = 0; i < record->count && !status; i++) {
        struct labelled_text *text = &record->texts[i];
        struct verifier_item copy;
        int64_t same = labelled_first_equal(record, i);
        if (same != i && new_item(text, &one, &copy))
            status = err_memory(err, "scores");
        else if (same != i)
            memcpy(text->scores, record->texts[same].scores, (size_t)text->lines * sizeof(float));
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
    failed |= json_object_set_new(root, "verifier_hash", run_hash_json(work->verifier.hash));
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
                                       .tokens = work->tokens};
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

/* Whether a line of ours is about the question that comes next, and by the same verifier. */
static bool is_next(struct work *work, const char *line, size_t len)
{
    json_t *theirs = json_loadb(line, len, 0, NULL), *ours = NULL, *hash = run_hash_json(work->verifier.hash);
    const json_t *problem = json_object_get(theirs, "problem"),
                 *by = json_object_get(theirs, "verifier_hash");
    bool same = jsonl_next(work->in, &ours, NULL) == 1 && json_is_string(problem) &&
                json_equal(problem, json_object_get(ours, "problem")) && by && hash && json_equal(by, hash);
    json_decref(theirs);
    json_decref(ours);
    json_decref(hash);
    return same;
}

/* Passes what `out` holds already: whole lines, in the order of the samples. A line that was cut off is
 * dropped; what has no whole line is nothing of ours. */
static int skip_done(struct work *work, struct ponder_err *err)
{
    const char *out = work->settings->out;
    char *line = NULL;
    size_t cap = 0;
    off_t whole = 0;
    int status = PONDER_OK;
    ssize_t n = -1;
    while (!status && (n = getline(&line, &cap, work->out)) > 0 && line[n - 1] == '\n') {
        if (!is_next(work, line, (size_t)n))
            status = err_set(
                err, PONDER_E_FORMAT,
                "%s, question %lld: this is not the scores of %s by this verifier; give --out another name",
                out, (long long)work->done + 1, work->settings->samples);
        whole += n;
        work->done++;
    }
    free(line);
    if (!status && ferror(work->out))
        return err_set(err, PONDER_E_IO, "--out: %s cannot be read", out);
    if (!status && n > 0 && whole == 0)
        return err_set(err, PONDER_E_FORMAT,
                       "--out: %s has no whole line of scores; give another name, or remove it", out);
    if (!status && (ftruncate(fileno(work->out), whole) || fseeko(work->out, 0, SEEK_END)))
        status = err_set(err, PONDER_E_IO, "--out: %s cannot be written", out);
    return status;
}

/* For reading and appending, by this process alone. */
static int open_out(struct work *work, struct ponder_err *err)
{
    const struct ponder_score_settings *s = work->settings;
    struct stat at;
    bool other = stat(s->out, &at) == 0 && !S_ISREG(at.st_mode);
    if (other || file_is_same(s->out, s->samples))
        return err_set(err, PONDER_E_ARGUMENT, "--out: %s is %s; name another file", s->out,
                       other ? "no ordinary file" : "what --samples reads");
    work->out = fopen(s->out, "a+e");
    if (!work->out)
        return err_set(err, PONDER_E_IO, "--out: %s cannot be written", s->out);
    if (flock(fileno(work->out), LOCK_EX | LOCK_NB))
        return err_set(err, PONDER_E_IO, "--out: another program is writing %s; wait for its end", s->out);
    return PONDER_OK;
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
    int status = count_lines(work, err);
    if (!status)
        status = jsonl_open(&work->in, work->settings->samples, err);
    if (!status)
        status = open_out(work, err);
    return status ? status : skip_done(work, err);
}

static int score_file(struct work *work, struct ponder_err *err)
{
    int status = score_open(work->settings, &work->verifier, err);
    if (!status)
        status = open_files(work, err);
    work->began_s = clock_now_s(&clock_system);
    return status || work->done == work->total ? status : score_all(work, err);
}

static int score_check(const struct ponder_score_settings *s, struct ponder_err *err)
{
    if (!s->samples)
        return err_set(err, PONDER_E_ARGUMENT, "--samples is missing: a file that `ponder task check` wrote");
    if (s->verifier && strcmp(s->samples, "-") == 0)
        return err_set(err, PONDER_E_ARGUMENT, "--samples: scoring reads them twice; give a file, not -");
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
    int status = score_check(settings, err);
    if (!status)
        status = score_aggregate(settings, NULL, &how, err);
    if (!status && settings->verifier)
        status = score_file(&work, err);
    if (!status && settings->verifier)
        status = score_aggregate(settings, &work.verifier, &how, err);
    score->verifier_tokens = work.tokens;
    score->probe_tokens = work.verifier.probed.verifier_tokens + work.verifier.probed.recomputed_tokens;
    work_release(&work);
    return status ? status
                  : judge_report(settings->verifier ? settings->out : settings->samples, how, score, err);
}
