/* cmd_grade.c - `ponder grade` and `ponder extract`: answers of any texts, over JSONL. */
#include <stddef.h>

#include "cli.h"

struct args {
    const char *in;
    bool box_only;
};

static const struct ponder_option *in_table(void)
{
    static const struct ponder_option options[] = {{"in", 'i', PONDER_OPTION_TEXT, offsetof(struct args, in),
                                                    "FILE", "-", 0, 0, "JSONL; -: standard input"},
                                                   PONDER_OPTION_END};
    return options;
}

static const struct ponder_option *box_table(void)
{
    static const struct ponder_option options[] = {{"box-only", 'b', PONDER_OPTION_FLAG,
                                                    offsetof(struct args, box_only), NULL, NULL, 0, 0,
                                                    "no answer but one in a box"},
                                                   PONDER_OPTION_END};
    return options;
}

struct grading {
    long long lines, equal;
};

static int grade_line(const char *line, void *data, char **out, struct ponder_err *err)
{
    struct grading *grading = data;
    bool equal;
    int status = ponder_answer_grade(line, out, &equal, err);
    grading->lines += !status;
    grading->equal += equal;
    return status;
}

static int run_grade(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    const struct args *args = data;
    struct grading grading = {0};
    int exit_status = cli_each_line(args->in, grade_line, &grading);
    fprintf(stderr, "%lld of %lld equal\n", grading.equal, grading.lines);
    return exit_status;
}

static int extract_line(const char *line, void *data, char **out, struct ponder_err *err)
{
    const struct args *args = data;
    return ponder_answer_extract(line, args->box_only, out, err);
}

static int run_extract(void *data, int count, char **operands)
{
    (void)count;
    (void)operands;
    const struct args *args = data;
    return cli_each_line(args->in, extract_line, data);
}

const struct cli_command cli_grade = {
    .name = "grade",
    .summary = "Whether answers equal the right ones, as JSONL",
    .example = "echo '{\"gold\": \"1/2\", \"pred\": \"so it is \\\\boxed{0.5}\"}' | ponder grade",
    .notes = "Takes objects with `gold` and `pred`, each an answer or a text with one; adds\n"
             "`equal` and `how`, the rule that decided. What counts as equal: docs/answers.md",
    .args_bytes = sizeof(struct args),
    .groups = {{in_table, 0}},
    .run = run_grade,
};

const struct cli_command cli_extract = {
    .name = "extract",
    .summary = "The final answer of texts, as JSONL",
    .example = "echo '{\"text\": \"5+7=12. The answer is 12.\"}' | ponder extract",
    .notes = "Takes objects with `text`; adds `answer`, null where there is none: what stands\n"
             "in the last box, else behind ####, \"the answer is\", \"Final Answer:\", else the\n"
             "last formula, else the last number.",
    .args_bytes = sizeof(struct args),
    .groups = {{in_table, 0}, {box_table, 0}},
    .run = run_extract,
};
