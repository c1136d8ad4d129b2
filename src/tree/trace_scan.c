#include "tree/trace_scan.h"

#include <stdio.h>
#include <string.h>

#include "core/ascii.h"
#include "core/err.h"

static int fail_at(const struct scan *scan, size_t at, int status, const char *what, struct ponder_err *err)
{
    return err_set(err, status, "%s: byte %zu: %s", scan->name, at, what);
}

bool scan_take(struct scan *scan, char c)
{
    while (scan->at < scan->len && ascii_is_space(scan->text[scan->at]))
        scan->at++;
    if (scan->at == scan->len || scan->text[scan->at] != c)
        return false;
    scan->at++;
    return true;
}

int scan_expect(struct scan *scan, char c, struct ponder_err *err)
{
    char what[64];
    if (scan_take(scan, c))
        return PONDER_OK;
    snprintf(what, sizeof what, "'%c' is missing%s", c,
             scan->at == scan->len ? "; the file ends too early" : " here");
    return fail_at(scan, scan->at, PONDER_E_FORMAT, what, err);
}

/* Behind the string whose opening quote stands at `at`; scan->len + 1 where it does not end. */
static size_t string_end(const struct scan *scan, size_t at)
{
    for (at++; at < scan->len && scan->text[at] != '"'; at++)
        at += scan->text[at] == '\\';
    return at < scan->len ? at + 1 : scan->len + 1;
}

/* Walks to the end of the value that begins here. */
struct extent {
    size_t at;
    int nesting, parts;
    bool done;
};

/* Over one character, or one string. False: the value has ended before it. */
static bool scan_step(const struct scan *scan, struct extent *extent)
{
    char c = scan->text[extent->at];
    bool between = c == ',' || c == ':', closes = c == '}' || c == ']';
    if (extent->nesting == 0 && (between || closes || ascii_is_space(c)))
        return false;
    extent->nesting += (c == '{' || c == '[') - closes;
    extent->parts += between;
    extent->at = c == '"' ? string_end(scan, extent->at) : extent->at + 1;
    extent->done = extent->nesting == 0 && (closes || c == '"');
    return true;
}

static int scan_measure(struct scan *scan, size_t *end, struct ponder_err *err)
{
    struct extent extent = {.at = scan->at};
    while (!extent.done && extent.at < scan->len && scan_step(scan, &extent)) {
        if (extent.nesting > SCAN_NESTING_MAX)
            return fail_at(scan, extent.at - 1, PONDER_E_LIMIT, "nested too deep", err);
        if (extent.parts > SCAN_PARTS_MAX)
            return fail_at(scan, extent.at - 1, PONDER_E_LIMIT, "too many parts in one value", err);
        if (extent.at - scan->at > scan->value_bytes_max)
            return fail_at(scan, scan->at, PONDER_E_LIMIT, "too large a value begins here", err);
    }
    if (extent.at > scan->len || (extent.nesting > 0 && extent.at == scan->len))
        return fail_at(scan, scan->at, PONDER_E_FORMAT, "what begins here does not end", err);
    if (extent.at == scan->at)
        return fail_at(scan, scan->at, PONDER_E_FORMAT, "a value is missing here", err);
    *end = extent.at;
    return PONDER_OK;
}

int scan_value(struct scan *scan, json_t **value, struct ponder_err *err)
{
    json_error_t where;
    size_t end = 0;
    *value = NULL;
    scan_take(scan, ' ');
    int status = scan_measure(scan, &end, err);
    if (status)
        return status;
    *value = json_loadb(scan->text + scan->at, end - scan->at,
                        JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &where);
    if (!*value)
        return json_error_code(&where) == json_error_out_of_memory
                   ? err_memory(err, "JSON")
                   : fail_at(scan, scan->at + (where.position > 0 ? (size_t)where.position : 0),
                             PONDER_E_FORMAT, where.text, err);
    scan->at = end;
    return PONDER_OK;
}

int scan_key(struct scan *scan, char *key, size_t bytes, struct ponder_err *err)
{
    json_t *value;
    size_t at = scan->at;
    int status = scan_value(scan, &value, err);
    if (!status && !json_is_string(value))
        status = fail_at(scan, at, PONDER_E_FORMAT, "a key is missing here", err);
    if (!status)
        snprintf(key, bytes, "%s", json_string_value(value));
    json_decref(value);
    return status ? status : scan_expect(scan, ':', err);
}

int scan_array(struct scan *scan, scan_item_fn *each, void *data, struct ponder_err *err)
{
    int status = scan_expect(scan, '[', err);
    if (status || scan_take(scan, ']'))
        return status;
    for (int64_t index = 0; !status; index++) {
        json_t *value;
        status = scan_value(scan, &value, err);
        if (!status)
            status = each(data, index, value, err);
        json_decref(value);
        if (!status && scan_take(scan, ']'))
            return PONDER_OK;
        if (!status)
            status = scan_expect(scan, ',', err);
    }
    return status;
}
