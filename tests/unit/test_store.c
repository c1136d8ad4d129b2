/* The store: what is put in comes back, claims, and files that are not to be touched. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "core/buf.h"
#include "store/store.h"

static char folder[] = "/tmp/ponder_store_XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int name_store(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/runs.db", folder);
    return 0;
}

static int remove_store(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-workers"};
    (void)state;
    for (int i = 0; i < 4; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
    return 0;
}

static struct question items[] = {{"p0", "1", "1", "algebra", "a"}, {"p1", "2", "2", "none", "b"}};
static const struct questions set = {.items = items, .count = 2, .cap = 2};

static struct store *open_store(void)
{
    struct store *store;
    struct ponder_err err = {0};
    if (store_open(&store, path, STORE_WRITE, &err))
        fail_msg("%s", err.message);
    return store;
}

static int64_t begin_run(struct store *store, const char *settings)
{
    struct store_run_key key = {.data = "set.jsonl",
                                .questions = &set,
                                .model = "m.gguf",
                                .settings = settings,
                                .fingerprint = "{\"version\":\"1\"}"};
    struct ponder_err err = {0};
    int64_t run;
    if (store_run_begin(store, &key, &run, &err))
        fail_msg("%s", err.message);
    return run;
}

static const int32_t tokens[] = {5, 70000, 2};
static const double scores[] = {0.25, 0.1};
static const struct store_sample samples[] = {
    {"a\xff\0b", 4, tokens, 3, -0.5, "end", "1", true, scores, 2},
    {NULL, 0, NULL, 0, NAN, "failed", NULL, false, NULL, 0},
};

static void put(struct store *store, int64_t run, int64_t seed, int64_t question)
{
    struct store_cell cell = {seed, question, {2, 3, 4, 5, 6, 7, 8.5, 0.25}, samples, 2, NULL};
    struct ponder_err err = {0};
    if (store_cell_put(store, run, &cell, &err))
        fail_msg("%s", err.message);
}

static int check_cell(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    int *count = data;
    (void)err;
    ++*count;
    assert_int_equal(cell->n, 2);
    assert_int_equal(cell->cost.generations, 2);
    assert_int_equal(cell->cost.recomputed_tokens, 7);
    assert_true(cell->cost.flops == 8.5 && cell->cost.seconds == 0.25);
    const struct store_sample *first = &cell->samples[0], *second = &cell->samples[1];
    assert_int_equal(first->len, 4);
    assert_memory_equal(first->text, "a\xff\0b", 4);
    assert_int_equal(first->token_count, 3);
    assert_true(first->logprob == -0.5 && first->correct);
    assert_string_equal(first->finish, "end");
    assert_string_equal(first->answer, "1");
    assert_int_equal(first->score_count, 2);
    assert_true(first->scores[1] == 0.1);
    assert_null(second->text);
    assert_null(second->answer);
    assert_null(second->scores);
    assert_true(isnan(second->logprob));
    return PONDER_OK;
}

static int count_cells(struct store *store, int64_t run, int64_t seed, int64_t question)
{
    int count = 0;
    struct ponder_err err = {0};
    if (store_cells_read(store, run, seed, question, check_cell, &count, &err))
        fail_msg("%s", err.message);
    return count;
}

static void what_is_put_in_comes_back(void **state)
{
    (void)state;
    struct store *store = open_store();
    int64_t run = begin_run(store, "{\"n\":2}");
    put(store, run, 1, 1);
    put(store, run, 1, 0);
    put(store, run, 9, 1);
    put(store, run, 9, 1); /* is there: stays as it is */
    store_release(store);
    store = open_store();
    assert_int_equal(begin_run(store, "{\"n\":2}"), run);
    assert_int_equal(count_cells(store, run, 0, -1), 3);
    assert_int_equal(count_cells(store, run, 9, 1), 1);
    assert_int_equal(count_cells(store, run, 9, 0), 0);
    struct ponder_run *runs;
    int64_t count;
    assert_int_equal(store_runs(store, &runs, &count, NULL), PONDER_OK);
    assert_int_equal(count, 1);
    assert_int_equal(runs[0].seeds, 2);
    assert_int_equal(runs[0].done, 3);
    assert_int_equal(runs[0].samples, 6);
    assert_int_equal(runs[0].questions, 2);
    assert_string_equal(runs[0].settings, "{\"n\":2}");
    assert_string_equal(runs[0].fingerprints, "[{\"version\":\"1\"}]");
    ponder_runs_release(runs, count);
    struct questions questions;
    assert_int_equal(store_run_questions(store, run, &questions, NULL), PONDER_OK);
    assert_int_equal(questions.count, 2);
    assert_string_equal(questions.items[1].id, "b");
    assert_true(questions_hash(&questions) == questions_hash(&set));
    questions_release(&questions);
    store_release(store);
}

