/* run.c - runs: begun, listed, found, deleted. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/buf.h"
#include "core/err.h"
#include "store/store_impl.h"

enum { RUNS_MAX = 1000000 };

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text64(statement, at, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8);
}

/* ---- kinds ---- */

static const char *const kinds[PONDER_RUN_KINDS] = {[PONDER_RUN_SAMPLES] = "samples",
                                                    [PONDER_RUN_JUDGED] = "judged",
                                                    [PONDER_RUN_SEARCH] = "search",
                                                    [PONDER_RUN_ROLLOUTS] = "rollouts"};

const char *ponder_run_kind_name(enum ponder_run_kind kind)
{
    return kinds[kind];
}

static int take_kind(struct ponder_run *out, const char *name, struct ponder_err *err)
{
    for (int kind = 0; name && kind < PONDER_RUN_KINDS; kind++)
        if (strcmp(name, kinds[kind]) == 0) {
            out->kind = (enum ponder_run_kind)kind;
            return PONDER_OK;
        }
    return err_set(err, PONDER_E_FORMAT, "run %lld is of no kind that there is: '%.40s'", (long long)out->id,
                   name ? name : "");
}

/* ---- beginning ---- */

static int add_question(struct store *store, int64_t set, int64_t number, const struct question *question,
                        struct ponder_err *err)
{
    sqlite3_stmt *add = store_statement(store, STORE_QUESTION_ADD);
    const char *const texts[] = {question->problem, question->answer, question->level, question->subject,
                                 question->id};
    sqlite3_bind_int64(add, 1, set);
    sqlite3_bind_int64(add, 2, number);
    for (int i = 0; i < 5; i++)
        bind_text(add, 3 + i, texts[i]);
    return store_run_statement(store, add, NULL, "keeping the questions", err);
}

static int find_or_add_set(struct store *store, const struct store_run_key *key, int64_t *set,
                           struct ponder_err *err)
{
    char hash[17];
    snprintf(hash, sizeof hash, "%016" PRIx64, questions_hash(key->questions));
    *set = 0;
    sqlite3_stmt *find = store_statement(store, STORE_SET_FIND);
    bind_text(find, 1, hash);
    int status = store_run_statement(store, find, set, "looking for the questions", err);
    if (status || *set)
        return status;
    sqlite3_stmt *add = store_statement(store, STORE_SET_ADD);
    bind_text(add, 1, hash);
    bind_text(add, 2, key->data);
    sqlite3_bind_int64(add, 3, key->questions->count);
    status = store_run_statement(store, add, set, "keeping the questions", err);
    for (int64_t i = 0; i < key->questions->count && !status; i++)
        status = add_question(store, *set, i, &key->questions->items[i], err);
    return status;
}

static int find_or_add_run(struct store *store, const struct store_run_key *key, int64_t set, int64_t *run,
                           struct ponder_err *err)
{
    *run = 0;
    sqlite3_stmt *find = store_statement(store, STORE_RUN_FIND);
    sqlite3_bind_int64(find, 1, set);
    bind_text(find, 2, key->settings);
    int status = store_run_statement(store, find, run, "looking for the run", err);
    if (status || *run)
        return status;
    sqlite3_stmt *add = store_statement(store, STORE_RUN_ADD);
    sqlite3_bind_int64(add, 1, set);
    bind_text(add, 2, key->settings);
    bind_text(add, 3, key->model);
    bind_text(add, 4, ponder_run_kind_name(key->kind));
    return store_run_statement(store, add, run, "beginning a run", err);
}

/* ---- fingerprints ---- */

/* "version \"0.1.0\", now \"0.2.0\"; cpu .." of two JSON objects. */
static void describe_difference(const char *was_text, const char *is_text, struct buf *out)
{
    json_t *was = json_loads(was_text, 0, NULL), *is = json_loads(is_text, 0, NULL), *value;
    const char *key;
    json_object_foreach(is, key, value)
    {
        json_t *old = json_object_get(was, key);
        if (old && json_equal(old, value))
            continue;
        char *a = old ? json_dumps(old, JSON_ENCODE_ANY) : NULL, *b = json_dumps(value, JSON_ENCODE_ANY);
        buf_printf(out, "%s%s %s, now %s", out->len ? "; " : "", key, a ? a : "unknown", b ? b : "unknown");
        free(a);
        free(b);
    }
    json_decref(was);
    json_decref(is);
}

