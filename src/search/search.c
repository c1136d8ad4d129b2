#include "search/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

const struct search_ops *search_find(const char *name)
{
    for (int i = 0; search_at(i); i++)
        if (strcmp(search_at(i)->name, name) == 0)
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

int search_ask(struct search *search, struct search_ask ask)
{
    if (search->ask_count == search->ask_cap) {
        int64_t cap = search->ask_cap ? 2 * search->ask_cap : 16;
        struct search_ask *asks = realloc(search->asks, (size_t)cap * sizeof *asks);
        if (!asks)
            return PONDER_E_MEMORY;
        search->asks = asks;
        search->ask_cap = cap;
    }
    search->asks[search->ask_count++] = ask;
    search->pending += ask.count;
    return PONDER_OK;
}

int search_drop(struct search *search, int32_t node)
{
    if (search->dropped_count == search->dropped_cap) {
        int64_t cap = search->dropped_cap ? 2 * search->dropped_cap : 16;
        int32_t *dropped = realloc(search->dropped, (size_t)cap * sizeof *dropped);
        if (!dropped)
            return PONDER_E_MEMORY;
        search->dropped = dropped;
        search->dropped_cap = cap;
    }
    search->dropped[search->dropped_count++] = node;
    return PONDER_OK;
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

static double worth(const struct tree_node *node, bool total)
{
    double value = total ? node->total : node->score;
    return node->end == TREE_FAILED || isnan(value) ? -1 : value;
}

static bool better(const struct tree *tree, int32_t a, int32_t b, bool total)
{
    const struct tree_node *x = &tree->nodes[a], *y = &tree->nodes[b];
    if (worth(x, total) != worth(y, total))
        return worth(x, total) > worth(y, total);
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