static void other_settings_are_another_run_and_deleting_one_leaves_the_other(void **state)
{
    (void)state;
    struct store *store = open_store();
    struct ponder_err err = {0};
    int64_t a = begin_run(store, "{\"n\":2}"), b = begin_run(store, "{\"n\":3}");
    assert_int_not_equal(a, b);
    put(store, a, 1, 0);
    put(store, b, 1, 0);
    assert_int_equal(store_run_delete(store, a, &err), PONDER_OK);
    assert_int_equal(count_cells(store, a, 0, -1), 0);
    assert_int_equal(count_cells(store, b, 0, -1), 1);
    assert_int_equal(store_run_delete(store, a, &err), PONDER_E_NOT_FOUND);
    assert_non_null(strstr(err.message, "there is no run 1"));
    assert_int_not_equal(begin_run(store, "{\"n\":2}"), a); /* numbers are not used again */
    store_release(store);
}

static void another_fingerprint_is_refused_unless_it_may_be_mixed(void **state)
{
    (void)state;
    struct store *store = open_store();
    struct ponder_err err = {0};
    int64_t run = begin_run(store, "{}"), again;
    struct store_run_key key = {.data = "set.jsonl",
                                .questions = &set,
                                .model = "m.gguf",
                                .settings = "{}",
                                .fingerprint = "{\"version\":\"2\"}"};
    assert_int_equal(store_run_begin(store, &key, &again, &err), PONDER_E_ARGUMENT);
    assert_non_null(strstr(err.message, "version \"1\", now \"2\""));
    key.mix = true;
    assert_int_equal(store_run_begin(store, &key, &again, &err), PONDER_OK);
    assert_int_equal(again, run);
    store_release(store);
}

static enum store_claim claim(struct store *store, int64_t run, int64_t question)
{
    enum store_claim out;
    struct ponder_err err = {0};
    if (store_cell_claim(store, run, 1, question, &out, &err))
        fail_msg("%s", err.message);
    return out;
}

static void a_cell_is_claimed_by_one_process_at_a_time(void **state)
{
    (void)state;
    struct store *a = open_store(), *b = open_store();
    struct ponder_err err = {0};
    int64_t run = begin_run(a, "{}");
    assert_int_equal(begin_run(b, "{}"), run);
    assert_int_equal(claim(a, run, 0), STORE_CLAIM_MINE);
    assert_int_equal(claim(a, run, 0), STORE_CLAIM_MINE);
    assert_int_equal(claim(b, run, 0), STORE_CLAIM_OTHERS);
    assert_int_equal(claim(b, run, 1), STORE_CLAIM_MINE);
    assert_int_equal(store_run_delete(b, run, &err), PONDER_E_IO);
    assert_non_null(strstr(err.message, "at work on run"));
    put(a, run, 1, 0);
    assert_int_equal(claim(b, run, 0), STORE_CLAIM_DONE);
    assert_int_equal(claim(a, run, 1), STORE_CLAIM_OTHERS);
    store_release(b);
    assert_int_equal(claim(a, run, 1), STORE_CLAIM_MINE);
    store_release(a);
}

/* A process that waits for another asks for its cells again and again, and may not be in the way of who
 * writes. */
