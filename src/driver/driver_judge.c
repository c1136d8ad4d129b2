/* driver_judge.c - the verifiers' turn: what has come is read, of all questions in one batch, when one of
 * them waits for nothing else. */
#include <math.h>
#include <stdlib.h>

#include "core/err.h"
#include "driver/driver_impl.h"

enum { STEPS_MAX = 1024 };

/* ---- before the verifier ---- */

/* Whether a new node is to be judged: a solution that has ended is, a step unless it was asked for as quiet,
 * or comes too late to be of use. */
static bool is_wanted(const struct quest *quest, const struct tree_node *node)
{
    if (quest->plan->verifier->ops->scoreless || quest->outcome.status || node->surplus)
        return false;
    if (node->end == TREE_ENDED)
        return true;
    return !quest->closing && (!node->quiet || node->end != TREE_OPEN);
}

/* What was set aside for reading a node. */
static void refund_reading(struct quest *quest, const struct tree_node *node)
{
    struct reservation reservation = allowance_reading_price(&quest->allowance, node->before, node->tokens);
    allowance_refund(&quest->allowance, reservation);
    quest->reading_reservation.tokens -= reservation.tokens;
    quest->reading_reservation.flops -= reservation.flops;
}

static void reading_free(struct reading *reading)
{
    free((char *)reading->item.text);
    free(reading->item.scores);
    free(reading);
}

void driver_drop_readings(struct quest *quest)
{
    struct verifier_item *item;
    while (quest->reading > 0 && (item = verifier_withdraw(quest->plan->verifier, &quest->judged))) {
        reading_free((struct reading *)item);
        quest->reading--;
    }
}

static int read_node(struct quest *quest, int32_t index)
{
    struct reading *reading = calloc(1, sizeof *reading);
    struct buf text = BUF_INIT(TREE_BYTES_MAX);
    if (!reading || tree_path_text(&quest->search.tree, index, &text)) {
        buf_release(&text);
        free(reading);
        return PONDER_E_MEMORY;
    }
    *reading = (struct reading){.quest = quest, .node = index};
    reading->item = (struct verifier_item){.of = &quest->judged,
                                           .len = text.len,
                                           .ended = quest->search.tree.nodes[index].end != TREE_OPEN,
                                           .scores_max = STEPS_MAX};
    reading->item.text = buf_take(&text, NULL);
    reading->item.scores = malloc(STEPS_MAX * sizeof *reading->item.scores);
    if (!reading->item.text || !reading->item.scores) {
        reading_free(reading);
        return PONDER_E_MEMORY;
    }
    quest->search.tree.nodes[index].reading = true;
    quest->reading++;
    verifier_submit(quest->plan->verifier, &reading->item);
    return PONDER_OK;
}

static int settle_one(struct driver *driver, struct quest *quest, int32_t index)
{
    struct tree *tree = &quest->search.tree;
    struct tree_node *node = &tree->nodes[index];
    int64_t group = quest->search.ops->group ? quest->search.ops->group(&quest->options) : 0;
    if (node->end != TREE_FAILED && !node->surplus)
        tree_merge(tree, index, group);
    quest->outcome.repeated += node->same_as >= 0;
    bool last = node->end != TREE_OPEN && !node->chain; /* attempts are shown */
    if ((last || node->same_as >= 0) && node->handle) { /* nothing follows it */
        engine_node_release(driver->engine, node->handle);
        node->handle = 0;
    }
    if (node->end != TREE_FAILED && node->same_as < 0 && is_wanted(quest, node))
        return read_node(quest, index);
    refund_reading(quest, node);
    return PONDER_OK;
}

int driver_settle(struct driver *driver, struct quest *quest, struct ponder_err *err)
{
    const struct tree *tree = &quest->search.tree;
    int status = PONDER_OK;
    for (; !status && quest->settled < tree->count && !tree->nodes[quest->settled].awaited; quest->settled++)
        if (!tree->nodes[quest->settled].placed)
            status = settle_one(driver, quest, quest->settled);
    return status ? err_memory(err, "solutions") : PONDER_OK;
}

/* ---- behind it ---- */

static int keep_score(struct quest *quest, const struct reading *reading)
{
    const struct verifier_item *item = &reading->item;
    struct tree *tree = &quest->search.tree;
    struct tree_node *node = &tree->nodes[reading->node];
    node->judged = true;
    node->solved = item->solved;
    if (item->count == 0)
        return PONDER_OK;
    node->score = item->whole ? (double)item->scores[item->count - 1] : 0;
    node->total = item->whole ? verifier_aggregate(quest->plan->aggregate, item->scores, item->count) : 0;
    return node->end == TREE_OPEN ? PONDER_OK
                                  : tree_set_steps(tree, reading->node, item->scores, item->count);
}

