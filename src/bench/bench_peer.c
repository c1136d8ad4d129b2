#include "bench/bench_peer.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/number.h"
#include "core/process.h"
#include "bench/peer_source.h" /* made by meson: PEER_SOURCE, the text of bench/peer_decode.c */

enum { PATH_BYTES = 4096, NUMBER_BYTES = 24, WORDS_BYTES = 320, MEMORY_MIB = 1 << 24 };
static const double compile_s_max = 300, turn_s_max = 3600;

/* The ways of bench/peer_decode.c to keep keys and values, and tokens of each branch by which the fastest
 * shows. */
static const char *const modes[] = {"unified", "unified+flash", "split", "split+flash"};
enum { MODES = sizeof modes / sizeof *modes, TRIAL_TOKENS = 16 };

struct bench_peer {
    char folder[PATH_BYTES]; /* temporary */
    char source[PATH_BYTES + 32], program[PATH_BYTES + 32], model[PATH_BYTES + 32];
    const char *file; /* the model that runs */
    struct bench_loop *loop;
    char branches[NUMBER_BYTES], prompt_tokens[NUMBER_BYTES], tokens[NUMBER_BYTES], threads[NUMBER_BYTES];
    char trial_tokens[NUMBER_BYTES];
    int64_t turn_tokens;             /* of all branches */
    const char *mode;                /* the fastest; NULL: not yet known */
    double rates[BENCH_REPEATS_MAX]; /* (count) tokens per second */
    int count;
};

/* ---- the folder ---- */

static int make_folder(struct bench_peer *peer, struct ponder_err *err)
{
    const char *parent = getenv("TMPDIR");
    int n = snprintf(peer->folder, sizeof peer->folder, "%s/ponder-bench-XXXXXX",
                     parent && *parent ? parent : "/tmp");
    if (n >= (int)sizeof peer->folder || !mkdtemp(peer->folder)) {
        int status =
            err_set(err, PONDER_E_IO, "no temporary folder %.200s: %s", peer->folder, strerror(errno));
        peer->folder[0] = '\0';
        return status;
    }
    snprintf(peer->source, sizeof peer->source, "%s/peer_decode.c", peer->folder);
    snprintf(peer->program, sizeof peer->program, "%s/peer_decode", peer->folder);
    snprintf(peer->model, sizeof peer->model, "%s/random.gguf", peer->folder);
    return PONDER_OK;
}

/* A compiler may leave more in it than what it was asked for; no folders. */
static void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
    rmdir(path);
}

/* ---- compiling ---- */

/* The last lines of what a program said, as one line. */
static const char *last_words(const struct buf *said, char words[WORDS_BYTES])
{
    const char *text = buf_text(said), *from = text;
    size_t len = said->len;
    while (len > 0 && strchr(" \n", text[len - 1]))
        len--;
    if (len >= WORDS_BYTES) {
        from = text + len - WORDS_BYTES + 1;
        const char *line = memchr(from, '\n', (size_t)(text + len - from));
        from = line ? line + 1 : from;
    }
    snprintf(words, WORDS_BYTES, "%.*s", (int)(text + len - from), from);
    for (char *c = words; *c; c++)
        *c = *c == '\n' ? '|' : *c;
    return len ? words : "no word of it";
}

/* A clock for a deadline that passes when the watch says so. */
static double stopped(void *loop)
{
    return bench_show(loop, NULL) ? 1 : 0;
}

/* The job is done, or else what went wrong with `name`. */
static int run_job(const struct bench_peer *peer, const char *name, char *const arguments[],
                   struct process_job *job, double s_max, struct ponder_err *err)
{
    struct process_limits limits = {s_max, MEMORY_MIB, 1};
    struct clock clock = {stopped, peer->loop};
    char words[WORDS_BYTES];
    int status = process_run(arguments[0], arguments, job, 1, &limits, &(struct deadline){&clock, 1}, err);
    if (status || (job->end == PROCESS_EXITED && job->code == 0))
        return status;
    if (job->end == PROCESS_NOT_RUN)
        return err_set(err, PONDER_E_CANCELLED, "stopped before all repeats were done");
    if (job->end == PROCESS_LATE)
        return err_set(err, PONDER_E_TIMEOUT, "%s took over %.0f s", name, s_max);
    if (job->end == PROCESS_NOT_STARTED)
        return err_set(err, PONDER_E_IO, "%s cannot be started: %s", name, strerror(job->code));
    return err_set(err, PONDER_E_ENGINE, "%s failed: %s", name,
                   *job->complaint ? job->complaint : last_words(&job->output, words));
}

static int compile(const struct bench_peer *peer, char *compiler, struct ponder_err *err)
{
    struct process_job job = {.input = "", .merged = true};
    char *const arguments[] = {compiler, (char *)peer->program, (char *)peer->source, NULL};
    int status = file_write_atomic(peer->source, PEER_SOURCE, sizeof PEER_SOURCE - 1, err);
    if (!status)
        status = run_job(peer, compiler, arguments, &job, compile_s_max, err);
    if (!status && access(peer->program, X_OK))
        status = err_set(err, PONDER_E_ENGINE, "%s made no program", compiler);
    buf_release(&job.output);
    return status;
}

static int compile_by(const struct bench_peer *peer, const char *folder, struct ponder_err *err)
{
    char *name = NULL, *compiler = NULL;
    if (asprintf(&name, "%s/bin/cc-llama", folder) < 0)
        return err_memory(err, "a path");
    int status = process_find(name, &compiler, err);
    if (status)
        err_prefix(err, status, "--peer %.200s", folder);
    else
        status = compile(peer, compiler, err);
    free(name);
    free(compiler);
    return status;
}