static void asking_for_what_cannot_be_claimed_waits_for_no_writer(void **state)
{
    (void)state;
    struct store *a = open_store(), *b = open_store();
    int64_t run = begin_run(a, "{}");
    assert_int_equal(begin_run(b, "{}"), run);
    assert_int_equal(claim(a, run, 0), STORE_CLAIM_MINE);
    put(a, run, 1, 1);
    assert_int_equal(claim(b, run, 0), STORE_CLAIM_OTHERS);
    sqlite3 *writer;
    assert_int_equal(sqlite3_open(path, &writer), SQLITE_OK);
    assert_int_equal(sqlite3_exec(writer, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(claim(b, run, 0), STORE_CLAIM_OTHERS);
    assert_int_equal(claim(b, run, 1), STORE_CLAIM_DONE);
    assert_int_equal(sqlite3_close(writer), SQLITE_OK);
    store_release(a);
    assert_int_equal(claim(b, run, 0), STORE_CLAIM_MINE);
    store_release(b);
}

/* A child claims a cell, begins to put it in, and is killed: nothing of it is there, and it can be claimed.
 */
static void a_killed_process_leaves_neither_claim_nor_half_a_cell(void **state)
{
    (void)state;
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct store *store = open_store();
        int64_t run = begin_run(store, "{}");
        claim(store, run, 0);
        put(store, run, 1, 1);
        if (write(ready[1], "x", 1) == 1)
            pause();
        _exit(0);
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    struct store *store = open_store();
    int64_t run = begin_run(store, "{}");
    assert_int_equal(claim(store, run, 0), STORE_CLAIM_OTHERS);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(claim(store, run, 0), STORE_CLAIM_MINE);
    assert_int_equal(count_cells(store, run, 0, -1), 1);
    store_release(store);
    close(ready[0]);
    close(ready[1]);
}

/* ---- files of another kind ---- */

static void execute(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void refused_untouched(int status, const char *expected)
{
    struct buf before = BUF_INIT(1 << 24), after = BUF_INIT(1 << 24);
    assert_int_equal(buf_read_file(&before, path, NULL), PONDER_OK);
    for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
        struct store *store;
        struct ponder_err err = {0};
        assert_int_equal(store_open(&store, path, mode, &err), status);
        store_release(store);
        if (!strstr(err.message, expected))
            fail_msg("%s", err.message);
    }
    assert_int_equal(buf_read_file(&after, path, NULL), PONDER_OK);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, before.len);
    buf_release(&before);
    buf_release(&after);
}

static void files_of_another_kind_or_version_are_left_as_they_are(void **state)
{
    (void)state;
    static const char notes[] =
        "these are my notes, and they are longer than the header of a SQLite file is, "
        "which has a hundred bytes";
    assert_int_equal(file_write_atomic(path, notes, sizeof notes - 1, NULL), PONDER_OK);
    refused_untouched(PONDER_E_FORMAT, "not a SQLite file");
    unlink(path);
    execute("CREATE TABLE mine (x); INSERT INTO mine VALUES (1)");
    refused_untouched(PONDER_E_FORMAT, "of another program");
    unlink(path);
    store_release(open_store());
    execute("PRAGMA user_version = 99; PRAGMA journal_mode = DELETE");
    refused_untouched(PONDER_E_UNSUPPORTED, "version 99, and this program knows 2");
}

/* A recursive view could be read for ever. */
static void a_view_in_place_of_a_table_is_refused(void **state)
{
    (void)state;
    store_release(open_store());
    execute("PRAGMA journal_mode = DELETE; DROP TABLE samples; CREATE VIEW samples AS WITH RECURSIVE n(i) AS "
            "(SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n");
    refused_untouched(PONDER_E_FORMAT, "not those of a store");
}

static void names_that_would_stay_in_memory_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"", ":memory:"};
    for (int i = 0; i < 2; i++) {
        struct store *store;
        assert_int_equal(store_open(&store, names[i], STORE_WRITE, NULL), PONDER_E_ARGUMENT);
        store_release(store);
    }
}

