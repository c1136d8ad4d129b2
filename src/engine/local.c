/* local.c - opening the local engine; its nodes, prompts, requests and results. See local_impl.h. */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/err.h"
#include "engine/local_impl.h"

/* ---- lists of branches ---- */

void local_list_push(struct local_list *list, struct local_branch *branch)
{
    branch->next = NULL;
    branch->prev = list->tail;
    if (list->tail)
        list->tail->next = branch;
    else
        list->head = branch;
    list->tail = branch;
    list->count++;
}

void local_list_push_front(struct local_list *list, struct local_branch *branch)
{
    branch->prev = NULL;
    branch->next = list->head;
    if (list->head)
        list->head->prev = branch;
    else
        list->tail = branch;
    list->head = branch;
    list->count++;
}

void local_list_remove(struct local_list *list, struct local_branch *branch)
{
    if (branch->prev)
        branch->prev->next = branch->next;
    else
        list->head = branch->next;
    if (branch->next)
        branch->next->prev = branch->prev;
    else
        list->tail = branch->prev;
    branch->prev = branch->next = NULL;
    list->count--;
}

/* ---- nodes ---- */

int local_mark_new(struct local *local, int segment, bool prompt)
{
    if (array_reserve(&local->marks, sizeof *local->marks, &local->mark_cap, segment + 1, KV_SEGMENTS_MAX))
        return PONDER_E_MEMORY;
    local->marks[segment] = (struct local_mark){.prompt = prompt, .logit = -1};
    return PONDER_OK;
}

/* A slot from the free list or the end of the table. */
static int node_slot(struct local *local)
{
    int slot = local->node_free;
    if (slot >= 0) {
        local->node_free = local->nodes[slot].next_free;
        return slot;
    }
    int status = array_reserve(&local->nodes, sizeof *local->nodes, &local->node_cap, local->node_top + 1,
                               LOCAL_NODES_MAX);
    if (status)
        return status;
    local->nodes[local->node_top] = (struct local_node){.generation = 1, .segment = -1};
    return local->node_top++;
}

int64_t local_node_new(struct local *local, int segment, const char *lead, size_t lead_len)
{
    char *copy = NULL;
    if (lead_len) {
        copy = malloc(lead_len);
        if (!copy)
            return PONDER_E_MEMORY;
        memcpy(copy, lead, lead_len);
    }
    int slot = node_slot(local);
    if (slot < 0) {
        free(copy);
        return slot;
    }
    struct local_node *node = &local->nodes[slot];
    node->segment = segment;
    node->lead = copy;
    node->lead_len = lead_len;
    local->node_count++;
    return (int64_t)node->generation << 32 | (slot + 1);
}

static struct local_node *node_find(const struct local *local, int64_t handle)
{
    int64_t slot = (handle & 0xffffffff) - 1;
    if (handle <= 0 || slot < 0 || slot >= local->node_top)
        return NULL;
    struct local_node *node = &local->nodes[slot];
    return node->segment >= 0 && node->generation == handle >> 32 ? node : NULL;
}

static void local_node_release(struct engine *engine, int64_t handle)
{
    struct local *local = (struct local *)engine;
    struct local_node *node = node_find(local, handle);
    assert(node);
    if (!node)
        return;
    kv_segment_drop(local->kv, node->segment);
    free(node->lead);
    *node = (struct local_node){
        .generation = (node->generation + 1) & 0x7fffffff, .segment = -1, .next_free = local->node_free};
    local->node_free = (int)(node - local->nodes);
    local->node_count--;
}

static int no_node(int64_t handle, struct ponder_err *err)
{
    return err_set(err, PONDER_E_ARGUMENT,
                   "no node has the handle %" PRId64 ": it was released, or never made", handle);
}

/* ---- prompts ---- */

/* A segment with `ids` behind `parent` (NULL: a root), with one reference. */
static int segment_with(struct local *local, const struct local_node *parent, const int32_t *ids, int count)
{
    int segment = parent ? kv_segment_new(local->kv, parent->segment, kv_end(local->kv, parent->segment))
                         : kv_segment_new(local->kv, -1, 0);
    if (segment < 0)
        return segment;
    int status = local_mark_new(local, segment, true);
    if (!status)
        status = kv_append(local->kv, segment, ids, count);
    if (status)
        kv_segment_drop(local->kv, segment);
    return status ? status : segment;
}

