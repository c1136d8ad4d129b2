/* scorer.c - solutions as paths of a tree: what several of them begin with is read once.
 *
 * A node of the tree is a part of the verifier's input, such as a step with its tag, and its score, if one is
 * wanted there, is what the engine reads behind it. Below the root, which is nothing, stands the question's
 * prompt, which has no score. Every case has a tree of its own that lives until it is forgotten, so that a
 * step that is added to a solution costs its own tokens. */
#include "verifier/scorer.h"

#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/err.h"
#include "core/rng.h"
#include "engine/local.h"

enum { ROWS_MAX = 1024, NODES_MAX = 1 << 22, IDS_MAX = 1 << 28 };

struct node {
    int64_t parent;      /* -1: the root */
    int64_t next;        /* in its chain of the table, -1: none */
    uint64_t hash;       /* of its ids */
    size_t first, count; /* of its ids */
    int64_t position;    /* tokens before its own */
    int64_t handle;      /* the engine's */
    float score;
    bool asked, scored;
};

/* Of a case. */
struct memory {
    struct node *nodes; /* (node_count) */
    int64_t node_count, node_cap;
    int64_t *table; /* (table_size, a power of 2) first nodes of chains, -1: none */
    int64_t table_size;
    struct tokenizer_ids ids; /* of all nodes */
};

/* A request in flight: its tag is its index. */
struct pending {
    struct memory *memory;
    int64_t node;
};

struct scorer {
    struct lm_model *model;
    struct engine *engine;
    struct verifier_profile profile;
    struct verifier_input input;
    struct pending *pending; /* (pending_count) of the call under way */
    int64_t pending_count, pending_cap;
};

/* ---- opening ---- */

void scorer_release(struct scorer *scorer)
{
    if (!scorer)
        return;
    engine_release(scorer->engine);
    lm_model_release(scorer->model);
    verifier_input_release(&scorer->input);
    free(scorer->pending);
    free(scorer);
}

static int read_profile(struct scorer *scorer, const char *path, struct ponder_err *err)
{
    struct gguf_file *file;
    int status = gguf_open(&file, path, err);
    if (status)
        return status;
    status = verifier_profile_read(&scorer->profile, file, scorer->model->shape.vocab, err);
    gguf_release(file);
    return status;
}

static int take_profile(struct scorer *scorer, const char *path, const struct verifier_profile *given,
                        struct ponder_err *err)
{
    if (!scorer->model->tokenizer)
        return err_set(err, PONDER_E_UNSUPPORTED, "%s has no tokenizer", path);
    if (!given)
        return read_profile(scorer, path, err);
    scorer->profile = *given;
    struct verifier_profile *profile = &scorer->profile;
    struct verifier_encoder encoder = verifier_encoder_of(scorer->model->tokenizer, path);
    int status = verifier_profile_resolve(profile, &encoder, err), vocab = scorer->model->shape.vocab;
    if (!status && (profile->tag >= vocab || profile->good >= vocab || profile->bad >= vocab))
        status = err_set(err, PONDER_E_ARGUMENT, "the verifier's profile: %s has the tokens 0 to %d only",
                         path, vocab - 1);
    return status;
}

static int open_engine(struct scorer *scorer, const char *path, const struct local_options *options,
                       struct ponder_err *err)
{
    int status = local_open(&scorer->engine, scorer->model, options, err);
    return status ? err_prefix(err, status, "the verifier %s", path) : PONDER_OK;
}

int scorer_open(struct scorer **out, const char *path, const struct scorer_options *options,
                struct ponder_err *err)
{
    *out = NULL;
    struct scorer *scorer = calloc(1, sizeof *scorer);
    if (!scorer)
        return err_memory(err, "a verifier");
    struct local_options local = {.threads = options->threads,
                                  .rows_max = ROWS_MAX,
                                  .branches_max = ROWS_MAX,
                                  .scores_only = true,
                                  .kv_bytes_max = options->kv_bytes_max,
                                  .weights_bytes_max = options->weights_bytes_max,
                                  .kv_type = options->exact ? KV_F32 : KV_F16,
                                  .precision = options->exact ? LM_PRECISION_F32 : options->precision,
                                  .exact = options->exact};
    int status = lm_model_open(&scorer->model, path, err);
    if (!status)
        status = take_profile(scorer, path, options->profile, err);
    if (!status)
        local.good = scorer->profile.good, local.bad = scorer->profile.bad;
    if (!status)
        status = open_engine(scorer, path, &local, err);
    if (status) {
        scorer_release(scorer);
        return status;
    }
    *out = scorer;
    return PONDER_OK;
}

