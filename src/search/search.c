#include "search/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

int search_ask(struct search *search, int32_t node, int64_t count)
{
    if (search->ask_count == search->ask_cap) {
        int64_t cap = search->ask_cap ? 2 * search->ask_cap : 16;
        struct search_ask *asks = realloc(search->asks, (size_t)cap * sizeof *asks);
        if (!asks)
            return PONDER_E_MEMORY;
        search->asks = asks;
        search->ask_cap = cap;
    }
    search->asks[search->ask_count++] = (struct search_ask){node, count};
    return PONDER_OK;
}

static double worth(const struct tree_node *node)
{
    return node->end == TREE_FAILED || isnan(node->score) ? -1 : node->score;
}

bool search_better(const struct tree *tree, int32_t a, int32_t b)
{
    const struct tree_node *x = &tree->nodes[a], *y = &tree->nodes[b];
    if (worth(x) != worth(y))
        return worth(x) > worth(y);
    if (x->solved != y->solved)
        return x->solved;
    return x->repeats != y->repeats ? x->repeats > y->repeats : a < b;
}

static int better_first(const void *a, const void *b, void *tree)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x == y ? 0 : search_better(tree, x, y) ? -1 : 1;
}

void search_sort(const struct tree *tree, int32_t *nodes, int64_t count)
{
    if (count > 1)
        qsort_r(nodes, (size_t)count, sizeof *nodes, better_first, (void *)tree);
}
