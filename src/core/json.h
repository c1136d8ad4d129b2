/* json.h - small help with jansson values. */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "ponder/status.h"

/* A string of any bytes: what is no UTF-8 becomes U+FFFD. NULL: out of memory. */
json_t *json_from_text(const char *text, size_t len);
/* A string, or null for NULL. */
json_t *json_from_string(const char *text);
/* A number, or null for NAN and infinities, which JSON cannot say. */
json_t *json_from_real(double number);
/* One line of JSON, freed by the caller; takes `root` over in any case. A NULL root is PONDER_E_MEMORY:
 * building it failed. */
int json_print(json_t *root, char **out, struct ponder_err *err) PONDER_USE;

/* ---- replies of servers (json_reply.c) ---- */

/* Where the reply's own text begins: behind a byte order mark, white space, and comments of event streams. */
size_t json_reply_start(const char *bytes, size_t len);
/* The value of a reply, which the caller releases; NULL where it is no JSON. Halves of surrogate pairs and
 * bytes that are no UTF-8 become U+FFFD, and NaN and Infinity null. */
json_t *json_reply(const char *bytes, size_t len, json_error_t *error);

#endif
