/* sweep.c - the same questions at several temperatures: a run of the store for each. */
#include "ponder/sweep.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/number.h"
#include "eval/run_record.h"
#include "ponder/verify.h"
#include "session/plan.h"
#include "tree/ledger.h"

int ponder_sweep_parse(const char *text, double temperatures[PONDER_SWEEP_MAX], int *count,
                       struct ponder_err *err)
{
    *count = 0;
    for (const char *at = text, *end; *at; at = *end ? end + 1 : end) {
        double value = number_read(at, (char **)&end);
        if (end == at || (*end && *end != ',') || (*end && !end[1]))
            return err_set(err, PONDER_E_ARGUMENT,
                           "--temperature: '%.60s' is no number, and no list such as 0,0.4,0.8", text);
        if (!(value >= 0 && value <= 10))
            return err_set(err, PONDER_E_ARGUMENT,
                           "--temperature: %g is out of range; give a number from 0 to 10", value);
        if (*count == PONDER_SWEEP_MAX)
            return err_set(err, PONDER_E_LIMIT, "--temperature: more than %d temperatures", PONDER_SWEEP_MAX);
        if (*count && value <= temperatures[*count - 1])
            return err_set(err, PONDER_E_ARGUMENT, "--temperature: '%.60s' does not ascend", text);
        temperatures[(*count)++] = value;
    }
    return *count ? PONDER_OK
                  : err_set(err, PONDER_E_ARGUMENT, "--temperature is empty; give a number or a list");
}

/* All that one call owns. */
struct work {
    struct ponder_model *model;
    struct ponder_eval_settings settings; /* with a store */
    struct ponder_sampling sampling;      /* with the temperature under way */
    const struct ponder_search *search;   /* NULL: votes */
    const struct ponder_watch *watch;
    struct buf private; /* the path of a store that ends with the call */
    struct ponder_sweep *out;
};

static bool has_verifier(const struct work *work)
{
    return work->search && strcmp(ponder_search_verifier(work->search), "vote") != 0;
}

static bool by_steps(const struct work *work)
{
    return work->search && !search_is(work->search->name, "best_of_n");
}

/* ---- one temperature ---- */

static int stopped(int64_t done, int64_t all, struct ponder_err *err)
{
    return done == all
               ? PONDER_OK
               : err_set(err, PONDER_E_CANCELLED,
                         "stopped at %lld of %lld questions of a temperature; with --store the same command "
                         "goes on",
                         (long long)done, (long long)all);
}

static int sweep_sample(struct work *work, int64_t *run, struct ponder_err *err)
{
    struct ponder_eval *eval;
    int status = ponder_eval_run(work->model, &work->settings, &work->sampling, work->watch, &eval, err);
    if (status)
        return status;
    *run = eval->run;
    ledger_add(&work->out->spent, &eval->spent);
    status = stopped(eval->done, eval->asked * eval->seeds, err);
    ponder_eval_release(eval);
    return status;
}

static int sweep_score(struct work *work, int64_t *run, struct ponder_err *err)
{
    struct ponder_rescore rescore;
    struct ponder_score_settings settings = {.verifier = ponder_search_verifier(work->search),
                                             .samples = work->settings.store,
                                             .run = *run,
                                             .threads = work->sampling.threads,
                                             .precision = work->sampling.precision,
                                             .verifier_options = work->search->verifier_options};
    int status = ponder_score_store(&settings, work->watch, &rescore, err);
    if (status)
        return status;
    *run = rescore.run;
    work->out->spent.verifier_tokens += rescore.verifier_tokens + rescore.probe_tokens;
    return stopped(rescore.done, rescore.asked, err);
}

static int sweep_search(struct work *work, int64_t *run, struct ponder_err *err)
{
    struct ponder_search_eval *eval;
    int status = ponder_search_eval_run(work->model, &work->settings, &work->sampling, work->search,
                                        work->watch, &eval, err);
    if (status)
        return status;
    *run = eval->run;
    ledger_add(&work->out->spent, &eval->spent);
    status = stopped(eval->done, eval->asked * eval->seeds, err);
    ponder_search_eval_release(eval);
    return status;
}

