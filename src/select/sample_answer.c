#include "select/sample_answer.h"

#include <stdint.h>
#include <string.h>

const char *sample_without_nul(const char *text, size_t *len, struct buf *copy)
{
    *copy = BUF_INIT(SIZE_MAX / 2);
    if (!memchr(text, '\0', *len))
        return text;
    for (size_t i = 0; i < *len; i++)
        if (text[i])
            buf_putc(copy, text[i]);
        else
            buf_puts(copy, "\xef\xbf\xbd");
    *len = copy->len;
    return buf_ok(copy) ? buf_text(copy) : NULL;
}

int sample_answer(const char *text, size_t len, enum answer_mode mode, char **answer)
{
    struct buf copy;
    const char *whole = sample_without_nul(text, &len, &copy);
    *answer = NULL;
    int status = whole ? answer_of_text(whole, len, mode, answer) : PONDER_E_MEMORY;
    buf_release(&copy);
    return status;
}
