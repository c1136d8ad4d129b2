/* meter.h - what a search has spent since it began, and whether it is to stop. */
#ifndef DRIVER_METER_H
#define DRIVER_METER_H

#include "core/clock.h"
#include "engine/engine.h"
#include "ponder/ledger.h"
#include "ponder/progress.h"
#include "ponder/solve.h"

struct meter {
    struct engine *engine;
    const struct clock *clock;
    const struct ponder_watch *watch; /* may be NULL */
    double timeout_s;                 /* 0: none */
    double began_s;
    struct engine_usage before; /* what the engine had spent before this search */
};

struct meter meter_begin(struct engine *engine, const struct clock *clock, const struct ponder_watch *watch,
                         double timeout_s);
/* Sets all that an engine measures and the seconds; generations are the search's own to count. */
void meter_read(const struct meter *meter, struct ponder_ledger *ledger);
/* Shows the watch how far the search is. Who wants it to end here, if anyone. */
enum ponder_stopped meter_stop(const struct meter *meter, int64_t done, int64_t total, const char *unit);

#endif