static void what_is_not_there_is_not_made_for_a_reader(void **state)
{
    (void)state;
    struct store *store;
    struct ponder_err err = {0};
    assert_int_equal(store_open(&store, path, STORE_READ, &err), PONDER_E_IO);
    store_release(store);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(store_open(&store, folder, STORE_WRITE, &err), PONDER_E_ARGUMENT);
    store_release(store);
}

static int ignore_cell(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    (void)data;
    (void)cell;
    (void)err;
    return PONDER_OK;
}

struct copying { /* into another run, while someone else writes too */
    struct store *store, *other;
    int64_t to, others;
};

static int copy_cell(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    struct copying *copying = data;
    put(copying->other, copying->others, cell->seed, cell->question);
    return store_cell_put(copying->store, copying->to, cell, err);
}

static void what_is_read_can_be_written_elsewhere_while_others_write(void **state)
{
    (void)state;
    struct copying copying = {open_store(), open_store(), 0, 0};
    struct ponder_err err = {0};
    int64_t run = begin_run(copying.store, "{}");
    copying.to = begin_run(copying.store, "{\"n\":2}");
    copying.others = begin_run(copying.other, "{\"n\":3}");
    put(copying.store, run, 1, 0);
    put(copying.store, run, 1, 1);
    if (store_cells_read(copying.store, run, 0, -1, copy_cell, &copying, &err))
        fail_msg("%s", err.message);
    assert_int_equal(count_cells(copying.store, copying.to, 0, -1), 2);
    store_release(copying.other);
    store_release(copying.store);
}

static void nonsense_in_a_table_is_an_error_that_names_the_cell(void **state)
{
    (void)state;
    struct store *store = open_store();
    struct ponder_err err = {0};
    int64_t run = begin_run(store, "{}");
    put(store, run, 3, 1);
    store_release(store);
    execute("UPDATE samples SET scores = '{\"a\": 1}' WHERE number = 1");
    store = open_store();
    assert_int_equal(store_cells_read(store, run, 0, -1, ignore_cell, NULL, &err), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "seed 3, question 1"));
    store_release(store);
}

static void a_question_that_is_not_in_the_set_is_refused_by_run_and_number(void **state)
{
    (void)state;
    static const char *const numbers[] = {"2", "-1", "4611686018427387904"};
    struct store *store = open_store();
    int64_t run = begin_run(store, "{}");
    put(store, run, 3, 1);
    store_release(store);
    for (int i = 0; i < 3; i++) {
        struct ponder_err err = {0};
        char sql[200], expected[80];
        snprintf(sql, sizeof sql, "PRAGMA foreign_keys = OFF; UPDATE cells SET question = %s", numbers[i]);
        execute(sql);
        store = open_store();
        assert_int_equal(store_cells_read(store, run, 0, -1, ignore_cell, NULL, &err), PONDER_E_FORMAT);
        snprintf(expected, sizeof expected, "run 1: question %s is not in its set of 2", numbers[i]);
        assert_non_null(strstr(err.message, expected));
        store_release(store);
    }
}

static void a_set_that_lies_about_its_size_is_refused(void **state)
{
    (void)state;
    struct store *store = open_store();
    struct questions questions;
    struct ponder_err err = {0};
    int64_t run = begin_run(store, "{}");
    store_release(store);
    execute("UPDATE sets SET questions = 1000000");
    store = open_store();
    assert_int_equal(store_run_questions(store, run, &questions, &err), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "run 1 has 2 questions, and its set says 1000000"));
    questions_release(&questions);
    store_release(store);
}

/* ---- searches ---- */

static const double totals[] = {0.5, NAN};
static const int32_t repeats[] = {3, 1};
static const char trace[] = "{\"a trace\": \"of some length, of some length, of some length\"}";
static const struct store_found found = {1, totals, repeats, trace, sizeof trace - 1};

static void put_search(struct store *store, int64_t run, const struct store_found *of)
{
    struct store_cell cell = {1, 0, {.generations = 4}, samples, 2, of};
    struct ponder_err err = {0};
    if (store_cell_put(store, run, &cell, &err))
        fail_msg("%s", err.message);
}