const struct verifier_profile *scorer_profile(const struct scorer *scorer)
{
    return &scorer->profile;
}

uint64_t scorer_hash(const struct scorer *scorer)
{
    return scorer->model->hash;
}

int64_t scorer_tokens(const struct scorer *scorer)
{
    struct engine_usage usage;
    engine_usage_get(scorer->engine, &usage);
    return usage.prompt_tokens + usage.recomputed_tokens;
}

double scorer_flops(const struct scorer *scorer)
{
    struct engine_usage usage;
    engine_usage_get(scorer->engine, &usage);
    return usage.flops;
}

double scorer_reading_flops(const struct scorer *scorer, int64_t first, int64_t count)
{
    return engine_flops(scorer->engine, first, count);
}

void scorer_reading(struct scorer *scorer, const struct verifier_case *question, struct verifier_reading *out)
{
    static const char text[] = "1";
    struct verifier_input *input = &scorer->input;
    if (verifier_encode(&scorer->profile, scorer->model->tokenizer, question->problem, text, 1, input, NULL))
        return;
    int parts = input->part_count;
    if (parts < 2)
        return;
    out->prompt = input->parts[0].end;
    out->each = input->parts[parts - 1].end - input->parts[0].end;
}

size_t scorer_weights_bytes(const struct scorer *scorer)
{
    return local_weights_bytes(scorer->engine);
}

/* ---- the tree ---- */

static int64_t *chain(const struct memory *memory, int64_t parent, uint64_t hash)
{
    return &memory->table[rng_key(hash, (uint64_t)parent) & (uint64_t)(memory->table_size - 1)];
}

/* Room for one more node, and a table of twice as many entries as there is room for. */
static int make_room(struct memory *memory)
{
    if (array_reserve(&memory->nodes, sizeof *memory->nodes, &memory->node_cap, memory->node_count + 1,
                      NODES_MAX))
        return PONDER_E_MEMORY;
    if (memory->table_size == 2 * memory->node_cap)
        return PONDER_OK;
    if (array_reserve(&memory->table, sizeof *memory->table, &memory->table_size, 2 * memory->node_cap,
                      2 * memory->node_cap))
        return PONDER_E_MEMORY;
    memset(memory->table, -1, (size_t)memory->table_size * sizeof *memory->table);
    for (int64_t i = 0; i < memory->node_count; i++) {
        int64_t *first = chain(memory, memory->nodes[i].parent, memory->nodes[i].hash);
        memory->nodes[i].next = *first;
        *first = i;
    }
    return PONDER_OK;
}

static int64_t scorer_find(const struct memory *memory, int64_t parent, const int32_t *ids, size_t count)
{
    uint64_t hash = hash_bytes((const char *)ids, count * sizeof *ids);
    if (memory->table_size == 0)
        return -1;
    for (int64_t i = *chain(memory, parent, hash); i >= 0; i = memory->nodes[i].next) {
        const struct node *node = &memory->nodes[i];
        if (node->hash == hash && node->parent == parent && node->count == count &&
            memcmp(memory->ids.ids + node->first, ids, count * sizeof *ids) == 0)
            return i;
    }
    return -1;
}

static int new_node(struct scorer *scorer, struct memory *memory, int64_t parent, const int32_t *ids,
                    size_t count, struct ponder_err *err)
{
    if (make_room(memory) || memory->ids.count + count > IDS_MAX)
        return err_memory(err, "a verifier's tree");
    const struct node *above = parent < 0 ? NULL : &memory->nodes[parent];
    struct node *node = &memory->nodes[memory->node_count];
    *node = (struct node){.parent = parent,
                          .hash = hash_bytes((const char *)ids, count * sizeof *ids),
                          .first = memory->ids.count,
                          .count = count,
                          .position = above ? above->position + (int64_t)above->count : 0};
    for (size_t i = 0; i < count; i++)
        if (tokenizer_ids_push(&memory->ids, ids[i]))
            return err_memory(err, "a verifier's tree");
    int status =
        local_prompt_ids(scorer->engine, above ? above->handle : 0, ids, (int)count, &node->handle, err);
    if (status)
        return status;
    int64_t *first = chain(memory, parent, node->hash);
    node->next = *first;
    *first = memory->node_count++;
    return PONDER_OK;
}

