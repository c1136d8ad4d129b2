/* local_batch.c - one step of the local engine: admit, plan, run, sample.
 *
 * A branch needs the logits of the last token on its path. Before its first token that is the last token of
 * the segment it forked from; all branches that start there in one batch share that row. A branch that
 * starts later finds the keys and values there but no logits, so the row is computed again, in its old
 * place: no logits are kept, nothing is stored twice, and with exact arithmetic the bits are the same.
 *
 * Rows of a batch: first one for every branch that is decoding, then what is missing on the paths of the
 * others (prompts, evicted segments), oldest branch first, from the root down, as far as the batch has rows.
 * A segment many branches wait for is scheduled once.
 *
 * Memory: an admitted branch pins its path, and blocks for all of it stand from then on; while it decodes it
 * takes one block after the other. Where none can be had, the youngest branch gives its place back: it keeps
 * its tokens and its random stream, and goes to the front of the queue. The oldest branch thus always goes
 * on, so nothing deadlocks; one that is alone and still lacks room fails. */
#include <assert.h>
#include <string.h>

#include "core/err.h"
#include "engine/local_impl.h"

/* ---- admission ---- */

/* Blocks that the branch lacks for its whole path and one position more. */
static int missing_blocks(const struct local *local, const struct local_branch *branch)
{
    int end = kv_end(local->kv, branch->segment);
    int missing = kv_missing_blocks(local->kv, branch->segment, end + 1);
    for (int s = kv_parent(local->kv, branch->segment); s >= 0; s = kv_parent(local->kv, s))
        missing += kv_missing_blocks(local->kv, s, kv_end(local->kv, s));
    return missing;
}

static int reserve_path(struct local *local, const struct local_branch *branch)
{
    int status = kv_reserve(local->kv, branch->segment, kv_end(local->kv, branch->segment) + 1);
    for (int s = kv_parent(local->kv, branch->segment); s >= 0 && !status; s = kv_parent(local->kv, s))
        status = kv_reserve(local->kv, s, kv_end(local->kv, s));
    return status;
}

static void batch_refuse(struct local *local, struct local_branch *branch)
{
    local_branch_fail(local, branch, PONDER_E_LIMIT,
                      "refused: a path of %d positions does not fit the %zu bytes for keys and values",
                      kv_end(local->kv, branch->segment), kv_bytes_max(local->kv));
}

/* The branch's path is pinned and has its blocks, or nothing happened. Besides the branch's own need every
 * active branch may soon want its next block; to leave that much keeps a branch just admitted from being
 * turned out again at once. */
static int admit_one(struct local *local, struct local_branch *branch)
{
    kv_pin(local->kv, branch->segment);
    int room = kv_room_blocks(local->kv) - missing_blocks(local, branch);
    int status = room < local->active_count ? PONDER_E_LIMIT : reserve_path(local, branch);
    if (status)
        kv_unpin(local->kv, branch->segment);
    return status;
}

static void admit(struct local *local)
{
    while (local->waiting.head && local->active_count < local->branches_max) {
        struct local_branch *branch = local->waiting.head;
        int status = admit_one(local, branch);
        if (status && local->active_count > 0)
            return;
        local_list_remove(&local->waiting, branch);
        if (!status) {
            branch->pinned = true;
            branch->decoding = false;
            local->active[local->active_count++] = branch;
            continue;
        }
        if (status == PONDER_E_LIMIT)
            batch_refuse(local, branch);
        else
            local_branch_fail(local, branch, status, "%s", ponder_status_message(status));
        local_list_push(&local->done, branch);
    }
}

/* ---- planning ---- */

static void preempt_youngest(struct local *local)
{
    struct local_branch *branch = local->active[--local->active_count];
    kv_unpin(local->kv, branch->segment);
    branch->pinned = false;
    local_list_push_front(&local->waiting, branch);
    local->preemptions++;
}

/* Adds the segment's rows from its resident end on, as many as fit. Once a batch. */
static void schedule(struct local *local, struct local_branch *branch, int segment)
{
    struct local_mark *mark = &local->marks[segment];
    int from = kv_resident(local->kv, segment), end = kv_end(local->kv, segment);
    int computed = kv_computed(local->kv, segment);
    if (mark->step == local->step || from == end || local->rows == local->rows_max)
        return;
    int count = end - from < local->rows_max - local->rows ? end - from : local->rows_max - local->rows;
    for (int i = 0; i < count; i++) {
        int row = local->rows + i, position = from + i;
        local->tokens[row] = kv_token(local->kv, segment, position);
        local->positions[row] = position;
        local->segments[row] = segment;
        double flops = local->flops_base + local->flops_per_key * (position + 1);
        local->usage.flops += flops;
        branch->recomputed_flops += position < computed ? flops : 0;
    }
    int again = computed <= from ? 0 : computed - from < count ? computed - from : count;
    local->usage.recomputed_tokens += again;
    branch->recomputed_tokens += again;
    if (mark->prompt)
        local->usage.prompt_tokens += count - again;
    local->rows += count;
    mark->step = local->step;
    mark->upto = from + count;
    mark->last_row = local->rows - 1;
    mark->logit = -1;
}

