/* command.c - a program of the user's own: it reads question and solution as one JSON object and prints a
 * score from 0 to 1, or an array of them, one a step (docs/verifiers.md). Steps are lines that are not blank.
 *
 * A program that fails, is late or prints anything else ends the whole work: a score that is made up would
 * pass for one that was given. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/json.h"
#include "core/process.h"
#include "core/rng.h"
#include "verifier/verifier.h"

enum { TIMEOUT_S = 10, MEMORY_MIB = 512, HASHED_BYTES_MAX = 1 << 28 };

struct command {
    char *path, **arguments;
    struct process_limits limits;
    struct verifier_profile lines; /* how a solution is parted into steps */
};

/* ---- opening ---- */

static void command_release(struct verifier *v)
{
    struct command *command = v->data;
    if (!command)
        return;
    free(command->path);
    free(command->arguments);
    free(command);
}

/* What the file at `path` holds; 0 where it is none, or an enormous one. */
static uint64_t hash_file(const char *path)
{
    struct buf bytes = BUF_INIT(HASHED_BYTES_MAX);
    struct stat at;
    bool there = strcmp(path, "-") != 0 && stat(path, &at) == 0 && S_ISREG(at.st_mode);
    uint64_t hash = there && !buf_read_file(&bytes, path, NULL) ? hash_bytes(buf_text(&bytes), bytes.len) : 0;
    buf_release(&bytes);
    return hash;
}

/* Scores depend on the program and on what its arguments say or name. */
static uint64_t hash_command(const struct command *command)
{
    uint64_t hash = hash_file(command->path);
    for (char **argument = command->arguments + 1; *argument; argument++) {
        hash = rng_key(hash, hash_bytes(*argument, strlen(*argument)));
        hash = rng_key(hash, hash_file(*argument));
    }
    return hash | 1; /* never 0, which says that there is none */
}

static int open_command(struct verifier *v, const char *argument, const struct verifier_options *options,
                        struct ponder_err *err)
{
    struct command *command = calloc(1, sizeof *command);
    if (!command)
        return err_memory(err, "a verifier");
    v->data = command;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    command->limits =
        (struct process_limits){.timeout_s = options->timeout_s > 0 ? options->timeout_s : TIMEOUT_S,
                                .memory_mib = options->memory_mib ? options->memory_mib : MEMORY_MIB,
                                .at_once_max = options->threads > 0 ? options->threads
                                               : cores > 0          ? (int)cores
                                                                    : 1};
    command->lines = verifier_profile_own();
    command->lines.strip = true;
    int status = process_split(argument, &command->arguments, err);
    if (!status)
        status = process_find(command->arguments[0], &command->path, err);
    if (status)
        return err_prefix(err, status, "--verifier command");
    v->aggregate = VERIFIER_MIN;
    v->hash = hash_command(command);
    return PONDER_OK;
}

/* ---- what it reads ---- */

static json_t *steps_json(const struct command *command, const struct verifier_item *item)
{
    json_t *steps = json_array();
    const char *at = item->text, *step;
    size_t len;
    while ((step = verifier_step(&command->lines, &at, item->text + item->len, &len)))
        json_array_append_new(steps, json_from_text(step, len));
    return steps;
}

static int write_input(const struct command *command, const struct verifier_item *item, char **out,
                       struct ponder_err *err)
{
    return json_print(json_pack("{s:o, s:o, s:o, s:b}", "question",
                                json_from_text(item->of->problem, strlen(item->of->problem)), "solution",
                                json_from_text(item->text, item->len), "steps", steps_json(command, item),
                                "ended", (int)item->ended),
                      out, err);
}

/* ---- what it says ---- */

/* The program by the name that the user gave it. */
static const char *name_of(const struct command *command)
{
    return command->arguments[0];
}

static int check_end(const struct command *command, const struct process_job *job, struct ponder_err *err)
{
    const char *colon = *job->complaint ? ": " : "";
    switch (job->end) {
    case PROCESS_NOT_RUN:
        return PONDER_OK;
    case PROCESS_EXITED:
        return job->code == 0 ? PONDER_OK
                              : err_set(err, PONDER_E_ENGINE,
                                        "the verifier %s ended with exit status %d instead of 0%s%s",
                                        name_of(command), job->code, colon, job->complaint);
    case PROCESS_KILLED:
        return err_set(
            err, PONDER_E_ENGINE,
            "the verifier %s was ended by signal %d; it has %lld MiB, --verifier-memory gives it more%s%s",
            name_of(command), job->code, (long long)command->limits.memory_mib, colon, job->complaint);
    case PROCESS_LATE:
        return err_set(
            err, PONDER_E_ENGINE,
            "the verifier %s took more than %g s for a solution; --verifier-timeout gives it more%s%s",
            name_of(command), command->limits.timeout_s, colon, job->complaint);
    case PROCESS_TALKATIVE:
        return err_set(
            err, PONDER_E_ENGINE,
            "the verifier %s printed more than %d bytes; it is to print a score from 0 to 1, or an "
            "array of them",
            name_of(command), PROCESS_OUTPUT_BYTES_MAX);
    case PROCESS_NOT_STARTED:
        break;
    }
    return err_set(err, PONDER_E_ENGINE, "the verifier %s cannot be executed: %s%s", name_of(command),
                   strerror(job->code),
                   job->code == ENOEXEC ? "; a script is to begin with #! and its interpreter" : "");
}