static int64_t find_or_add(struct scorer *scorer, struct verifier_case *of, int64_t parent,
                           const int32_t *ids, size_t count, struct ponder_err *err)
{
    struct memory *memory = of->memory;
    int64_t found = scorer_find(memory, parent, ids, count);
    if (found >= 0)
        return found;
    int status = new_node(scorer, memory, parent, ids, count, err);
    if (status)
        return status;
    const struct node *node = &memory->nodes[memory->node_count - 1];
    double flops = engine_flops(scorer->engine, node->position, (int64_t)count);
    of->cost.verifier_tokens += (int64_t)count;
    of->cost.flops += flops;
    if (of->tokens_left != VERIFIER_TOKENS_ANY)
        of->tokens_left -= (int64_t)count;
    of->flops_left -= flops;
    return memory->node_count - 1;
}

/* Asks for a node's score unless it is known or on its way. */
static int scorer_ask(struct scorer *scorer, struct memory *memory, int64_t index, struct ponder_err *err)
{
    struct node *node = &memory->nodes[index];
    if (node->scored || node->asked)
        return PONDER_OK;
    if (array_reserve(&scorer->pending, sizeof *scorer->pending, &scorer->pending_cap,
                      scorer->pending_count + 1, INT32_MAX))
        return err_memory(err, "scores");
    struct engine_request request = {.tag = scorer->pending_count,
                                     .parent = node->handle,
                                     .score = true,
                                     .good = scorer->profile.good,
                                     .bad = scorer->profile.bad};
    int status = engine_submit(scorer->engine, &request, err);
    if (status)
        return status;
    node->asked = true;
    scorer->pending[scorer->pending_count++] = (struct pending){memory, index};
    return PONDER_OK;
}

void scorer_forget(struct scorer *scorer, struct verifier_case *question)
{
    struct memory *memory = question->memory;
    question->memory = NULL;
    if (!memory)
        return;
    for (int64_t i = 0; i < memory->node_count; i++)
        engine_node_release(scorer->engine, memory->nodes[i].handle);
    tokenizer_ids_release(&memory->ids);
    free(memory->nodes);
    free(memory->table);
    free(memory);
}

/* ---- a call ---- */

/* How many of the input's parts are read: as far as there is room, up to a score. What is judged as a whole
 * is read whole or not at all. */
static int fitting(const struct scorer *scorer, const struct verifier_item *item)
{
    const struct verifier_input *input = &scorer->input;
    bool whole = scorer->profile.outcome || scorer->profile.kind == VERIFIER_JUDGE;
    int parts = 0, scores = 0;
    for (int i = 0; i < input->part_count; i++) {
        if (input->parts[i].end > local_context(scorer->engine) ||
            (!scorer->profile.outcome && scores + input->parts[i].scored > item->scores_max))
            break;
        scores += input->parts[i].scored;
        if (input->parts[i].scored)
            parts = i + 1;
    }
    return whole && scores < input->steps ? 0 : parts;
}

/* Whether the score behind a part is one of those that are told. */
static bool is_told(const struct scorer *scorer, int part, int parts)
{
    return scorer->input.parts[part].scored && (!scorer->profile.outcome || part == parts - 1);
}

static size_t part_ids(const struct verifier_input *input, int part, const int32_t **ids)
{
    int from = part ? input->parts[part - 1].end : 0;
    *ids = input->ids.ids + from;
    return (size_t)(input->parts[part].end - from);
}

/* Whether the case can pay for what is new on the input's way through `parts`. */
static bool can_pay(const struct scorer *scorer, const struct verifier_case *of, int parts)
{
    const struct verifier_input *input = &scorer->input;
    const struct memory *memory = of->memory;
    int64_t known = 0, node = -1;
    for (int part = 0; part < parts; part++) {
        const int32_t *ids;
        size_t count = part_ids(input, part, &ids);
        node = scorer_find(memory, node, ids, count);
        if (node < 0)
            break;
        known += (int64_t)count;
    }
    int64_t fresh = input->parts[parts - 1].end - known;
    return fresh <= of->tokens_left && engine_flops(scorer->engine, known, fresh) <= of->flops_left;
}