static int check_print(struct store *store, const struct store_run_key *key, int64_t run,
                       struct ponder_err *err)
{
    sqlite3_stmt *first = store_statement(store, STORE_PRINT_FIRST);
    sqlite3_bind_int64(first, 1, run);
    int code = sqlite3_step(first), status = PONDER_OK;
    const char *was = code == SQLITE_ROW ? (const char *)sqlite3_column_text(first, 1) : NULL;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        status = store_fail(store, "reading a fingerprint", err);
    if (was && strcmp(was, key->fingerprint) != 0 && !key->mix) {
        struct buf difference = BUF_INIT(400);
        describe_difference(was, key->fingerprint, &difference);
        status =
            err_set(err, PONDER_E_ARGUMENT,
                    "%s: run %lld was begun with %s; --mix goes on with it all the same, another --store or "
                    "`ponder runs delete` begins anew",
                    store->path, (long long)run, buf_text(&difference));
        buf_release(&difference);
    }
    sqlite3_reset(first);
    return status;
}

static int find_or_add_print(struct store *store, const struct store_run_key *key, int64_t run,
                             struct ponder_err *err)
{
    store->fingerprint = 0;
    sqlite3_stmt *find = store_statement(store, STORE_PRINT_FIND);
    sqlite3_bind_int64(find, 1, run);
    bind_text(find, 2, key->fingerprint);
    int status = store_run_statement(store, find, &store->fingerprint, "looking for a fingerprint", err);
    if (status || store->fingerprint)
        return status;
    sqlite3_stmt *add = store_statement(store, STORE_PRINT_ADD);
    sqlite3_bind_int64(add, 1, run);
    bind_text(add, 2, key->fingerprint);
    return store_run_statement(store, add, &store->fingerprint, "keeping a fingerprint", err);
}

int store_run_begin(struct store *store, const struct store_run_key *key, int64_t *run,
                    struct ponder_err *err)
{
    int64_t set;
    *run = 0;
    int status = store_begin(store, err);
    if (status)
        return status;
    status = find_or_add_set(store, key, &set, err);
    if (!status)
        status = find_or_add_run(store, key, set, run, err);
    if (!status)
        status = check_print(store, key, *run, err);
    if (!status)
        status = find_or_add_print(store, key, *run, err);
    return store_end(store, status, err);
}

/* ---- listing ---- */

static char *column_copy(sqlite3_stmt *statement, int at)
{
    const unsigned char *text = sqlite3_column_text(statement, at);
    return strdup(text ? (const char *)text : "");
}

static int take_run(sqlite3_stmt *row, struct ponder_run *out, struct ponder_err *err)
{
    *out = (struct ponder_run){.id = sqlite3_column_int64(row, 0),
                               .created = column_copy(row, 1),
                               .data = column_copy(row, 2),
                               .model = column_copy(row, 3),
                               .settings = column_copy(row, 4),
                               .questions = sqlite3_column_int64(row, 5),
                               .fingerprints = column_copy(row, 6),
                               .seeds = sqlite3_column_int64(row, 7),
                               .done = sqlite3_column_int64(row, 8),
                               .samples = sqlite3_column_int64(row, 9),
                               .kept = sqlite3_column_int64(row, 10)};
    return out->created && out->data && out->model && out->settings && out->fingerprints
               ? take_kind(out, (const char *)sqlite3_column_text(row, 11), err)
               : err_memory(err, "runs");
}

/* `id` 0: all of them. */
static int read_runs(struct store *store, int64_t id, struct ponder_run **out, int64_t *count,
                     struct ponder_err *err)
{
    sqlite3_stmt *row = store_statement(store, STORE_RUNS);
    sqlite3_bind_int64(row, 1, id);
    int64_t cap = 0;
    int code = SQLITE_ERROR, status = PONDER_OK;
    *out = NULL;
    *count = 0;
    while (!status && row && (code = sqlite3_step(row)) == SQLITE_ROW) {
        status = array_reserve(out, sizeof **out, &cap, *count + 1, RUNS_MAX);
        if (status == PONDER_E_LIMIT)
            err_set(err, status, "more than %d runs", RUNS_MAX);
        else
            status = status ? err_memory(err, "runs") : take_run(row, &(*out)[(*count)++], err);
    }
    if (!status && code != SQLITE_DONE)
        status = store_fail(store, "reading the runs", err);
    sqlite3_reset(row);
    return status;
}

int store_runs(struct store *store, struct ponder_run **out, int64_t *count, struct ponder_err *err)
{
    return read_runs(store, 0, out, count, err);
}

static int say_not_found(struct store *store, int64_t id, struct ponder_err *err)
{
    struct ponder_run *all;
    int64_t count;
    int status = store_runs(store, &all, &count, err);
    if (!status && count == 0)
        status = err_set(err, PONDER_E_NOT_FOUND, "%s: holds no run", store->path);
    else if (!status)
        status = err_set(err, PONDER_E_NOT_FOUND,
                         "%s: there is no run %lld; there are %lld, from %lld to %lld: `ponder runs list`",
                         store->path, (long long)id, (long long)count, (long long)all[0].id,
                         (long long)all[count - 1].id);
    ponder_runs_release(all, count);
    return status;
}

