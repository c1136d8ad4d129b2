/* fuzz_trace.c - traces of any bytes: one that is read must hold what its header promises and be drawn
 * without a control character, and what is written of it must read as the same; one that is not read must say
 * why. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tree/trace.h"

static void require(int holds)
{
    if (!holds)
        abort();
}

static void check_node(const struct ponder_tree *tree, int32_t i)
{
    const struct trace_node *node = &tree->nodes[i];
    require(node->text && node->samples >= (i > 0) && node->vote >= -1 && node->vote < tree->vote_count);
    require(i == 0 ? node->parent == -1 : node->parent >= 0 && node->parent < i);
    require(node->depth == (i == 0 ? 0 : tree->nodes[node->parent].depth + 1));
    require(isnan(node->score) || (node->score >= 0 && node->score <= 1));
    require(!node->winning || i == 0 || tree->nodes[node->parent].winning);
}

static void check_drawing(const struct ponder_tree *tree, const struct ponder_look *look)
{
    for (int fold = 0; fold < 3; fold++) {
        char *text;
        struct ponder_err err;
        require(ponder_tree_draw(tree, look, (enum ponder_tree_fold)fold, &text, &err) == PONDER_OK);
        for (const char *c = text; *c; c++)
            require((unsigned char)*c >= 0x20 || *c == '\n');
        free(text);
    }
}

static void check_tree(const struct ponder_tree *tree, int columns)
{
    struct ponder_look look = {.columns = columns, .ascii = columns & 1};
    char *json;
    require(tree->question && tree->count >= 1 && tree->result < tree->count);
    for (int32_t i = 0; i < tree->count; i++)
        check_node(tree, i);
    check_drawing(tree, &look);
    require(ponder_tree_json(tree, &json, NULL) == PONDER_OK);
    free(json);
}

static void check_again(const struct ponder_tree *tree)
{
    static char path[64];
    struct ponder_tree *again;
    struct ponder_err err = {0};
    if (!*path)
        snprintf(path, sizeof path, "/tmp/fuzz_trace_%p.json", (void *)&again);
    require(ponder_tree_save(tree, path, &err) == PONDER_OK);
    require(ponder_tree_read(path, &again, &err) == PONDER_OK);
    require(again->count == tree->count && again->result == tree->result);
    for (int32_t i = 0; i < tree->count; i++)
        require(again->nodes[i].len == tree->nodes[i].len && again->nodes[i].state == tree->nodes[i].state);
    ponder_tree_release(again);
    remove(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned runs;
    struct ponder_tree *tree;
    struct ponder_err err = {0};
    int status = trace_read_text(&tree, "f", (const char *)data, size, &err);
    require((status == PONDER_OK) == (tree != NULL));
    require(status == PONDER_OK || err.message[0]);
    if (tree) {
        check_tree(tree, 24 + (int)(size % 100));
        if (runs++ % 64 == 0) /* a file each time would be all the time there is */
            check_again(tree);
    }
    ponder_tree_release(tree);
    return 0;
}
