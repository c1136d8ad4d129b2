/* cmd_train.c - `ponder train base`, `prm`, `orm` and `revision`. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "ponder/train.h"

struct line {
    bool terminal, drawn;
    double shown_s;  /* of the run's elapsed time */
    double heldout;  /* last measured */
    int64_t resumed; /* said so */
};

/* Hours and minutes, or minutes and seconds; into `text` of 32 bytes, which is returned. */
static const char *duration(char *text, double seconds)
{
    long long s = seconds > 0 && seconds < 1e9 ? (long long)(seconds + 0.5) : 0;
    if (s >= 3600)
        snprintf(text, 32, "%lldh%02lldm", s / 3600, s / 60 % 60);
    else
        snprintf(text, 32, "%lldm%02llds", s / 60, s % 60);
    return text;
}

static void train_draw(const struct line *line, const struct ponder_train_progress *p)
{
    char number[3][32];
    fprintf(stderr, "%sstep %s/%s  loss %.4f", line->terminal ? "\r\033[K" : "",
            cli_thousands(number[0], p->step), cli_thousands(number[1], p->steps), p->loss);
    if (!isnan(line->heldout))
        fprintf(stderr, "  held-out %.4f", line->heldout);
    fprintf(stderr, "  %s tokens/s", cli_thousands(number[2], (long long)p->tokens_per_s));
    if (!isnan(p->peak_share))
        fprintf(stderr, "  %.0f%% of f32 peak", 100 * p->peak_share);
    fprintf(stderr, "  %s left%s", duration(number[0], p->left_s), line->terminal ? "" : "\n");
    fflush(stderr);
}

static bool show(const struct ponder_train_progress *p, void *data)
{
    struct line *line = data;
    if (p->resumed_from && !line->resumed) {
        char number[32];
        line->resumed = p->resumed_from;
        fprintf(stderr, "going on after step %s\n", cli_thousands(number, p->resumed_from));
    }
    bool measured = !isnan(p->heldout_loss);
    if (measured)
        line->heldout = p->heldout_loss;
    double pause_s = line->terminal ? 0.2 : 30;
    if (!line->drawn || measured || p->step == p->steps || p->elapsed_s - line->shown_s >= pause_s) {
        train_draw(line, p);
        line->drawn = true;
        line->shown_s = p->elapsed_s;
    }
    return !cli_interrupted();
}

static int train_fail(const struct ponder_err *err)
{
    if (err->status != PONDER_E_CANCELLED)
        return cli_fail(err);
    fprintf(stderr, "%s; the same command goes on from there\n", err->message);
    return CLI_FAILED;
}

/* Trains by `train`, which gets the command's settings, and says what came out, of a verifier how its scores
 * do on what was held out too. */
static int cmd_train_run(const char *out, const char *metrics, const void *settings, bool verifier,
                         int (*train)(const void *settings, const struct ponder_train_watch *watch,
                                      struct ponder_train_result *result, struct ponder_err *err))
{
    struct ponder_err err;
    if (cli_check_writable("out", out, &err) || cli_check_writable("metrics", metrics, &err))
        return cli_fail(&err);
    struct line line = {.terminal = isatty(STDERR_FILENO), .heldout = NAN};
    struct ponder_train_watch watch = {show, &line};
    struct ponder_train_result result;
    cli_interrupt_catch();
    int status = train(settings, &watch, &result, &err);
    if (line.terminal && line.drawn)
        fputc('\n', stderr);
    if (status)
        return train_fail(&err);
    char number[2][32], time[32];
    printf("%s: %s parameters, %s tokens, held-out loss %.4f, %s\n", out,
           cli_thousands(number[0], result.parameters), cli_thousands(number[1], (long long)result.tokens),
           result.heldout_loss, duration(time, result.seconds));
    if (result.best_step)
        printf("the weights are those of step %s of %s, where the held-out loss was lowest\n",
               cli_thousands(number[0], result.best_step), cli_thousands(number[1], result.steps));
    if (verifier && result.heldout.count)
        cli_print_calibration("held-out questions", &result.heldout);
    return cli_finish(CLI_DONE);
}

