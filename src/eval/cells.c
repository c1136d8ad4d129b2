#include "eval/cells.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/err.h"
#include "eval/prompts.h"
#include "tree/ledger.h"

enum { LOOK_AGAIN_US = 200000, PIECE_AFTER_S = 5 };

const struct question *cells_question(const struct cells *cells, int64_t cell)
{
    return &cells->questions.items[cell % cells->questions.count];
}

int64_t cells_seed(const struct cells *cells, int64_t cell)
{
    return cells->seeds[cell / cells->questions.count];
}

static void cells_tell(const char *text, void *data)
{
    const struct cells *cells = data;
    if (cells->watch && cells->watch->note)
        cells->watch->note(text, cells->watch->data);
}

/* ---- grading ---- */

static int cells_grade(struct cells *cells, int64_t cell, const struct best_of_n_sample *samples,
                       const struct ponder_ledger *cost, struct ponder_err *err)
{
    struct grade *grade = &cells->grades[cell];
    if (grade->n > 0)
        return PONDER_OK;
    if (grade_samples(grade, cells_question(cells, cell), samples, cells->extract, cells->n, cells->ks,
                      cells->k_count))
        return err_memory(err, "the grades");
    cells->costs[cell] = *cost;
    cells->right += grade->maj[cells->k_count - 1];
    cells->done++;
    return PONDER_OK;
}

/* Where a seed stands in the list, or -1. */
static int64_t seed_index(const struct cells *cells, int64_t seed)
{
    int64_t low = 0, high = cells->seed_count - 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (cells->seeds[middle] < seed)
            low = middle + 1;
        else
            high = middle;
    }
    return cells->seed_count > 0 && cells->seeds[low] == seed ? low : -1;
}

struct best_of_n_sample *cells_samples_of(const struct store_cell *stored)
{
    struct best_of_n_sample *samples = calloc((size_t)stored->n + 1, sizeof *samples);
    for (int64_t i = 0; samples && i < stored->n; i++) {
        const struct store_sample *sample = &stored->samples[i];
        samples[i] = (struct best_of_n_sample){.text = (char *)sample->text,
                                               .len = sample->len,
                                               .token_count = sample->token_count,
                                               .finish = engine_finish_of(sample->finish)};
    }
    return samples;
}

static int take_stored(void *data, const struct store_cell *stored, struct ponder_err *err)
{
    struct cells *cells = data;
    int64_t seed = seed_index(cells, stored->seed), question = stored->question;
    if (seed < 0)
        return PONDER_OK; /* another one */
    if (question < 0 || question >= cells->questions.count || stored->n != cells->n)
        return err_set(err, PONDER_E_FORMAT,
                       "run %lld: question %lld with %lld samples does not belong there",
                       (long long)cells->run, (long long)question, (long long)stored->n);
    struct best_of_n_sample *samples = cells_samples_of(stored);
    if (!samples)
        return err_memory(err, "samples");
    int64_t cell = seed * cells->questions.count + question;
    int status = cells_grade(cells, cell, samples, &stored->cost, err);
    grade_clear_samples(&cells->grades[cell]);
    free(samples);
    cells->resumed++;
    return status;
}

/* ---- opening ---- */

static int open_questions(struct cells *cells, struct ponder_err *err)
{
    const struct ponder_eval_settings *settings = cells->job->settings;
    struct questions_source source = {settings->data, settings->limit, settings->skip_bad, cells_tell, cells};
    int status = questions_open(&cells->questions, &source, err);
    cells->seeds = calloc((size_t)settings->seeds, sizeof *cells->seeds);
    if (!status && !cells->seeds)
        status = err_memory(err, "seeds");
    for (int64_t i = 0; i < settings->seeds && !status; i++)
        cells->seeds[cells->seed_count++] = cells->job->sampling->seed + i;
    cells->count = cells->questions.count * cells->seed_count;
    return status;
}

