#include "core/clock.h"

#include <time.h>

static double monotonic_s(void *data)
{
    (void)data;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

const struct clock clock_system = {.now_s = monotonic_s};
