#include "session/plan.h"

#include <math.h>
#include <string.h>

#include "core/err.h"

enum { OWN_BYTES_MAX = 4096 };

const char *ponder_search_verifier(const struct ponder_search *search)
{
    if (strcmp(search->verifier, "auto") != 0)
        return search->verifier;
    const struct search_ops *ops = search_find(search->name);
    return ops && !ops->by_steps ? "vote" : "prm";
}

bool ponder_search_is_vote(const struct ponder_search *search)
{
    return search_is(search->name, "best_of_n") && !*search_own_text(search->name) &&
           strcmp(ponder_search_verifier(search), "vote") == 0 && !*search->budget;
}

/* A vote over independent solutions can stop when it is sure; a search by steps, and the best one alone, are
 * no such vote. */
static int read_stop(struct search_plan *plan, const struct ponder_search *search, struct ponder_err *err)
{
    bool vote = plan->ops->independent && plan->select != SEARCH_BEST;
    if (isnan(search->stop)) {
        plan->stop = vote ? PONDER_STOP_DEFAULT : 0;
        return PONDER_OK;
    }
    if (search->stop < 0 || search->stop > 0.5)
        return err_set(err, PONDER_E_ARGUMENT, "--stop %g: from 0, which samples all, to 0.5", search->stop);
    if (search->stop > 0 && !vote)
        return err_set(err, PONDER_E_ARGUMENT,
                       "--stop is for a vote over independent solutions: --search best_of_n with --select "
                       "majority or weighted; a %s ends by its own rules",
                       plan->ops->independent ? "choice of the best" : plan->ops->name);
    plan->stop = search->stop;
    return PONDER_OK;
}

static const char *separator_of(const char *step_end)
{
    return strcmp(step_end, "line") == 0 ? "\n" : strcmp(step_end, "blank") == 0 ? "\n\n" : step_end;
}

/* What has an option of the command line too is given there; what stands with the name counts more. */
static int read_own(struct search_plan *plan, const struct ponder_search *search,
                    const struct ponder_sampling *sampling, struct ponder_err *err)
{
    const char *own = search_own_text(search->name);
    if (strlen(own) > OWN_BYTES_MAX)
        return err_set(err, PONDER_E_LIMIT, "--search: options of %zu bytes, %d are read", strlen(own),
                       OWN_BYTES_MAX);
    struct buf text = BUF_INIT(OWN_BYTES_MAX + 100);
    if (search_options_has(plan->ops, "width"))
        buf_printf(&text, "width=%lld,", (long long)search->width);
    if (search_options_has(plan->ops, "chains"))
        buf_printf(&text, "chains=%lld,", (long long)search->chains);
    if (search_options_has(plan->ops, "lookahead"))
        buf_printf(&text, "lookahead=%lld,", (long long)search->lookahead);
    buf_puts(&text, own);
    int status = buf_ok(&text)
                     ? search_options_of(&plan->options, plan->ops, sampling->n, buf_text(&text), err)
                     : err_memory(err, "a search's options");
    plan->options.greedy_first = pool_is_greedy(sampling);
    buf_release(&text);
    return status;
}

static int read_options(struct search_plan *plan, const struct ponder_search *search,
                        const struct ponder_sampling *sampling, struct ponder_err *err)
{
    plan->separator = separator_of(search->step_end);
    if (!*plan->separator)
        return err_set(err, PONDER_E_ARGUMENT, "--step-end is empty: give line, blank or a text");
    int status = search_find_or_say(search->name, &plan->ops, err);
    if (!status)
        status = search_select_parse(search->select, &plan->select, err);
    if (!status)
        status = budget_parse(search->budget, &plan->budget, err);
    if (!status && strcmp(search->aggregate, "auto") != 0)
        status = verifier_aggregate_parse(search->aggregate, &plan->aggregate, err);
    return status ? status : read_own(plan, search, sampling, err);
}

