/* cli.h - what the commands share.
 *
 * A command is one const struct cli_command in one file cmd_<name>.c, and one line in commands.def. Its
 * options are tables (ponder/option.h): parsing, --help, the man page and shell completion are all made from
 * them, so a command only says what it is and what it does. Results go to stdout, everything else to stderr.
 *
 * Exit status: 0 done, 1 failed, 2 wrong use; `solve` adds 3, no candidate has an answer. */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ponder.h"

enum { CLI_DONE, CLI_FAILED, CLI_WRONG_USE, CLI_NO_ANSWER };

/* A table and where the settings it fills lie in the command's own struct of arguments. */
struct cli_group {
    const struct ponder_option *(*table)(void);
    size_t offset;
};

enum { CLI_GROUPS_MAX = 9 };

struct cli_command {
    const char *name;     /* as it is typed; may be two words, as in "bench decode" */
    const char *summary;  /* one line, no full stop */
    const char *example;  /* one line that works when it is typed */
    const char *operands; /* how they stand in the usage line, e.g. "QUESTION"; NULL: none */
    int operands_min, operands_max;
    const char *notes;                           /* a few lines under the options, or NULL */
    size_t args_bytes;                           /* of the struct that the groups fill */
    struct cli_group groups[CLI_GROUPS_MAX + 1]; /* ends with a NULL table */
    const char *const
        *leading; /* option names that its help shows first, to NULL; NULL: as the groups have them */
    /* `args` is filled with defaults and what was typed. Returns an exit status. */
    int (*run)(void *args, int count, char **operands);
};

extern const struct cli_command *const cli_commands[]; /* ends with NULL */

/* args.c */
/* Fills `args` from argv[0..argc), which stands behind the command's name; operands are gathered at the front
 * of `argv` and counted in *count. *help is set where --help or -h was given. Errors suggest the nearest
 * option. */
int cli_parse(const struct cli_command *command, int argc, char **argv, void *args, int *count, bool *help,
              struct ponder_err *err);
/* The name nearest to `typed` by edit distance, or NULL where none is near. */
struct cli_nearest {
    const char *typed, *best;
    int distance;
};
void cli_nearest_offer(struct cli_nearest *nearest, const char *name);
const char *cli_nearest_name(const struct cli_nearest *nearest);

/* help.c, man.c, completion.c */
void cli_help_all(FILE *out);
void cli_help_command(const struct cli_command *command, FILE *out);
void cli_man(FILE *out);
void cli_completion(FILE *out);

/* print.c */
/* "ponder: message" on stderr; returns the exit status that fits the error. */
int cli_fail(const struct ponder_err *err);
/* Text of a model or a file, made safe for a terminal: control bytes, invalid UTF-8 and direction marks
 * appear as escapes. Line ends and tabs pass where `lines` is set. */
void cli_print_text(FILE *out, const char *text, size_t len, bool lines);
/* An SGR sequence such as "1" (bold), or nothing: not a terminal, TERM=dumb, or NO_COLOR set. */
void cli_style(FILE *out, const char *code);
bool cli_has_colour(FILE *out); /* whether it would */
/* What a drawing on `out` may look like: 80 columns where it is no terminal, ASCII where the locale's
 * characters are not UTF-8. */
struct ponder_look cli_look(FILE *out);
enum { CLI_LEDGER_BYTES = 256 };
/* What was spent, in words; FLOPs of 0 are not known. */
void cli_ledger_text(const struct ponder_ledger *ledger, char text[CLI_LEDGER_BYTES]);
/* A line of what a model's servers were asked at the start; of a model in this process none. */
void cli_print_start(const struct ponder_start *start);
/* Words, each behind a blank, on lines of at most so many columns, `used` of the first; a word is taken to be
 * as wide as it has bytes. */