static int take_reading(struct driver *driver, struct reading *reading, struct ponder_err *err)
{
    struct ponder_err own = {0};
    struct quest *quest = reading->quest;
    struct tree_node *node = &quest->search.tree.nodes[reading->node];
    quest->reading--;
    node->reading = false;
    refund_reading(quest, node);
    if (quest->judged.cost.verifier_tokens > 0) { /* the question has been read */
        allowance_refund(&quest->allowance, quest->reading_prompt_reservation);
        quest->reading_prompt_reservation = (struct reservation){0};
    }
    int status = tree_fail(keep_score(quest, reading), TREE_BYTES_MAX, &own);
    if (!status && quest->judged.status) {
        status = quest->judged.status;
        own = (struct ponder_err){0};
        err_set(&own, status, "%s", quest->judged.failure);
    }
    reading_free(reading);
    return status ? quest_fail(driver, quest, status, own.message, err) : PONDER_OK;
}

/* ---- its turn ---- */

/* What is set aside for reading is the verifier's to spend, and what nobody else has a claim on. */
static void fill_purses(const struct driver *driver, struct verifier *verifier)
{
    for (struct verifier_item *item = verifier->waiting.first; item; item = item->next) {
        struct reading *reading = (struct reading *)item;
        struct quest *quest = reading->quest;
        if (reading->began_s == 0)
            reading->began_s = clock_now_s(driver->clock);
        struct ponder_ledger spent = quest_spent(quest);
        struct verifier_case *judged = &quest->judged;
        allowance_left(&quest->allowance, &spent, &judged->tokens_left, &judged->flops_left);
        if (judged->tokens_left != INT64_MAX)
            judged->tokens_left +=
                quest->reading_reservation.tokens + quest->reading_prompt_reservation.tokens;
        judged->flops_left += quest->reading_reservation.flops + quest->reading_prompt_reservation.flops;
        item->deadline = isinf(quest->deadline_s) ? (struct deadline){0}
                                                  : (struct deadline){driver->clock, quest->deadline_s};
    }
}

static int take_readings(struct driver *driver, struct verifier *verifier, struct ponder_err *err)
{
    double now_s = clock_now_s(driver->clock), began_s = now_s;
    struct verifier_item *item;
    int status = PONDER_OK;
    while ((item = verifier_take(verifier))) {
        began_s = fmin(began_s, ((struct reading *)item)->began_s);
        int taken = take_reading(driver, (struct reading *)item, status ? NULL : err);
        status = status ? status : taken;
        driver->judged_count++;
    }
    driver->judging_s += now_s - began_s;
    return status;
}

/* Until it has read all, or waits for others. */
static int reading_judge(struct driver *driver, struct verifier *verifier, double wait_s,
                         struct ponder_err *err)
{
    int64_t left = 1;
    int status = PONDER_OK;
    while (left > 0 && !status) {
        bool was_busy = verifier_is_busy(verifier);
        fill_purses(driver, verifier);
        left = verifier_advance(verifier, wait_s, err);
        status = left < 0 ? (int)left : take_readings(driver, verifier, err);
        if (verifier_is_busy(verifier) && was_busy)
            break;
    }
    return status;
}

int driver_judge(struct driver *driver, double wait_s, struct ponder_err *err)
{
    int status = PONDER_OK;
    for (int64_t i = 0; i < driver->quest_count && !status; i++) {
        const struct quest *quest = driver->quests[i];
        struct verifier *verifier = quest->plan->verifier;
        if (quest->reading > 0 && (quest->awaited == 0 || verifier_waits(verifier)))
            status = reading_judge(driver, verifier, driver->in_flight > 0 ? 0 : wait_s, err);
    }
    return status;
}

double driver_judging_time_s(const struct driver *driver, const struct quest *quest)
{
    double each_s = driver->judged_count > 0 ? driver->judging_s / (double)driver->judged_count : 1e-3;
    int64_t count = 0;
    if (quest->plan->verifier->hash == 0)
        return 0;
    for (int32_t i = quest->told; i < quest->search.tree.count; i++)
        count += quest->search.tree.nodes[i].end == TREE_ENDED && !quest->search.tree.nodes[i].judged;
    return 1.5 * each_s * (double)count;
}
