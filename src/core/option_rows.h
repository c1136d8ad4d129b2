/* option_rows.h - short rows for tables of options. A table's file defines OPTION_FIELD(f), the offset of
 * field f in its settings struct, before it includes this; defaults are written as they would be typed. */
#ifndef CORE_OPTION_ROWS_H
#define CORE_OPTION_ROWS_H

#include <stddef.h>

#include "ponder/option.h"

/* clang-format off */
#define ROW_FLAG(n, f, h) {.name = n, .type = PONDER_OPTION_FLAG, .offset = OPTION_FIELD(f), .help = h}
#define ROW_INT(n, f, m, d, lo, hi, h) \
    {.name = n, .type = PONDER_OPTION_INT, .offset = OPTION_FIELD(f), .meta = m, .default_value = d, .min = lo, .max = hi, .help = h}
#define ROW_REAL(n, f, m, d, lo, hi, h) \
    {.name = n, .type = PONDER_OPTION_REAL, .offset = OPTION_FIELD(f), .meta = m, .default_value = d, .min = lo, .max = hi, .help = h}
#define ROW_TEXT(n, f, m, d, h) \
    {.name = n, .type = PONDER_OPTION_TEXT, .offset = OPTION_FIELD(f), .meta = m, .default_value = d, .help = h}
/* clang-format on */

#endif
