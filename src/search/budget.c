#include "search/budget.h"

#include <math.h>
#include <string.h>

#include "core/err.h"
#include "core/number.h"

/* A verifier reads a text with a tag behind each step: this many of its tokens come on top of each request.
 */
enum { TAGS_PER_REQUEST = 4 };

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

/* With the last token of the text before, which is computed with the first one behind it. */
static struct purse_hold price(const struct purse *purse, const struct engine *engine, int64_t position,
                               int64_t tokens)
{
    int64_t read = purse->verified ? tokens + TAGS_PER_REQUEST : 0, first = position > 0 ? position - 1 : 0;
    struct purse_hold hold = {tokens + read, engine_flops(engine, first, tokens + 1)};
    if (!(engine->can & ENGINE_CAN_KEEP))
        hold.flops += engine_flops(engine, 0, first);
    if (purse->verified)
        hold.flops += engine_flops(engine, first, read);
    return hold;
}

void purse_left(const struct purse *purse, const struct ponder_ledger *spent, int64_t *tokens, double *flops)
{
    const struct budget *budget = purse->budget;
    *tokens = budget->tokens ? budget->tokens - spent_tokens(spent) - purse->tokens_held : INT64_MAX;
    *flops = budget->flops > 0 ? budget->flops - spent->flops - purse->flops_held : INFINITY;
}

int64_t purse_room(const struct purse *purse, const struct ponder_ledger *spent, const struct engine *engine,
                   int64_t position, int64_t want)
{
    int64_t tokens, low = 0, high = want;
    double flops;
    purse_left(purse, spent, &tokens, &flops);
    if (tokens == INT64_MAX && isinf(flops))
        return want;
    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2;
        struct purse_hold hold = price(purse, engine, position, middle);
        if (hold.tokens <= tokens && hold.flops <= flops)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

struct purse_hold purse_hold(struct purse *purse, const struct engine *engine, int64_t position,
                             int64_t tokens)
{
    struct purse_hold hold = price(purse, engine, position, tokens);
    purse->tokens_held += hold.tokens;
    purse->flops_held += hold.flops;
    return hold;
}

void purse_refund(struct purse *purse, const struct purse_hold *hold)
{
    purse->tokens_held -= hold->tokens;
    purse->flops_held -= hold->flops;
    if (purse->tokens_held == 0)
        purse->flops_held = 0; /* what rounding left */
}
