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
enum { JSON_NUMBER_BYTES = 40 };
/* The text of a string, or a number as a text, for which there is `number`: 42 and 27 (of 27.0). NULL where
 * it is neither, or a string with a NUL in it. */
const char *json_text_or_number(const json_t *value, char number[JSON_NUMBER_BYTES]);
/* One line of JSON, freed by the caller; takes `root` over in any case. A NULL root is PONDER_E_MEMORY:
 * building it failed. */
int json_print(json_t *root, char **out, struct ponder_err *err) PONDER_USE;

#endif