/* Every seed's prompts one after the other. */
static int fill_prompts(struct cells *cells, struct ponder_err *err)
{
    int64_t per_seed = cells->questions.count;
    cells->prompts = calloc((size_t)cells->count, sizeof *cells->prompts);
    if (!cells->prompts)
        return err_memory(err, "prompts");
    int status = PONDER_OK;
    for (int64_t first = 0; first < cells->count && !status; first += per_seed)
        status = prompts_fill(cells->prompts + first, &cells->questions, cells->job->template,
                              cells_seed(cells, first), err);
    return status;
}

static int allocate(struct cells *cells, struct ponder_err *err)
{
    cells->grades = calloc((size_t)cells->count, sizeof *cells->grades);
    cells->costs = calloc((size_t)cells->count, sizeof *cells->costs);
    cells->pieces = calloc((size_t)cells->count, sizeof *cells->pieces);
    return cells->grades && cells->costs && cells->pieces ? PONDER_OK : err_memory(err, "the grades");
}

int cells_open_store(struct cells *cells, struct ponder_err *err)
{
    const struct eval_job *job = cells->job;
    if (!job->settings->store)
        return PONDER_OK;
    char *fingerprint = run_fingerprint_text();
    struct store_run_key key = {.data = run_file_name(job->settings->data),
                                .questions = &cells->questions,
                                .model = run_file_name(job->model),
                                .kind = cells->record.kind,
                                .settings = cells->settings,
                                .fingerprint = fingerprint,
                                .mix = job->settings->mix};
    int status = fingerprint ? store_open(&cells->store, job->settings->store, STORE_WRITE, err)
                             : err_memory(err, "a run");
    if (!status)
        status = store_run_begin(cells->store, &key, &cells->run, err);
    if (!status)
        status = store_cells_read(cells->store, cells->run, 0, -1, take_stored, cells, err);
    free(fingerprint);
    return status;
}

int cells_open(struct cells *cells, const struct eval_job *job, int64_t n, const struct clock *clock,
               const struct ponder_watch *watch, struct ponder_err *err)
{
    *cells = (struct cells){.job = job, .clock = clock, .watch = watch, .n = n};
    cells->k_count = grade_ks(n, cells->ks);
    cells->extract = job->extract;
    cells->record = run_record_of_job(job);
    cells->settings = run_record_print(&cells->record);
    int status = cells->settings ? open_questions(cells, err) : err_memory(err, "settings");
    if (!status)
        status = allocate(cells, err);
    if (!status)
        status = fill_prompts(cells, err);
    cells->begun_s = cells->mark_s = clock_now_s(clock);
    return status;
}

void cells_release(struct cells *cells)
{
    for (int64_t c = 0; cells->grades && c < cells->count; c++)
        grade_release(&cells->grades[c]);
    prompts_free(cells->prompts, cells->count);
    free(cells->grades);
    for (int64_t c = 0; cells->pieces && c < cells->count; c++)
        pieces_release(&cells->pieces[c]);
    free(cells->pieces);
    free(cells->costs);
    free(cells->settings);
    free(cells->seeds);
    run_record_release(&cells->record);
    if (cells->job)
        store_release(cells->store);
    questions_release(&cells->questions);
    *cells = (struct cells){0};
}

/* ---- a run that is only read ---- */

/* Notes the seeds there are, in order, and the samples of the first cell. */
static int note_seed(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    struct cells *cells = data;
    if (cells->n == 0)
        cells->n = cell->n;
    if (cells->seed_count > 0 && cells->seeds[cells->seed_count - 1] == cell->seed)
        return PONDER_OK;
    if (cells->seed_count == PONDER_EVAL_SEEDS_MAX)
        return err_set(err, PONDER_E_LIMIT, "run %lld: more than %d seeds", (long long)cells->run,
                       PONDER_EVAL_SEEDS_MAX);
    cells->seeds[cells->seed_count++] = cell->seed;
    return PONDER_OK;
}

