/* prefixes.h - the distinct beginnings of a question's solutions, a line at a time.
 *
 * Solutions that begin alike share the nodes of their common lines. A line goes with its line end; the last
 * line of a solution is no prefix but the whole, and has no node. */
#ifndef SEARCH_PREFIXES_H
#define SEARCH_PREFIXES_H

#include <stddef.h>
#include <stdint.h>

#include "ponder/status.h"

struct prefix {
    int64_t parent; /* -1: it is a first line */
    int64_t child, next;
    const char *text; /* of the whole prefix; borrowed from the solution it was first seen in */
    size_t len;       /* bytes of it */
    size_t before;    /* bytes of the parent's */
};

struct prefixes {
    struct prefix *nodes; /* (count); parents stand before their children */
    int64_t count, cap;
    int64_t first; /* -1: none */
};

#define PREFIXES_INIT ((struct prefixes){.first = -1})

/* The steps of a text: what stands between line ends, as a verifier reads it; an end at the very end opens no
 * further step. */
int64_t prefixes_steps(const char *text, size_t len);
/* Adds a solution's prefixes and fills `path` with their nodes, prefixes_steps() - 1 of them.
 * PONDER_E_MEMORY. The text is borrowed until release. */
int prefixes_add(struct prefixes *prefixes, const char *text, size_t len, int64_t *path) PONDER_USE;
void prefixes_release(struct prefixes *prefixes);

#endif