static int check_prompt(const struct local *local, const struct local_node *parent, const int32_t *ids,
                        int64_t count, struct ponder_err *err)
{
    int context = kv_context(local->kv);
    int before = parent ? kv_end(local->kv, parent->segment) : 0;
    if (count > context - before)
        return err_set(err, PONDER_E_LIMIT,
                       "the text is %" PRId64 " tokens long, %" PRId64 " more than the model's context of %d "
                       "positions has room for%s%s",
                       count, count - (context - before), context, before ? " behind its node" : "",
                       context < local->model->shape.context
                           ? ": it has more, but memory for keys and values (--kv-mib) holds no more"
                           : "");
    if (count + before == 0)
        return err_set(err, PONDER_E_ARGUMENT,
                       "the text is empty, and this model has no begin token to start from: give some text");
    for (int64_t i = 0; i < count; i++)
        if (ids[i] < 0 || ids[i] >= local->model->shape.vocab)
            return err_set(err, PONDER_E_ARGUMENT, "token %" PRId64 " is %d: the model's ids are 0 to %d", i,
                           ids[i], local->model->shape.vocab - 1);
    return PONDER_OK;
}

static int prompt_ids(struct local *local, int64_t parent, const int32_t *ids, int64_t count, int64_t *out,
                      struct ponder_err *err)
{
    const struct local_node *node = parent ? node_find(local, parent) : NULL;
    if (parent && !node)
        return no_node(parent, err);
    int status = check_prompt(local, node, ids, count, err);
    if (status)
        return status;
    int segment;
    if (count == 0) {
        segment = node->segment;
        kv_segment_retain(local->kv, segment);
    } else {
        segment = segment_with(local, node, ids, (int)count);
    }
    if (segment < 0)
        return err_set(err, segment, "no room for another prompt: %s", ponder_status_message(segment));
    bool same = count == 0;
    int64_t handle = local_node_new(local, segment, same ? node->lead : NULL, same ? node->lead_len : 0);
    if (handle < 0) {
        kv_segment_drop(local->kv, segment);
        return err_set(err, (int)handle, "there are %d nodes, and no room for another: release some",
                       local->node_count);
    }
    *out = handle;
    return PONDER_OK;
}

int local_prompt_ids(struct engine *engine, int64_t parent, const int32_t *ids, int count, int64_t *out,
                     struct ponder_err *err)
{
    *out = 0;
    return prompt_ids((struct local *)engine, parent, ids, count, out, err);
}

static int encode_bytes(const struct local *local, const char *text, size_t len, struct tokenizer_ids *out)
{
    out->ids = malloc((len + 1) * sizeof *out->ids);
    if (!out->ids)
        return PONDER_E_MEMORY;
    for (size_t i = 0; i < len; i++)
        out->ids[i] = (unsigned char)text[i] % local->model->shape.vocab;
    out->count = len;
    return PONDER_OK;
}

static int prompt_encoded(struct local *local, int64_t parent, const struct engine_text *text, int64_t *out,
                          struct ponder_err *err)
{
    const struct tokenizer *tokenizer = local->model->tokenizer;
    struct tokenizer_ids ids = {0};
    unsigned flags = parent ? TOKENIZER_CONTINUE : TOKENIZER_ADD_BOS;
    int status = tokenizer ? tokenizer_encode_parts(tokenizer, text->text, text->len, text->parts,
                                                    text->part_count, flags, &ids, err)
                           : encode_bytes(local, text->text, text->len, &ids);
    if (!status)
        status = prompt_ids(local, parent, ids.ids, (int64_t)ids.count, out, err);
    free(ids.ids);
    return status;
}

static int local_prompt(struct engine *engine, int64_t parent, const char *text, size_t len, int64_t *out,
                        struct ponder_err *err)
{
    return prompt_encoded((struct local *)engine, parent, &(struct engine_text){text, len, NULL, 0}, out,
                          err);
}

