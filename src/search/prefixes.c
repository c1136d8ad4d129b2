#include "search/prefixes.h"

#include "core/array.h"

#include <stdlib.h>
#include <string.h>

int64_t prefixes_steps(const char *text, size_t len)
{
    int64_t steps = 0;
    for (size_t at = 0; at < len; steps++) {
        const char *end = memchr(text + at, '\n', len - at);
        at = end ? (size_t)(end - text) + 1 : len;
    }
    return steps;
}

static int64_t prefixes_find(const struct prefixes *prefixes, int64_t first, const char *line, size_t len)
{
    for (int64_t i = first; i >= 0; i = prefixes->nodes[i].next) {
        const struct prefix *node = &prefixes->nodes[i];
        if (node->len - node->before == len && memcmp(node->text + node->before, line, len) == 0)
            return i;
    }
    return -1;
}

/* The node of text[0, end) below `parent`, whose text ends at `begin`; negative: out of memory. */
static int64_t enter(struct prefixes *prefixes, int64_t parent, const char *text, size_t begin, size_t end)
{
    int64_t first = parent < 0 ? prefixes->first : prefixes->nodes[parent].child;
    int64_t at = prefixes_find(prefixes, first, text + begin, end - begin);
    if (at >= 0)
        return at;
    if (array_reserve(&prefixes->nodes, sizeof *prefixes->nodes, &prefixes->cap, prefixes->count + 1,
                      INT32_MAX))
        return -1;
    at = prefixes->count++;
    prefixes->nodes[at] = (struct prefix){parent, -1, first, text, end, begin};
    if (parent < 0)
        prefixes->first = at;
    else
        prefixes->nodes[parent].child = at;
    return at;
}

int prefixes_add(struct prefixes *prefixes, const char *text, size_t len, int64_t *path)
{
    int64_t parent = -1, steps = prefixes_steps(text, len);
    size_t begin = 0;
    for (int64_t i = 0; i + 1 < steps; i++) {
        const char *line_end = memchr(text + begin, '\n', len - begin);
        size_t end = (size_t)(line_end - text) + 1;
        parent = path[i] = enter(prefixes, parent, text, begin, end);
        if (parent < 0)
            return PONDER_E_MEMORY;
        begin = end;
    }
    return PONDER_OK;
}

void prefixes_release(struct prefixes *prefixes)
{
    free(prefixes->nodes);
    *prefixes = PREFIXES_INIT;
}
