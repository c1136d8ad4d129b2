/* cmd_tree.c - `ponder tree`: a search, drawn from its trace. */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { TEXT_BYTES = 1024, NAME_COLUMNS_MAX = 30, QUESTION_MAX = 1000000000, RUN_MAX = 1000000000 };

struct args {
    bool all, winner, json;
    int64_t columns;
    const char *store;
    int64_t run, question, seed;
};

static const struct ponder_option *tree_table(void)
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
        {"store", 's', PONDER_OPTION_TEXT, offsetof(struct args, store), "FILE", NULL, 0, 0,
         "of a search that `eval --store` kept there"},
        {"run", 'r', PONDER_OPTION_INT, offsetof(struct args, run), "R", "0", 0, RUN_MAX,
         "with --store: its number there"},
        {"question", 'q', PONDER_OPTION_INT, offsetof(struct args, question), "K", "1", 1, QUESTION_MAX,
         "with --store: which one, from 1"},
        {"seed", 0, PONDER_OPTION_INT, offsetof(struct args, seed), "S", "0", 0, 1LL << 53,
         "with --store: 0: the run's first"},
        PONDER_OPTION_END};
    return options;
}

/* ---- the lines around the drawing ---- */

/* A name from the file as it is shown, within a line of TEXT_BYTES. */
struct name {
    char text[160];
};

static struct name name_of(const char *text, const struct ponder_look *look)
{
    struct ponder_look narrow = {.columns = NAME_COLUMNS_MAX, .ascii = look->ascii};
    struct name name = {""};
    char *line = text ? ponder_text_line(text, strlen(text), &narrow) : NULL;
    snprintf(name.text, sizeof name.text, "%s", line ? line : "");
    free(line);
    return name;
}

/* Appends to a line of TEXT_BYTES. */
static void PONDER_PRINTF(2, 3) add(char *line, const char *format, ...)
{
    size_t len = strlen(line);
    va_list args;
    va_start(args, format);
    vsnprintf(line + len, TEXT_BYTES - len, format, args);
    va_end(args);
}

static void print_line(const char *style, const char *line, const struct ponder_look *look)
{
    cli_style(stdout, style);
    cli_print_wrapped(line, look->columns, 0);
    cli_style(stdout, "0");
}

static const char *in_words(const char *name, const char *const words[][2])
{
    for (int i = 0; words[i][0]; i++)
        if (strcmp(name, words[i][0]) == 0)
            return words[i][1];
    return name;
}

/* "beam, N = 16, width 4 · judged by prm · weighted vote · seed 1" */
static void print_settings(const struct ponder_tree_facts *f, const struct ponder_look *look)
{
    static const char *const selects[][2] = {{"best", "the best score wins"},
                                             {"majority", "majority vote"},
                                             {"weighted", "weighted vote"},
                                             {NULL, NULL}};
    char line[TEXT_BYTES] = "";
    add(line, "%s, N = %lld", name_of(f->search, look).text, (long long)f->n);
    if (f->width > 0)
        add(line, ", width %lld", (long long)f->width);
    if (f->lookahead > 0)
        add(line, ", %lld steps ahead", (long long)f->lookahead);
    if (*f->budget)
        add(line, ", budget %s", name_of(f->budget, look).text);
    if (f->verifier)
        add(line, " · judged by %s", name_of(f->verifier, look).text);
    add(line, " · %s", name_of(in_words(f->select ? f->select : "majority", selects), look).text);
    if (f->seed >= 0) /* of a server one was not sent */
        add(line, " · seed %lld", (long long)f->seed);
    if (look->ascii)
        for (char *dot; (dot = strstr(line, " ·")) != NULL;)
            memmove(memcpy(dot, ";", 1) + 1, dot + 3, strlen(dot + 3) + 1);
    print_line("2", line, look);
    printf("\n");
}

static void print_outcome(const struct ponder_tree_facts *f, const struct ponder_look *look)
{
    static const char *const reasons[][2] = {{"budget", "the budget was spent"},
                                             {"time", "the time was over"},
                                             {"agreement", "the vote was sure"},
                                             {"timeout", "the time was over"},
                                             {"caller", "it was interrupted"},
                                             {"failed", "its last round failed"},
                                             {NULL, NULL}};
    char line[TEXT_BYTES] = "", a[32], b[32];
    struct name answer = name_of(f->answer ? f->answer : "No answer", look);
    cli_style(stdout, f->answer ? "1;32" : "1");
    printf(" %s", answer.text);
    cli_style(stdout, "0");
    if (f->answer && f->voters > 0)
        add(line, " %s of %s votes", cli_thousands(a, f->votes), cli_thousands(b, f->voters));
    if (!isnan(f->score))
        add(line, "%sscore %.3f", *line ? ", " : "", f->score);
    if (f->ended_by)
        add(line, "%sended early: %s", *line ? "; " : "", name_of(in_words(f->ended_by, reasons), look).text);
    cli_print_wrapped(line, look->columns, 1 + (int64_t)strlen(answer.text));
}