static int see_the_chosen_one(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    (void)data;
    (void)err;
    assert_int_equal(cell->n, 1);
    assert_null(cell->samples[0].text);
    assert_string_equal(cell->samples[0].finish, "failed");
    assert_null(cell->found);
    return PONDER_OK;
}

static int see_all(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    (void)data;
    (void)err;
    assert_int_equal(cell->n, 2);
    assert_int_equal(cell->found->chosen, 1);
    assert_true(cell->found->totals[0] == 0.5 && isnan(cell->found->totals[1]));
    assert_int_equal(cell->found->repeats[0], 3);
    assert_int_equal(cell->samples[0].score_count, 2);
    return PONDER_OK;
}

static void a_search_keeps_what_it_saw_and_counts_what_it_chose(void **state)
{
    (void)state;
    struct store *store = open_store();
    struct ponder_err err = {0};
    int64_t run = begin_run(store, "{}");
    put_search(store, run, &found);
    assert_int_equal(store_cells_read(store, run, 0, -1, see_the_chosen_one, NULL, &err), PONDER_OK);
    assert_int_equal(store_candidates_read(store, run, 1, 0, see_all, NULL, &err), PONDER_OK);
    struct ponder_run listed;
    assert_int_equal(store_run_find(store, run, &listed, &err), PONDER_OK);
    assert_int_equal(listed.samples, 1);
    assert_int_equal(listed.kept, 2);
    store_run_release(&listed);
    char *text;
    size_t len;
    assert_int_equal(store_trace_read(store, run, &(int64_t){1}, 0, &text, &len, &err), PONDER_OK);
    assert_string_equal(text, trace);
    free(text);
    int64_t seed = -1;
    assert_int_equal(store_trace_read(store, run, &seed, 0, &text, &len, &err), PONDER_OK);
    assert_int_equal(seed, 1);
    free(text);
    assert_int_equal(store_trace_read(store, run, &(int64_t){1}, 1, &text, &len, &err), PONDER_OK);
    assert_null(text);
    store_release(store);
    static const char *const harm[] = {"UPDATE traces SET bytes = 7", "UPDATE traces SET bytes = 1 << 40",
                                       "UPDATE traces SET bytes = 9, deflated = x'00'"};
    for (int i = 0; i < 3; i++) {
        execute(harm[i]);
        store = open_store();
        assert_int_equal(store_trace_read(store, run, &(int64_t){1}, 0, &text, &len, &err), PONDER_E_FORMAT);
        assert_non_null(strstr(err.message, "run 1, seed 1, question 0: a trace"));
        store_release(store);
    }
    execute("UPDATE cells SET chosen = 5");
    store = open_store();
    assert_int_equal(store_cells_read(store, run, 0, -1, see_the_chosen_one, NULL, &err), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "the sample 5 that was chosen is not there"));
    store_release(store);
}

static void a_trace_that_is_too_large_is_left_out(void **state)
{
    (void)state;
    struct store *store = open_store();
    int64_t run = begin_run(store, "{}");
    size_t len = STORE_TRACE_BYTES_MAX + 1;
    char *text = calloc(len + 1, 1);
    assert_non_null(text);
    memset(text, 'x', len);
    put_search(store, run, &(struct store_found){1, totals, repeats, text, len});
    free(text);
    assert_int_equal(store_trace_read(store, run, &(int64_t){1}, 0, &text, &len, NULL), PONDER_OK);
    assert_null(text);
    store_release(store);
}

static void a_kind_comes_back_and_one_that_is_none_is_refused(void **state)
{
    (void)state;
    struct store *store = open_store();
    struct ponder_err err = {0};
    for (int kind = 0; kind < PONDER_RUN_KINDS; kind++) {
        struct store_run_key key = {.data = "set.jsonl",
                                    .questions = &set,
                                    .model = "m.gguf",
                                    .kind = (enum ponder_run_kind)kind,
                                    .settings = ponder_run_kind_name((enum ponder_run_kind)kind),
                                    .fingerprint = "{}"};
        struct ponder_run run;
        int64_t id;
        assert_int_equal(store_run_begin(store, &key, &id, &err), PONDER_OK);
        assert_int_equal(store_run_find(store, id, &run, &err), PONDER_OK);
        assert_int_equal(run.kind, kind);
        assert_string_equal(run.settings, ponder_run_kind_name(run.kind));
        store_run_release(&run);
    }
    store_release(store);
    execute("UPDATE runs SET kind = 'wish' WHERE id = 2");
    store = open_store();
    struct ponder_run *runs;
    int64_t count;
    assert_int_equal(store_runs(store, &runs, &count, &err), PONDER_E_FORMAT);
    assert_non_null(strstr(err.message, "run 2 is of no kind that there is: 'wish'"));
    ponder_runs_release(runs, count);
    store_release(store);
}

