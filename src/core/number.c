#include "core/number.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

/* The C library keeps the locale "C" ready: no call here allocates. Where it could not be had, the thread's
 * locale stays as it is. */
static locale_t enter(locale_t *plain)
{
    *plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return uselocale(*plain);
}

static void leave(locale_t plain, locale_t before)
{
    uselocale(before);
    if (plain)
        freelocale(plain);
}

double number_read(const char *text, char **end)
{
    locale_t plain, before = enter(&plain);
    double number = strtod(text, end);
    leave(plain, before);
    return number;
}

int number_vprint(char *out, size_t bytes, const char *format, va_list args)
{
    locale_t plain, before = enter(&plain);
    int n = vsnprintf(out, bytes, format, args);
    leave(plain, before);
    return n;
}

int number_print(char *out, size_t bytes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = number_vprint(out, bytes, format, args);
    va_end(args);
    return n;
}
