#include "replay/recorded.h"

#include <stdbool.h>
#include <stdlib.h>

#include "core/err.h"
#include "core/jsonl.h"

#define MEMORY_BYTES_MAX ((size_t)1 << 36)

void recorded_init(struct recorded *out)
{
    *out = (struct recorded){.memory = ARENA_INIT(MEMORY_BYTES_MAX)};
}

static int add_lines(struct recorded *out, struct jsonl *file, struct ponder_err *err)
{
    json_t *record;
    int more;
    while ((more = jsonl_next(file, &record, err)) > 0) {
        int status = recorded_add(out, record, jsonl_line(file), err);
        json_decref(record);
        if (status)
            return jsonl_prefix(file, status, err);
    }
    return more;
}

int recorded_read_lines(struct recorded *out, struct jsonl *file, const char *name, struct ponder_err *err)
{
    recorded_init(out);
    int status = add_lines(out, file, err);
    if (!status && out->count == 0)
        status = err_set(err, PONDER_E_FORMAT, "%s: holds no question", name);
    return status ? status : recorded_merge(out, name, err);
}

void recorded_release(struct recorded *recorded)
{
    free(recorded->questions);
    arena_release(&recorded->memory);
    json_decref(recorded->run);
    *recorded = (struct recorded){0};
}
