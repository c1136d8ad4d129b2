#include "verifier/verifier.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/err.h"
#include "verifier/model.h"
#include "verifier/probe.h"

#define VERIFIER(id) extern const struct verifier_ops verifier_##id;
#include "verifier/verifier.def"
#undef VERIFIER

static const struct verifier_ops *const all[] = {
#define VERIFIER(id) &verifier_##id,
#include "verifier/verifier.def"
#undef VERIFIER
};

const struct verifier_ops *verifier_at(int index)
{
    return index >= 0 && index < (int)(sizeof all / sizeof *all) ? all[index] : NULL;
}

static const struct verifier_ops *find(const char *name, size_t len)
{
    for (int i = 0; verifier_at(i); i++)
        if (strlen(verifier_at(i)->name) == len && memcmp(verifier_at(i)->name, name, len) == 0)
            return verifier_at(i);
    return NULL;
}

static int unknown(const char *name, struct ponder_err *err)
{
    struct buf names = BUF_INIT(1024);
    for (int i = 0; verifier_at(i); i++)
        buf_printf(&names, "%s%s", i ? ", " : "", verifier_at(i)->name);
    int status =
        err_set(err, PONDER_E_ARGUMENT, "--verifier: '%.200s' is none of %s, and no file that can be read",
                name, buf_text(&names));
    buf_release(&names);
    return status;
}

struct verifier_options verifier_options_of(const struct ponder_sampling *sampling,
                                            const struct ponder_verifier_options *options)
{
    return (struct verifier_options){.threads = (int)sampling->threads,
                                     .precision = sampling->precision,
                                     .exact = sampling->exact,
                                     .kv_mib = sampling->kv_mib,
                                     .weights_mib = sampling->weights_mib,
                                     .profile = options->profile,
                                     .timeout_s = options->timeout_s,
                                     .memory_mib = options->memory_mib,
                                     .key_env = options->key_env};
}

static int check(const struct verifier_ops *ops, const char *argument, const struct verifier_options *options,
                 struct ponder_err *err)
{
    if (argument && !ops->argument)
        return err_set(err, PONDER_E_ARGUMENT, "--verifier: nothing may stand behind '%s'", ops->name);
    if (ops->needs_argument && (!argument || !*argument))
        return err_set(err, PONDER_E_ARGUMENT, "--verifier: '%s' needs more: %s:%s", ops->name, ops->name,
                       ops->argument);
    if (options->key_env && !ops->takes_key)
        return err_set(err, PONDER_E_ARGUMENT, "--verifier-key-env: '%s' is behind no server", ops->name);
    if (options->profile && !ops->takes_profile)
        return err_set(err, PONDER_E_ARGUMENT, "--verifier-profile: '%s' has none, it is no model",
                       ops->name);
    return PONDER_OK;
}

int verifier_open(struct verifier *out, const char *name, const struct verifier_options *options,
                  struct ponder_err *err)
{
    size_t len = strcspn(name, ":");
    const char *argument = name[len] ? name + len + 1 : NULL;
    *out = (struct verifier){.ops = find(name, len)};
    int status = PONDER_OK;
    if (!out->ops && access(name, R_OK) == 0) {
        argument = name;
        status = model_ops_of(name, options, &out->ops, err);
    }
    if (status)
        return status;
    if (!out->ops)
        return unknown(name, err);
    status = check(out->ops, argument, options, err);
    if (!status)
        status = out->ops->open(out, argument, options, err);
    return status ? status : probe_check(out, options, err);
}

void verifier_release(struct verifier *v)
{
    if (v->ops && v->ops->release)
        v->ops->release(v);
    *v = (struct verifier){0};
}

int verifier_accept(struct verifier *v, const struct verifier_case *question, struct ponder_err *err)
{
    return v->ops->accept ? v->ops->accept(v, question, err) : PONDER_OK;
}

int verifier_score(struct verifier *v, struct verifier_item *items, int64_t count,
                   const struct deadline *deadline, struct ponder_err *err)
{
    for (int64_t i = 0; i < count; i++) {
        items[i].count = 0;
        items[i].whole = items[i].solved = false;
    }
    return count > 0 ? v->ops->score(v, items, count, deadline, err) : PONDER_OK;
}

void verifier_forget(struct verifier *v, struct verifier_case *question)
{
    if (v->ops && v->ops->forget && question->memory)
        v->ops->forget(v, question);
    question->memory = NULL;
}

struct verifier_case verifier_case_of(const char *problem, const char *gold)
{
    return (struct verifier_case){
        .problem = problem, .gold = gold, .tokens_left = VERIFIER_TOKENS_ANY, .flops_left = INFINITY};
}