void cli_print_wrapped(const char *text, int64_t columns, int64_t used);
/* 1234567 -> "1,234,567", and 2.13e10 -> "21.3 G"; into `text` of 32 bytes, which is returned. */
char *cli_thousands(char *text, long long number);
char *cli_scaled(char *text, double number);
/* "  0.305 0.279-0.330", 19 columns; a figure without a value is a dash. */
void cli_print_interval(const struct ponder_interval *interval);
/* Flushes stdout: a full disk or closed pipe is found out here. Returns `exit_status` or CLI_FAILED. */
int cli_finish(int exit_status);
/* Standard input or a file of at most `bytes_max` bytes; malloc'ed, with a NUL behind it. */
int cli_read(const char *path, size_t bytes_max, char **text, size_t *len, struct ponder_err *err);
/* Refuses now what could not be written after the work is done. NULL passes. */
int cli_check_writable(const char *option, const char *path, struct ponder_err *err);

/* lines.c */
/* Makes one line of another; `*out` is malloc'ed, or stays NULL where nothing is to be written. */
typedef int cli_line_fn(const char *line, void *data, char **out, struct ponder_err *err);
/* Hands each line of the file that is not blank ("-": standard input) to `each` and writes what it makes, up
 * to the first error, which is printed with the line's number. Returns the command's exit status. */
int cli_each_line(const char *path, cli_line_fn *each, void *data);

/* print_eval.c */
/* The tables of a set of questions: by k, by level, subject and quintile; then the cost. */
/* A table of bins; `what` heads it. */
void cli_print_calibration(const char *what, const struct ponder_calibration *calibration);
void cli_print_eval(const struct ponder_eval *eval);
/* What the figures cost, and what this call spent where some were there before. */
void cli_print_cost(const struct ponder_ledger *whole, const struct ponder_ledger *spent, int64_t resumed,
                    int64_t asked);

/* print_sweep.c */
void cli_print_sweep(const struct ponder_sweep *sweep);

/* print_search.c */
/* The tables of a search: it beside best-of-N, their difference and their tokens. */
void cli_print_search(const struct ponder_search_eval *eval, const struct ponder_search *search,
                      const char *against);

/* progress.c */
/* A line with rate and time left: redrawn in place on a terminal, a plain line now and then in a pipe. */
struct cli_progress {
    const char *what; /* opens the line, e.g. "eval" */
    double shown_s;   /* when it was last drawn */
    bool drawn;
};
/* For struct ponder_watch: draws, and says whether to go on (false after Ctrl-C). `data` is a struct
 * cli_progress. */
bool cli_progress_show(const struct ponder_progress *progress, void *data);
void cli_progress_end(struct cli_progress *progress); /* clears the line */
/* A note of struct ponder_watch, on a line of its own. */
void cli_progress_note(const char *text, void *data);
/* From here on the first Ctrl-C asks the work to stop, and the second ends the program at once. */
void cli_interrupt_catch(void);
bool cli_interrupted(void);
/* `exit_status`, or 128 and the number of the signal that ended the work early. */
int cli_interrupted_status(int exit_status);

/* cmd_runs.c */
/* The number of a run as it was typed. */
int cli_run_number(const char *text, int64_t *id, struct ponder_err *err);

/* shared_options.c */
/* The --json flag, for a struct that holds a bool at the group's offset. */
const struct ponder_option *cli_json_options(void);
/* The --model option, the same everywhere, for a struct that holds a `const char *` at the group's offset. */
const struct ponder_option *cli_model_options(void);
/* Opens the file given by --model, or the default one (ponder_model_find). `server` (NULL: none) may say that
 * it is behind one. */
int cli_model_open(const char *path, const struct ponder_server *server, struct ponder_model **model,
                   struct ponder_err *err);
/* ponder_model_prompting(), with a word on stderr where it is a guess. */
int cli_model_prompting(struct ponder_model *model, const struct ponder_prompting *prompting,
                        struct ponder_err *err);
/* A line on stderr; NULL: nothing. */
void cli_remark(const char *remark);
/* After the work: says on stderr where the FLOPs of a server's model are not in the ledger. */
void cli_note_flops(const struct ponder_server *server);

#endif