static int find_seeds(struct cells *cells, struct ponder_err *err)
{
    cells->seeds = calloc(PONDER_EVAL_SEEDS_MAX, sizeof *cells->seeds);
    if (!cells->seeds)
        return err_memory(err, "seeds");
    int status = store_cells_read(cells->store, cells->run, 0, -1, note_seed, cells, err);
    if (!status && cells->n == 0)
        status = err_set(err, PONDER_E_NOT_FOUND, "run %lld: no question of it is done yet",
                         (long long)cells->run);
    return status;
}

static int read_record(struct cells *cells, struct ponder_err *err)
{
    struct ponder_run run;
    int status = store_run_find(cells->store, cells->run, &run, err);
    if (!status)
        status = run_record_of_run(&cells->record, &run, err);
    const char *extract = cells->record.extract;
    cells->extract = extract && strcmp(extract, "any") == 0 ? ANSWER_ANY_SIGN : ANSWER_BOX_ONLY;
    store_run_release(&run);
    return status;
}

int cells_open_run(struct cells *cells, struct store *store, int64_t run, struct ponder_err *err)
{
    *cells = (struct cells){.store = store, .run = run};
    int status = store_run_questions(store, run, &cells->questions, err);
    if (!status)
        status = read_record(cells, err);
    if (!status)
        status = find_seeds(cells, err);
    if (status)
        return status;
    cells->count = cells->questions.count * cells->seed_count;
    cells->k_count = grade_ks(cells->n, cells->ks);
    status = allocate(cells, err);
    return status ? status : store_cells_read(store, run, 0, -1, take_stored, cells, err);
}

/* ---- doing ---- */

/* What the store says of a cell; one that is done there is taken over. */
static int ask_store(struct cells *cells, int64_t cell, enum store_claim *claim, struct ponder_err *err)
{
    int64_t seed = cells_seed(cells, cell), question = cell % cells->questions.count;
    int status = store_cell_claim(cells->store, cells->run, seed, question, claim, err);
    if (!status && *claim == STORE_CLAIM_DONE)
        status = store_cells_read(cells->store, cells->run, seed, question, take_stored, cells, err);
    return status;
}

int cells_claim(struct cells *cells, int64_t cell, bool *mine, struct ponder_err *err)
{
    enum store_claim claim = STORE_CLAIM_MINE;
    int status = cells->store ? ask_store(cells, cell, &claim, err) : PONDER_OK;
    *mine = claim == STORE_CLAIM_MINE;
    if (!status && *mine && cells->store)
        status = pieces_read(&cells->pieces[cell], cells->store, cells->run, cells_seed(cells, cell),
                             cell % cells->questions.count, cells->n, err);
    cells->pieces[cell].began_s = clock_now_s(cells->clock);
    return status;
}

bool cells_recall(const struct cells *cells, int64_t cell, int64_t i, struct driver_recalled *out)
{
    return cells->pieces[cell].count > 0 && pieces_find(&cells->pieces[cell], i, out);
}

int cells_keep_piece(struct cells *cells, int64_t cell, int64_t i, const struct best_of_n_sample *sample,
                     struct ponder_err *err)
{
    if (!cells->store || clock_now_s(cells->clock) < cells->pieces[cell].began_s + PIECE_AFTER_S)
        return PONDER_OK;
    const struct store_sample stored = {.text = sample->text,
                                        .len = sample->len,
                                        .tokens = sample->tokens,
                                        .token_count = sample->token_count,
                                        .logprob = sample->logprob,
                                        .finish = engine_finish_name(sample->finish)};
    return store_piece_put(cells->store, cells->run, cells_seed(cells, cell), cell % cells->questions.count,
                           i, &stored, err);
}

static bool any_failed(const struct best_of_n_sample *samples, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (samples[i].finish == ENGINE_FINISH_FAILED)
            return true;
    return false;
}

/* Grades cells->n samples that were done now, and whether they are to be kept; a cell with a failed one is
 * given up. */
