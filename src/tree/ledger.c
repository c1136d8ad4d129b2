#include "tree/ledger.h"

#include "core/json.h"

/* Where something was computed and took no FLOPs, what it took is not known. */
static json_t *flops_of(const struct ponder_ledger *ledger)
{
    int64_t tokens = ledger->prompt_tokens + ledger->generated_tokens + ledger->verifier_tokens;
    return ledger->flops == 0 && tokens > 0 ? json_null() : json_real(ledger->flops);
}

json_t *ledger_json(const struct ponder_ledger *ledger)
{
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:f}", "generations", (json_int_t)ledger->generations,
        "prompt_tokens", (json_int_t)ledger->prompt_tokens, "generated_tokens",
        (json_int_t)ledger->generated_tokens, "verifier_tokens", (json_int_t)ledger->verifier_tokens,
        "difficulty_tokens", (json_int_t)ledger->difficulty_tokens, "recomputed_tokens",
        (json_int_t)ledger->recomputed_tokens, "flops", flops_of(ledger), "seconds", ledger->seconds);
}

void ledger_add(struct ponder_ledger *sum, const struct ponder_ledger *more)
{
    sum->generations += more->generations;
    sum->prompt_tokens += more->prompt_tokens;
    sum->generated_tokens += more->generated_tokens;
    sum->verifier_tokens += more->verifier_tokens;
    sum->difficulty_tokens += more->difficulty_tokens;
    sum->recomputed_tokens += more->recomputed_tokens;
    sum->flops += more->flops;
    sum->seconds += more->seconds;
}