static int local_prompt_parts(struct engine *engine, int64_t parent, const struct engine_text *text,
                              int64_t *out, struct ponder_err *err)
{
    return prompt_encoded((struct local *)engine, parent, text, out, err);
}

/* ---- requests and results ---- */

static struct local_branch *branch_new(struct local *local, const struct local_node *parent,
                                       const struct engine_request *request)
{
    struct local_branch *branch = calloc(1, sizeof *branch);
    if (!branch)
        return NULL;
    const struct engine_sampling *s = &request->sampling;
    branch->tag = request->tag;
    branch->tokens_max = request->tokens_max;
    branch->sampling = (struct sample_options){s->temperature, s->top_k, s->top_p, s->min_p};
    rng_init(&branch->rng, request->stream);
    branch->stops = request->stops;
    branch->stop_count = request->stop_count;
    branch->end = request->end;
    branch->end_token = -1;
    branch->ignore_end = request->ignore_end;
    branch->scoring = request->score;
    branch->good = local->scores_only ? 0 : request->good;
    branch->bad = local->scores_only ? 1 : request->bad;
    branch->logit = -1;
    branch->text = BUF_INIT(LOCAL_TEXT_BYTES_MAX);
    branch->segment = -1;
    if (buf_append(&branch->text, parent->lead, parent->lead_len)) {
        local_branch_free(local, branch);
        return NULL;
    }
    branch->text_end = branch->text.len;
    branch->position = kv_end(local->kv, parent->segment);
    branch->segment = kv_segment_new(local->kv, parent->segment, branch->position);
    if (branch->segment < 0 || local_mark_new(local, branch->segment, false)) {
        local_branch_free(local, branch);
        return NULL;
    }
    return branch;
}

static int check_kind(const struct local *local, const struct engine_request *request, struct ponder_err *err)
{
    const int32_t *scored = local->scored;
    int vocab = local->model->shape.vocab;
    if (request->score &&
        (request->good < 0 || request->good >= vocab || request->bad < 0 || request->bad >= vocab))
        return err_set(err, PONDER_E_ARGUMENT, "tokens %d and %d to score: the model's ids are 0 to %d",
                       request->good, request->bad, vocab - 1);
    if (local->scores_only && !(request->score && request->good == scored[0] && request->bad == scored[1]))
        return err_set(err, PONDER_E_ARGUMENT,
                       "this engine scores token %d against token %d and nothing else", (int)scored[0],
                       (int)scored[1]);
    return PONDER_OK;
}

static int local_submit(struct engine *engine, const struct engine_request *request, struct ponder_err *err)
{
    struct local *local = (struct local *)engine;
    const struct local_node *parent = node_find(local, request->parent);
    if (!parent)
        return no_node(request->parent, err);
    if (local->waiting.count + local->active_count + local->done.count >= LOCAL_REQUESTS_MAX)
        return err_set(err, PONDER_E_LIMIT, "%d requests are unfinished or not taken: that is the most",
                       LOCAL_REQUESTS_MAX);
    int status = check_kind(local, request, err);
    if (status)
        return status;
    struct local_branch *branch = branch_new(local, parent, request);
    if (!branch)
        return err_memory(err, "a request");
    if (!request->score && kv_end(local->kv, branch->segment) == kv_context(local->kv)) {
        local_branch_finish(local, branch, ENGINE_FINISH_CONTEXT);
        local_list_push(&local->done, branch);
    } else {
        local_list_push(&local->waiting, branch);
    }
    return PONDER_OK;
}

static void local_cancel(struct engine *engine, int64_t tag)
{
    struct local *local = (struct local *)engine;
    int kept = 0;
    for (int i = 0; i < local->active_count; i++) {
        struct local_branch *branch = local->active[i];
        if (branch->tag != tag) {
            local->active[kept++] = branch;
            continue;
        }
        local_branch_finish(local, branch, ENGINE_FINISH_CANCELLED);
        local_list_push(&local->done, branch);
    }
    local->active_count = kept;
    for (struct local_branch *branch = local->waiting.head, *next; branch; branch = next) {
        next = branch->next;
        if (branch->tag != tag)
            continue;
        local_list_remove(&local->waiting, branch);
        local_branch_finish(local, branch, ENGINE_FINISH_CANCELLED);
        local_list_push(&local->done, branch);
    }
}

