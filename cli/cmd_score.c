/* cmd_score.c - `ponder score`: a verifier over sampled solutions, and what it is worth. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    struct ponder_score_settings settings;
    const char *calibration;
    bool json;
};

static const struct ponder_option *own_options(void)
{
    static const struct ponder_option options[] = {
        {.name = "calibration",
         .type = PONDER_OPTION_TEXT,
         .offset = offsetof(struct args, calibration),
         .meta = "FILE",
         .help = "draw a reliability diagram (SVG, by gnuplot)"},
        PONDER_OPTION_END,
    };
    return options;
}

static void print_interval(const char *name, const struct ponder_interval *i)
{
    printf("  %-34s %6.3f  %.3f to %.3f\n", name, i->value, i->low, i->high);
}

static void print_choices(const struct ponder_score *s)
{
    const struct ponder_interval *column[4] = {s->choice.maj, s->choice.best, s->choice.weighted,
                                               s->choice.pass};
    cli_style(stdout, "1");
    printf("%6s  %-17s  %-17s  %-17s  %s\n", "k", "majority", "best-of-k", "weighted", "pass@k");
    cli_style(stdout, "0");
    for (int i = 0; i < s->k_count; i++) {
        printf("%6lld", (long long)s->ks[i]);
        for (int c = 0; c < 4; c++)
            printf("  %5.3f %4.3f-%4.3f", column[c][i].value, column[c][i].low, column[c][i].high);
        printf("\n");
    }
    printf("\n");
    print_interval("weighted - majority, paired", &s->weighted_gain);
    print_interval("best-of-n - best-of-4, paired", &s->best_gain);
}

static void print_report(const struct ponder_score *s)
{
    char number[32];
    printf("%lld questions, %lld samples each; 95%% bootstrap intervals over questions\n\n",
           (long long)s->questions, (long long)s->n);
    printf("AUROC for the right answer, within a question (%lld with both kinds)\n", (long long)s->mixed);
    print_interval("last step", &s->auroc[0]);
    print_interval("least step", &s->auroc[1]);
    print_interval("product of steps", &s->auroc[2]);
    print_interval("mean of steps", &s->auroc[3]);
    print_interval("proposer's log-probability, mean", &s->auroc_logprob[0]);
    print_interval("proposer's log-probability, sum", &s->auroc_logprob[1]);
    printf("  %s over the better of those two, paired:\n", s->aggregate);
    print_interval("", &s->auroc_gain);
    printf("  over all samples at once (%s)       %6.3f\n\n", s->aggregate, s->auroc_over_all);
    if (s->wrong) {
        printf("First wrong step, of %s wrong solutions\n", cli_thousands(number, s->wrong));
        print_interval("largest drop is there", &s->first_wrong_found);
        printf("\n");
    }
    printf("Scores as probabilities\n");
    if (s->steps.count)
        cli_print_calibration("steps, against whether the answer can be reached", &s->steps);
    cli_print_calibration("solutions, against whether the answer is right", &s->solutions);
    printf("\nChoosing by the %s\n", s->aggregate);
    print_choices(s);
    if (s->verifier_tokens || s->probe_tokens)
        printf("\n%s tokens read by the verifier, and %lld for its probe\n",
               cli_thousands(number, s->verifier_tokens), (long long)s->probe_tokens);
}

/* ---- one solution ---- */

static void print_steps(const struct ponder_steps *steps)
{
    for (int64_t i = 0; i < steps->count; i++) {
        cli_style(stdout, ponder_score_colour(steps->steps[i].score));
        printf("%.3f  ", steps->steps[i].score);
        cli_print_text(stdout, steps->steps[i].text, strlen(steps->steps[i].text), true);
        cli_style(stdout, "0");
        printf("%s\n", i == steps->doubtful ? "   <- doubtful" : "");
    }
    printf("\n%.3f, the %s of its %lld steps; %lld verifier tokens, %lld for its probe\n", steps->score,
           steps->aggregate, (long long)steps->count, (long long)steps->verifier_tokens,
           (long long)steps->probe_tokens);
}

