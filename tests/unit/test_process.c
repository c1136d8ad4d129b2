/* Programs run within bounds: what they are given, what becomes of those that break them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/process.h"

static struct ponder_err err;

/* One run of a line of shell. */
static struct process_job shell(const char *line, double timeout_s, int64_t memory_mib)
{
    struct process_job job = {.input = "in\n", .input_len = 3};
    struct process_limits limits = {timeout_s, memory_mib, 1};
    char *const arguments[] = {"sh", "-c", (char *)line, NULL};
    if (process_run("/bin/sh", arguments, &job, 1, &limits, NULL, &err))
        fail_msg("%s", err.message);
    return job;
}

static void check_shell(const char *line, enum process_end end, int code, const char *output)
{
    struct process_job job = shell(line, 5, 512);
    if (job.end != end || job.code != code || strcmp(buf_text(&job.output), output) != 0)
        fail_msg("%s: end %d, code %d, '%s'", line, (int)job.end, job.code, buf_text(&job.output));
    buf_release(&job.output);
}

static void input_output_and_exit_status_are_passed(void **state)
{
    (void)state;
    check_shell("cat && cat && [ -r /dev/stdin ]", PROCESS_EXITED, 0, "in\n");
    check_shell("exit 7", PROCESS_EXITED, 7, "");
    check_shell("kill -TERM $$", PROCESS_KILLED, 15, "");
    check_shell("printf 0.5; exec >&- 2>&-; sleep 0.1", PROCESS_EXITED, 0, "0.5");
    struct process_job job = shell("echo one >&2; echo two >&2; printf '\\n\\n' >&2; exit 1", 5, 512);
    assert_string_equal(job.complaint, "two");
    buf_release(&job.output);
}

static void what_it_says_on_standard_error_may_be_kept_with_its_output(void **state)
{
    (void)state;
    struct process_job job = {.input = "", .merged = true};
    char *const arguments[] = {"sh", "-c", "echo one; echo two >&2; echo three; exit 1", NULL};
    assert_int_equal(
        process_run("/bin/sh", arguments, &job, 1, &(struct process_limits){5, 512, 1}, NULL, &err), 0);
    assert_string_equal(buf_text(&job.output), "one\ntwo\nthree\n");
    assert_string_equal(job.complaint, "");
    assert_int_equal(job.code, 1);
    buf_release(&job.output);
}

static void a_program_sees_no_open_file_and_little_of_the_environment(void **state)
{
    (void)state;
    setenv("PONDER_SECRET", "key", 1);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    check_shell("echo ${PONDER_SECRET:-none}; [ -n \"$PATH\" ] && echo path", PROCESS_EXITED, 0,
                "none\npath\n");
    check_shell("for fd in 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$fd ] && echo $fd; done; true", PROCESS_EXITED,
                0, "");
    close(fds[0]);
    close(fds[1]);
}

static double seconds(void)
{
    return clock_now_s(&clock_system);
}

static void what_takes_too_long_is_ended_with_all_that_it_started(void **state)
{
    (void)state;
    char folder[] = "/tmp/ponder-process-XXXXXX", line[256], mark[64];
    assert_non_null(mkdtemp(folder));
    snprintf(mark, sizeof mark, "%s/mark", folder);
    snprintf(line, sizeof line, "(sleep 0.6; touch %s) & sleep 60", mark);
    double began_s = seconds();
    struct process_job job = shell(line, 0.2, 512);
    assert_int_equal(job.end, PROCESS_LATE);
    assert_true(seconds() - began_s < 5);
    buf_release(&job.output);
    snprintf(line, sizeof line, "(sleep 0.6; touch %s) & echo 1", mark); /* it ends, what it left does not */
    job = shell(line, 5, 512);
    assert_int_equal(job.end, PROCESS_EXITED);
    buf_release(&job.output);
    usleep(900000);
    assert_true(access(mark, F_OK) != 0);
    rmdir(folder);
}

static void one_that_prints_without_end_is_ended(void **state)
{
    (void)state;
    struct process_job job =
        shell("while :; do echo 0123456789012345678901234567890123456789; done", 20, 512);
    assert_int_equal(job.end, PROCESS_TALKATIVE);
    assert_true(job.output.len <= PROCESS_OUTPUT_BYTES_MAX);
    buf_release(&job.output);
    job = shell("while :; do echo x >&2; done", 0.3, 512);
    assert_int_equal(job.end, PROCESS_LATE);
    assert_string_equal(job.complaint, "x");
    buf_release(&job.output);
}

static void memory_is_limited(void **state)
{
    (void)state;
    struct process_job job = shell("ulimit -v", 5, 64);
    assert_string_equal(buf_text(&job.output), "65536\n");
    buf_release(&job.output);
}

static double now_s(void *data)
{
    return *(double *)data;
}