static int train_base(const void *settings, const struct ponder_train_watch *watch,
                      struct ponder_train_result *result, struct ponder_err *err)
{
    return ponder_train_base(settings, watch, result, err);
}

static int train_prm(const void *settings, const struct ponder_train_watch *watch,
                     struct ponder_train_result *result, struct ponder_err *err)
{
    return ponder_train_prm(settings, watch, result, err);
}

static int train_orm(const void *settings, const struct ponder_train_watch *watch,
                     struct ponder_train_result *result, struct ponder_err *err)
{
    return ponder_train_orm(settings, watch, result, err);
}

static int train_revision(const void *settings, const struct ponder_train_watch *watch,
                          struct ponder_train_result *result, struct ponder_err *err)
{
    return ponder_train_revision(settings, watch, result, err);
}

static int base_run(void *args, int count, char **operands)
{
    (void)count;
    (void)operands;
    const struct ponder_train_base_settings *settings = args;
    return cmd_train_run(settings->out, settings->metrics, settings, false, train_base);
}

static int prm_run(void *args, int count, char **operands)
{
    (void)count;
    (void)operands;
    const struct ponder_train_tune_settings *settings = args;
    return cmd_train_run(settings->out, settings->metrics, settings, true, train_prm);
}

static int orm_run(void *args, int count, char **operands)
{
    (void)count;
    (void)operands;
    const struct ponder_train_tune_settings *settings = args;
    return cmd_train_run(settings->out, settings->metrics, settings, true, train_orm);
}

static int revision_run(void *args, int count, char **operands)
{
    (void)count;
    (void)operands;
    const struct ponder_train_tune_settings *settings = args;
    return cmd_train_run(settings->out, settings->metrics, settings, false, train_revision);
}

const struct cli_command cli_train_base = {
    .name = "train base",
    .summary = "Train a language model from scratch on Pocket documents",
    .example = "ponder train base --tokens 2000000 --out small.gguf",
    .notes = "The run is saved every few hundred steps and when it is stopped (Ctrl-C). Where\n"
             "the checkpoint exists, the same command goes on from it; --restart begins anew.",
    .args_bytes = sizeof(struct ponder_train_base_settings),
    .groups = {{ponder_train_base_options, 0}},
    .run = base_run,
};

const struct cli_command cli_train_prm = {
    .name = "train prm",
    .summary = "Train a verifier of steps from a model and labelled solutions",
    .example = "ponder train prm --base base.gguf --store labels.db",
    .notes = "Saved, stopped and continued as `ponder train base`.",
    .args_bytes = sizeof(struct ponder_train_tune_settings),
    .groups = {{ponder_train_prm_options, 0}},
    .run = prm_run,
};

const struct cli_command cli_train_orm = {
    .name = "train orm",
    .summary = "Train a verifier of whole solutions, right or wrong",
    .example = "ponder train orm --base base.gguf --store labels.db",
    .notes = "Saved, stopped and continued as `ponder train base`.",
    .args_bytes = sizeof(struct ponder_train_tune_settings),
    .groups = {{ponder_train_orm_options, 0}},
    .run = orm_run,
};

const struct cli_command cli_train_revision = {
    .name = "train revision",
    .summary = "Train a model that revises its own attempts",
    .example = "ponder train revision --base base.gguf --store attempts.db",
    .notes = "The store has a run of samples of train questions, as of\n"
             "ponder eval --data pocket:train:1000 -n 64 -t 0.8 --store attempts.db\n"
             "Saved, stopped and continued as `ponder train base`.",
    .args_bytes = sizeof(struct ponder_train_tune_settings),
    .groups = {{ponder_train_revision_options, 0}},
    .run = revision_run,
};