/* ---- pieces ---- */

static int see_piece(void *data, int64_t number, const struct store_sample *sample, struct ponder_err *err)
{
    int *count = data;
    (void)err;
    assert_int_equal(number, *count == 0 ? 0 : 7);
    ++*count;
    if (number == 0) {
        assert_null(sample->text);
        assert_null(sample->tokens);
        assert_true(isnan(sample->logprob));
        return PONDER_OK;
    }
    assert_int_equal(sample->len, 4);
    assert_memory_equal(sample->text, "a\xff\0b", 4);
    assert_int_equal(sample->token_count, 3);
    assert_int_equal(sample->tokens[1], 70000);
    assert_true(sample->logprob == -0.5);
    assert_string_equal(sample->finish, "end");
    return PONDER_OK;
}

static int count_pieces(struct store *store, int64_t run, struct ponder_err *err)
{
    int count = 0;
    int status = store_pieces_read(store, run, 1, 0, see_piece, &count, err);
    return status ? status : count;
}

/* A child puts pieces and is killed: they are there. */
static void pieces_are_kept_until_their_cell_is_whole(void **state)
{
    (void)state;
    int ready[2];
    struct ponder_err err = {0};
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct store *store = open_store();
        int64_t run = begin_run(store, "{}");
        bool fine = !store_piece_put(store, run, 1, 0, 7, &samples[1], NULL) &&
                    !store_piece_put(store, run, 1, 0, 7, &samples[0], NULL) &&
                    !store_piece_put(store, run, 1, 0, 0, &samples[1], NULL);
        if (fine && write(ready[1], "x", 1) == 1)
            pause();
        _exit(0);
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ready[0]);
    close(ready[1]);
    struct store *store = open_store();
    int64_t run = begin_run(store, "{}");
    assert_int_equal(count_pieces(store, run, &err), 2);
    assert_int_equal(count_cells(store, run, 0, -1), 0);
    put(store, run, 1, 1); /* another cell */
    assert_int_equal(count_pieces(store, run, &err), 2);
    put(store, run, 1, 0);
    assert_int_equal(count_pieces(store, run, &err), 0);
    assert_int_equal(store_piece_put(store, run, 1, 0, 7, &samples[0], &err), PONDER_OK);
    assert_int_equal(count_pieces(store, run, &err), 0);
    assert_int_equal(store_piece_put(store, run, 2, 0, 7, &samples[0], &err), PONDER_OK);
    assert_int_equal(store_run_delete(store, run, &err), PONDER_OK);
    store_release(store);
}

static void nonsense_in_a_piece_is_an_error_that_names_the_cell(void **state)
{
    (void)state;
    static const char *const harm[] = {"'[1, 2]'", "'[1, 2, -3]'", "'[1, 2, \"3\"]'", "'{}'"};
    struct store *store = open_store();
    int64_t run = begin_run(store, "{}");
    assert_int_equal(store_piece_put(store, run, 1, 0, 0, &samples[0], NULL), PONDER_OK);
    store_release(store);
    for (int i = 0; i < 4; i++) {
        struct ponder_err err = {0};
        char sql[80];
        snprintf(sql, sizeof sql, "UPDATE pieces SET tokens = %s", harm[i]);
        execute(sql);
        store = open_store();
        assert_int_equal(count_pieces(store, run, &err), PONDER_E_FORMAT);
        assert_non_null(strstr(err.message, "run 1, seed 1, question 0: "));
        store_release(store);
    }
}

