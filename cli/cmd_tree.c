/* cmd_tree.c - `ponder tree`: a search, drawn from its trace. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    bool all, winner, json;
    int64_t columns;
};

static const struct ponder_option *table(void)
{
    static const struct ponder_option options[] = {
        {"all", 'a', PONDER_OPTION_FLAG, offsetof(struct args, all), NULL, NULL, 0, 0,
         "every step, looks ahead too"},
        {"winner", 'w', PONDER_OPTION_FLAG, offsetof(struct args, winner), NULL, NULL, 0, 0,
         "only the path to the result, with its siblings"},
        {"columns", 'c', PONDER_OPTION_INT, offsetof(struct args, columns), "N", "0", 0, 10000,
         "at most; 0: the terminal's, or 80"},
        {"json", 0, PONDER_OPTION_FLAG, offsetof(struct args, json), NULL, NULL, 0, 0,
         "what the drawing says, as one JSON object"},
        PONDER_OPTION_END};
    return options;
}

static void print_name(const char *before, const char *name)
{
    fputs(before, stdout);
    cli_print_text(stdout, name, strlen(name), false);
}

/* "beam of 16, width 4; judged by prm, the last step's score counts; seed 1" */
static void print_settings(const struct ponder_tree_facts *f)
{
    cli_style(stdout, "2");
    print_name(" ", f->search);
    printf(" of %lld", (long long)f->n);
    if (f->width > 0)
        printf(", width %lld", (long long)f->width);
    if (f->lookahead > 0)
        printf(", looking %lld ahead", (long long)f->lookahead);
    if (*f->budget)
        print_name(", budget ", f->budget);
    if (f->verifier)
        print_name("; judged by ", f->verifier);
    if (f->select)
        print_name("; ", f->select);
    printf("; seed %lld\n\n", (long long)f->seed);
    cli_style(stdout, "0");
}

static const char *why(const char *ended_by)
{
    static const char *const reasons[][2] = {{"budget", "the budget was spent"},
                                             {"time", "the time was over"},
                                             {"timeout", "the time was over"},
                                             {"caller", "it was interrupted"},
                                             {"failed", "its last round failed"}};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(ended_by, reasons[i][0]) == 0)
            return reasons[i][1];
    return ended_by;
}

static void print_outcome(const struct ponder_tree_facts *f)
{
    char a[32], b[32];
    cli_style(stdout, f->answer ? "1;32" : "1");
    print_name("\n ", f->answer ? f->answer : "No answer");
    cli_style(stdout, "0");
    if (f->answer && f->voters > 0)
        printf("  %s of %s votes", cli_thousands(a, f->votes), cli_thousands(b, f->voters));
    if (!isnan(f->score))
        printf("%s score %.3f", f->answer ? "," : " ", f->score);
    if (f->ended_by)
        print_name("; ended early: ", why(f->ended_by));
    printf("\n");
}

/* "163 samples, 74 different: 30 kept, 37 pruned, 7 ended" */
static void print_counts(const struct ponder_tree_facts *f)
{
    const struct {
        int64_t count;
        const char *name;
    } parts[] = {{f->kept, "kept"},   {f->pruned, "pruned"}, {f->open, "open"},           {f->ended, "ended"},
                 {f->cut, "cut off"}, {f->failed, "failed"}, {f->rollouts, "looks ahead"}};
    char number[32];
    const char *between = ": ";
    cli_style(stdout, "2");
    printf(" %s %s sampled", cli_thousands(number, f->samples), f->width > 0 ? "steps" : "solutions");
    if (f->repeated > 0)
        printf(", %s different", cli_thousands(number, f->samples - f->repeated));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].count > 0) {
            printf("%s%s %s", between, cli_thousands(number, parts[i].count), parts[i].name);
            between = ", ";
        }
    printf("\n ");
    cli_style(stdout, "0");
}

static int draw(const struct args *args, const struct ponder_tree *tree, struct ponder_err *err)
{
    struct ponder_look look = cli_look(stdout);
    struct ponder_tree_facts facts;
    char *text = NULL;
    if (args->columns > 0)
        look.columns = args->columns;
    int status = ponder_tree_draw(tree, &look,
                                  args->all      ? PONDER_TREE_ALL
                                  : args->winner ? PONDER_TREE_WINNER
                                                 : PONDER_TREE_FOLD,
                                  &text, err);
    ponder_tree_facts(tree, &facts);
    if (!status) {
        print_settings(&facts);
        fputs(text, stdout);
        print_outcome(&facts);
        print_counts(&facts);
        cli_print_ledger(&facts.ledger);
    }
    free(text);
    return status;
}

static int print_json(const struct ponder_tree *tree, struct ponder_err *err)
{
    char *json = NULL;
    int status = ponder_tree_json(tree, &json, err);
    if (!status)
        puts(json);
    free(json);
    return status;
}

static int run(void *data, int count, char **operands)
{
    (void)count;
    const struct args *args = data;
    struct ponder_err err = {0};
    struct ponder_tree *tree = NULL;
    int status = PONDER_OK;
    if (args->all && args->winner) {
        snprintf(err.message, sizeof err.message,
                 "--all and --winner say different things: give one of them");
        status = err.status = PONDER_E_ARGUMENT;
    }
    if (!status)
        status = ponder_tree_read(operands[0], &tree, &err);
    if (!status)
        status = args->json ? print_json(tree, &err) : draw(args, tree, &err);
    ponder_tree_release(tree);
    return status ? cli_fail(&err) : CLI_DONE;
}

const struct cli_command cli_tree = {
    .name = "tree",
    .summary = "Draw a search: its steps, what was kept, what was pruned",
    .example = "ponder solve -n 16 --search beam --trace t.json \"..\" && ponder tree t.json",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .notes = "FILE is a trace of `ponder solve --trace`; - is standard input. A line is a step:\n"
             "its score, how often it was sampled, its place in the search, its text.\n"
             "Read downwards; what hangs to the right of a column branches off there.\n"
             "Steps that lead nowhere are summed up beyond a few, unless --all is given.",
    .args_bytes = sizeof(struct args),
    .groups = {{table, 0}},
    .run = run,
};
