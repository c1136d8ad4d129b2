/* cmd_solve.c - `ponder solve`: one question in, the voted answer out. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    struct ponder_server server;
    const char *model;
    struct ponder_sampling sampling;
    struct ponder_prompting prompting;
    struct ponder_search search;
    bool json;
    const char *trace;
};

static const struct ponder_option *solve_table(void)
{
    static const struct ponder_option options[] = {
        {"json", 0, PONDER_OPTION_FLAG, offsetof(struct args, json), NULL, NULL, 0, 0,
         "one JSON object on stdout"},
        {"trace", 0, PONDER_OPTION_TEXT, offsetof(struct args, trace), "FILE", NULL, 0, 0,
         "write the search there, for `ponder tree`"},
        PONDER_OPTION_END};
    return options;
}

static void print_share(const struct ponder_vote *vote, int64_t voters)
{
    char count[32];
    printf("%s vote%s (%.0f%%)", cli_thousands(count, vote->count), vote->count == 1 ? "" : "s",
           100.0 * (double)vote->count / (double)voters);
}

static void print_answer(const struct ponder_solution *solution)
{
    int64_t voters = 0;
    for (int64_t i = 0; i < solution->vote_count; i++)
        voters += solution->votes[i].count;
    cli_style(stdout, "1;32");
    cli_print_text(stdout, solution->answer, strlen(solution->answer), false);
    cli_style(stdout, "0");
    printf("  ");
    print_share(&solution->votes[0], voters);
    if (isnan(solution->candidates[solution->best].score) && solution->vote_count > 1 &&
        solution->votes[1].count == solution->votes[0].count)
        printf(", a tie won by being seen first");
    if (solution->vote_count > 1) {
        printf("; runner-up ");
        cli_print_text(stdout, solution->votes[1].answer, strlen(solution->votes[1].answer), false);
        printf(", ");
        print_share(&solution->votes[1], voters);
    }
    double score = solution->candidates[solution->best].score;
    if (!isnan(score))
        printf("; score %.3f", score);
    else if (voters < solution->candidate_count)
        printf("; %lld without an answer", (long long)(solution->candidate_count - voters));
    printf("\n");
}

static void print_indented(const char *text, size_t len)
{
    while (len) {
        const char *end = memchr(text, '\n', len);
        size_t line = end ? (size_t)(end - text) : len;
        if (line) {
            printf("  ");
            cli_print_text(stdout, text, line, false);
            printf("\n");
        }
        line += end != NULL;
        text += line;
        len -= line;
    }
}

static void print_heading(const char *text)
{
    cli_style(stdout, "1");
    printf("\n%s\n", text);
    cli_style(stdout, "0");
}

static void print_steps(const struct ponder_solution *solution)
{
    if (solution->answer) {
        const struct ponder_candidate *best = &solution->candidates[solution->best];
        print_heading(isnan(best->score) ? "Steps of its most probable solution:"
                                         : "Steps of its best solution:");
        print_indented(best->text, best->len);
    } else if (*solution->agreement) {
        char heading[96], count[32];
        snprintf(heading, sizeof heading,
                 "The longest opening that %s of them agree on:", cli_thousands(count, solution->agreeing));
        print_heading(heading);
        print_indented(solution->agreement, strlen(solution->agreement));
    }
}

static void print_ledger(const struct ponder_solution *solution)
{
    char text[CLI_LEDGER_BYTES];
    cli_ledger_text(&solution->ledger, text);
    cli_style(stdout, "2");
    printf("\n%s\n", text);
    if (solution->sure > 0)
        printf("stopped before the %lldth solution: more would elect another answer with a chance of %g%% at "
               "most\n",
               (long long)solution->planned, 100 * solution->sure);
    cli_print_start(&solution->start);
    cli_style(stdout, "0");
}

static void print_human(const struct ponder_solution *solution, const struct ponder_sampling *sampling)
{
    if (solution->warning)
        fprintf(stderr, "ponder: ended early, with %lld solutions: %s\n", (long long)solution->finished,
                solution->warning);
    if (solution->stopped != PONDER_STOPPED_NO)
        fprintf(stderr, "ponder: stopped %s after %.1f s: %lld of %lld solutions were finished\n",
                solution->stopped == PONDER_STOPPED_BY_TIMEOUT ? "by --timeout" : "by an interrupt",
                solution->ledger.seconds, (long long)solution->finished, (long long)sampling->n);
    if (solution->answer)
        print_answer(solution);
    else
        printf("No answer: none of %lld %s.\n", (long long)solution->candidate_count,
               solution->best >= 0 || solution->candidate_count > 0 ? "candidates has a \\boxed{} answer"
                                                                    : "solutions came to an end");
    print_steps(solution);
    print_ledger(solution);
}

static int solve_print(const struct args *args, const struct ponder_solution *solution,
                       struct ponder_err *err)
{
    if (!args->json) {
        print_human(solution, &args->sampling);
        return PONDER_OK;
    }
    char *json = NULL;
    int status = ponder_solution_json(solution, &json, err);
    if (!status)
        puts(json);
    free(json);
    return status;
}

/* The operand, or standard input for "-"; *owned is freed by the caller. */
static int read_question(const char *operand, char **owned, struct ponder_err *err)
{
    size_t len = 0;
    if (strcmp(operand, "-") != 0) {
        *owned = strdup(operand);
        return *owned ? PONDER_OK : (err->status = PONDER_E_MEMORY);
    }
    int status = cli_read("-", PONDER_QUESTION_BYTES_MAX, owned, &len, err);
    if (!status && strlen(*owned) != len) {
        snprintf(err->message, sizeof err->message,
                 "the question holds a NUL byte at offset %zu; take it out", strlen(*owned));
        status = err->status = PONDER_E_ARGUMENT;
    }
    return status;
}