/* ---- stores of version 1 ---- */

/* What this program's version 1 wrote: samples, the same judged, two searches, one sample, labels. */
static void copy_version_1(void)
{
    struct buf file = BUF_INIT(1 << 24);
    assert_int_equal(buf_read_file(&file, "tests/data/store_version_1.db", NULL), PONDER_OK);
    assert_int_equal(file_write_atomic(path, file.data, file.len, NULL), PONDER_OK);
    buf_release(&file);
}

static int64_t version_of(void)
{
    sqlite3 *db;
    sqlite3_stmt *row;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    int64_t version = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return version;
}

static int count_samples(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    int64_t *count = data;
    (void)err;
    assert_null(cell->found); /* what a search saw was not kept */
    *count += cell->n;
    return PONDER_OK;
}

static void has_the_runs_of_version_1(enum store_mode mode)
{
    static const enum ponder_run_kind kinds[] = {PONDER_RUN_SAMPLES, PONDER_RUN_JUDGED,  PONDER_RUN_SEARCH,
                                                 PONDER_RUN_SEARCH,  PONDER_RUN_SAMPLES, PONDER_RUN_ROLLOUTS};
    static const int64_t counts[] = {16, 16, 4, 4, 4, 8};
    struct store *store;
    struct ponder_err err = {0};
    if (store_open(&store, path, mode, &err))
        fail_msg("%s", err.message);
    struct ponder_run *runs;
    int64_t count;
    if (store_runs(store, &runs, &count, &err))
        fail_msg("%s", err.message);
    assert_int_equal(count, 6);
    for (int64_t i = 0; i < count; i++) {
        int64_t all = 0;
        assert_int_equal(runs[i].id, i + 1);
        assert_int_equal(runs[i].kind, kinds[i]);
        assert_int_equal(runs[i].samples, counts[i]);
        assert_int_equal(runs[i].kept, counts[i]);
        if (store_candidates_read(store, runs[i].id, 0, -1, count_samples, &all, &err))
            fail_msg("%s", err.message);
        assert_int_equal(all, counts[i]);
    }
    ponder_runs_release(runs, count);
    char *text;
    size_t len;
    assert_int_equal(store_trace_read(store, 3, &(int64_t){1}, 0, &text, &len, &err), PONDER_OK);
    assert_null(text);
    store_release(store);
}

static void a_store_of_version_1_is_read_as_it_is(void **state)
{
    (void)state;
    copy_version_1();
    has_the_runs_of_version_1(STORE_READ);
    assert_int_equal(version_of(), 1);
    assert_int_equal(chmod(path, 0444), 0); /* by root it can be written all the same */
    has_the_runs_of_version_1(STORE_READ);
    assert_int_equal(version_of(), 1);
}

static void a_store_of_version_1_is_gone_on_with_as_version_2(void **state)
{
    (void)state;
    for (int mode = STORE_CHANGE; mode <= STORE_WRITE; mode++) {
        copy_version_1();
        has_the_runs_of_version_1((enum store_mode)mode);
        assert_int_equal(version_of(), 2);
        has_the_runs_of_version_1(STORE_READ);
        struct store *store = open_store();
        put_search(store, begin_run(store, "{}"), &found);
        assert_int_equal(store_run_delete(store, 3, NULL), PONDER_OK);
        store_release(store);
    }
}

static void a_store_of_version_1_that_is_in_use_is_left_to_its_program(void **state)
{
    (void)state;
    copy_version_1();
    struct store *at_work, *store;
    struct ponder_err err = {0};
    assert_int_equal(store_open(&at_work, path, STORE_READ, &err), PONDER_OK); /* as a program of version 1 */
    enum store_claim claim;
    assert_int_equal(store_cell_claim(at_work, 1, 2, 0, &claim, &err), PONDER_OK);
    assert_int_equal(store_open(&store, path, STORE_WRITE, &err), PONDER_E_IO);
    assert_non_null(strstr(err.message, "earlier version, and a process is at work on it"));
    store_release(store);
    assert_int_equal(version_of(), 1);
    store_release(at_work);
    has_the_runs_of_version_1(STORE_WRITE);
    assert_int_equal(version_of(), 2);
}