static int settle(struct cells *cells, int64_t cell, const struct best_of_n_sample *samples,
                  const struct ponder_ledger *cost, bool *keep, struct ponder_err *err)
{
    struct ponder_ledger whole = *cost;
    double now_s = clock_now_s(cells->clock);
    pieces_release(&cells->pieces[cell]);
    whole.seconds = now_s - cells->mark_s;
    cells->mark_s = now_s;
    int status = cells_grade(cells, cell, samples, &whole, err);
    *keep = !status && cells->store && !any_failed(samples, cells->n);
    return status || !cells->store || *keep
               ? status
               : store_cell_unclaim(cells->store, cells->run, cells_seed(cells, cell),
                                    cell % cells->questions.count, err);
}

static int cells_put(struct cells *cells, int64_t cell, struct store_cell whole, struct ponder_err *err)
{
    whole.seed = cells_seed(cells, cell);
    whole.question = cell % cells->questions.count;
    whole.cost = cells->costs[cell];
    return store_cell_put(cells->store, cells->run, &whole, err);
}

static int put_samples(struct cells *cells, int64_t cell, const struct best_of_n_sample *samples,
                       struct ponder_err *err)
{
    const struct grade *grade = &cells->grades[cell];
    struct store_sample *stored = calloc((size_t)cells->n + 1, sizeof *stored);
    if (!stored)
        return err_memory(err, "samples");
    for (int64_t i = 0; i < cells->n; i++)
        stored[i] = (struct store_sample){.text = samples[i].text,
                                          .len = samples[i].len,
                                          .tokens = samples[i].tokens,
                                          .token_count = samples[i].token_count,
                                          .logprob = samples[i].logprob,
                                          .finish = engine_finish_name(samples[i].finish),
                                          .answer = grade->answers[i],
                                          .correct = grade->correct[i],
                                          .scores = samples[i].scores,
                                          .score_count = samples[i].score_count};
    int status = cells_put(cells, cell, (struct store_cell){.samples = stored, .n = cells->n}, err);
    free(stored);
    return status;
}

int cells_keep(struct cells *cells, int64_t cell, const struct best_of_n_sample *samples,
               const struct ponder_ledger *cost, struct ponder_err *err)
{
    bool keep;
    int status = settle(cells, cell, samples, cost, &keep, err);
    if (keep)
        status = put_samples(cells, cell, samples, err);
    grade_clear_samples(&cells->grades[cell]);
    return status;
}

int cells_keep_search(struct cells *cells, int64_t cell, const struct store_cell *searched,
                      const struct ponder_ledger *cost, struct ponder_err *err)
{
    bool keep = false;
    struct best_of_n_sample *samples = cells_samples_of(searched);
    int status = samples ? settle(cells, cell, &samples[searched->found->chosen], cost, &keep, err)
                         : err_memory(err, "samples");
    if (keep)
        status = cells_put(cells, cell, *searched, err);
    grade_clear_samples(&cells->grades[cell]);
    free(samples);
    return status;
}

/* ---- waiting for others ---- */

/* One look at all that is missing. */
static int look_again(struct cells *cells, bool *mine, int64_t *others, struct ponder_err *err)
{
    int status = PONDER_OK;
    *others = 0;
    for (int64_t c = 0; c < cells->count && !status; c++) {
        enum store_claim claim;
        if (cells->grades[c].n > 0)
            continue;
        status = ask_store(cells, c, &claim, err);
        *mine |= claim == STORE_CLAIM_MINE;
        *others += claim == STORE_CLAIM_OTHERS;
    }
    return status;
}

/* Once all that was claimed is done: waits until another cell is to be done here (*more), or none is missing,
 * or the watch ends it. */
static int wait_for_others(struct cells *cells, bool *more, struct ponder_err *err)
{
    struct ponder_progress progress = {.unit = "questions"};
    int64_t others = 0;
    int status = look_again(cells, more, &others, err);
    if (!status && others > 0 && !*more)
        cells_tell("the rest is being done by another process; waiting for it", cells);
    while (!status && others > 0 && !*more) {
        progress.seconds = clock_now_s(cells->clock) - cells->begun_s;
        double timeout_s = cells->job->sampling->timeout_s;
        if (!cells_progress(&progress, cells) || (timeout_s > 0 && progress.seconds >= timeout_s))
            break;
        usleep(LOOK_AGAIN_US);
        status = look_again(cells, more, &others, err);
    }
    return status;
}

