/* clock.h - time is passed in, so that tests can own it. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

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

#endif