static bool local_take(struct engine *engine, struct engine_result *out)
{
    struct local *local = (struct local *)engine;
    struct local_branch *branch = local->done.head;
    *out = (struct engine_result){0};
    if (!branch)
        return false;
    local_list_remove(&local->done, branch);
    out->tag = branch->tag;
    out->finish = branch->finish;
    out->status = branch->status;
    memcpy(out->error, branch->error, sizeof out->error);
    out->node = branch->node;
    out->position = branch->position;
    out->logprob = branch->logprob;
    out->score = branch->score;
    out->recomputed_tokens = branch->recomputed_tokens;
    out->recomputed_flops = branch->recomputed_flops;
    if (branch->finish != ENGINE_FINISH_FAILED) {
        out->token_count = branch->generated;
        out->tokens = branch->tokens;
        branch->tokens = NULL;
        out->text = buf_take(&branch->text, NULL);
        out->text_len = branch->text_end;
        if (out->text)
            out->text[branch->text_end] = '\0';
    }
    local_branch_free(local, branch);
    return true;
}

static void local_usage(const struct engine *engine, struct engine_usage *out)
{
    const struct local *local = (const struct local *)engine;
    *out = local->usage;
    out->kv_bytes_peak = (int64_t)kv_bytes_peak(local->kv);
}

static bool local_peek(const struct engine *engine, int64_t tag, const char **text, size_t *len)
{
    const struct local *local = (const struct local *)engine;
    for (int i = 0; i < local->active_count; i++)
        if (local->active[i]->tag == tag && local->active[i]->text.len > 0) {
            *text = local->active[i]->text.data;
            *len = local->active[i]->text.len;
            return true;
        }
    return false;
}

static double local_flops(const struct engine *engine, int64_t first, int64_t count)
{
    const struct local *local = (const struct local *)engine;
    double keys = (double)count * (double)first + (double)count * (double)(count + 1) / 2;
    return (double)count * local->flops_base + local->flops_per_key * keys;
}

static int64_t local_positions(const struct engine *engine)
{
    return kv_context(((const struct local *)engine)->kv);
}

static int64_t local_length(const struct engine *engine, int64_t handle)
{
    const struct local *local = (const struct local *)engine;
    const struct local_node *node = node_find(local, handle);
    return node ? kv_end(local->kv, node->segment) : -1;
}

struct local_state local_state_get(const struct engine *engine)
{
    const struct local *local = (const struct local *)engine;
    return (struct local_state){.nodes = local->node_count,
                                .segments = kv_segment_count(local->kv),
                                .waiting = local->waiting.count,
                                .active = local->active_count,
                                .kv_bytes = kv_bytes(local->kv),
                                .rows = local->rows_total,
                                .batches = local->batches,
                                .preemptions = local->preemptions};
}

/* ---- opening and releasing ---- */

static void free_list(struct local *local, struct local_list *list)
{
    while (list->head) {
        struct local_branch *branch = list->head;
        local_list_remove(list, branch);
        local_branch_free(local, branch);
    }
}

static void local_release(struct engine *engine)
{
    struct local *local = (struct local *)engine;
    for (int i = 0; i < local->active_count; i++)
        local_branch_free(local, local->active[i]);
    free_list(local, &local->waiting);
    free_list(local, &local->done);
    for (int i = 0; i < local->node_top; i++)
        free(local->nodes[i].lead);
    lm_run_release(local->run);
    kv_tree_release(local->kv);
    free(local->nodes);
    free(local->active);
    free(local->marks);
    free(local->tokens);
    free(local->positions);
    free(local->segments);
    free(local->logit_rows);
    free(local->path);
    free(local->sampled);
    free(local);
}