/* "163 steps sampled, 74 different: 30 kept, 37 pruned, 7 ended" */
static void print_counts(const struct ponder_tree_facts *f, const struct ponder_look *look)
{
    const struct {
        int64_t count;
        const char *name;
    } parts[] = {{f->kept, "kept"},   {f->pruned, "pruned"}, {f->open, "open"},           {f->ended, "ended"},
                 {f->cut, "cut off"}, {f->failed, "failed"}, {f->rollouts, "looks ahead"}};
    char line[TEXT_BYTES] = "", number[32];
    const char *between = ": ";
    add(line, "%s %s sampled", cli_thousands(number, f->samples), f->width > 0 ? "steps" : "solutions");
    if (f->repeated > 0)
        add(line, ", %s different", cli_thousands(number, f->samples - f->repeated));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].count > 0) {
            add(line, "%s%s %s", between, cli_thousands(number, parts[i].count), parts[i].name);
            between = ", ";
        }
    print_line("2", line, look);
}

static int tree_draw(const struct args *args, const struct ponder_tree *tree, struct ponder_err *err)
{
    struct ponder_look look = cli_look(stdout);
    struct ponder_tree_facts facts;
    char *text = NULL, ledger[CLI_LEDGER_BYTES];
    if (args->columns > 0)
        look.columns = args->columns;
    int status = ponder_tree_draw(tree, &look,
                                  args->all      ? PONDER_TREE_ALL
                                  : args->winner ? PONDER_TREE_WINNER
                                                 : PONDER_TREE_FOLD,
                                  &text, err);
    if (status)
        return status;
    ponder_tree_facts(tree, &facts);
    print_settings(&facts, &look);
    fputs(text, stdout);
    printf("\n");
    print_outcome(&facts, &look);
    print_counts(&facts, &look);
    cli_ledger_text(&facts.ledger, ledger);
    print_line("2", ledger, &look);
    free(text);
    return PONDER_OK;
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

static int tree_check(const struct args *args, int operands, struct ponder_err *err)
{
    const char *wrong =
        args->all && args->winner        ? "--all and --winner say different things: give one of them"
        : !args->store && operands == 0  ? "give a FILE, or --store with --run"
        : args->store && operands > 0    ? "a FILE and --store say different things: give one of them"
        : args->store && args->run == 0  ? "--run is missing: which run's; `ponder runs list` shows them"
        : !args->store && args->run != 0 ? "--run is of a --store"
                                         : NULL;
    if (wrong)
        snprintf(err->message, sizeof err->message, "%s", wrong);
    return wrong ? err->status = PONDER_E_ARGUMENT : PONDER_OK;
}

static int tree_run(void *data, int count, char **operands)
{
    const struct args *args = data;
    struct ponder_err err = {0};
    struct ponder_tree *tree = NULL;
    int status = tree_check(args, count, &err);
    if (!status)
        status = args->store
                     ? ponder_runs_tree(args->store, args->run, args->question - 1, args->seed, &tree, &err)
                     : ponder_tree_read(operands[0], &tree, &err);
    if (!status)
        status = args->json ? print_json(tree, &err) : tree_draw(args, tree, &err);
    ponder_tree_release(tree);
    return status ? cli_fail(&err) : CLI_DONE;
}

const struct cli_command cli_tree = {
    .name = "tree",
    .summary = "Draw a search: its steps, what was kept, what was pruned",
    .example = "ponder tree t.json",
    .operands = "[FILE]",
    .operands_min = 0,
    .operands_max = 1,
    .notes = "FILE is a trace of `ponder solve --trace`; - is standard input. A line is a\n"
             "step: its score, how often it was sampled, its place in the search, its text.\n"
             "Read downwards; what hangs to the right of a column branches off there. Steps\n"
             "that lead nowhere are summed up beyond a few, unless --all is given.",
    .args_bytes = sizeof(struct args),
    .groups = {{tree_table, 0}},
    .run = tree_run,
};
