#include "driver/meter.h"

struct meter meter_begin(struct engine *engine, const struct clock *clock, const struct ponder_watch *watch,
                         double timeout_s)
{
    struct meter meter = {.engine = engine,
                          .clock = clock,
                          .watch = watch,
                          .timeout_s = timeout_s,
                          .began_s = clock_now_s(clock)};
    engine_usage_get(engine, &meter.before);
    return meter;
}

void meter_read(const struct meter *meter, struct ponder_ledger *ledger)
{
    struct engine_usage now;
    engine_usage_get(meter->engine, &now);
    ledger->prompt_tokens = now.prompt_tokens - meter->before.prompt_tokens;
    ledger->generated_tokens = now.generated_tokens - meter->before.generated_tokens;
    ledger->recomputed_tokens = now.recomputed_tokens - meter->before.recomputed_tokens;
    ledger->flops = now.flops - meter->before.flops;
    ledger->seconds = clock_now_s(meter->clock) - meter->began_s;
}

enum ponder_stopped meter_stop(const struct meter *meter, int64_t done, int64_t total, const char *unit)
{
    double seconds = clock_now_s(meter->clock) - meter->began_s;
    char news[512];
    if (meter->watch && meter->watch->note && engine_news(meter->engine, news, sizeof news))
        meter->watch->note(news, meter->watch->data);
    if (meter->timeout_s > 0 && seconds >= meter->timeout_s)
        return PONDER_STOPPED_BY_TIMEOUT;
    if (!meter->watch || !meter->watch->progress)
        return PONDER_STOPPED_NO;
    struct engine_usage now;
    engine_usage_get(meter->engine, &now);
    struct ponder_progress progress = {.done = done,
                                       .total = total,
                                       .unit = unit,
                                       .seconds = seconds,
                                       .tokens = now.generated_tokens - meter->before.generated_tokens};
    return meter->watch->progress(&progress, meter->watch->data) ? PONDER_STOPPED_NO
                                                                 : PONDER_STOPPED_BY_CALLER;
}