static bool scheduled_to_end(const struct local *local, int segment)
{
    const struct local_mark *mark = &local->marks[segment];
    return mark->step == local->step && mark->upto == kv_end(local->kv, segment);
}

/* The number of the logits of the segment's last row. */
static int want_logit(struct local *local, int segment)
{
    struct local_mark *mark = &local->marks[segment];
    if (mark->logit < 0) {
        mark->logit = local->logit_count;
        local->logit_rows[local->logit_count++] = mark->last_row;
    }
    return mark->logit;
}

/* Every decoding branch gets its row, the oldest first. */
static void plan_decoding(struct local *local)
{
    for (int i = 0; i < local->active_count; i++) {
        struct local_branch *branch = local->active[i];
        if (!branch->decoding)
            continue;
        int status;
        while ((status = kv_reserve(local->kv, branch->segment, kv_end(local->kv, branch->segment))) ==
                   PONDER_E_LIMIT &&
               local->active_count > 1) {
            preempt_youngest(local);
            if (local->active_count == i)
                return; /* it was the youngest itself */
        }
        if (status) {
            if (status == PONDER_E_LIMIT)
                batch_refuse(local, branch);
            else
                local_branch_fail(local, branch, status, "%s", ponder_status_message(status));
            continue;
        }
        schedule(local, branch, branch->segment);
        branch->logit = want_logit(local, branch->segment);
    }
}

/* Schedules what the branch lacks from the root down; its logits too, where that comes to its end. */
static void plan_path(struct local *local, struct local_branch *branch)
{
    int own = branch->segment, depth = 0;
    int target = kv_end(local->kv, own) > kv_start(local->kv, own) ? own : kv_parent(local->kv, own);
    for (int s = target; s >= 0; s = kv_parent(local->kv, s))
        if (kv_resident(local->kv, s) < kv_end(local->kv, s))
            local->path[depth++] = s;
    while (depth > 0) {
        schedule(local, branch, local->path[--depth]);
        if (!scheduled_to_end(local, local->path[depth]))
            return;
    }
    if (!scheduled_to_end(local, target)) {
        if (local->rows == local->rows_max)
            return;
        kv_set_resident(local->kv, target, kv_end(local->kv, target) - 1);
        schedule(local, branch, target);
    }
    branch->logit = want_logit(local, target);
}

static void plan(struct local *local)
{
    local->step++;
    local->rows = local->logit_count = 0;
    for (int i = 0; i < local->active_count; i++)
        local->active[i]->logit = -1;
    plan_decoding(local);
    for (int i = 0; i < local->active_count; i++)
        if (!local->active[i]->decoding && !local->active[i]->finished)
            plan_path(local, local->active[i]);
}

/* ---- running and sampling ---- */

/* Every branch's draw comes from its own stream, so threads change nothing. */
static void batch_sample(struct local *local, const float *logits)
{
    int count = 0, columns = lm_run_outputs(local->run);
    for (int i = 0; i < local->active_count; i++)
        if (local->active[i]->logit >= 0)
            local->sampled[count++] = local->active[i];
    bool worth_threads = count > 1 && (size_t)count * (size_t)columns >= 1 << 15;
#pragma omp parallel for schedule(static) num_threads(local->threads) if (worth_threads)
    for (int i = 0; i < count; i++) {
        struct local_branch *branch = local->sampled[i];
        if (branch->scoring)
            continue;
        branch->sample =
            sample_row(logits + (size_t)branch->logit * columns, columns, &branch->sampling, &branch->rng);
    }
    for (int i = 0; i < count; i++) {
        struct local_branch *branch = local->sampled[i];
        if (branch->scoring)
            local_branch_score(local, branch, logits + (size_t)branch->logit * columns);
        else
            local_branch_accept(local, branch);
    }
}

/* Finished branches leave. */
static void collect(struct local *local)
{
    int kept = 0;
    for (int i = 0; i < local->active_count; i++) {
        if (local->active[i]->finished)
            local_list_push(&local->done, local->active[i]);
        else
            local->active[kept++] = local->active[i];
    }
    local->active_count = kept;
}

int local_step(struct engine *engine, double wait_s, struct ponder_err *err)
{
    struct local *local = (struct local *)engine;
    (void)wait_s; /* there is always something to do, or nothing at all */
    admit(local);
    plan(local);
    if (local->rows > 0) {
        struct lm_batch batch = {.rows = local->rows,
                                 .tokens = local->tokens,
                                 .positions = local->positions,
                                 .kv = local->kv,
                                 .segments = local->segments,
                                 .logit_rows = local->logit_rows,
                                 .logit_count = local->logit_count};
        float *logits;
        int status = lm_forward(local->run, &batch, &logits, err);
        if (status)
            return status;
        local->rows_total += local->rows;
        local->batches++;
        batch_sample(local, logits);
    }
    collect(local);
    return local->waiting.count + local->active_count;
}