/* ---- running ---- */

/* One measured repeat in `mode`, and its rate. */
static int peer_run(struct bench_peer *peer, const char *mode, char *tokens, double *rate,
                    struct ponder_err *err)
{
    struct process_job job = {.input = ""};
    char *const arguments[] = {peer->program,
                               (char *)peer->file,
                               peer->branches,
                               peer->prompt_tokens,
                               tokens,
                               peer->threads,
                               "1",
                               (char *)mode,
                               NULL};
    char words[WORDS_BYTES], name[32];
    int status = run_job(peer, "llama.cpp", arguments, &job, turn_s_max, err);
    char *rest;
    *rate = number_read(buf_text(&job.output), &rest);
    if (!status && (sscanf(rest, "%31s", name) != 1 || !(*rate > 0)))
        status = err_set(err, PONDER_E_FORMAT, "llama.cpp's program printed no rate: %s",
                         last_words(&job.output, words));
    buf_release(&job.output);
    return status;
}

static int one_done(struct bench_peer *peer, int64_t tokens, struct ponder_err *err)
{
    peer->loop->done++;
    peer->loop->tokens_so_far += tokens;
    return bench_show(peer->loop, err);
}

static void tell_mode(const struct bench_peer *peer, double rate)
{
    const struct ponder_watch *watch = peer->loop->watch;
    struct buf text = BUF_INIT(256);
    buf_printf(&text, "llama.cpp is fastest with %s: %.3g tokens/s over a few tokens", peer->mode, rate);
    if (watch && watch->note && buf_ok(&text))
        watch->note(buf_text(&text), watch->data);
    buf_release(&text);
}

int bench_peer_choose(struct bench_peer *peer, struct ponder_err *err)
{
    double best = 0, rate;
    int status = PONDER_OK;
    for (int i = 0; i < MODES; i++) {
        status = peer_run(peer, modes[i], peer->trial_tokens, &rate, err);
        if (status == PONDER_E_CANCELLED || status == PONDER_E_TIMEOUT)
            return status;
        if (!status && rate > best) {
            best = rate;
            peer->mode = modes[i];
        }
        int stopped = one_done(peer, 0, err);
        if (stopped)
            return stopped;
    }
    if (!peer->mode) /* what the last of them said */
        return status;
    tell_mode(peer, best);
    return PONDER_OK;
}

int bench_peer_runs(const struct ponder_bench_settings *settings)
{
    return MODES + (int)settings->repeats;
}

int bench_peer_turn(struct bench_peer *peer, struct ponder_err *err)
{
    int status = peer_run(peer, peer->mode, peer->tokens, &peer->rates[peer->count], err);
    if (status)
        return status;
    peer->count++;
    return one_done(peer, peer->turn_tokens, err);
}

void bench_peer_report(struct bench_peer *peer, struct ponder_bench *out)
{
    out->peer_tokens_per_s = bench_median(peer->rates, peer->count);
    out->ratio = out->tokens_per_s / out->peer_tokens_per_s;
    snprintf(out->peer_mode, sizeof out->peer_mode, "%s", peer->mode);
}

/* ---- opening ---- */

static void put_numbers(struct bench_peer *peer, const struct ponder_bench_settings *settings)
{
    int64_t threads = settings->threads ? settings->threads : omp_get_num_procs();
    snprintf(peer->branches, NUMBER_BYTES, "%" PRId64, settings->branches);
    snprintf(peer->prompt_tokens, NUMBER_BYTES, "%" PRId64, settings->prompt_tokens);
    snprintf(peer->tokens, NUMBER_BYTES, "%" PRId64, settings->tokens);
    snprintf(peer->trial_tokens, NUMBER_BYTES, "%" PRId64,
             settings->tokens < TRIAL_TOKENS ? settings->tokens : TRIAL_TOKENS);
    peer->turn_tokens = settings->branches * settings->tokens;
    snprintf(peer->threads, NUMBER_BYTES, "%" PRId64, threads);
}

static int write_model(struct bench_peer *peer, struct ponder_bench_settings *settings,
                       const struct bench_work_size *size, struct ponder_err *err)
{
    const char *path = settings->save_model ? settings->save_model : peer->model;
    int status = settings->model ? PONDER_OK : bench_engine_write_model(settings, size, path, err);
    if (!settings->model)
        settings->model = path;
    peer->file = settings->model;
    return status;
}

int bench_peer_open(struct bench_peer **out, struct ponder_bench_settings *settings,
                    const struct bench_work_size *size, struct bench_loop *loop, struct ponder_err *err)
{
    if (strcmp(settings->kv_type, "f16") != 0)
        return err_set(err, PONDER_E_ARGUMENT,
                       "--peer: llama.cpp keeps keys and values in f16; leave --kv-type f16");
    struct bench_peer *peer = calloc(1, sizeof *peer);
    if (!peer)
        return err_memory(err, "a peer");
    peer->loop = loop;
    put_numbers(peer, settings);
    int status = make_folder(peer, err);
    if (!status)
        status = compile_by(peer, settings->peer, err);
    if (!status)
        status = write_model(peer, settings, size, err);
    if (status)
        bench_peer_close(peer);
    else
        *out = peer;
    return status;
}

void bench_peer_close(struct bench_peer *peer)
{
    if (!peer)
        return;
    if (peer->folder[0])
        remove_folder(peer->folder);
    free(peer);
}