static int score_solution(const struct args *args, char **operands, struct ponder_err *err)
{
    struct ponder_score_settings settings = args->settings;
    struct ponder_steps *steps = NULL;
    char *found = NULL, *json = NULL;
    int status = settings.verifier ? PONDER_OK : ponder_verifier_find(&found, err);
    if (!settings.verifier)
        settings.verifier = found;
    if (!status)
        status = ponder_score_solution(&settings, operands[0], operands[1], &steps, err);
    if (!status && args->json)
        status = ponder_steps_json(steps, &json, err);
    if (!status && args->json)
        puts(json);
    else if (!status)
        print_steps(steps);
    ponder_steps_release(steps);
    free(found);
    free(json);
    return status;
}

/* ---- a file of them ---- */

static int score_file(const struct args *args, struct ponder_err *err)
{
    struct cli_progress progress = {.what = "score"};
    struct ponder_watch watch = {cli_progress_show, &progress, cli_progress_note};
    struct ponder_score score;
    char *json = NULL;
    int status = cli_check_writable("calibration", args->calibration, err);
    cli_interrupt_catch();
    if (!status)
        status = ponder_score_run(&args->settings, &watch, &score, err);
    cli_progress_end(&progress);
    if (!status && args->calibration)
        status = ponder_score_plot(&score, args->calibration, err);
    if (!status && args->json)
        status = ponder_score_json(&score, &json, err);
    if (!status && args->json)
        puts(json);
    else if (!status)
        print_report(&score);
    free(json);
    return status;
}

/* ---- a run of a store ---- */

static int score_store(const struct args *args, struct ponder_err *err)
{
    struct cli_progress progress = {.what = "score"};
    struct ponder_watch watch = {cli_progress_show, &progress, cli_progress_note};
    struct ponder_rescore scored;
    char tokens[32];
    cli_interrupt_catch();
    int status = ponder_score_store(&args->settings, &watch, &scored, err);
    cli_progress_end(&progress);
    if (status)
        return status;
    char *json = NULL;
    if (args->json)
        status = ponder_rescore_json(&scored, &json, err);
    if (json)
        puts(json);
    else if (!status)
        printf("run %lld: the samples of run %lld with scores, %lld of %lld questions; %s verifier tokens\n",
               (long long)scored.run, (long long)scored.source, (long long)scored.done,
               (long long)scored.asked, cli_thousands(tokens, scored.verifier_tokens));
    free(json);
    return status;
}

static int score_run(void *data, int count, char **operands)
{
    const struct args *args = data;
    struct ponder_err err = {0};
    int status;
    if (count == 1 || (count == 2 && (args->settings.samples || args->settings.out))) {
        snprintf(err.message, sizeof err.message,
                 "give a QUESTION and its SOLUTION, or --samples FILE with many, not parts of both");
        status = err.status = PONDER_E_ARGUMENT;
    } else {
        bool store = args->settings.samples && ponder_is_store(args->settings.samples);
        status = count == 2 ? score_solution(args, operands, &err)
                 : store    ? score_store(args, &err)
                            : score_file(args, &err);
    }
    return status ? cli_fail(&err) : CLI_DONE;
}

const struct cli_command cli_score = {
    .name = "score",
    .summary = "Score the steps of solutions with a verifier",
    .example = "ponder score --verifier prm.gguf --samples in.jsonl --out scored.jsonl",
    .operands = "[QUESTION SOLUTION]",
    .operands_min = 0,
    .operands_max = 2,
    .notes = "With QUESTION and SOLUTION, its steps a line each, --verifier is the shipped one\n"
             "unless given. Scores of --samples go on where an earlier run ended.",
    .args_bytes = sizeof(struct args),
    .groups = {{ponder_score_options, offsetof(struct args, settings)},
               {own_options, 0},
               {cli_json_options, offsetof(struct args, json)}},
    .run = score_run,
};