/* What the probe took of a budget is gone; a limit that is used up stays one. */
static void pay_probe(struct budget *budget, const struct ponder_ledger *probed)
{
    if (budget->tokens > 0)
        budget->tokens =
            budget->tokens > probed->verifier_tokens ? budget->tokens - probed->verifier_tokens : 1;
    if (budget->flops > 0)
        budget->flops = budget->flops > probed->flops ? budget->flops - probed->flops : 1;
    if (budget->seconds > 0)
        budget->seconds = budget->seconds > probed->seconds ? budget->seconds - probed->seconds : 1e-9;
}

int search_plan_of(struct search_plan *out, const struct ponder_search *search,
                   const struct ponder_sampling *sampling, struct ponder_err *err)
{
    *out = (struct search_plan){.own_aggregate = strcmp(search->aggregate, "auto") != 0};
    int status = read_options(out, search, sampling, err);
    return status ? status : read_stop(out, search, err);
}

int search_plan_verifier(const struct search_plan *plan, const struct ponder_search *search,
                         const struct ponder_sampling *sampling, bool alone, struct verifier *out,
                         struct ponder_err *err)
{
    struct verifier_options told = verifier_options_of(sampling, &search->verifier_options);
    if (alone) {
        told.probe_tokens_max = plan->budget.tokens;
        told.probe_flops_max = plan->budget.flops;
    }
    return verifier_open(out, ponder_search_verifier(search), &told, err);
}

void search_plan_take(struct search_plan *plan, struct verifier *verifier, bool pays)
{
    plan->verifier = verifier;
    if (!plan->own_aggregate)
        plan->aggregate = verifier->aggregate;
    if (pays)
        pay_probe(&plan->budget, &verifier->probed);
}

int search_plan_check(const struct search_plan *plan, const struct engine *engine, struct ponder_err *err)
{
    const char *name = plan->ops->name;
    if (plan->ops->by_steps && !(engine->can & ENGINE_CAN_CONTINUE))
        return err_set(err, PONDER_E_UNSUPPORTED,
                       "--search %s goes on with unfinished answers, which this server's chat does not; use "
                       "--search best_of_n, or --api completions with the model's own --prompt-template, or "
                       "serve the model with vLLM or llama-server%s",
                       name,
                       engine->can & ENGINE_PARTS_THOUGHTS
                           ? ", without --reasoning-parser: with it, thoughts come apart from the text"
                           : "");
    if (plan->ops->by_steps && !(engine->can & ENGINE_CAN_STOP))
        return err_set(
            err, PONDER_E_UNSUPPORTED,
            "--search %s has to know whether a text ended at its --step-end or by itself, and this "
            "server does not tell; use --search best_of_n, or serve the model with vLLM, SGLang or "
            "llama-server",
            name);
    if (plan->budget.flops > 0 && !(engine->can & ENGINE_CAN_FLOPS))
        return err_set(err, PONDER_E_UNSUPPORTED,
                       "--budget in FLOPs: what the server's model takes is not known; --model-params, such "
                       "as 8e9, says its size");
    const struct verifier_ops *verifier = plan->verifier->ops;
    if (plan->budget.flops > 0 && plan->verifier->hash && !verifier->tokenless && !verifier->flops)
        return err_set(err, PONDER_E_UNSUPPORTED,
                       "--budget in FLOPs: what the verifier '%s' takes is not known, and would count as "
                       "nothing; give a budget in tokens, such as 20000t",
                       verifier->name);
    return PONDER_OK;
}

struct driver_plan search_plan_driven(struct search_plan *plan, const struct ponder_sampling *sampling)
{
    return (struct driver_plan){.ops = plan->ops,
                                .options = &plan->options,
                                .verifier = plan->verifier,
                                .aggregate = plan->aggregate,
                                .budget = plan->budget,
                                .separator = plan->separator,
                                .sampling = sampling};
}