/* Kills this process in place of the statement of that number; 0: never. */
static int kill_at;

int __real_sqlite3_exec(sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *data,
                        char **message);
int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *data,
                        char **message);

int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *data,
                        char **message)
{
    int code = SQLITE_OK;
    if (!kill_at)
        return __real_sqlite3_exec(db, sql, each, data, message);
    while (*sql && !code) {
        sqlite3_stmt *statement;
        if (--kill_at == 0)
            raise(SIGKILL);
        code = sqlite3_prepare_v2(db, sql, -1, &statement, &sql);
        if (!code && sqlite3_step(statement) == SQLITE_ERROR)
            code = SQLITE_ERROR;
        sqlite3_finalize(statement);
    }
    return code;
}

static void a_process_killed_while_it_brings_a_store_up_leaves_version_1(void **state)
{
    (void)state;
    int status = 0, kills = 0;
    do {
        copy_version_1();
        pid_t child = fork();
        if (child == 0) {
            struct store *store;
            kill_at = kills + 1;
            _exit(store_open(&store, path, STORE_WRITE, NULL) != PONDER_OK);
        }
        waitpid(child, &status, 0);
        bool killed = WIFSIGNALED(status);
        assert_true(killed || WEXITSTATUS(status) == 0);
        assert_int_equal(version_of(), killed ? 1 : 2);
        has_the_runs_of_version_1(STORE_READ);
        assert_int_equal(version_of(), killed ? 1 : 2);
        has_the_runs_of_version_1(STORE_WRITE);
        remove_store(NULL);
        kills += killed;
    } while (WIFSIGNALED(status));
    assert_true(kills > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_put_in_comes_back, name_store, remove_store),
        cmocka_unit_test_setup_teardown(other_settings_are_another_run_and_deleting_one_leaves_the_other,
                                        name_store, remove_store),
        cmocka_unit_test_setup_teardown(another_fingerprint_is_refused_unless_it_may_be_mixed, name_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(a_cell_is_claimed_by_one_process_at_a_time, name_store, remove_store),
        cmocka_unit_test_setup_teardown(asking_for_what_cannot_be_claimed_waits_for_no_writer, name_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(a_killed_process_leaves_neither_claim_nor_half_a_cell, name_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(files_of_another_kind_or_version_are_left_as_they_are, name_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(a_view_in_place_of_a_table_is_refused, name_store, remove_store),
        cmocka_unit_test_setup_teardown(names_that_would_stay_in_memory_are_refused, name_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_not_made_for_a_reader, name_store, remove_store),
        cmocka_unit_test_setup_teardown(what_is_read_can_be_written_elsewhere_while_others_write, name_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(nonsense_in_a_table_is_an_error_that_names_the_cell, name_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(a_question_that_is_not_in_the_set_is_refused_by_run_and_number,
                                        name_store, remove_store),
        cmocka_unit_test_setup_teardown(a_set_that_lies_about_its_size_is_refused, name_store, remove_store),
        cmocka_unit_test_setup_teardown(a_search_keeps_what_it_saw_and_counts_what_it_chose, name_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(a_trace_that_is_too_large_is_left_out, name_store, remove_store),
        cmocka_unit_test_setup_teardown(a_kind_comes_back_and_one_that_is_none_is_refused, name_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(pieces_are_kept_until_their_cell_is_whole, name_store, remove_store),
        cmocka_unit_test_setup_teardown(nonsense_in_a_piece_is_an_error_that_names_the_cell, name_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(a_store_of_version_1_is_read_as_it_is, name_store, remove_store),
        cmocka_unit_test_setup_teardown(a_store_of_version_1_is_gone_on_with_as_version_2, name_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(a_store_of_version_1_that_is_in_use_is_left_to_its_program,
                                        name_store, remove_store),
        cmocka_unit_test_setup_teardown(a_process_killed_while_it_brings_a_store_up_leaves_version_1,
                                        name_store, remove_store),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
