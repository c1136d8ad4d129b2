/* array.h - arrays that grow. */
#ifndef CORE_ARRAY_H
#define CORE_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#include "ponder/status.h"

/* Room for `need` items of `size` bytes each: `items` is the address of the pointer to the array, which is on
 * the heap or NULL and holds *cap of them. It is doubled, from 16 on, up to `max`. PONDER_E_LIMIT where more
 * than `max` are needed, PONDER_E_MEMORY; nothing has changed then. */
int array_reserve(void *items, size_t size, int64_t *cap, int64_t need, int64_t max) PONDER_USE;

#endif
