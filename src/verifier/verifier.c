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

static const struct verifier_ops *verifier_find(const char *name, size_t len)
{
    for (int i = 0; verifier_at(i); i++)
        if (strlen(verifier_at(i)->name) == len && memcmp(verifier_at(i)->name, name, len) == 0)
            return verifier_at(i);
    return NULL;
}

static int verifier_unknown(const char *name, struct ponder_err *err)
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

static int verifier_check(const struct verifier_ops *ops, const char *argument,
                          const struct verifier_options *options, struct ponder_err *err)
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
    *out = (struct verifier){.ops = verifier_find(name, len)};
    int status = PONDER_OK;
    if (!out->ops && access(name, R_OK) == 0) {
        argument = name;
        status = model_ops_of(name, options, &out->ops, err);
    }
    if (status)
        return status;
    if (!out->ops)
        return verifier_unknown(name, err);
    status = verifier_check(out->ops, argument, options, err);
    if (!status)
        status = out->ops->open(out, argument, options, err);
    return status ? status : probe_check(out, options, err);
}

static void give_up_batch(struct verifier *v);

void verifier_release(struct verifier *v)
{
    if (v->ops && v->running)
        give_up_batch(v);
    if (v->ops && v->ops->release)
        v->ops->release(v);
    *v = (struct verifier){0};
}

int verifier_accept(struct verifier *v, const struct verifier_case *question, struct ponder_err *err)
{
    return v->ops->accept ? v->ops->accept(v, question, err) : PONDER_OK;
}

static int score_at_once(struct verifier *v, struct verifier_item *items, int64_t count,
                         const struct deadline *deadline, struct ponder_err *err)
{
    void *call = NULL;
    int status = v->ops->start(v, items, count, &call, err);
    for (int busy = 1; !status && busy;) {
        busy = v->ops->go_on(v, call, 0.02, deadline, err);
        status = busy < 0 ? busy : PONDER_OK;
    }
    v->ops->stop(v, call);
    return status;
}

