/* rescore.c - the samples of a stored run, judged by a verifier, as another run of the store. */
#include <stdlib.h>

#include "core/array.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/json.h"
#include "eval/run_record.h"
#include "verify/score.h"
#include "store/store.h"
#include "tree/ledger.h"

struct key {
    int64_t seed, question;
};

struct work {
    const struct ponder_score_settings *settings;
    const struct ponder_watch *watch;
    struct ponder_rescore *out;
    struct verifier verifier;
    struct store *store;
    struct ponder_run source;
    struct run_record record; /* of the source */
    struct questions questions;
    struct key *keys; /* (key_count) the cells of the source */
    int64_t key_count, key_cap;
    double began_s;
};

static void work_release(struct work *work)
{
    verifier_release(&work->verifier);
    store_release(work->store);
    run_record_release(&work->record);
    store_run_release(&work->source);
    questions_release(&work->questions);
    free(work->keys);
}

/* ---- the run ---- */

/* The source's settings with the verifier's beside them; freed by the caller. */
static char *settings_text(const struct work *work)
{
    struct run_record record = work->record;
    record.verifier = run_file_name(work->settings->verifier);
    record.aggregate = verifier_aggregate_name(work->verifier.aggregate);
    record.verifier_hash = work->verifier.hash;
    return run_record_print(&record);
}

static int check_source(const struct work *work, struct ponder_err *err)
{
    enum ponder_run_kind kind = work->record.kind;
    if (kind == PONDER_RUN_SAMPLES)
        return PONDER_OK;
    return kind == PONDER_RUN_JUDGED
               ? err_set(err, PONDER_E_ARGUMENT,
                         "run %lld has a verifier's scores already; name the run of its samples",
                         (long long)work->source.id)
               : err_set(err, PONDER_E_ARGUMENT,
                         "run %lld is of %.40s; whole samples can be judged, those of best_of_n",
                         (long long)work->source.id,
                         work->record.search ? work->record.search : ponder_run_kind_name(kind));
}

static int begin_run(struct work *work, struct ponder_err *err)
{
    char *settings = settings_text(work), *fingerprint = run_fingerprint_text();
    int status = settings && fingerprint ? PONDER_OK : err_memory(err, "a run's settings");
    struct store_run_key key = {.data = work->source.data,
                                .questions = &work->questions,
                                .model = work->source.model,
                                .kind = PONDER_RUN_JUDGED,
                                .settings = settings,
                                .fingerprint = fingerprint};
    if (!status)
        status = store_run_begin(work->store, &key, &work->out->run, err);
    free(settings);
    free(fingerprint);
    return status;
}

static int add_key(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    struct work *work = data;
    if (work->settings->seed && cell->seed != work->settings->seed)
        return PONDER_OK;
    if (array_reserve(&work->keys, sizeof *work->keys, &work->key_cap, work->key_count + 1, INT32_MAX))
        return err_memory(err, "the questions");
    work->keys[work->key_count++] = (struct key){cell->seed, cell->question};
    return PONDER_OK;
}

static int open_all(struct work *work, struct ponder_err *err)
{
    const struct ponder_score_settings *s = work->settings;
    int status = score_open(s, &work->verifier, err);
    if (!status)
        status = store_open(&work->store, s->samples, STORE_CHANGE, err);
    if (!status)
        status = store_run_find(work->store, s->run, &work->source, err);
    if (!status)
        status = run_record_of_run(&work->record, &work->source, err);
    if (!status)
        status = check_source(work, err);
    if (!status)
        status = store_run_questions(work->store, s->run, &work->questions, err);
    if (!status)
        status = store_cells_read(work->store, s->run, 0, -1, add_key, work, err);
    if (!status && work->key_count == 0)
        status = err_set(err, PONDER_E_NOT_FOUND, "run %lld has nothing done%s", (long long)s->run,
                         s->seed ? " under that seed" : "");
    work->out->source = s->run;
    work->out->asked = work->key_count;
    return status ? status : begin_run(work, err);
}

/* ---- one cell ---- */

/* A cell's samples before the verifier. */
struct judging {
    struct verifier_item *items;  /* (n) */
    struct store_sample *samples; /* (n) those of the source, with scores */
    float *raw;                   /* what the items point into .. */
    double *scores;               /* .. and the samples */
};

static void judging_release(struct judging *judging)
{
    free(judging->items);
    free(judging->samples);
    free(judging->raw);
    free(judging->scores);
}

/* No solution has more steps than lines. */
static int lines_of(const struct store_sample *sample)
{
    int lines = 1;
    for (size_t i = 0; i < sample->len && lines < STORE_SCORES_MAX; i++)
        lines += sample->text[i] == '\n';
    return lines;
}

