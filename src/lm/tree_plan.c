/* tree_plan.c - groups the rows of a batch by the segments on their paths.
 *
 * Rows of one segment form a run. Runs are sorted by their paths (segment ids from the root down); then,
 * depth by depth, neighbouring runs with the same segment at that depth make one span. */
#include "lm/tree_plan.h"

#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "lm/forward.h"

struct step { /* one segment of a path */
    int segment;
    int limit; /* positions of it that the path holds end here */
};

struct run {
    int row, count; /* in the batch */
    int first;      /* row in path order */
    int depth;      /* steps in its path */
    const struct step *path;
};

struct tree_plan_room {
    struct run *runs;
    struct step *steps;
    int *limits;
    char **blocks;
    struct lm_span *spans;
    int *rows; /* rows, then lengths */
    int64_t run_cap, step_cap, limit_cap, block_cap, span_cap, row_cap;
};

static int count_runs(const struct lm_batch *batch)
{
    int runs = 0;
    for (int row = 0; row < batch->rows; row++)
        runs += row == 0 || batch->segments[row] != batch->segments[row - 1];
    return runs;
}

static int path_depth(const struct kv_tree *kv, int segment)
{
    int depth = 0;
    for (; segment >= 0; segment = kv_parent(kv, segment))
        depth++;
    return depth;
}

/* Fills `path` root first. A segment's limit is where its child attaches; the last has its rows' own limits.
 */
static void fill_path(const struct kv_tree *kv, int segment, int depth, int end, struct step *path)
{
    for (int at = depth - 1; at >= 0; at--) {
        path[at] = (struct step){segment, end};
        end = kv_start(kv, segment);
        segment = kv_parent(kv, segment);
    }
}

static int make_runs(struct tree_plan_room *room, const struct lm_batch *batch, int count)
{
    if (array_reserve(&room->runs, sizeof *room->runs, &room->run_cap, (int64_t)((size_t)count), INT64_MAX))
        return PONDER_E_MEMORY;
    size_t steps = 0;
    int made = 0;
    for (int row = 0; row < batch->rows; row++) {
        if (row && batch->segments[row] == batch->segments[row - 1]) {
            room->runs[made - 1].count++;
            continue;
        }
        int depth = path_depth(batch->kv, batch->segments[row]);
        room->runs[made++] = (struct run){.row = row, .count = 1, .depth = depth};
        steps += (size_t)depth;
    }
    if (array_reserve(&room->steps, sizeof *room->steps, &room->step_cap, (int64_t)(steps), INT64_MAX))
        return PONDER_E_MEMORY;
    struct step *path = room->steps;
    for (int i = 0; i < count; i++) {
        struct run *run = &room->runs[i];
        int last = run->row + run->count - 1;
        fill_path(batch->kv, batch->segments[run->row], run->depth, batch->positions[last] + 1, path);
        run->path = path;
        path += run->depth;
    }
    return 0;
}

