#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"

const char *ponder_version(void)
{
    return PONDER_VERSION;
}

const char *ponder_status_message(int status)
{
    switch (status) {
#define X(name, number, message)                                                                             \
    case number:                                                                                             \
        return message;
        PONDER_STATUS_LIST(X)
#undef X
    default:
        return "unknown status";
    }
}

/* A message is shown on terminals and kept on one line, so control bytes from a file must not pass. */
static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

int err_set(struct ponder_err *err, int status, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        number_vprint(err->message, sizeof err->message, format, args);
        va_end(args);
        err->status = status;
        make_printable(err->message);
    }
    return status;
}

int err_memory(struct ponder_err *err, const char *what)
{
    return err_set(err, PONDER_E_MEMORY, "out of memory while allocating %s", what);
}

int err_prefix(struct ponder_err *err, int status, const char *format, ...)
{
    if (err) {
        struct ponder_err inner = *err;
        va_list args;
        va_start(args, format);
        int used = number_vprint(err->message, sizeof err->message, format, args);
        va_end(args);
        int left = (int)sizeof err->message - used;
        if (used >= 0 && left > 0)
            snprintf(err->message + used, (size_t)left, ": %.*s", left, inner.message);
        err->status = status;
        make_printable(err->message);
    }
    return status;
}
