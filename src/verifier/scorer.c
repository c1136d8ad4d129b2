/* scorer.c - solutions as paths of a tree: what several of them begin with is read once.
 *
 * A node of the tree stands behind a tag: its tokens are a step with what parts it from the one before, and
 * its score is what the engine reads there. Below the root, which is nothing, stands a node for each
 * question's prompt, which has no score. The tree lives for one call. */
#include "verifier/scorer.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/rng.h"
#include "engine/local.h"

enum { ROWS_MAX = 1024, NODES_MAX = 1 << 22, IDS_MAX = 1 << 28 };

struct node {
    int64_t parent;      /* -1: the root */
    int64_t next;        /* in its chain of the table, -1: none */
    uint64_t hash;       /* of its ids */
    size_t first, count; /* of its ids */
    int64_t handle;      /* the engine's */
    float score;
};

struct scorer {
    struct lm_model *model;
    struct engine *engine;
    struct verifier_profile profile;
    struct verifier_input input;

    struct node *nodes; /* (node_count) */
    int64_t node_count, node_cap;
    int64_t *table; /* (table_size, a power of 2) first nodes of chains, -1: none */
    int64_t table_size;
    struct tokenizer_ids ids; /* of all nodes */
};

/* ---- opening ---- */

void scorer_release(struct scorer *scorer)
{
    if (!scorer)
        return;
    engine_release(scorer->engine);
    lm_model_release(scorer->model);
    verifier_input_release(&scorer->input);
    tokenizer_ids_release(&scorer->ids);
    free(scorer->nodes);
    free(scorer->table);
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
    if (!status && !scorer->model->tokenizer)
        status = err_set(err, PONDER_E_UNSUPPORTED, "%s has no tokenizer", path);
    return status;
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
                                  .kv_type = options->exact ? KV_F32 : KV_F16,
                                  .precision = options->exact ? LM_PRECISION_F32 : options->precision,
                                  .exact = options->exact};
    int status = lm_model_open(&scorer->model, path, err);
    if (!status)
        status = read_profile(scorer, path, err);
    if (!status)
        status = local_open(&scorer->engine, scorer->model, &local, err);
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

/* ---- the tree ---- */

static int64_t *chain(const struct scorer *scorer, int64_t parent, uint64_t hash)
{
    return &scorer->table[rng_key(hash, (uint64_t)parent) & (uint64_t)(scorer->table_size - 1)];
}

static int grow(struct scorer *scorer)
{
    if (scorer->node_count < scorer->node_cap)
        return PONDER_OK;
    int64_t cap = scorer->node_cap ? 2 * scorer->node_cap : 1024;
    struct node *nodes = cap <= NODES_MAX ? realloc(scorer->nodes, (size_t)cap * sizeof *nodes) : NULL;
    if (nodes)
        scorer->nodes = nodes;
    int64_t *table = nodes ? realloc(scorer->table, (size_t)cap * 2 * sizeof *table) : NULL;
    if (!table)
        return PONDER_E_MEMORY;
    scorer->table = table;
    scorer->table_size = 2 * cap;
    scorer->node_cap = cap;
    memset(table, -1, (size_t)scorer->table_size * sizeof *table);
    for (int64_t i = 0; i < scorer->node_count; i++) {
        int64_t *first = chain(scorer, nodes[i].parent, nodes[i].hash);
        nodes[i].next = *first;
        *first = i;
    }
    return PONDER_OK;
}

static int64_t find(const struct scorer *scorer, int64_t parent, const int32_t *ids, size_t count,
                    uint64_t hash)
{
    if (scorer->table_size == 0)
        return -1;
    for (int64_t i = *chain(scorer, parent, hash); i >= 0; i = scorer->nodes[i].next) {
        const struct node *node = &scorer->nodes[i];
        if (node->hash == hash && node->parent == parent && node->count == count &&
            memcmp(scorer->ids.ids + node->first, ids, count * sizeof *ids) == 0)
            return i;
    }
    return -1;
}

static int ask(struct scorer *scorer, int64_t tag, struct ponder_err *err)
{
    struct engine_request request = {.tag = tag,
                                     .parent = scorer->nodes[tag].handle,
                                     .score = true,
                                     .good = scorer->profile.good,
                                     .bad = scorer->profile.bad};
    return engine_submit(scorer->engine, &request, err);
}

