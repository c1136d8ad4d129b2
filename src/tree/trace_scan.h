/* trace_scan.h - a large JSON document read value by value.
 *
 * The document is walked by its brackets and quotes; only one small value at a time becomes jansson's, so
 * what a hostile file can make the reader hold is bounded by its own size. Errors name the byte. */
#ifndef TREE_TRACE_SCAN_H
#define TREE_TRACE_SCAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ponder/status.h"

enum { SCAN_NESTING_MAX = 8, SCAN_PARTS_MAX = 256 }; /* of a value */

struct scan {
    const char *name; /* opens errors */
    const char *text;
    size_t len, at;
    size_t value_bytes_max;
};

/* Steps over white space and then over `c`, if it stands there. */
bool scan_take(struct scan *scan, char c);
/* PONDER_E_FORMAT where something else stands there. */
int scan_expect(struct scan *scan, char c, struct ponder_err *err) PONDER_USE;
/* The next value, released by the caller. PONDER_E_LIMIT for one that is too large or nested too deep. */
int scan_value(struct scan *scan, json_t **value, struct ponder_err *err) PONDER_USE;
/* The key of a member, and the ':' behind it. */
int scan_key(struct scan *scan, char *key, size_t bytes, struct ponder_err *err) PONDER_USE;

/* Told of each item of an array, whose value stays the walk's. */
typedef int scan_item_fn(void *data, int64_t index, const json_t *value, struct ponder_err *err);
int scan_array(struct scan *scan, scan_item_fn *each, void *data, struct ponder_err *err) PONDER_USE;

#endif
