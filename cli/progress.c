/* progress.c - the progress line, and Ctrl-C. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { STATUS_OF_SIGNALS = 128 }; /* a shell's: this and the signal's number */

static volatile sig_atomic_t interrupt;

/* The first one ends the work with what there is, the second the program. */
static void on_interrupt(int number)
{
    if (interrupt)
        _exit(STATUS_OF_SIGNALS + number);
    interrupt = number;
}

void cli_interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool cli_interrupted(void)
{
    return interrupt != 0;
}

int cli_interrupted_status(int exit_status)
{
    return interrupt ? STATUS_OF_SIGNALS + interrupt : exit_status;
}

static void time_left(char *text, size_t bytes, double seconds)
{
    long whole = (long)(seconds + 0.5);
    if (whole >= 3600)
        snprintf(text, bytes, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(text, bytes, "%ld:%02ld", whole / 60, whole % 60);
}

/* ", 130/384 solutions", or nothing where the units are not made of any. */
static void solutions_so_far(char *text, size_t bytes, const struct ponder_progress *progress)
{
    char done[32], total[32];
    text[0] = '\0';
    if (progress->solutions_total > 0)
        snprintf(text, bytes, ", %s/%s solutions", cli_thousands(done, progress->solutions),
                 cli_thousands(total, progress->solutions_total));
}

/* Seconds that what is left will take, at the rate so far; -1: nothing is known. */
static double seconds_left(const struct ponder_progress *progress)
{
    bool parts = progress->solutions_total > 0;
    int64_t done = parts ? progress->solutions : progress->done;
    int64_t total = parts ? progress->solutions_total : progress->total;
    int64_t now = done - (parts ? progress->solutions_before : progress->before);
    return now > 0 ? progress->seconds * (double)(total - done) / (double)now : -1;
}

/* ", 0.356 (0.31-0.40) right", or nothing where no answer has been judged. */
static void accuracy_so_far(char *text, size_t bytes, const struct ponder_progress *progress)
{
    text[0] = '\0';
    if (progress->judged > 0)
        snprintf(text, bytes, ", %.3f (%.2f-%.2f) right", progress->accuracy, progress->accuracy_low,
                 progress->accuracy_high);
}

bool cli_progress_show(const struct ponder_progress *progress, void *data)
{
    struct cli_progress *line = data;
    bool terminal = isatty(STDERR_FILENO);
    /* Short work shows nothing; then ten times a second, or every ten seconds in a pipe. */
    double first_s = terminal ? 0.3 : 10, every_s = terminal ? 0.1 : 10;
    bool due =
        line->shown_s > 0 ? progress->seconds >= line->shown_s + every_s : progress->seconds >= first_s;
    if (due) {
        char done[32], total[32], rate[32], solutions[96], accuracy[64], left[32] = "-";
        double left_s = seconds_left(progress);
        if (left_s >= 0)
            time_left(left, sizeof left, left_s);
        solutions_so_far(solutions, sizeof solutions, progress);
        accuracy_so_far(accuracy, sizeof accuracy, progress);
        fprintf(stderr, "%s%s: %s/%s %s%s%s, %s tokens/s, %s left%s", terminal ? "\r" : "", line->what,
                cli_thousands(done, progress->done), cli_thousands(total, progress->total), progress->unit,
                solutions, accuracy,
                cli_thousands(rate, (long long)((double)progress->tokens / progress->seconds)), left,
                terminal ? "\x1b[K" : "\n");
        fflush(stderr);
        line->shown_s = progress->seconds;
        line->drawn = terminal;
    }
    return !cli_interrupted();
}

void cli_progress_note(const char *text, void *data)
{
    cli_progress_end(data);
    fputs("ponder: ", stderr);
    cli_print_text(stderr, text, strlen(text), false);
    fputc('\n', stderr);
}

void cli_progress_end(struct cli_progress *line)
{
    if (line->drawn)
        fputs("\r\x1b[K", stderr);
    line->drawn = false;
}
