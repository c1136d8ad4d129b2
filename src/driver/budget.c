#include "driver/budget.h"

#include <math.h>
#include <string.h>

#include "core/err.h"
#include "core/number.h"

static int wrong(const char *text, struct ponder_err *err)
{
    return err_set(err, PONDER_E_ARGUMENT,
                   "--budget: '%.60s' is no budget; give one such as 64g (generations), 20000t (tokens), 5s "
                   "(seconds) or 1e12f (FLOPs), or several with commas between",
                   text);
}

static int parse_one(const char *at, char **end, struct budget *out)
{
    double value = number_read(at, end);
    if (*end == at || !(value > 0) || value > 1e18)
        return PONDER_E_ARGUMENT;
    bool whole = value == floor(value) && value < 9e15;
    switch (*(*end)++) {
    case 'g':
        out->generations = (int64_t)value;
        return whole ? PONDER_OK : PONDER_E_ARGUMENT;
    case 't':
        out->tokens = (int64_t)value;
        return whole ? PONDER_OK : PONDER_E_ARGUMENT;
    case 's':
        out->seconds = value;
        return PONDER_OK;
    case 'f':
        out->flops = value;
        return PONDER_OK;
    default:
        return PONDER_E_ARGUMENT;
    }
}

int budget_parse(const char *text, struct budget *out, struct ponder_err *err)
{
    *out = (struct budget){0};
    for (const char *at = text; *at;) {
        char *end;
        if (parse_one(at, &end, out) || (*end && *end != ',') || (*end == ',' && !end[1]))
            return wrong(text, err);
        at = end + (*end == ',');
    }
    return PONDER_OK;
}

static int64_t spent_tokens(const struct ponder_ledger *spent)
{
    return spent->prompt_tokens + spent->generated_tokens + spent->verifier_tokens;
}

/* A verifier has a tag behind each step, and a step has two tokens at least. What stands before the text
 * takes as much more. */
static int64_t with_tags(int64_t tokens)
{
    return tokens + tokens / 2;
}

struct purse_hold purse_reading_price(const struct purse *purse, int64_t position, int64_t tokens)
{
    if (!purse->verifier || tokens < 1)
        return (struct purse_hold){0};
    int64_t first = purse->reading.prompt + with_tags(position);
    int64_t read = with_tags(tokens) + purse->reading.each;
    if (purse->verifier->ops->rereads) {
        read += first;
        first = 0;
    }
    return (struct purse_hold){read, verifier_flops(purse->verifier, first, read)};
}

/* With the last token of the text before, which is computed with the first one behind it. */
struct purse_hold purse_price(const struct purse *purse, int64_t position, int64_t tokens)
{
    const struct engine *engine = purse->engine;
    struct purse_hold hold = purse_reading_price(purse, position, tokens);
    int64_t first = position > 0 ? position - 1 : 0;
    hold.tokens += tokens;
    hold.flops += engine_flops(engine, first, tokens + 1);
    if (!(engine->can & ENGINE_CAN_KEEP))
        hold.flops += engine_flops(engine, 0, first);
    return hold;
}

void purse_left(const struct purse *purse, const struct ponder_ledger *spent, int64_t *tokens, double *flops)
{
    const struct budget *budget = purse->budget;
    *tokens = budget->tokens ? budget->tokens - spent_tokens(spent) - purse->held.tokens : INT64_MAX;
    *flops = budget->flops > 0 ? budget->flops - spent->flops - purse->held.flops : INFINITY;
}

int64_t purse_room(const struct purse *purse, const struct ponder_ledger *spent, int64_t position,
                   int64_t want)
{
    int64_t tokens, low = 0, high = want;
    double flops;
    purse_left(purse, spent, &tokens, &flops);
    if (tokens == INT64_MAX && isinf(flops))
        return want;
    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2;
        struct purse_hold hold = purse_price(purse, position, middle);
        if (hold.tokens <= tokens && hold.flops <= flops)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

void purse_hold(struct purse *purse, struct purse_hold hold)
{
    purse->held.tokens += hold.tokens;
    purse->held.flops += hold.flops;
}

void purse_refund(struct purse *purse, struct purse_hold hold)
{
    purse->held.tokens -= hold.tokens;
    purse->held.flops -= hold.flops;
    if (purse->held.tokens == 0)
        purse->held.flops = 0; /* what rounding left */
}