static int64_t list_missing(const struct cells *cells, int64_t *list)
{
    int64_t count = 0;
    for (int64_t c = 0; c < cells->count; c++)
        if (cells->grades[c].n == 0)
            list[count++] = c;
    return count;
}

int cells_do(struct cells *cells, cells_pass *pass, void *data, struct ponder_err *err)
{
    enum ponder_stopped stopped = PONDER_STOPPED_NO;
    int64_t *missing = malloc(((size_t)cells->count + 1) * sizeof *missing);
    bool more = true;
    int status = missing ? PONDER_OK : err_memory(err, "the questions to ask");
    while (!status && more && stopped == PONDER_STOPPED_NO) {
        int64_t count = list_missing(cells, missing);
        more = false;
        cells->pass_done = cells->done;
        if (count > 0)
            status = pass(data, missing, count, &stopped, err);
        if (count > 0 && !status && stopped == PONDER_STOPPED_NO && cells->store)
            status = wait_for_others(cells, &more, err);
    }
    free(missing);
    return status;
}

/* ---- reporting ---- */

/* The Wilson score interval: sound for few questions and shares near 0 or 1, and made in no time. */
static void wilson(double share, double n, double *low, double *high)
{
    const double z = 1.959964;
    double centre = share + z * z / (2 * n), half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    *low = (centre - half) / (1 + z * z / n);
    *high = (centre + half) / (1 + z * z / n);
}

bool cells_progress(const struct ponder_progress *progress, void *data)
{
    const struct cells *cells = data;
    if (!cells->watch || !cells->watch->progress)
        return true;
    struct ponder_progress all = *progress;
    if (strcmp(progress->unit, "solutions") == 0 && cells->n > 1) {
        all.solutions = cells->pass_done * cells->n + progress->done;
        all.solutions_total = cells->count * cells->n;
        all.solutions_before = cells->resumed * cells->n;
    }
    all.unit = "questions";
    all.before = cells->resumed;
    all.done = all.judged = cells->done;
    all.total = cells->count;
    if (cells->done > 0) {
        all.accuracy = cells->right / (double)cells->done;
        wilson(all.accuracy, (double)cells->done, &all.accuracy_low, &all.accuracy_high);
    }
    return cells->watch->progress(&all, cells->watch->data);
}

static void add_scaled(struct grade *sum, const struct grade *grade, double weight, int k_count)
{
    sum->n += grade->n;
    sum->correct_count += grade->correct_count;
    sum->answered += grade->answered;
    sum->tokens += grade->tokens;
    sum->pass_1 += weight * grade->pass_1;
    sum->gain += weight * grade->gain;
    for (int k = 0; k < k_count; k++) {
        sum->maj[k] += weight * grade->maj[k];
        sum->pass[k] += weight * grade->pass[k];
    }
}

struct grade *cells_by_question(const struct cells *cells)
{
    int64_t count = cells->questions.count;
    struct grade *means = calloc((size_t)count, sizeof *means);
    for (int64_t q = 0; means && q < count; q++) {
        int64_t done = 0;
        for (int64_t c = q; c < cells->count; c += count)
            done += cells->grades[c].n > 0;
        for (int64_t c = q; c < cells->count; c += count)
            if (cells->grades[c].n > 0)
                add_scaled(&means[q], &cells->grades[c], 1 / (double)done, cells->k_count);
    }
    return means;
}

struct ponder_ledger cells_cost(const struct cells *cells)
{
    struct ponder_ledger sum = {0};
    for (int64_t c = 0; c < cells->count; c++)
        ledger_add(&sum, &cells->costs[c]);
    return sum;
}
