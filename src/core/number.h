/* number.h - numbers in text, the same under every locale.
 *
 * A program that has called setlocale() may have printf() write "0,5" and strtod() stop at the point of
 * "0.5". Files, options, JSON, plots and messages have a point in any case: what reads or prints a fraction
 * goes through here, or through buf_printf() and err_set(), which do. Only the calling thread's locale
 * changes, and only during the call. */
#ifndef CORE_NUMBER_H
#define CORE_NUMBER_H

#include <stdarg.h>
#include <stddef.h>

#include "ponder/status.h"

/* As strtod(), with a decimal point. */
double number_read(const char *text, char **end);
/* As snprintf() and vsnprintf(), with a decimal point. */
int number_print(char *out, size_t bytes, const char *format, ...) PONDER_PRINTF(3, 4);
int number_vprint(char *out, size_t bytes, const char *format, va_list args);

#endif