static int judging_init(struct judging *out, struct verifier_case *of, const struct store_cell *cell)
{
    size_t room = 0, at = 0, n = (size_t)cell->n;
    for (size_t i = 0; i < n; i++)
        room += (size_t)lines_of(&cell->samples[i]);
    *out = (struct judging){calloc(n + 1, sizeof *out->items), calloc(n + 1, sizeof *out->samples),
                            calloc(room + 1, sizeof *out->raw), calloc(room + 1, sizeof *out->scores)};
    if (!out->items || !out->samples || !out->raw || !out->scores)
        return PONDER_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct store_sample *sample = &cell->samples[i];
        int lines = lines_of(sample);
        out->items[i] = (struct verifier_item){.of = of,
                                               .text = sample->text ? sample->text : "",
                                               .len = sample->len,
                                               .ended = true,
                                               .scores = out->raw + at,
                                               .scores_max = lines};
        out->samples[i] = *sample;
        out->samples[i].scores = out->scores + at;
        at += (size_t)lines;
    }
    return PONDER_OK;
}

static void take_scores(struct judging *judging, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const struct verifier_item *item = &judging->items[i];
        double *scores = judging->scores + (item->scores - judging->raw);
        for (int k = 0; k < item->count; k++)
            scores[k] = (double)item->scores[k];
        /* One too long for the verifier has none, and is worth 0. */
        judging->samples[i].score_count = item->count;
    }
}

static int judge_cell(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    struct work *work = data;
    const struct question *question = &work->questions.items[cell->question];
    struct verifier_case one = verifier_case_of(question->problem, question->answer);
    struct judging judging;
    double begun_s = clock_now_s(&clock_system);
    int status = judging_init(&judging, &one, cell) ? err_memory(err, "scores") : PONDER_OK;
    if (!status)
        status = verifier_accept(&work->verifier, &one, err);
    if (!status)
        status = verifier_score(&work->verifier, judging.items, cell->n, NULL, err);
    verifier_forget(&work->verifier, &one);
    struct store_cell scored = *cell;
    ledger_add(&scored.cost, &one.cost);
    scored.cost.seconds += clock_now_s(&clock_system) - begun_s;
    scored.samples = judging.samples;
    work->out->verifier_tokens += one.cost.verifier_tokens + one.cost.recomputed_tokens;
    if (!status) {
        take_scores(&judging, cell->n);
        status = store_cell_put(work->store, work->out->run, &scored, err);
    }
    judging_release(&judging);
    return status ? err_prefix(err, status, "%s", question->id) : PONDER_OK;
}

/* ---- all of them ---- */

static bool go_on(const struct work *work)
{
    if (!work->watch || !work->watch->progress)
        return true;
    struct ponder_progress progress = {.done = work->out->done,
                                       .total = work->out->asked,
                                       .unit = "questions",
                                       .seconds = clock_now_s(&clock_system) - work->began_s,
                                       .tokens = work->out->verifier_tokens};
    return work->watch->progress(&progress, work->watch->data);
}

static int judge_all(struct work *work, struct ponder_err *err)
{
    int status = PONDER_OK;
    work->began_s = clock_now_s(&clock_system);
    for (int64_t i = 0; i < work->key_count && !status; i++) {
        const struct key *key = &work->keys[i];
        enum store_claim claim;
        status = store_cell_claim(work->store, work->out->run, key->seed, key->question, &claim, err);
        if (status || claim == STORE_CLAIM_OTHERS)
            continue;
        if (claim == STORE_CLAIM_MINE)
            status = store_cells_read(work->store, work->source.id, key->seed, key->question, judge_cell,
                                      work, err);
        work->out->resumed += claim == STORE_CLAIM_DONE;
        work->out->done += !status;
        if (!status && !go_on(work))
            status = err_set(
                err, PONDER_E_CANCELLED, "stopped after %lld of %lld questions; they are kept in run %lld",
                (long long)work->out->done, (long long)work->out->asked, (long long)work->out->run);
    }
    return status;
}

int ponder_score_store(const struct ponder_score_settings *settings, const struct ponder_watch *watch,
                       struct ponder_rescore *out, struct ponder_err *err)
{
    *out = (struct ponder_rescore){0};
    struct work work = {.settings = settings, .watch = watch, .out = out};
    if (!settings->verifier)
        return err_set(err, PONDER_E_ARGUMENT, "--verifier is missing: who is to judge the run's samples");
    if (settings->out)
        return err_set(err, PONDER_E_ARGUMENT,
                       "--out: the scores of a run go into its store, as a run of their own");
    if (!settings->run)
        return err_set(err, PONDER_E_ARGUMENT,
                       "--run is missing: which run's samples; `ponder runs list` shows them");
    int status = open_all(&work, err);
    if (!status)
        status = judge_all(&work, err);
    out->probe_tokens = work.verifier.probed.verifier_tokens + work.verifier.probed.recomputed_tokens;
    work_release(&work);
    return status;
}

int ponder_rescore_json(const struct ponder_rescore *rescore, char **json, struct ponder_err *err)
{
    return json_print(json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "run", (json_int_t)rescore->run,
                                "source", (json_int_t)rescore->source, "asked", (json_int_t)rescore->asked,
                                "done", (json_int_t)rescore->done, "resumed", (json_int_t)rescore->resumed,
                                "verifier_tokens", (json_int_t)rescore->verifier_tokens, "probe_tokens",
                                (json_int_t)rescore->probe_tokens),
                      json, err);
}
