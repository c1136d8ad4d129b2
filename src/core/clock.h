/* clock.h - time is passed in, so that tests can own it. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>

struct clock {
    double (*now_s)(void *data); /* seconds from any fixed moment, never going back */
    void *data;
};

/* The machine's monotonic clock. */
extern const struct clock clock_system;

static inline double clock_now_s(const struct clock *clock)
{
    return clock->now_s(clock->data);
}

/* A moment by which work is to end. NULL is never. */
struct deadline {
    const struct clock *clock;
    double at_s;
};

static inline bool deadline_passed(const struct deadline *deadline)
{
    return deadline && clock_now_s(deadline->clock) >= deadline->at_s;
}

#endif
