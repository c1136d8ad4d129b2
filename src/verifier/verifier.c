#include "verifier/verifier.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

/* ---- what is handed over and taken back ---- */

static void queue_push(struct verifier_queue *queue, struct verifier_item *item)
{
    item->next = NULL;
    if (queue->last)
        queue->last->next = item;
    else
        queue->first = item;
    queue->last = item;
    queue->count++;
}

static struct verifier_item *queue_pop(struct verifier_queue *queue)
{
    struct verifier_item *item = queue->first;
    if (!item)
        return NULL;
    queue->first = item->next;
    if (!queue->first)
        queue->last = NULL;
    queue->count--;
    return item;
}

void verifier_submit(struct verifier *v, struct verifier_item *item)
{
    queue_push(&v->waiting, item);
}

struct verifier_item *verifier_take(struct verifier *v)
{
    return queue_pop(&v->done);
}

static struct verifier_item *queue_find(struct verifier_queue *queue, const struct verifier_case *question)
{
    struct verifier_item *found = NULL;
    for (int64_t left = queue->count; left > 0; left--) { /* once round, in the same order */
        struct verifier_item *item = queue_pop(queue);
        if (!found && item->of == question)
            found = item;
        else
            queue_push(queue, item);
    }
    return found;
}

struct verifier_item *verifier_withdraw(struct verifier *v, const struct verifier_case *question)
{
    struct verifier_item *found = queue_find(&v->waiting, question);
    return found ? found : queue_find(&v->done, question);
}

/* Some items as a batch, and where each came from. */
struct batch {
    struct verifier_item *items, **from;
    int64_t count;
};

static void batch_release(struct batch *batch)
{
    free(batch->items);
    free(batch->from);
}

static int batch_open(struct batch *batch, int64_t most)
{
    *batch = (struct batch){calloc((size_t)most + 1, sizeof *batch->items),
                            calloc((size_t)most + 1, sizeof(struct verifier_item *)), 0};
    return batch->items && batch->from ? PONDER_OK : PONDER_E_MEMORY;
}

static int batch_score(struct verifier *v, struct batch *batch, struct ponder_err *err)
{
    for (int64_t i = 0; i < batch->count; i++)
        batch->items[i] = *batch->from[i];
    const struct deadline *deadline = batch->items[0].deadline.clock ? &batch->items[0].deadline : NULL;
    int status = verifier_score(v, batch->items, batch->count, deadline, err);
    for (int64_t i = 0; i < batch->count && !status; i++)
        *batch->from[i] = batch->items[i];
    return status;
}

/* Every case of a batch that failed as a whole once more, on its own: only those that fail again are to
 * blame. Where two in a row do, it is the verifier, and the rest is not tried. */
static int score_apart(struct verifier *v, const struct batch *whole, int status, struct ponder_err *err)
{
    enum { IN_A_ROW = 2 };
    struct batch part;
    bool alone = true;
    int64_t failed = 0;
    if (batch_open(&part, whole->count)) {
        batch_release(&part);
        return PONDER_E_MEMORY;
    }
    for (int64_t i = 1; i < whole->count; i++)
        alone &= whole->from[i]->of == whole->from[0]->of;
    for (int64_t i = 0; i < whole->count && status != PONDER_E_MEMORY; i++) {
        struct verifier_case *of = whole->from[i]->of;
        bool seen = false;
        for (int64_t j = 0; j < i; j++)
            seen |= whole->from[j]->of == of;
        if (seen)
            continue;
        part.count = 0;
        for (int64_t j = i; j < whole->count; j++)
            if (whole->from[j]->of == of)
                part.from[part.count++] = whole->from[j];
        if (!alone && failed < IN_A_ROW)
            status = batch_score(v, &part, err);
        failed = status ? failed + 1 : 0;
        of->status = status;
        snprintf(of->failure, sizeof of->failure, "%s", status ? err->message : "");
    }
    batch_release(&part);
    return status == PONDER_E_MEMORY ? status : PONDER_OK;
}

static bool go_together(const struct verifier_item *a, const struct verifier_item *b)
{
    return a->of == b->of || (!a->deadline.clock && !b->deadline.clock);
}

int64_t verifier_advance(struct verifier *v, struct ponder_err *err)
{
    struct ponder_err own = {0};
    struct batch batch;
    struct verifier_item *item;
    if (v->waiting.count == 0)
        return 0;
    int status = batch_open(&batch, v->waiting.count);
    while (!status && v->waiting.first && (batch.count == 0 || go_together(batch.from[0], v->waiting.first)))
        batch.from[batch.count++] = queue_pop(&v->waiting);
    for (int64_t i = 0; i < batch.count; i++) { /* of what fails, nothing is known */
        item = batch.from[i];
        item->count = 0;
        item->whole = item->solved = false;
    }
    if (!status)
        status = batch_score(v, &batch, &own);
    if (status && status != PONDER_E_MEMORY)
        status = score_apart(v, &batch, status, &own);
    for (int64_t i = 0; i < batch.count; i++)
        queue_push(&v->done, batch.from[i]);
    batch_release(&batch);
    return status ? err_memory(err, "scores") : v->waiting.count;
}

struct verifier_reading verifier_reading_of(struct verifier *v, const struct verifier_case *question,
                                            int64_t prompt)
{
    enum { PROMPT_MORE = 8, EACH = 4 }; /* a template's words, a tag */
    struct verifier_reading reading = {prompt + PROMPT_MORE, EACH};
    if (v->ops->reading)
        v->ops->reading(v, question, &reading);
    return reading;
}

double verifier_flops(const struct verifier *v, int64_t first, int64_t count)
{
    return v->ops->flops ? v->ops->flops(v, first, count) : 0;
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
