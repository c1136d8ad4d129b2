#include "driver/budget.h"

#include <math.h>
#include <string.h>

#include "core/err.h"
#include "core/number.h"

static int budget_wrong(const char *text, struct ponder_err *err)
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
            return budget_wrong(text, err);
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

struct reservation allowance_reading_price(const struct allowance *allowance, int64_t position,
                                           int64_t tokens)
{
    if (!allowance->verifier || tokens < 1)
        return (struct reservation){0};
    int64_t first = allowance->reading.prompt + with_tags(position);
    int64_t read = with_tags(tokens) + allowance->reading.each;
    if (allowance->verifier->ops->rereads) {
        read += first;
        first = 0;
    }
    return (struct reservation){read, verifier_flops(allowance->verifier, first, read)};
}

/* With the last token of the text before, which is computed with the first one behind it. */
struct reservation allowance_price(const struct allowance *allowance, int64_t position, int64_t tokens)
{
    const struct engine *engine = allowance->engine;
    struct reservation reservation = allowance_reading_price(allowance, position, tokens);
    int64_t first = position > 0 ? position - 1 : 0;
    reservation.tokens += tokens;
    reservation.flops += engine_flops(engine, first, tokens + 1);
    if (!(engine->can & ENGINE_CAN_KEEP))
        reservation.flops += engine_flops(engine, 0, first);
    return reservation;
}

void allowance_left(const struct allowance *allowance, const struct ponder_ledger *spent, int64_t *tokens,
                    double *flops)
{
    const struct budget *budget = allowance->budget;
    *tokens = budget->tokens ? budget->tokens - spent_tokens(spent) - allowance->reserved.tokens : INT64_MAX;
    *flops = budget->flops > 0 ? budget->flops - spent->flops - allowance->reserved.flops : INFINITY;
}

int64_t allowance_room(const struct allowance *allowance, const struct ponder_ledger *spent, int64_t position,
                       int64_t want)
{
    int64_t tokens, low = 0, high = want;
    double flops;
    allowance_left(allowance, spent, &tokens, &flops);
    if (tokens == INT64_MAX && isinf(flops))
        return want;
    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2;
        struct reservation reservation = allowance_price(allowance, position, middle);
        if (reservation.tokens <= tokens && reservation.flops <= flops)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

void allowance_reserve(struct allowance *allowance, struct reservation reservation)
{
    allowance->reserved.tokens += reservation.tokens;
    allowance->reserved.flops += reservation.flops;
}

void allowance_refund(struct allowance *allowance, struct reservation reservation)
{
    allowance->reserved.tokens -= reservation.tokens;
    allowance->reserved.flops -= reservation.flops;
    if (allowance->reserved.tokens == 0)
        allowance->reserved.flops = 0; /* what rounding left */
}