static int compare_runs(const void *left, const void *right)
{
    const struct run *a = left, *b = right;
    for (int i = 0; i < a->depth && i < b->depth; i++)
        if (a->path[i].segment != b->path[i].segment)
            return a->path[i].segment < b->path[i].segment ? -1 : 1;
    if (a->depth != b->depth)
        return a->depth < b->depth ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static int order_rows(struct tree_plan *plan, const struct lm_batch *batch, int run_count)
{
    struct tree_plan_room *room = plan->room;
    qsort(room->runs, (size_t)run_count, sizeof *room->runs, compare_runs);
    if (array_reserve(&room->rows, sizeof *room->rows, &room->row_cap, (int64_t)(2 * (size_t)batch->rows),
                      INT64_MAX))
        return PONDER_E_MEMORY;
    plan->rows = room->rows;
    plan->lengths = room->rows + batch->rows;
    int longest = 0, at = 0;
    for (int i = 0; i < run_count; i++) {
        struct run *run = &room->runs[i];
        run->first = at;
        for (int r = 0; r < run->count; r++, at++) {
            plan->rows[at] = run->row + r;
            plan->lengths[at] = batch->positions[run->row + r] + 1;
            longest = plan->lengths[at] > longest ? plan->lengths[at] : longest;
        }
    }
    plan->score_stride = (longest + KV_BLOCK - 1) / KV_BLOCK * KV_BLOCK;
    return 0;
}

/* How much the spans will need, so that pointers into the arrays stay valid while they are filled. */
static int reserve_spans(struct tree_plan_room *room, int run_count)
{
    size_t spans = 0, limits = 0, blocks = 0;
    for (int i = 0; i < run_count; i++) {
        const struct run *run = &room->runs[i];
        spans += (size_t)run->depth;
        limits += (size_t)run->depth * (size_t)run->count;
        blocks += (size_t)(run->path[run->depth - 1].limit / KV_BLOCK + 1) + (size_t)run->depth;
    }
    return array_reserve(&room->spans, sizeof *room->spans, &room->span_cap, (int64_t)(spans), INT64_MAX) |
           array_reserve(&room->limits, sizeof *room->limits, &room->limit_cap, (int64_t)(limits),
                         INT64_MAX) |
           array_reserve(&room->blocks, sizeof *room->blocks, &room->block_cap, (int64_t)(blocks), INT64_MAX);
}

struct fill { /* how far the arrays are filled */
    int *limits;
    char **blocks;
};

/* The limits of the rows of runs [begin, end) in their segment at `depth`. */
static void fill_limits(const struct run *begin, const struct run *end, int depth, const int *lengths,
                        struct lm_span *span, int *limits)
{
    bool same = true;
    int count = 0, most = 0;
    for (const struct run *run = begin; run < end; run++)
        for (int r = 0; r < run->count; r++) {
            int limit = depth == run->depth - 1 ? lengths[run->first + r] : run->path[depth].limit;
            same = same && (count == 0 || limit == limits[0]);
            most = limit > most ? limit : most;
            limits[count++] = limit;
        }
    span->to = most;
    span->limits = same ? NULL : limits;
}

static void add_span(struct tree_plan *plan, struct kv_tree *kv, const struct run *begin,
                     const struct run *end, int depth, struct fill *fill)
{
    int segment = begin->path[depth].segment;
    const struct run *last = end - 1;
    struct lm_span span = {
        .row_begin = begin->first, .row_end = last->first + last->count, .from = kv_start(kv, segment)};
    fill_limits(begin, end, depth, plan->lengths, &span, fill->limits);
    if (span.to <= span.from)
        return;
    span.blocks = fill->blocks;
    for (int block = span.from / KV_BLOCK; block <= (span.to - 1) / KV_BLOCK; block++) {
        int position = block * KV_BLOCK < span.from ? span.from : block * KV_BLOCK;
        *fill->blocks++ = kv_keys(kv, segment, position, 0, 0);
    }
    if (span.limits)
        fill->limits += span.row_end - span.row_begin;
    plan->spans[plan->span_count++] = span;
}

static void make_spans(struct tree_plan *plan, struct kv_tree *kv, int run_count)
{
    struct tree_plan_room *room = plan->room;
    struct fill fill = {room->limits, room->blocks};
    plan->spans = room->spans;
    plan->span_count = 0;
    bool deeper = true;
    for (int depth = 0; deeper; depth++) {
        deeper = false;
        for (int i = 0, next; i < run_count; i = next) {
            const struct run *run = &room->runs[i];
            next = i + 1;
            if (run->depth <= depth)
                continue;
            deeper = true;
            while (next < run_count && room->runs[next].depth > depth &&
                   room->runs[next].path[depth].segment == run->path[depth].segment)
                next++;
            add_span(plan, kv, run, room->runs + next, depth, &fill);
        }
    }
}

int tree_plan_make(struct tree_plan *plan, const struct lm_batch *batch)
{
    if (!plan->room)
        plan->room = calloc(1, sizeof *plan->room);
    if (!plan->room)
        return PONDER_E_MEMORY;
    int runs = count_runs(batch);
    if (make_runs(plan->room, batch, runs) || order_rows(plan, batch, runs) ||
        reserve_spans(plan->room, runs))
        return PONDER_E_MEMORY;
    make_spans(plan, batch->kv, runs);
    return PONDER_OK;
}

void tree_plan_release(struct tree_plan *plan)
{
    struct tree_plan_room *room = plan->room;
    if (!room)
        return;
    free(room->runs);
    free(room->steps);
    free(room->limits);
    free(room->blocks);
    free(room->spans);
    free(room->rows);
    free(room);
    *plan = (struct tree_plan){0};
}
