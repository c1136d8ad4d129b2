/* name.h - names as people type them. */
#ifndef CORE_NAME_H
#define CORE_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the `len` bytes that were typed are this name; "-" and "_" are one letter. */
bool name_is(const char *typed, size_t len, const char *name);

#endif
