/* utf8.h - UTF-8 (RFC 3629), and what of it may be shown. */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ponder/status.h"

/* Bytes of the character that `text` (n >= 1 bytes) begins with, and its code point; 0 where it is no UTF-8:
 * overlong forms, surrogates and everything above U+10FFFF included. */
size_t utf8_decode(const char *text, size_t n, uint32_t *code);
/* False for control characters (line ends and tabs too) and for marks that hide or reorder text. */
bool utf8_is_visible(uint32_t code);
/* Columns of a terminal that a visible character takes, by blocks: 0 for marks that stand on the one before,
 * 2 for CJK and emoji, else 1. */
int utf8_width(uint32_t code);
/* PONDER_E_ARGUMENT naming the first byte that is no UTF-8 or a control character; line ends and tabs pass.
 * `what` opens the message, e.g. "the question". */
int utf8_check(const char *text, size_t n, const char *what, struct ponder_err *err) PONDER_USE;

#endif