/* A wish that was not followed. */
static void note_greedy(const struct args *args, const struct ponder_solution *solution)
{
    const struct ponder_sampling *sampling = &args->sampling;
    if (sampling->temperature == 0 && sampling->n > 1 && solution->ledger.generations == 1)
        fprintf(stderr,
                "ponder: at temperature 0 all %lld solutions would be the same text, so one was sampled; "
                "with -t 0.6 they differ\n",
                (long long)sampling->n);
}

static void note_surprise(struct ponder_model *model, const char *question)
{
    const char *knows = ponder_model_surprised(model, question);
    if (knows)
        fprintf(stderr,
                "ponder: this is no question of the kind that the model knows: %s; its answer is a guess. "
                "-m FILE takes another model\n",
                knows);
}

static int solve_run(void *data, int count, char **operands)
{
    (void)count;
    struct args *args = data;
    struct ponder_err err = {0};
    struct ponder_model *model = NULL;
    struct ponder_solution *solution = NULL;
    char *question = NULL;
    struct cli_progress line = {.what = "solve"};
    struct ponder_watch watch = {cli_progress_show, &line, cli_progress_note};
    int status = cli_check_writable("trace", args->trace, &err);
    if (!status)
        status = read_question(operands[0], &question, &err);
    if (!status)
        status = cli_model_open(args->model, &args->server, &model, &err);
    if (!status)
        status = cli_model_prompting(model, &args->prompting, &err);
    cli_interrupt_catch();
    if (!status)
        status =
            ponder_solve_search(model, question, &args->sampling, &args->search, &watch, &solution, &err);
    cli_progress_end(&line);
    if (!status)
        note_surprise(model, question);
    if (!status && args->trace)
        status = ponder_tree_save(solution->tree, args->trace, &err);
    if (!status)
        status = solve_print(args, solution, &err);
    if (!status)
        cli_note_flops(&args->server);
    if (!status)
        note_greedy(args, solution);
    int exit_status = status ? cli_fail(&err) : solution->answer ? CLI_DONE : CLI_NO_ANSWER;
    ponder_solution_release(solution);
    ponder_model_release(model);
    free(question);
    return exit_status;
}

/* What people come for. */
static const char *const solve_leading[] = {"model",  "n",      "search", "verifier", "budget",
                                            "select", "chains", "width",  "stop",     "temperature",
                                            "json",   "trace",  NULL};

const struct cli_command cli_solve = {
    .name = "solve",
    .summary = "Sample solutions of a question, take the most common answer",
    .example = "ponder solve \"What is the remainder when 7^5 is divided by 12?\"",
    .operands = "QUESTION",
    .operands_min = 1,
    .operands_max = 1,
    .notes = "QUESTION may be - for standard input. Ties go to the answer seen first.\n"
             "Exit status 3: no candidate has an answer.",
    .args_bytes = sizeof(struct args),
    .groups = {{cli_model_options, offsetof(struct args, model)},
               {ponder_solve_options, offsetof(struct args, sampling)},
               {ponder_prompting_options, offsetof(struct args, prompting)},
               {ponder_search_options, offsetof(struct args, search)},
               {solve_table, 0},
               {ponder_server_options, offsetof(struct args, server)}},
    .leading = solve_leading,
    .run = solve_run,
};