static int take_score(const struct command *command, const json_t *value, float *out, struct ponder_err *err)
{
    double score = json_number_value(value);
    if (!json_is_number(value))
        return err_set(err, PONDER_E_ENGINE, "the verifier %s printed an array with more than numbers in it",
                       name_of(command));
    if (!(score >= 0 && score <= 1))
        return err_set(err, PONDER_E_ENGINE, "the verifier %s printed %g, and a score is from 0 to 1",
                       name_of(command), score);
    *out = (float)score;
    return PONDER_OK;
}

static int take_array(const struct command *command, const json_t *array, struct verifier_item *item,
                      struct ponder_err *err)
{
    const char *at = item->text;
    size_t len, count = json_array_size(array), steps = 0;
    while (verifier_step(&command->lines, &at, item->text + item->len, &len))
        steps++;
    if (count != steps)
        return err_set(err, PONDER_E_ENGINE,
                       "the verifier %s printed %zu scores for %zu steps; print one a step, or one number",
                       name_of(command), count, steps);
    int kept = count < (size_t)item->scores_max ? (int)count : item->scores_max, status = PONDER_OK;
    for (int i = 0; i < kept && !status; i++)
        status = take_score(command, json_array_get(array, (size_t)i), &item->scores[i], err);
    item->count = status ? 0 : kept;
    item->whole = !status && (size_t)kept == count;
    return status;
}

static int take_output(const struct command *command, const struct buf *output, struct verifier_item *item,
                       struct ponder_err *err)
{
    json_t *value = json_loadb(buf_text(output), output->len, JSON_DECODE_ANY, NULL);
    int status = PONDER_OK;
    if (json_is_array(value)) {
        status = take_array(command, value, item, err);
    } else if (json_is_number(value)) {
        status = take_score(command, value, item->scores, err);
        item->count = status == PONDER_OK;
        item->whole = status == PONDER_OK;
    } else {
        status = err_set(
            err, PONDER_E_ENGINE,
            "the verifier %s printed '%.60s'; it is to print a score from 0 to 1, or an array of them",
            name_of(command), buf_text(output));
    }
    json_decref(value);
    return status;
}

/* ---- scoring ---- */

struct call {
    const struct command *command;
    struct verifier_item *items; /* (count) */
    struct process_job *jobs;    /* (count) */
    int64_t count;
    struct process_list *list;
};

static void stop(struct verifier *v, void *data)
{
    struct call *call = data;
    (void)v;
    if (!call)
        return;
    process_list_release(call->list);
    for (int64_t i = 0; call->jobs && i < call->count; i++) {
        free((char *)call->jobs[i].input);
        buf_release(&call->jobs[i].output);
    }
    free(call->jobs);
    free(call);
}

static int command_start(struct verifier *v, struct verifier_item *items, int64_t count, void **out,
                         struct ponder_err *err)
{
    struct call *call = *out = calloc(1, sizeof *call);
    if (!call)
        return err_memory(err, "scores");
    *call = (struct call){.command = v->data, .items = items, .count = count};
    call->jobs = calloc((size_t)count, sizeof *call->jobs);
    int status = call->jobs ? PONDER_OK : err_memory(err, "scores");
    for (int64_t i = 0; i < count && !status; i++) {
        char *input = NULL;
        status = write_input(call->command, &items[i], &input, err);
        call->jobs[i].input = input;
        call->jobs[i].input_len = input ? strlen(input) : 0;
    }
    const struct command *c = call->command;
    return status ? status
                  : process_list_open(&call->list, c->path, c->arguments, call->jobs, count, &c->limits, err);
}

static int go_on(struct verifier *v, void *data, double wait_s, const struct deadline *deadline,
                 struct ponder_err *err)
{
    struct call *call = data;
    (void)v;
    int status = process_list_step(call->list, wait_s, deadline, err);
    if (status != 0)
        return status;
    process_list_release(call->list);
    call->list = NULL;
    for (int64_t i = 0; i < call->count && !status; i++) {
        status = check_end(call->command, &call->jobs[i], err);
        if (!status && call->jobs[i].end == PROCESS_EXITED)
            status = take_output(call->command, &call->jobs[i].output, &call->items[i], err);
    }
    return status;
}

const struct verifier_ops verifier_command = {
    .name = "command",
    .summary = "a program: reads question and solution as JSON, prints a score",
    .argument = "PROGRAM ARGUMENTS",
    .needs_argument = true,
    .outcome = true,
    .tokenless = true,
    .open = open_command,
    .release = command_release,
    .start = command_start,
    .go_on = go_on,
    .stop = stop,
};