static void several_run_at_once_and_none_behind_the_deadline(void **state)
{
    (void)state;
    enum { COUNT = 4 };
    struct process_job jobs[COUNT] = {0};
    struct process_limits limits = {5, 512, COUNT};
    char *const arguments[] = {"sh", "-c", "sleep 0.3; cat", NULL};
    double began_s = seconds();
    for (int i = 0; i < COUNT; i++)
        jobs[i] = (struct process_job){.input = &"0123"[i], .input_len = 1};
    assert_int_equal(process_run("/bin/sh", arguments, jobs, COUNT, &limits, NULL, &err), 0);
    assert_true(seconds() - began_s < 0.9);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(buf_text(&jobs[i].output)[0], '0' + i);
        buf_release(&jobs[i].output);
        jobs[i] = (struct process_job){.input = "", .input_len = 0};
    }
    double past = 1;
    struct clock clock = {now_s, &past};
    struct deadline deadline = {&clock, 1};
    assert_int_equal(process_run("/bin/sh", arguments, jobs, COUNT, &limits, &deadline, &err), 0);
    struct deadline soon = {&clock_system, seconds() + 0.1};
    assert_int_equal(jobs[0].end, PROCESS_NOT_RUN);
    assert_int_equal(process_run("/bin/sh", arguments, jobs, COUNT, &limits, &soon, &err), 0);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(jobs[i].end, PROCESS_NOT_RUN);
        buf_release(&jobs[i].output);
    }
}

static void one_that_cannot_be_executed_says_why(void **state)
{
    (void)state;
    char path[] = "/tmp/ponder-process-XXXXXX", *found;
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, "no program", 10) == 10);
    close(fd);
    assert_int_equal(process_find(path, &found, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "chmod"));
    chmod(path, 0700);
    assert_int_equal(process_find(path, &found, &err), 0);
    struct process_job job = {.input = ""};
    char *const arguments[] = {"x", NULL};
    assert_int_equal(process_run(found, arguments, &job, 1, &(struct process_limits){5, 512, 1}, NULL, &err),
                     0);
    assert_int_equal(job.end, PROCESS_NOT_STARTED);
    assert_int_equal(job.code, 8); /* ENOEXEC */
    buf_release(&job.output);
    free(found);
    unlink(path);
    assert_int_equal(process_find(path, &found, &err), PONDER_E_NOT_FOUND);
    assert_int_equal(process_find("ponder-no-such-program", &found, &err), PONDER_E_NOT_FOUND);
    assert_non_null(strstr(err.message, "PATH"));
    assert_int_equal(process_find("/tmp", &found, &err), PONDER_E_NOT_FOUND);
    assert_int_equal(process_find("sh", &found, &err), 0);
    free(found);
}

static void check_split(const char *command, const char *wanted)
{
    char **arguments;
    struct buf seen = BUF_INIT(4096);
    if (process_split(command, &arguments, &err))
        fail_msg("%s: %s", command, err.message);
    for (char **at = arguments; *at; at++)
        buf_printf(&seen, "[%s]", *at);
    assert_string_equal(buf_text(&seen), wanted);
    buf_release(&seen);
    free(arguments);
}

static void a_command_is_parted_as_its_quotes_say(void **state)
{
    (void)state;
    char **arguments, many[256];
    check_split("a b", "[a][b]");
    check_split("  a \t b  ", "[a][b]");
    check_split("a 'b c' \"d e\"", "[a][b c][d e]");
    check_split("a '' b\\ c", "[a][][b c]");
    check_split("a '\\n' \"\\n \\\" \\\\\"", "[a][\\n][\\n \" \\]");
    check_split("a$HOME *;|", "[a$HOME][*;|]");
    check_split("a b\\", "[a][b\\]");
    assert_int_equal(process_split("", &arguments, &err), PONDER_E_ARGUMENT);
    assert_int_equal(process_split("''", &arguments, &err), PONDER_E_ARGUMENT);
    assert_int_equal(process_split("a 'b", &arguments, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "left open"));
    for (size_t i = 0; i < sizeof many; i++)
        many[i] = i % 2 ? ' ' : 'a';
    many[sizeof many - 1] = '\0';
    assert_int_equal(process_split(many, &arguments, &err), PONDER_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_output_and_exit_status_are_passed),
        cmocka_unit_test(what_it_says_on_standard_error_may_be_kept_with_its_output),
        cmocka_unit_test(a_program_sees_no_open_file_and_little_of_the_environment),
        cmocka_unit_test(what_takes_too_long_is_ended_with_all_that_it_started),
        cmocka_unit_test(one_that_prints_without_end_is_ended),
        cmocka_unit_test(memory_is_limited),
        cmocka_unit_test(several_run_at_once_and_none_behind_the_deadline),
        cmocka_unit_test(one_that_cannot_be_executed_says_why),
        cmocka_unit_test(a_command_is_parted_as_its_quotes_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