/* A new node; its score is asked for where it stands behind a tag. */
static int64_t add_node(struct scorer *scorer, int64_t parent, const int32_t *ids, size_t count,
                        uint64_t hash, struct ponder_err *err)
{
    if (grow(scorer) || scorer->ids.count + count > IDS_MAX)
        return err_memory(err, "a verifier's tree");
    int64_t index = scorer->node_count;
    struct node *node = &scorer->nodes[index];
    *node = (struct node){.parent = parent, .hash = hash, .first = scorer->ids.count, .count = count};
    for (size_t i = 0; i < count; i++)
        if (tokenizer_ids_push(&scorer->ids, ids[i]))
            return err_memory(err, "a verifier's tree");
    int status = local_prompt_ids(scorer->engine, parent < 0 ? 0 : scorer->nodes[parent].handle, ids,
                                  (int)count, &node->handle, err);
    if (status)
        return status;
    scorer->node_count++;
    int64_t *first = chain(scorer, parent, hash);
    node->next = *first;
    *first = index;
    status = parent < 0 ? PONDER_OK : ask(scorer, index, err);
    return status ? status : index;
}

static int64_t find_or_add(struct scorer *scorer, int64_t parent, const int32_t *ids, size_t count,
                           struct ponder_err *err)
{
    uint64_t hash = hash_bytes((const char *)ids, count * sizeof *ids);
    int64_t found = find(scorer, parent, ids, count, hash);
    return found >= 0 ? found : add_node(scorer, parent, ids, count, hash, err);
}

static void clear(struct scorer *scorer)
{
    for (int64_t i = 0; i < scorer->node_count; i++)
        engine_node_release(scorer->engine, scorer->nodes[i].handle);
    scorer->node_count = 0;
    scorer->ids.count = 0;
    if (scorer->table_size)
        memset(scorer->table, -1, (size_t)scorer->table_size * sizeof *scorer->table);
}

/* ---- a call ---- */

/* The path of one solution, as far as the context and steps_max have room; *last is the node of its last
 * step, or -1. */
static int add_item(struct scorer *scorer, struct scorer_item *item, int64_t *last, struct ponder_err *err)
{
    struct verifier_input *input = &scorer->input;
    *last = -1;
    item->steps = 0;
    item->whole = false;
    int status = verifier_encode(&scorer->profile, scorer->model->tokenizer, item->question, item->solution,
                                 input, err);
    if (status || input->steps == 0 || input->tags[0] >= scorer->model->shape.context)
        return status;
    int64_t node = find_or_add(scorer, -1, input->ids.ids, input->prompt, err);
    size_t at = input->prompt;
    while (node >= 0 && item->steps < input->steps && item->steps < item->steps_max &&
           input->tags[item->steps] < scorer->model->shape.context) {
        size_t end = (size_t)input->tags[item->steps] + 1;
        node = find_or_add(scorer, node, input->ids.ids + at, end - at, err);
        at = end;
        item->steps++;
        *last = node;
    }
    item->whole = item->steps == input->steps;
    return node < 0 ? (int)node : PONDER_OK;
}

static int take_scores(struct scorer *scorer, struct ponder_err *err)
{
    struct engine_result result;
    int unfinished = 1, status = PONDER_OK;
    while (unfinished > 0 && !status) {
        unfinished = engine_step(scorer->engine, 1, err);
        while (unfinished >= 0 && engine_take(scorer->engine, &result)) {
            scorer->nodes[result.tag].score = (float)result.score;
            if (result.finish != ENGINE_FINISH_SCORED && !status)
                status = err_set(err, result.status ? result.status : PONDER_E_ENGINE, "the verifier: %s",
                                 result.error);
            engine_node_release(scorer->engine, result.node);
            engine_result_clear(&result);
        }
    }
    return unfinished < 0 ? unfinished : status;
}

int scorer_run(struct scorer *scorer, struct scorer_item *items, int64_t count, struct ponder_err *err)
{
    int64_t *last = malloc(((size_t)count + 1) * sizeof *last);
    int status = last ? PONDER_OK : err_memory(err, "scores");
    for (int64_t i = 0; i < count && !status; i++)
        status = add_item(scorer, &items[i], &last[i], err);
    int taken = take_scores(scorer, status ? NULL : err);
    for (int64_t i = 0; i < count && !status && !taken; i++)
        for (int step = items[i].steps - 1; step >= 0; step--) {
            items[i].scores[step] = scorer->nodes[last[i]].score;
            last[i] = scorer->nodes[last[i]].parent;
        }
    clear(scorer);
    free(last);
    return status ? status : taken;
}
