/* ascii.h - characters and names of ASCII, whatever the host program's locale. */
#ifndef CORE_ASCII_H
#define CORE_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Blanks, tabs and line ends. */
static inline bool ascii_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether the `len` bytes that were typed are this name; "-" and "_" are one letter. */
static inline bool name_is(const char *typed, size_t len, const char *name)
{
    bool same = strlen(name) == len;
    for (size_t i = 0; i < len && same; i++)
        same = typed[i] == name[i] || (strchr("-_", typed[i]) && strchr("-_", name[i]) && typed[i]);
    return same;
}

#endif