const struct engine_ops engine_local_ops = {
    .name = "local",
    .summary = "a GGUF model in this process",
    .release = local_release,
    .prompt = local_prompt,
    .prompt_parts = local_prompt_parts,
    .node_release = local_node_release,
    .submit = local_submit,
    .cancel = local_cancel,
    .step = local_step,
    .take = local_take,
    .usage = local_usage,
    .flops = local_flops,
    .length = local_length,
    .context = local_positions,
    .peek = local_peek,
};

static int allocate(struct local *local)
{
    size_t rows = (size_t)local->rows_max, branches = (size_t)local->branches_max;
    local->active = calloc(branches, sizeof *local->active);
    local->sampled = calloc(branches, sizeof *local->sampled);
    local->tokens = calloc(rows, sizeof *local->tokens);
    local->positions = calloc(rows, sizeof *local->positions);
    local->segments = calloc(rows, sizeof *local->segments);
    local->logit_rows = calloc(rows, sizeof *local->logit_rows);
    local->path = calloc((size_t)kv_context(local->kv), sizeof *local->path);
    return local->active && local->sampled && local->tokens && local->positions && local->segments &&
                   local->logit_rows && local->path
               ? PONDER_OK
               : PONDER_E_MEMORY;
}

static int open_parts(struct local *local, const struct local_options *options, struct ponder_err *err)
{
    struct lm_run_options run = {.rows_max = local->rows_max,
                                 .logit_rows_max = local->branches_max,
                                 .threads = options->threads,
                                 .precision = options->precision,
                                 .exact = options->exact,
                                 .weights_bytes_max = options->weights_bytes_max,
                                 .outputs = local->scored,
                                 .output_count = local->scores_only ? 2 : 0};
    int status = kv_tree_open(&local->kv, &local->model->shape, options->kv_type,
                              options->kv_bytes_max ? options->kv_bytes_max : (size_t)2 << 30, err);
    if (!status && allocate(local))
        status = err_memory(err, "the engine");
    return status ? status : lm_run_open(&local->run, local->model, &run, err);
}

int local_open(struct engine **out, const struct lm_model *model, const struct local_options *options,
               struct ponder_err *err)
{
    *out = NULL;
    if (options->rows_max < 0 || options->branches_max < 0 || options->threads < 0)
        return err_set(err, PONDER_E_ARGUMENT,
                       "rows, branches and threads of an engine are 0 (its own choice) or more");
    struct local *local = calloc(1, sizeof *local);
    if (!local)
        return err_memory(err, "the engine");
    local->engine.ops = &engine_local_ops;
    local->engine.can = ENGINE_CAN_CONTINUE | ENGINE_CAN_LOGPROBS | ENGINE_CAN_SEED | ENGINE_CAN_SCORE |
                        ENGINE_CAN_STOP | ENGINE_CAN_FLOPS | ENGINE_CAN_KEEP;
    local->model = model;
    local->scores_only = options->scores_only;
    local->scored[0] = options->good;
    local->scored[1] = options->bad;
    local->rows_max = options->rows_max ? options->rows_max : 512;
    local->branches_max = options->branches_max ? options->branches_max : 256;
    if (local->branches_max > local->rows_max)
        local->branches_max = local->rows_max;
    local->threads = options->threads ? options->threads : omp_get_max_threads();
    local->node_free = -1;
    local->flops_base = lm_flops_per_token(&model->shape, 0);
    local->flops_per_key = lm_flops_per_token(&model->shape, 1) - local->flops_base;
    int status = open_parts(local, options, err);
    if (status) {
        local_release(&local->engine);
        return status;
    }
    *out = &local->engine;
    return PONDER_OK;
}

int local_context(const struct engine *engine)
{
    return kv_context(((const struct local *)engine)->kv);
}

size_t local_weights_bytes(const struct engine *engine)
{
    const struct local *local = (const struct local *)engine;
    return lm_run_weights_bytes(local->run) + lm_model_bytes(local->model);
}

enum lm_precision local_precision(const struct engine *engine)
{
    return lm_run_precision(((const struct local *)engine)->run);
}