static void sweep_tell(const struct work *work, double temperature)
{
    char text[64];
    number_print(text, sizeof text, "temperature %g", temperature);
    if (work->watch && work->watch->note)
        work->watch->note(text, work->watch->data);
}

static int at_temperature(struct work *work, double temperature, int64_t n, int64_t *run,
                          struct ponder_err *err)
{
    bool greedy = temperature == 0 && !by_steps(work); /* N equal texts tell nothing */
    work->sampling.temperature = temperature;
    work->sampling.n = greedy ? 1 : n;
    work->sampling.pool = "samples";
    sweep_tell(work, temperature);
    if (by_steps(work))
        return sweep_search(work, run, err);
    int status = sweep_sample(work, run, err);
    return status || greedy || !has_verifier(work) ? status : sweep_score(work, run, err);
}

/* ---- all of them ---- */

static int make_private_store(struct work *work, struct ponder_err *err)
{
    const char *folder = getenv("TMPDIR");
    buf_printf(&work->private, "%s/ponder-sweep-XXXXXX", folder && *folder ? folder : "/tmp");
    if (!buf_ok(&work->private))
        return err_memory(err, "a store's name");
    int fd = mkstemp(work->private.data);
    if (fd < 0)
        return err_set(err, PONDER_E_IO, "%s: cannot be made: %s; --store FILE keeps the sweep elsewhere",
                       buf_text(&work->private), strerror(errno));
    close(fd);
    work->settings.store = buf_text(&work->private);
    return PONDER_OK;
}

static void remove_private_store(struct work *work)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-workers"};
    size_t len = work->private.len;
    for (size_t i = 0; len && i < sizeof endings / sizeof *endings; i++) {
        buf_printf(&work->private, "%s", endings[i]);
        unlink(buf_text(&work->private));
        work->private.len = len;
    }
    buf_release(&work->private);
}

static int conclude(struct work *work, struct ponder_err *err)
{
    const char *store = work->settings.store, *data = run_file_name(work->settings.data);
    const struct ponder_figure_settings shown = {.data = data, .temperature = NAN};
    int status = ponder_figure_make(store, "temperature", &shown, &work->out->figure, err);
    return status ? status : ponder_sampling_choose(store, data, &work->out->best, err);
}

int ponder_sweep_run(struct ponder_model *model, const struct ponder_eval_settings *settings,
                     const struct ponder_sampling *sampling, const struct ponder_search *search,
                     const double *temperatures, int count, const struct ponder_watch *watch,
                     struct ponder_sweep **out, struct ponder_err *err)
{
    *out = NULL;
    struct work work = {.model = model,
                        .settings = *settings,
                        .sampling = *sampling,
                        .search = search,
                        .watch = watch,
                        .private = BUF_INIT(4096),
                        .out = calloc(1, sizeof *work.out)};
    int status = work.out ? PONDER_OK : err_memory(err, "a sweep");
    if (!status && (count < 1 || count > PONDER_SWEEP_MAX))
        status = err_set(err, PONDER_E_ARGUMENT, "a sweep is of 1 to %d temperatures", PONDER_SWEEP_MAX);
    if (!status && !settings->store)
        status = make_private_store(&work, err);
    for (int i = 0; i < count && !status; i++) {
        status = at_temperature(&work, temperatures[i], sampling->n, &work.out->runs[i], err);
        work.out->count = i + 1;
    }
    if (!status)
        status = conclude(&work, err);
    if (!settings->store && work.out)
        memset(work.out->runs, 0, sizeof work.out->runs);
    remove_private_store(&work);
    if (status)
        ponder_sweep_release(work.out);
    else
        *out = work.out;
    return status;
}

void ponder_sweep_release(struct ponder_sweep *sweep)
{
    if (!sweep)
        return;
    ponder_figure_release(sweep->figure);
    free(sweep);
}