int verifier_score(struct verifier *v, struct verifier_item *items, int64_t count,
                   const struct deadline *deadline, struct ponder_err *err)
{
    for (int64_t i = 0; i < count; i++) {
        items[i].count = 0;
        items[i].whole = items[i].solved = false;
    }
    if (count == 0)
        return PONDER_OK;
    return v->ops->score ? v->ops->score(v, items, count, deadline, err)
                         : score_at_once(v, items, count, deadline, err);
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

/* Some items as a batch, and where each came from. */
struct verifier_batch {
    struct verifier_item *items, **from;
    int64_t count;
    void *call; /* of a verifier that waits for others */
};

static void batch_release(struct verifier_batch *batch)
{
    if (!batch)
        return;
    free(batch->items);
    free(batch->from);
    free(batch);
}

static int batch_open(struct verifier_batch **out, int64_t most)
{
    struct verifier_batch *batch = *out = calloc(1, sizeof *batch);
    if (!batch)
        return PONDER_E_MEMORY;
    batch->items = calloc((size_t)most + 1, sizeof *batch->items);
    batch->from = calloc((size_t)most + 1, sizeof(struct verifier_item *));
    return batch->items && batch->from ? PONDER_OK : PONDER_E_MEMORY;
}

static void batch_fill(struct verifier_batch *batch)
{
    for (int64_t i = 0; i < batch->count; i++) {
        struct verifier_item *item = batch->from[i];
        item->count = 0;
        item->whole = item->solved = false;
        batch->items[i] = *item;
    }
}

static void batch_tell(const struct verifier_batch *batch)
{
    for (int64_t i = 0; i < batch->count; i++)
        *batch->from[i] = batch->items[i];
}

static const struct deadline *batch_deadline(const struct verifier_batch *batch)
{
    return batch->items[0].deadline.clock ? &batch->items[0].deadline : NULL;
}

static int batch_score(struct verifier *v, struct verifier_batch *batch, struct ponder_err *err)
{
    batch_fill(batch);
    int status = verifier_score(v, batch->items, batch->count, batch_deadline(batch), err);
    if (!status)
        batch_tell(batch);
    return status;
}

/* Every case of a batch that failed as a whole once more, on its own: only those that fail again are to
 * blame. Where two in a row do, it is the verifier, and the rest is not tried. */
static int score_apart(struct verifier *v, const struct verifier_batch *whole, int status,
                       struct ponder_err *err)
{
    enum { IN_A_ROW = 2 };
    struct verifier_batch *part;
    bool alone = true;
    int64_t failed = 0;
    if (batch_open(&part, whole->count)) {
        batch_release(part);
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
        part->count = 0;
        for (int64_t j = i; j < whole->count; j++)
            if (whole->from[j]->of == of)
                part->from[part->count++] = whole->from[j];
        if (!alone && failed < IN_A_ROW)
            status = batch_score(v, part, err);
        failed = status ? failed + 1 : 0;
        of->status = status;
        snprintf(of->failure, sizeof of->failure, "%s", status ? err->message : "");
    }
    batch_release(part);
    return status == PONDER_E_MEMORY ? status : PONDER_OK;
}

static bool go_together(const struct verifier_item *a, const struct verifier_item *b)
{
    return a->of == b->of || (!a->deadline.clock && !b->deadline.clock);
}

/* What goes together is taken off the queue. */
static int take_batch(struct verifier *v, struct verifier_batch **out)
{
    int status = batch_open(out, v->waiting.count);
    struct verifier_batch *batch = *out;
    while (!status && v->waiting.first &&
           (batch->count == 0 || go_together(batch->from[0], v->waiting.first)))
        batch->from[batch->count++] = queue_pop(&v->waiting);
    return status;
}

/* The batch is over, with a status of its own. */
static int end_batch(struct verifier *v, struct verifier_batch *batch, int status, struct ponder_err *own)
{
    if (status && status != PONDER_E_MEMORY)
        status = score_apart(v, batch, status, own);
    for (int64_t i = 0; i < batch->count; i++)
        queue_push(&v->done, batch->from[i]);
    batch_release(batch);
    return status;
}

static int run_batch(struct verifier *v, double wait_s)
{
    struct ponder_err own = {0};
    struct verifier_batch *batch = v->running;
    int busy = v->ops->go_on(v, batch->call, wait_s, batch_deadline(batch), &own);
    if (busy > 0)
        return PONDER_OK;
    v->ops->stop(v, batch->call);
    v->running = NULL;
    if (!busy)
        batch_tell(batch);
    return end_batch(v, batch, busy, &own);
}

static int start_batch(struct verifier *v)
{
    struct ponder_err own = {0};
    struct verifier_batch *batch;
    int status = take_batch(v, &batch);
    if (status) {
        batch_release(batch);
        return status;
    }
    batch_fill(batch);
    if (!v->ops->start)
        return end_batch(v, batch, batch_score(v, batch, &own), &own);
    status = v->ops->start(v, batch->items, batch->count, &batch->call, &own);
    if (!status) {
        v->running = batch;
        return PONDER_OK;
    }
    v->ops->stop(v, batch->call);
    return end_batch(v, batch, status, &own);
}

int64_t verifier_advance(struct verifier *v, double wait_s, struct ponder_err *err)
{
    int status = PONDER_OK;
    if (v->running)
        status = run_batch(v, wait_s);
    else if (v->waiting.count > 0)
        status = start_batch(v);
    int64_t left = v->waiting.count + (v->running ? v->running->count : 0);
    return status ? err_memory(err, "scores") : left;
}

bool verifier_is_busy(const struct verifier *v)
{
    return v->running != NULL;
}

bool verifier_waits(const struct verifier *v)
{
    return v->ops->start != NULL;
}

/* Items of a batch that is given up wait again. */
static void give_up_batch(struct verifier *v)
{
    struct verifier_batch *batch = v->running;
    if (!batch)
        return;
    v->ops->stop(v, batch->call);
    v->running = NULL;
    for (int64_t i = 0; i < batch->count; i++)
        queue_push(&v->waiting, batch->from[i]);
    batch_release(batch);
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
    give_up_batch(v);
    struct verifier_item *found = queue_find(&v->waiting, question);
    return found ? found : queue_find(&v->done, question);
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
