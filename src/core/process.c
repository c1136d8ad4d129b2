#include "core/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/err.h"

/* ---- names and arguments ---- */

static int check_program(const char *path, const char *name, struct ponder_err *err)
{
    struct stat at;
    if (stat(path, &at) || !S_ISREG(at.st_mode))
        return err_set(err, PONDER_E_NOT_FOUND, "there is no program %s", name);
    if (access(path, X_OK))
        return err_set(err, PONDER_E_ARGUMENT, "%s may not be executed; `chmod +x` allows it", path);
    return PONDER_OK;
}

static int find_in_path(const char *name, char **path, struct ponder_err *err)
{
    const char *folders = getenv("PATH");
    for (const char *at = folders ? folders : "/usr/bin:/bin"; *at;) {
        size_t n = strcspn(at, ":");
        if (n && asprintf(path, "%.*s/%s", (int)n, at, name) < 0)
            return err_memory(err, "a program's path");
        if (n && check_program(*path, name, NULL) == PONDER_OK)
            return PONDER_OK;
        if (n)
            free(*path);
        *path = NULL;
        at += n + (at[n] == ':');
    }
    return err_set(err, PONDER_E_NOT_FOUND,
                   "there is no program '%.200s' in the folders of PATH; give its path, such as ./%.200s",
                   name, name);
}

int process_find(const char *name, char **path, struct ponder_err *err)
{
    *path = NULL;
    if (!strchr(name, '/'))
        return find_in_path(name, path, err);
    int status = check_program(name, name, err);
    if (!status && !(*path = strdup(name)))
        status = err_memory(err, "a program's path");
    return status;
}

/* One argument from *at to `out`, and *at moved behind it; NULL where a quote is left open. */
static char *split_one(const char **at, char *out)
{
    char quote = 0;
    for (; **at && (quote || (**at != ' ' && **at != '\t')); ++*at) {
        char c = **at, next = (*at)[1];
        bool escapes = c == '\\' && next && (!quote || (quote == '"' && (next == '"' || next == '\\')));
        if (escapes)
            *out++ = *++*at;
        else if (c == quote)
            quote = 0;
        else if (!quote && (c == '\'' || c == '"'))
            quote = c;
        else
            *out++ = c;
    }
    *out = '\0';
    return quote ? NULL : out + 1;
}

int process_split(const char *command, char ***arguments, struct ponder_err *err)
{
    size_t table = (PROCESS_ARGUMENTS_MAX + 1) * sizeof(char *);
    *arguments = calloc(1, table + strlen(command) + 1);
    if (!*arguments)
        return err_memory(err, "a command's arguments");
    char *out = (char *)*arguments + table;
    int count = 0, status = PONDER_OK;
    for (const char *at = command + strspn(command, " \t"); *at && !status; at += strspn(at, " \t")) {
        if (count == PROCESS_ARGUMENTS_MAX)
            status = err_set(err, PONDER_E_LIMIT, "a command of over %d arguments", PROCESS_ARGUMENTS_MAX);
        else
            (*arguments)[count++] = out;
        if (!status && !(out = split_one(&at, out)))
            status = err_set(err, PONDER_E_ARGUMENT, "a quote is left open in: %.200s", command);
    }
    if (!status && (count == 0 || !*(*arguments)[0]))
        status = err_set(err, PONDER_E_ARGUMENT, "there is no program in the command '%.200s'", command);
    if (!status)
        return PONDER_OK;
    free(*arguments);
    *arguments = NULL;
    return status;
}

/* ---- one that runs ---- */

enum { KEPT_MAX = 6, AT_ONCE_MAX = 64, CHUNK_BYTES = 4096, FREE_FD_MIN = 8 };

struct run {
    struct process_job *job; /* NULL: none */
    pid_t pid;
    int out, complaint; /* what it prints comes from these; -1: it has ended */
    double ends_s;
    struct buf line; /* the line of its standard error that is being read */
};

/* What a started program may see of our environment. */
static void fill_environment(char *environment[KEPT_MAX + 1])
{
    static const char *const kept[KEPT_MAX] = {"PATH=", "HOME=", "USER=", "LANG=", "LC_ALL=", "TMPDIR="};
    int count = 0;
    for (char **entry = environ; *entry; entry++)
        for (int i = 0; i < KEPT_MAX && count < KEPT_MAX; i++)
            if (strncmp(*entry, kept[i], strlen(kept[i])) == 0)
                environment[count++] = *entry;
    environment[count] = NULL;
}

/* In the new process: what is safe behind a fork of a program with threads, and nothing else. Why it could
 * not be executed goes into `failure`. */
