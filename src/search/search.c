#include "search/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/ascii.h"
#include "core/array.h"
#include "core/err.h"

#define SEARCH(id) extern const struct search_ops search_##id;
#include "search/search.def"
#undef SEARCH

static const struct search_ops *const all[] = {
#define SEARCH(id) &search_##id,
#include "search/search.def"
#undef SEARCH
};

const struct search_ops *search_at(int index)
{
    return index >= 0 && index < (int)(sizeof all / sizeof *all) ? all[index] : NULL;
}

bool search_is(const char *name, const char *strategy)
{
    return name_is(name, strcspn(name, ":"), strategy);
}

const char *search_own_text(const char *name)
{
    const char *colon = strchr(name, ':');
    return colon ? colon + 1 : "";
}

const struct search_ops *search_find(const char *name)
{
    for (int i = 0; search_at(i); i++)
        if (search_is(name, search_at(i)->name))
            return search_at(i);
    return NULL;
}

int search_find_or_say(const char *name, const struct search_ops **out, struct ponder_err *err)
{
    struct buf names = BUF_INIT(1024);
    *out = search_find(name);
    for (int i = 0; search_at(i); i++)
        buf_printf(&names, "%s%s", i ? ", " : "", search_at(i)->name);
    int status =
        *out ? PONDER_OK
             : err_set(err, PONDER_E_ARGUMENT, "--search: '%.40s' is none of %s", name, buf_text(&names));
    buf_release(&names);
    return status;
}

/* ---- a strategy's own options ---- */

static int say_which(const struct search_ops *ops, const char *name, struct ponder_err *err)
{
    struct buf names = BUF_INIT(1024);
    for (const struct ponder_option *row = ops->options; row->name; row++)
        buf_printf(&names, "%s%s", row == ops->options ? "" : ", ", row->name);
    int status =
        err_set(err, PONDER_E_ARGUMENT, "'%s' is none of its own options: %s", name, buf_text(&names));
    buf_release(&names);
    return status;
}

static int set_own(struct search_options *options, const struct search_ops *ops, const char *pair, size_t len,
                   struct ponder_err *err)
{
    char name[64], value[64];
    const char *equals = memchr(pair, '=', len);
    size_t name_len = equals ? (size_t)(equals - pair) : len, value_len = equals ? len - name_len - 1 : 0;
    if (!equals || name_len >= sizeof name || value_len >= sizeof value)
        return err_set(err, PONDER_E_ARGUMENT, "'%.*s' is no KEY=VALUE", (int)(len < 60 ? len : 60), pair);
    memcpy(name, pair, name_len);
    memcpy(value, equals + 1, value_len);
    name[name_len] = value[value_len] = '\0';
    if (!search_options_has(ops, name))
        return say_which(ops, name, err);
    return ponder_option_set(ops->options, options->own, name, value, err);
}

static int read_own(struct search_options *options, const struct search_ops *ops, const char *text,
                    struct ponder_err *err)
{
    int status = PONDER_OK;
    if (!ops->options)
        return *text ? err_set(err, PONDER_E_ARGUMENT, "it has no options of its own") : PONDER_OK;
    status = ponder_options_default(ops->options, options->own, err);
    while (!status && *text) {
        size_t len = strcspn(text, ",");
        status = set_own(options, ops, text, len, err);
        text += len + (text[len] == ',');
    }
    return status;
}

int search_options_of(struct search_options *out, const struct search_ops *ops, int64_t n, const char *text,
                      struct ponder_err *err)
{
    *out = (struct search_options){.n = n, .rounds_max = SEARCH_ROUNDS_MAX};
    int status = read_own(out, ops, text ? text : "", err);
    if (status)
        return err_prefix(err, status, "--search %s", ops->name);
    return ops->prepare(out, err);
}

bool search_options_has(const struct search_ops *ops, const char *name)
{
    for (const struct ponder_option *row = ops->options; row && row->name; row++)
        if (strcmp(row->name, name) == 0)
            return true;
    return false;
}

int64_t search_options_get(const struct search_options *options, const struct search_ops *ops,
                           const char *name, int64_t otherwise)
{
    for (const struct ponder_option *row = ops->options; row && row->name; row++)
        if (row->type == PONDER_OPTION_INT && strcmp(row->name, name) == 0)
            memcpy(&otherwise, options->own + row->offset, sizeof otherwise);
    return otherwise;
}

int search_ask(struct search *search, struct search_ask ask)
{
    int status = array_reserve(&search->asks, sizeof *search->asks, &search->ask_cap, search->ask_count + 1,
                               TREE_NODES_MAX);
    if (status)
        return status;
    search->asks[search->ask_count++] = ask;
    search->pending += ask.count;
    return PONDER_OK;
}

int search_drop(struct search *search, int32_t node)
{
    int status = array_reserve(&search->dropped, sizeof *search->dropped, &search->dropped_cap,
                               search->dropped_count + 1, TREE_NODES_MAX);
    if (status)
        return status;
    search->dropped[search->dropped_count++] = node;
    return PONDER_OK;
}

void search_become(struct search *search, const struct search_ops *ops, const struct search_options *options)
{
    search->successor = ops;
    search->successor_options = *options;
}

int32_t search_place(struct search *search, int32_t parent, const char *text, size_t len, uint64_t key)
{
    int32_t index = tree_add(&search->tree, parent);
    if (index < 0 || tree_append(&search->tree, index, text, len))
        return -1;
    struct tree_node *node = &search->tree.nodes[index];
    search->tree.nodes[parent].children--; /* only what is asked for draws from the parent's streams */
    node->placed = node->held = node->charged = true;
    node->end = TREE_OPEN;
    node->key = key;
    return index;
}

static double search_worth(const struct tree_node *node, bool total)
{
    double value = total ? node->total : node->score;
    return node->end == TREE_FAILED || isnan(value) ? -1 : value;
}

static bool better(const struct tree *tree, int32_t a, int32_t b, bool total)
{
    const struct tree_node *x = &tree->nodes[a], *y = &tree->nodes[b];
    if (search_worth(x, total) != search_worth(y, total))
        return search_worth(x, total) > search_worth(y, total);
    if (x->solved != y->solved)
        return x->solved;
    return x->repeats != y->repeats ? x->repeats > y->repeats : a < b;
}

bool search_better(const struct tree *tree, int32_t a, int32_t b)
{
    return better(tree, a, b, false);
}

bool search_better_total(const struct tree *tree, int32_t a, int32_t b)
{
    return better(tree, a, b, true);
}

static int better_first(const void *a, const void *b, void *tree)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x == y ? 0 : better(tree, x, y, false) ? -1 : 1;
}

static int larger_first(const void *a, const void *b, void *tree)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x == y ? 0 : better(tree, x, y, true) ? -1 : 1;
}

void search_sort(const struct tree *tree, int32_t *nodes, int64_t count)
{
    if (count > 1)
        qsort_r(nodes, (size_t)count, sizeof *nodes, better_first, (void *)tree);
}

void search_sort_totals(const struct tree *tree, int32_t *nodes, int64_t count)
{
    if (count > 1)
        qsort_r(nodes, (size_t)count, sizeof *nodes, larger_first, (void *)tree);
}