/* The path of one solution, as far as there is room. */
static int add_item(struct scorer *scorer, struct verifier_item *item, int64_t *last, struct ponder_err *err)
{
    struct verifier_input *input = &scorer->input;
    *last = -1;
    if (!item->of->memory && !(item->of->memory = calloc(1, sizeof(struct memory))))
        return err_memory(err, "a verifier's tree");
    int status = verifier_encode(&scorer->profile, scorer->model->tokenizer, item->of->problem, item->text,
                                 item->len, input, err);
    int parts = status ? 0 : fitting(scorer, item);
    if (parts == 0 || !can_pay(scorer, item->of, parts))
        return status;
    int64_t node = -1;
    for (int part = 0; part < parts && !status; part++) {
        const int32_t *ids;
        size_t count = part_ids(input, part, &ids);
        node = find_or_add(scorer, item->of, node, ids, count, err);
        status = node < 0 ? (int)node : PONDER_OK;
        if (status || !is_told(scorer, part, parts))
            continue;
        status = scorer_ask(scorer, item->of->memory, node, err);
        item->count++;
    }
    item->whole = item->count == (scorer->profile.outcome ? input->steps > 0 : input->steps);
    *last = node;
    return status;
}

static int take_one(struct scorer *scorer, struct engine_result *result, struct ponder_err *err)
{
    const struct pending *pending = &scorer->pending[result->tag];
    struct node *node = &pending->memory->nodes[pending->node];
    int status = PONDER_OK;
    node->asked = false;
    node->scored = result->finish == ENGINE_FINISH_SCORED;
    node->score = (float)result->score;
    if (result->finish == ENGINE_FINISH_FAILED)
        status = err_set(err, result->status ? result->status : PONDER_E_ENGINE, "the verifier: %s",
                         result->error);
    engine_node_release(scorer->engine, result->node);
    engine_result_clear(result);
    return status;
}

/* Until all scores are there. After the deadline what is still missing is given up. */
static int take_scores(struct scorer *scorer, const struct deadline *deadline, struct ponder_err *err)
{
    struct engine_result result;
    int unfinished = 1, status = PONDER_OK;
    for (bool late = false; unfinished > 0;) {
        if (!late && deadline_passed(deadline)) {
            late = true;
            for (int64_t tag = 0; tag < scorer->pending_count; tag++)
                if (scorer->pending[tag].memory->nodes[scorer->pending[tag].node].asked)
                    engine_cancel(scorer->engine, tag);
        }
        unfinished = engine_step(scorer->engine, 1, status ? NULL : err);
        while (unfinished >= 0 && engine_take(scorer->engine, &result)) {
            int one = take_one(scorer, &result, status ? NULL : err);
            status = status ? status : one;
        }
    }
    scorer->pending_count = 0;
    return status ? status : unfinished < 0 ? unfinished : PONDER_OK;
}

/* Copies the scores of the path that ends in `last`, where those that are told stand together; an item that
 * lacks one has none. */
static void scorer_fill(struct verifier_item *item, int64_t last)
{
    const struct memory *memory = item->of->memory;
    for (int step = item->count - 1; step >= 0; step--) {
        const struct node *node = &memory->nodes[last];
        if (!node->scored) {
            item->count = 0;
            item->whole = false;
            return;
        }
        item->scores[step] = node->score;
        last = node->parent;
    }
}

/* What had to be computed again, for want of room, is the call's, not a question's: the first one pays. */
static void charge_recomputed(struct scorer *scorer, const struct engine_usage *before,
                              struct verifier_case *first)
{
    struct engine_usage now;
    engine_usage_get(scorer->engine, &now);
    first->cost.recomputed_tokens += now.recomputed_tokens - before->recomputed_tokens;
}

int scorer_run(struct scorer *scorer, struct verifier_item *items, int64_t count,
               const struct deadline *deadline, struct ponder_err *err)
{
    struct engine_usage before;
    int64_t *last = malloc(((size_t)count + 1) * sizeof *last);
    int status = last ? PONDER_OK : err_memory(err, "scores");
    engine_usage_get(scorer->engine, &before);
    for (int64_t i = 0; i < count && !status; i++)
        status = add_item(scorer, &items[i], &last[i], err);
    int taken = take_scores(scorer, deadline, status ? NULL : err);
    for (int64_t i = 0; i < count && !status && !taken; i++)
        scorer_fill(&items[i], last[i]);
    if (count > 0)
        charge_recomputed(scorer, &before, items[0].of);
    free(last);
    return status ? status : taken;
}