int store_run_find(struct store *store, int64_t id, struct ponder_run *out, struct ponder_err *err)
{
    struct ponder_run *found = NULL;
    int64_t count = 0;
    *out = (struct ponder_run){0};
    int status = id > 0 ? read_runs(store, id, &found, &count, err) : PONDER_OK;
    if (count > 0)
        *out = found[0];
    free(found);
    return status || count > 0 ? status : say_not_found(store, id, err);
}

void store_run_release(struct ponder_run *run)
{
    free(run->created);
    free(run->data);
    free(run->model);
    free(run->settings);
    free(run->fingerprints);
    *run = (struct ponder_run){0};
}

void ponder_runs_release(struct ponder_run *runs, int64_t count)
{
    for (int64_t i = 0; runs && i < count; i++)
        store_run_release(&runs[i]);
    free(runs);
}

/* ---- its questions ---- */

int store_set_size(struct store *store, int64_t run, int64_t *out, struct ponder_err *err)
{
    sqlite3_stmt *size = store_statement(store, STORE_SET_SIZE);
    *out = 0;
    sqlite3_bind_int64(size, 1, run);
    return store_run_statement(store, size, out, "reading the size of a set", err);
}

/* What is there must be what the set says of itself: cells and other runs are measured by that. */
static int check_count(struct store *store, int64_t id, int64_t count, struct ponder_err *err)
{
    int64_t size;
    int status = store_set_size(store, id, &size, err);
    if (!status && count == 0)
        status = err_set(err, PONDER_E_FORMAT, "%s: run %lld has no questions", store->path, (long long)id);
    else if (!status && count != size)
        status = err_set(err, PONDER_E_FORMAT, "%s: run %lld has %lld questions, and its set says %lld",
                         store->path, (long long)id, (long long)count, (long long)size);
    return status;
}

int store_run_questions(struct store *store, int64_t id, struct questions *out, struct ponder_err *err)
{
    sqlite3_stmt *row = store_statement(store, STORE_QUESTIONS);
    int code = SQLITE_ERROR, status = PONDER_OK;
    *out = (struct questions){0};
    sqlite3_bind_int64(row, 1, id);
    while (!status && row && (code = sqlite3_step(row)) == SQLITE_ROW) {
        char *texts[5];
        for (int i = 0; i < 5; i++)
            texts[i] = (char *)sqlite3_column_text(row, i);
        struct question question = {texts[0], texts[1], texts[2], texts[3], texts[4]};
        bool whole = texts[0] && texts[1] && texts[2] && texts[3] && texts[4];
        status = whole ? questions_add(out, &question, err)
                       : err_set(err, PONDER_E_FORMAT, "%s: a question has no text", store->path);
    }
    if (!status && code != SQLITE_DONE)
        status = store_fail(store, "reading the questions", err);
    sqlite3_reset(row);
    return status ? status : check_count(store, id, out->count, err);
}

/* ---- deleting ---- */

static int check_idle(struct store *store, int64_t id, struct ponder_err *err)
{
    sqlite3_stmt *row = store_statement(store, STORE_CLAIMS_OF_RUN);
    bool busy = false;
    sqlite3_bind_int64(row, 1, id);
    int code = SQLITE_ERROR;
    while (!busy && row && (code = sqlite3_step(row)) == SQLITE_ROW)
        busy = store_worker_lives(store, sqlite3_column_int64(row, 0));
    sqlite3_reset(row);
    if (!busy && code != SQLITE_DONE)
        return store_fail(store, "looking for claims", err);
    return busy ? err_set(err, PONDER_E_IO, "%s: a process is at work on run %lld; wait for its end",
                          store->path, (long long)id)
                : PONDER_OK;
}

int store_run_delete(struct store *store, int64_t id, struct ponder_err *err)
{
    struct ponder_run run;
    int status = store_run_find(store, id, &run, err);
    store_run_release(&run);
    if (!status)
        status = store_begin(store, err);
    if (status)
        return status;
    status = check_idle(store, id, err);
    sqlite3_stmt *drop = store_statement(store, STORE_RUN_DELETE);
    sqlite3_bind_int64(drop, 1, id);
    if (!status)
        status = store_run_statement(store, drop, NULL, "deleting a run", err);
    if (!status)
        status =
            store_run_statement(store, store_statement(store, STORE_SETS_CLEAN), NULL, "deleting a run", err);
    return store_end(store, status, err);
}