static void become(const char *path, char *const arguments[], char *const environment[], const int fds[3],
                   int failure, int64_t memory_mib)
{
    sigset_t none;
    struct rlimit memory = {(rlim_t)memory_mib << 20, (rlim_t)memory_mib << 20}, core = {0, 0};
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    bool ready = setrlimit(RLIMIT_AS, &memory) == 0 && setrlimit(RLIMIT_CORE, &core) == 0;
    for (int i = 0; i < 3 && ready; i++)
        ready = dup2(fds[i], i) == i;
    ready =
        ready && dup2(failure, 3) == 3 && fcntl(3, F_SETFD, FD_CLOEXEC) == 0 && close_range(4, ~0U, 0) == 0;
    if (ready)
        execve(path, arguments, environment);
    int why = errno;
    if (write(ready ? 3 : failure, &why, sizeof why) < 0)
        _exit(126);
    _exit(127);
}

static void close_all(int *fds, int count)
{
    for (int i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* A file in memory with the input, read from its beginning. */
static int input_file(const struct process_job *job)
{
    int low = memfd_create("input", MFD_CLOEXEC),
        fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, FREE_FD_MIN);
    if (low >= 0)
        close(low);
    if (fd >= 0 && (file_write_all(fd, job->input, job->input_len) || lseek(fd, 0, SEEK_SET) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Above the numbers that become() gives away, so that none is overwritten before it is moved. */
static bool make_pipe(int ends[2])
{
    int low[2];
    if (pipe2(low, O_CLOEXEC))
        return false;
    ends[0] = fcntl(low[0], F_DUPFD_CLOEXEC, FREE_FD_MIN);
    ends[1] = fcntl(low[1], F_DUPFD_CLOEXEC, FREE_FD_MIN);
    close_all(low, 2);
    return ends[0] >= 0 && ends[1] >= 0;
}

/* The errno of a failed execve; 0: it runs. */
static int wait_for_exec(int fd)
{
    int why = 0;
    ssize_t n;
    while ((n = read(fd, &why, sizeof why)) < 0 && errno == EINTR)
        ;
    return n == sizeof why ? why : 0;
}

static int process_start(struct run *run, struct process_job *job, const char *path, char *const arguments[],
                         const struct process_limits *limits, struct ponder_err *err)
{
    enum { OUT, COMPLAINT = 2, FAILURE = 4, INPUT = 6, FDS };
    int fds[FDS] = {-1, -1, -1, -1, -1, -1, -1};
    char *environment[KEPT_MAX + 1];
    fill_environment(environment);
    fds[INPUT] = input_file(job);
    bool ready =
        fds[INPUT] >= 0 && make_pipe(fds + OUT) && make_pipe(fds + COMPLAINT) && make_pipe(fds + FAILURE);
    pid_t pid = ready ? fork() : -1;
    if (pid == 0)
        become(path, arguments, environment,
               (int[]){fds[INPUT], fds[OUT + 1], fds[(job->merged ? OUT : COMPLAINT) + 1]}, fds[FAILURE + 1],
               limits->memory_mib);
    if (pid < 0) {
        int status = err_set(err, PONDER_E_IO, "%s cannot be started: %s", path, strerror(errno));
        close_all(fds, FDS);
        return status;
    }
    setpgid(pid, pid);
    close_all((int[]){fds[OUT + 1], fds[COMPLAINT + 1], fds[FAILURE + 1], fds[INPUT]}, 4);
    int why = wait_for_exec(fds[FAILURE]);
    close(fds[FAILURE]);
    fcntl(fds[OUT], F_SETFL, O_NONBLOCK);
    fcntl(fds[COMPLAINT], F_SETFL, O_NONBLOCK);
    *run = (struct run){.job = job,
                        .pid = pid,
                        .out = fds[OUT],
                        .complaint = fds[COMPLAINT],
                        .ends_s = clock_now_s(&clock_system) + limits->timeout_s,
                        .line = BUF_INIT(sizeof job->complaint)};
    job->output = BUF_INIT(PROCESS_OUTPUT_BYTES_MAX);
    if (why) {
        job->end = PROCESS_NOT_STARTED;
        job->code = why;
    }
    return PONDER_OK;
}

/* Ends it, if it has not ended, with all that it started. */
static void finish(struct run *run, enum process_end end)
{
    int how = 0;
    kill(-run->pid, SIGKILL);
    while (waitpid(run->pid, &how, 0) < 0 && errno == EINTR)
        ;
    if (run->job->end == PROCESS_NOT_RUN)
        run->job->end = end;
    if (end == PROCESS_EXITED && run->job->end == PROCESS_EXITED) {
        run->job->end = WIFSIGNALED(how) ? PROCESS_KILLED : PROCESS_EXITED;
        run->job->code = WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how);
    }
    if (run->out >= 0)
        close(run->out);
    if (run->complaint >= 0)
        close(run->complaint);
    if (run->line.len)
        snprintf(run->job->complaint, sizeof run->job->complaint, "%s", buf_text(&run->line));
    buf_release(&run->line);
    run->job = NULL;
}

/* Keeps the last line that is not empty; of a long one what it begins with. */
static void take_complaint(struct run *run, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n' && run->line.len) {
            snprintf(run->job->complaint, sizeof run->job->complaint, "%s", buf_text(&run->line));
            buf_clear(&run->line);
        } else if (bytes[i] != '\n' && run->line.len + 1 < sizeof run->job->complaint) {
            buf_putc(&run->line, bytes[i] ? bytes[i] : '?');
        }
    }
}

/* All that has come; *fd is -1 when it has ended. False: it is too much. */
static bool process_take(struct run *run, int *fd, bool complaint)
{
    char bytes[CHUNK_BYTES];
    ssize_t n;
    while (*fd >= 0 && (n = read(*fd, bytes, sizeof bytes)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n < 0)
            break;
        if (complaint)
            take_complaint(run, bytes, (size_t)n);
        else if (buf_append(&run->job->output, bytes, (size_t)n))
            return false;
        if (complaint)
            return true; /* however much it is, the clock is looked at between */
    }
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return true;
}

static bool has_ended(pid_t pid)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/* Looks after one: what it printed, whether it ended, whether its time is over. */
static void attend(struct run *run, const struct deadline *deadline)
{
    bool ended = has_ended(run->pid);
    bool within = process_take(run, &run->out, false);
    for (int i = 0; i < PROCESS_OUTPUT_BYTES_MAX / CHUNK_BYTES; i++)
        process_take(run, &run->complaint, true);
    if (!within)
        finish(run, PROCESS_TALKATIVE);
    else if (ended)
        finish(run, PROCESS_EXITED);
    else if (deadline_passed(deadline))
        finish(run, PROCESS_NOT_RUN);
    else if (clock_now_s(&clock_system) >= run->ends_s)
        finish(run, PROCESS_LATE);
}

/* Until one of them prints or ends something; not long where they have closed what they print to. */
static void wait_for_any(const struct run *runs, int count, double wait_s)
{
    struct pollfd fds[2 * AT_ONCE_MAX];
    nfds_t n = 0;
    bool closed = false;
    for (int i = 0; i < count; i++) {
        if (!runs[i].job)
            continue;
        closed |= runs[i].out < 0;
        fds[n++] = (struct pollfd){.fd = runs[i].out, .events = POLLIN};
        fds[n++] = (struct pollfd){.fd = runs[i].complaint, .events = POLLIN};
    }
    poll(fds, n, closed && wait_s > 0.001 ? 1 : (int)(wait_s * 1000));
}

struct process_list {
    struct run runs[AT_ONCE_MAX];
    int at_once;
    const char *path;
    char *const *arguments;
    struct process_job *jobs; /* (count) */
    int64_t count, next;
    const struct process_limits *limits;
};

/* True while there is something to do. */
static bool process_fill(struct process_list *list, const struct deadline *deadline, int *status,
                         struct ponder_err *err)
{
    bool busy = false;
    for (int i = 0; i < list->at_once; i++) {
        if (!list->runs[i].job && list->next < list->count && !*status && !deadline_passed(deadline))
            *status = process_start(&list->runs[i], &list->jobs[list->next++], list->path, list->arguments,
                                    list->limits, err);
        busy |= list->runs[i].job != NULL;
    }
    return busy;
}

static bool is_failed(const struct process_job *job)
{
    return job->end != PROCESS_NOT_RUN && (job->end != PROCESS_EXITED || job->code != 0);
}

int process_list_open(struct process_list **out, const char *path, char *const arguments[],
                      struct process_job *jobs, int64_t count, const struct process_limits *limits,
                      struct ponder_err *err)
{
    struct process_list *list = *out = calloc(1, sizeof *list);
    if (!list)
        return err_memory(err, "programs");
    list->at_once = limits->at_once_max < AT_ONCE_MAX ? limits->at_once_max : AT_ONCE_MAX;
    list->path = path;
    list->arguments = arguments;
    list->jobs = jobs;
    list->count = count;
    list->limits = limits;
    return PONDER_OK;
}

int process_list_step(struct process_list *list, double wait_s, const struct deadline *deadline,
                      struct ponder_err *err)
{
    int status = PONDER_OK;
    bool busy = process_fill(list, deadline, &status, err);
    if (status || !busy)
        return status;
    wait_for_any(list->runs, list->at_once, wait_s);
    for (int i = 0; i < list->at_once; i++) {
        struct process_job *job = list->runs[i].job;
        if (job && list->next > list->count)
            finish(&list->runs[i], PROCESS_NOT_RUN);
        else if (job)
            attend(&list->runs[i], deadline);
        if (job && is_failed(job))
            list->next = list->count + 1; /* one failure is enough */
    }
    return 1;
}

void process_list_release(struct process_list *list)
{
    for (int i = 0; list && i < list->at_once; i++)
        if (list->runs[i].job)
            finish(&list->runs[i], PROCESS_NOT_RUN);
    free(list);
}

int process_run(const char *path, char *const arguments[], struct process_job *jobs, int64_t count,
                const struct process_limits *limits, const struct deadline *deadline, struct ponder_err *err)
{
    struct process_list *list;
    int busy = 1, status = process_list_open(&list, path, arguments, jobs, count, limits, err);
    while (!status && busy > 0)
        busy = process_list_step(list, 0.02, deadline, err);
    process_list_release(list);
    return status ? status : busy < 0 ? busy : PONDER_OK;
}
