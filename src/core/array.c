#include "core/array.h"

#include <stdlib.h>
#include <string.h>

int array_reserve(void *items, size_t size, int64_t *cap, int64_t need, int64_t max)
{
    void *data;
    if (need <= *cap)
        return PONDER_OK;
    if (need > max)
        return PONDER_E_LIMIT;
    int64_t larger = *cap ? *cap : 8;
    do
        larger = larger > max / 2 ? max : 2 * larger;
    while (larger < need);
    memcpy(&data, items, sizeof data); /* whatever it points to */
    if ((uint64_t)larger > SIZE_MAX / size || !(data = realloc(data, (size_t)larger * size)))
        return PONDER_E_MEMORY;
    memcpy(items, &data, sizeof data);
    *cap = larger;
    return PONDER_OK;
}
