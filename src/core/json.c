#include "core/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/number.h"
#include "core/utf8.h"

json_t *json_from_text(const char *text, size_t len)
{
    json_t *exact = json_stringn(text, len);
    if (exact)
        return exact;
    struct buf out = BUF_INIT(SIZE_MAX / 2);
    for (size_t i = 0; i < len;) {
        uint32_t code = 0;
        size_t length = utf8_decode(text + i, len - i, &code);
        if (length)
            buf_append(&out, text + i, length);
        else
            buf_puts(&out, "\xef\xbf\xbd");
        i += length ? length : 1;
    }
    json_t *value = buf_ok(&out) ? json_stringn(buf_text(&out), out.len) : NULL;
    buf_release(&out);
    return value;
}

json_t *json_from_string(const char *text)
{
    return text ? json_from_text(text, strlen(text)) : json_null();
}

json_t *json_from_real(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

const char *json_text_or_number(const json_t *value, char number[JSON_NUMBER_BYTES])
{
    const char *text = json_string_value(value);
    if (json_is_integer(value))
        snprintf(number, JSON_NUMBER_BYTES, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        number_print(number, JSON_NUMBER_BYTES, "%.15g", json_real_value(value));
    else
        return text && strlen(text) == json_string_length(value) ? text : NULL;
    return number;
}

int json_print(json_t *root, char **out, struct ponder_err *err)
{
    *out = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(10) | JSON_ENCODE_ANY) : NULL;
    json_decref(root);
    return *out ? PONDER_OK : err_memory(err, "JSON");
}
