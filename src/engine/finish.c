/* finish.c - where a text ends by a stop string, and how it ended, in a word. */
#include <string.h>

#include "engine/engine.h"

static const char *const finish_names[] = {
    [ENGINE_FINISH_END] = "end",       [ENGINE_FINISH_STOP] = "stop",
    [ENGINE_FINISH_LENGTH] = "length", [ENGINE_FINISH_CONTEXT] = "context",
    [ENGINE_FINISH_SCORED] = "scored", [ENGINE_FINISH_CANCELLED] = "cancelled",
    [ENGINE_FINISH_FAILED] = "failed",
};

const char *engine_finish_name(enum engine_finish finish)
{
    return finish_names[finish];
}

enum engine_finish engine_finish_of(const char *name)
{
    for (size_t i = 0; i < sizeof finish_names / sizeof *finish_names; i++)
        if (strcmp(name, finish_names[i]) == 0)
            return (enum engine_finish)i;
    return ENGINE_FINISH_END;
}

static bool is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!strchr(" \t\r\n", text[i]) || !text[i])
            return false;
    return true;
}

/* Of one stop string. */
static size_t one_stop_end(const char *stop, const char *text, size_t len, size_t from)
{
    size_t n = strlen(stop), at = from >= n - 1 ? from - (n - 1) : 0;
    bool blank = is_blank(stop, n);
    const char *hit;
    while (at + n <= len && (hit = memmem(text + at, len - at, stop, n))) {
        at = (size_t)(hit - text);
        if (!blank || !is_blank(text, at))
            return at + n;
        at++;
    }
    return 0;
}

size_t engine_stop_end(const char *const *stops, int stop_count, const char *text, size_t len, size_t from)
{
    size_t first = 0;
    for (int i = 0; i < stop_count; i++) {
        size_t end = one_stop_end(stops[i], text, len, from);
        if (end && (first == 0 || end < first))
            first = end;
    }
    return first;
}
