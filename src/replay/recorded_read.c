/* recorded_read.c - recorded samples from a file of lines, or from a run of a store by way of its export. */
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/jsonl.h"
#include "replay/recorded.h"
#include "ponder/runs.h"

bool ponder_is_store(const char *path)
{
    static const char mark[16] = "SQLite format 3"; /* its NUL is part of it */
    char head[sizeof mark];
    FILE *file = fopen(path, "rbe");
    bool found =
        file && fread(head, 1, sizeof head, file) == sizeof head && memcmp(head, mark, sizeof mark) == 0;
    if (file)
        fclose(file);
    return found;
}

struct reading {
    struct recorded *out;
    int64_t line;
};

static int add_line(void *data, const char *line, size_t len, struct ponder_err *err)
{
    struct reading *reading = data;
    json_t *record = json_loadb(line, len, JSON_ALLOW_NUL, NULL);
    if (!record)
        return err_memory(err, "a question");
    int status = recorded_add(reading->out, record, ++reading->line, err);
    json_decref(record);
    return status;
}

/* The number of the only run there is. */
static int only_run(const char *path, int64_t *run, struct ponder_err *err)
{
    struct ponder_run *runs;
    int64_t count;
    int status = ponder_runs_list(path, &runs, &count, err);
    if (!status && count == 1)
        *run = runs[0].id;
    else if (!status)
        status = err_set(err, PONDER_E_ARGUMENT, "%s holds %lld runs; name one by --run: `ponder runs list`",
                         path, (long long)count);
    ponder_runs_release(runs, count);
    return status;
}

static int read_run(struct recorded *out, const char *path, int64_t run, struct ponder_err *err)
{
    struct reading reading = {.out = out};
    recorded_init(out);
    int status = run ? PONDER_OK : only_run(path, &run, err);
    if (!status)
        status = ponder_runs_export(path, run, PONDER_EXPORT_SAMPLES, add_line, &reading, err);
    if (!status && out->count == 0)
        status = err_set(err, PONDER_E_FORMAT, "%s: no question of run %lld is done", path, (long long)run);
    return status ? status : recorded_merge(out, path, err);
}

int recorded_read(struct recorded *out, const char *path, int64_t run, struct ponder_err *err)
{
    *out = (struct recorded){0};
    if (ponder_is_store(path))
        return read_run(out, path, run, err);
    if (run)
        return err_set(err, PONDER_E_ARGUMENT, "--run is of a store, and %s is none", path);
    struct jsonl *file;
    int status = jsonl_open(&file, path, err);
    if (!status)
        status = recorded_read_lines(out, file, path, err);
    jsonl_release(file);
    return status;
}
