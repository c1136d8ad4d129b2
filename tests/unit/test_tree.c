/* Traces written and read, hostile ones among them, and the drawing of what they hold. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/rng.h"
#include "core/utf8.h"
#include "tree/trace.h"
#include "tree/tree.h"

/* ---- trees to work with ---- */

static struct trace_node node_of(int32_t parent, enum trace_state state, const char *text, double score)
{
    return (struct trace_node){.parent = parent,
                               .state = state,
                               .samples = 1,
                               .vote = -1,
                               .text = text,
                               .len = strlen(text),
                               .logprob = NAN,
                               .score = score,
                               .total = score};
}

static int32_t add(struct ponder_tree *tree, const struct trace_node *node)
{
    assert_int_equal(trace_add(tree, node), PONDER_OK);
    return tree->count - 1;
}

static int32_t add_step(struct ponder_tree *tree, int32_t parent, enum trace_state state, const char *text,
                        double score)
{
    struct trace_node node = node_of(parent, state, text, score);
    return add(tree, &node);
}

static struct ponder_tree *new_tree(const char *question)
{
    struct ponder_tree *tree = trace_new();
    assert_non_null(tree);
    assert_true(trace_copy(tree, &tree->question, question, strlen(question)));
    tree->settings.search = "beam";
    tree->settings.verifier = "prm";
    tree->settings.n = 8;
    tree->settings.width = 4;
    add_step(tree, -1, TRACE_KEPT, question, NAN);
    return tree;
}

/* A search of three rounds: 1 and 2 are kept, 3 to 7 pruned, 8 is behind 1, 9 ended behind it, 10 behind 2.
 */
static struct ponder_tree *small_search(void)
{
    struct ponder_tree *tree = new_tree("What is 3 + 4?");
    add_step(tree, 0, TRACE_KEPT, "Three and four.\n", 0.9);
    add_step(tree, 0, TRACE_KEPT, "Add them.\n", 0.8);
    for (int i = 0; i < 5; i++)
        add_step(tree, 0, TRACE_PRUNED, "Wrong.\n", 0.1 * i);
    struct trace_node kept = node_of(1, TRACE_KEPT, "3 + 4 = 7.\n", 0.95);
    kept.samples = 5;
    add(tree, &kept);
    struct trace_node end = node_of(8, TRACE_ENDED, "\\boxed{7}", 0.97);
    end.answer = "7";
    end.vote = 0;
    end.samples = 3;
    add(tree, &end);
    add_step(tree, 2, TRACE_PRUNED, "3 + 4 = 8.\n", 0.2);
    add_step(tree, 8, TRACE_FAILED, "", NAN);
    struct trace_node ahead = node_of(2, TRACE_OPEN, "So 7.\n", NAN);
    ahead.rollout = true;
    add(tree, &ahead);
    assert_int_equal(trace_add_vote(tree, "7", 3), PONDER_OK);
    tree->answer = "7";
    tree->ledger.generations = 8;
    tree->ledger.seconds = 0.5;
    trace_set_result(tree, 9);
    return tree;
}

static char *draw(const struct ponder_tree *tree, int64_t columns, bool ascii, enum ponder_tree_fold fold)
{
    struct ponder_look look = {.columns = columns, .ascii = ascii};
    struct ponder_err err = {0};
    char *text;
    if (ponder_tree_draw(tree, &look, fold, &text, &err))
        fail_msg("%s", err.message);
    return text;
}

static char *temporary(char path[32])
{
    snprintf(path, 32, "/tmp/ponder_tree_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    return path;
}

/* ---- files ---- */

static void a_trace_comes_back_as_it_was_written(void **state)
{
    (void)state;
    char path[32];
    struct ponder_tree *tree = small_search(), *back;
    struct ponder_err err = {0};
    assert_int_equal(ponder_tree_save(tree, temporary(path), &err), PONDER_OK);
    if (ponder_tree_read(path, &back, &err))
        fail_msg("%s", err.message);
    assert_int_equal(back->count, tree->count);
    for (int32_t i = 0; i < tree->count; i++) {
        const struct trace_node *a = &tree->nodes[i], *b = &back->nodes[i];
        assert_string_equal(a->text, b->text);
        assert_true(a->parent == b->parent && a->depth == b->depth && a->state == b->state);
        assert_true(a->rollout == b->rollout && a->winning == b->winning && a->samples == b->samples);
        assert_true(a->vote == b->vote && isnan(a->score) == isnan(b->score));
        assert_true(isnan(a->score) || fabs(a->score - b->score) < 1e-9);
        assert_true(!a->answer == !b->answer);
    }
    assert_int_equal(back->result, 9);
    assert_string_equal(back->answer, "7");
    assert_string_equal(back->question, tree->question);
    assert_string_equal(back->settings.search, "beam");
    assert_null(back->settings.select);
    assert_int_equal(back->ledger.generations, 8);
    assert_int_equal(back->votes[0].count, 3);
    ponder_tree_release(tree);
    ponder_tree_release(back);
    unlink(path);
}

static void bytes_of_any_kind_pass_through_a_trace(void **state)
{
    (void)state;
    char path[32];
    struct ponder_tree *tree = new_tree("q"), *back;
    struct trace_node node = node_of(0, TRACE_ENDED, "a", NAN);
    node.text = "a\0\x1b\xff z";
    node.len = 6;
    add(tree, &node);
    assert_int_equal(ponder_tree_save(tree, temporary(path), NULL), PONDER_OK);
    assert_int_equal(ponder_tree_read(path, &back, NULL), PONDER_OK);
    assert_int_equal(back->nodes[1].len, 8);
    assert_memory_equal(back->nodes[1].text, "a\0\x1b\xef\xbf\xbd z", 8);
    ponder_tree_release(tree);
    ponder_tree_release(back);
    unlink(path);
}

static void a_trace_that_cannot_be_written_says_so(void **state)
{
    (void)state;
    struct ponder_tree *tree = small_search();
    struct ponder_err err = {0};
    assert_int_equal(ponder_tree_save(tree, "/nonexistent/t.json", &err), PONDER_E_IO);
    assert_non_null(strstr(err.message, "/nonexistent/t.json"));
    ponder_tree_release(tree);
}

#define HEAD                                                                                                 \
    "{\"format\":\"ponder trace\",\"version\":1,\"question\":\"q\",\"settings\":{\"search\":\"beam\"},"
#define ROOT "{\"parent\":null,\"text\":\"q\"}"
#define STEP(parent, rest) "{\"parent\":" parent ",\"text\":\"s\",\"state\":\"kept\"" rest "}"
#define TAIL ",\"ledger\":{}}"
#define WITH(nodes) HEAD "\"nodes\":[" nodes "]" TAIL

static int read_text(const char *text, size_t len, struct ponder_err *err)
{
    struct ponder_tree *tree;
    int status = trace_read_text(&tree, "t.json", text, len, err);
    assert_true((status == PONDER_OK) == (tree != NULL));
    ponder_tree_release(tree);
    return status;
}

static void a_trace_needs_little(void **state)
{
    (void)state;
    struct ponder_err err = {0};
    const char *fine[] = {WITH(ROOT), WITH(ROOT "," STEP("0", "")), " \n" WITH(ROOT) "\r\n ",
                          HEAD "\"nodes\":[" ROOT
                               "," STEP("0", ",\"new\":[1,{\"a\":2}]") "],\"path\":[0,1],\"new\":{}" TAIL};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        if (read_text(fine[i], strlen(fine[i]), &err))
            fail_msg("%s: %s", fine[i], err.message);
}

static void a_hostile_trace_is_refused_by_node_or_byte(void **state)
{
    (void)state;
    const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "byte 0: '{' is missing; the file ends too early"},
        {"[]", "byte 0: '{' is missing here"},
        {"{}", "there is no \"format\" in it; `ponder solve --trace FILE`"},
        {"{\"format\":\"other\"}", "\"format\" is to be \"ponder trace\""},
        {"{\"format\":\"ponder trace\",\"version\":2}", "\"version\" is to be 1"},
        {"{\"format\":\"ponder trace\",\"version\":null}", "\"version\" is to be 1"},
        {"{\"format\":\"ponder trace\",\"format\":\"ponder trace\"}", "\"format\" stands there twice"},
        {HEAD "\"nodes\":[" ROOT "]}", "no \"ledger\""},
        {WITH(""), "no question, or not even the prompt"},
        {WITH(ROOT) "x", "the trace has ended before this"},
        {WITH("{\"parent\":0,\"text\":\"q\"}"), "node 0: \"parent\" is to be null"},
        {WITH(ROOT "," STEP("1", "")), "node 1: \"parent\" is to be the number of an earlier node, 0 to 0"},
        {WITH(ROOT "," STEP("2", "") "," STEP("1", "")), "node 1: \"parent\""},
        {WITH(ROOT "," STEP("-1", "")), "node 1: \"parent\""},
        {WITH(ROOT "," STEP("0.0", "")), "node 1: \"parent\""},
        {WITH(ROOT "," STEP("\"0\"", "")), "node 1: \"parent\""},
        {WITH(ROOT "," STEP("null", "")), "node 1: \"parent\""},
        {WITH(ROOT ",{\"text\":\"s\",\"state\":\"kept\"}"), "node 1: \"parent\""},
        {WITH(ROOT ",{\"parent\":0,\"state\":\"kept\"}"), "node 1: \"text\" is to be a text"},
        {WITH(ROOT ",{\"parent\":0,\"text\":7,\"state\":\"kept\"}"), "node 1: \"text\" is to be a text"},
        {WITH(ROOT ",{\"parent\":0,\"text\":\"s\"}"), "node 1: \"state\" is to be one of"},
        {WITH(ROOT ",{\"parent\":0,\"text\":\"s\",\"state\":\"lost\"}"), "node 1: \"state\" is to be one of"},
        {WITH(ROOT ",7"), "node 1 is no JSON object"},
        {WITH(ROOT "," STEP("0", ",\"score\":1.5")), "node 1: \"score\" is to be a number from 0 to 1"},
        {WITH(ROOT "," STEP("0", ",\"score\":\"1\"")), "node 1: \"score\""},
        {WITH(ROOT "," STEP("0", ",\"samples\":0")), "node 1: \"samples\" is to be a whole number from 1"},
        {WITH(ROOT "," STEP("0", ",\"samples\":99999999999999")), "node 1: \"samples\""},
        {WITH(ROOT "," STEP("0", ",\"tokens\":-1")), "node 1: \"tokens\""},
        {WITH(ROOT "," STEP("0", ",\"rollout\":1")), "node 1: \"rollout\" is to be true or false"},
        {WITH(ROOT "," STEP("0", ",\"vote\":0")), "node 1: there is no vote 0"},
        {WITH(ROOT "," STEP("0", ",\"answer\":\"a\\u0000b\"")),
         "node 1: \"answer\" is to be a text without NUL"},
        {WITH(ROOT "," STEP("0", ",\"score\":1,\"score\":1")), "duplicate"},
        {WITH(ROOT "," STEP("0", ",\"logprob\":1e999")), "byte"},
        {WITH(ROOT ",{\"parent\":0,\"text\":\"\xff\",\"state\":\"kept\"}"), "byte "},
        {WITH(ROOT ",{\"parent\":0,\"text\":\"\\ud800\",\"state\":\"kept\"}"), "byte "},
        {WITH(ROOT " " ROOT), "',' is missing here"},
        {WITH(ROOT ","), "a value is missing here"},
        {HEAD "\"nodes\":[" ROOT ",{\"parent", "what begins here does not end"},
        {HEAD "\"nodes\":7" TAIL, "'[' is missing here"},
        {HEAD "\"nodes\":[" ROOT "],\"ledger\":[]}", "ledger is no JSON object"},
        {HEAD "\"nodes\":[" ROOT "],\"ledger\":{\"flops\":-1}}", "ledger: \"flops\""},
        {HEAD "\"path\":[0],\"nodes\":[" ROOT "]" TAIL, "\"path\" is to stand behind \"nodes\""},
        {HEAD "\"nodes\":[" ROOT "],\"path\":[0,1]" TAIL,
         "path: item 1 is to be the number of a node, 0 to 0"},
        {HEAD "\"nodes\":[" ROOT "," STEP("0", "") "," STEP("0", "") "],\"path\":[0,1,2]" TAIL,
         "path: node 2 does not stand behind the one before it"},
        {HEAD "\"nodes\":[" ROOT "," STEP("0", "") "],\"path\":[1]" TAIL, "path: node 1"},
        {HEAD "\"nodes\":[" ROOT "],\"path\":[0,0]" TAIL, "path: node 0"},
        {HEAD "\"nodes\":[" ROOT "],\"votes\":[{\"count\":1}]" TAIL, "vote 0: \"answer\" is to be a text"},
        {HEAD "\"nodes\":[" ROOT "],\"rounds\":\"x\"" TAIL, "the trace: \"rounds\""},
        {HEAD "\"nodes\":[[[[[[[[[[[]]]]]]]]]]]" TAIL, "nested too deep"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ponder_err err = {0};
        if (read_text(cases[i].text, strlen(cases[i].text), &err) == PONDER_OK)
            fail_msg("taken: %s", cases[i].text);
        if (!strstr(err.message, cases[i].expected) || strncmp(err.message, "t.json: ", 8) != 0)
            fail_msg("%s\nsays: %s\nnot:  %s", cases[i].text, err.message, cases[i].expected);
    }
}

/* Every beginning of a trace is refused, and nothing behind its end is read. */
static void a_trace_that_breaks_off_anywhere_is_refused(void **state)
{
    (void)state;
    static const char whole[] = WITH(ROOT "," STEP("0", ",\"score\":0.5,\"answer\":\"\\u00e4\""));
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        struct ponder_err err = {0};
        char *part = malloc(len + 1); /* so that a sanitizer sees the end */
        assert_non_null(part);
        memcpy(part, whole, len);
        assert_true(read_text(part, len, &err) < 0);
        assert_true(err.message[0] != '\0');
        free(part);
    }
}

/* `count` times `part` in the array of nodes, behind the prompt. */
static int read_many(const char *part, int count, struct ponder_err *err)
{
    struct buf text = BUF_INIT(1 << 28);
    buf_puts(&text, HEAD "\"nodes\":[" ROOT);
    for (int i = 0; i < count; i++)
        buf_puts(&text, part);
    buf_puts(&text, "]" TAIL);
    assert_true(buf_ok(&text));
    int status = read_text(text.data, text.len, err);
    buf_release(&text);
    return status;
}

static void what_is_too_large_is_refused_with_its_limit(void **state)
{
    (void)state;
    struct ponder_err err = {0};
    assert_int_equal(read_many("," STEP("0", ""), TRACE_NODES_MAX, &err), PONDER_E_LIMIT);
    assert_non_null(strstr(err.message, "more than 1048576 nodes"));
    assert_int_equal(read_many(",[[[[[[[[[[", 1000000, &err), PONDER_E_LIMIT);
    assert_non_null(strstr(err.message, "nested too deep"));
    assert_int_equal(read_many(",[1,2,3,4,5,6,7,8", 1000, &err), PONDER_E_LIMIT);
    struct buf text = BUF_INIT(1 << 26);
    buf_puts(&text, HEAD "\"nodes\":[" ROOT ",{\"text\":\"");
    for (int i = 0; i <= TRACE_VALUE_BYTES_MAX / 16; i++)
        buf_puts(&text, "0123456789abcdef");
    buf_puts(&text, "\"}]" TAIL);
    assert_int_equal(read_text(text.data, text.len, &err), PONDER_E_LIMIT);
    assert_non_null(strstr(err.message, "too large a value begins here"));
    buf_clear(&text);
    buf_puts(&text, HEAD "\"nodes\":[{");
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "\"%d\":0,", i);
    assert_int_equal(read_text(text.data, text.len, &err), PONDER_E_LIMIT);
    assert_non_null(strstr(err.message, "too many parts"));
    buf_release(&text);
}

/* ---- numbers ---- */

static void facts_count_every_state_once(void **state)
{
    (void)state;
    struct ponder_tree *tree = small_search();
    struct ponder_tree_facts f;
    ponder_tree_facts(tree, &f);
    assert_int_equal(f.nodes, 12);
    assert_int_equal(f.kept + f.pruned + f.open + f.ended + f.cut + f.failed + f.rollouts, f.nodes);
    assert_int_equal(f.kept, 3);
    assert_int_equal(f.pruned, 6);
    assert_int_equal(f.ended, 1);
    assert_int_equal(f.failed, 1);
    assert_int_equal(f.rollouts, 1);
    assert_int_equal(f.samples, 11 + 4 + 2);
    assert_int_equal(f.repeated, 6);
    assert_int_equal(f.path, 3);
    assert_int_equal(f.votes, 3);
    assert_true(fabs(f.score - 0.97) < 1e-9);
    char *json;
    assert_int_equal(ponder_tree_json(tree, &json, NULL), PONDER_OK);
    json_t *root = json_loads(json, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(root, "path")), 3);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(root, "steps"), "pruned")), 6);
    assert_true(json_is_null(json_object_get(root, "ended_by")));
    json_decref(root);
    free(json);
    ponder_tree_release(tree);
}

/* ---- drawings ---- */

static void the_winner_is_a_column_and_the_rest_hangs_to_its_right(void **state)
{
    (void)state;
    struct ponder_tree *tree = small_search();
    char *text = draw(tree, 60, true, PONDER_TREE_FOLD);
    assert_string_equal(text, "                @ What is 3 + 4?\n"
                              " 0.40 ##---     |-x Wrong.\n"
                              " 0.30 ##---     |-x Wrong.\n"
                              " 0.20 #----     |-x Wrong.\n"
                              " 0.10 #----  x2 |-+ 2 more pruned\n"
                              " 0.80 ####-     |-o Add them.  +1 pruned\n"
                              " 0.90 #####     o Three and four.\n"
                              " 0.95 #####  x5 o 3 + 4 = 7.\n"
                              "                |-! (failed)\n"
                              " 0.97 #####  x3 * \\boxed{7} -> 7\n"
                              "\n"
                              "                * the result  o kept  x pruned  ! failed\n");
    free(text);
    text = draw(tree, 60, false, PONDER_TREE_FOLD);
    assert_non_null(strstr(text, "┠─⋯ 2 more pruned\n"));
    assert_non_null(strstr(text, "★ \\boxed{7} → 7\n"));
    ponder_tree_release(tree);
    free(text);
}

static void all_shows_what_folds_hide_and_winner_counts_it(void **state)
{
    (void)state;
    struct ponder_tree *tree = small_search();
    char *all = draw(tree, 60, true, PONDER_TREE_ALL), *winner = draw(tree, 60, true, PONDER_TREE_WINNER);
    assert_null(strstr(all, "more pruned"));
    assert_non_null(strstr(all, "|-o Add them.\n"));
    assert_non_null(strstr(all, "| :-x 3 + 4 = 8.\n"));
    assert_non_null(strstr(all, "| `-. So 7.\n"));
    assert_non_null(strstr(winner, "|-o Add them.  +1 behind it\n"));
    assert_null(strstr(winner, "3 + 4 = 8"));
    assert_null(strstr(winner, "So 7"));
    ponder_tree_release(tree);
    free(all);
    free(winner);
}

static void a_tree_of_the_prompt_alone_is_drawn(void **state)
{
    (void)state;
    struct ponder_tree *tree = new_tree("Why?");
    char *text = draw(tree, 80, true, PONDER_TREE_WINNER);
    assert_string_equal(text, " @ Why?\n");
    free(text);
    ponder_tree_release(tree);
}

static void solutions_are_shown_from_where_they_part_from_the_result(void **state)
{
    (void)state;
    struct ponder_tree *tree = new_tree("q");
    add_step(tree, 0, TRACE_ENDED, "Same line.\nAnother way.\n", NAN);
    trace_set_result(tree, add_step(tree, 0, TRACE_ENDED, "Same line.\nOne way.\n", NAN));
    char *text = draw(tree, 80, true, PONDER_TREE_ALL);
    assert_non_null(strstr(text, "|-# ... Another way.\n"));
    assert_non_null(strstr(text, "* Same line. One way.\n"));
    free(text);
    ponder_tree_release(tree);
}

/* Columns of the widest line. */
static int64_t width_of(const char *text)
{
    int64_t widest = 0, width = 0;
    size_t len = strlen(text);
    for (size_t at = 0; at < len;) {
        uint32_t code = 0;
        size_t length = utf8_decode(text + at, len - at, &code);
        assert_true(length > 0);
        assert_true(code == '\n' || utf8_is_visible(code));
        width = code == '\n' ? 0 : width + utf8_width(code);
        widest = width > widest ? width : widest;
        at += length;
    }
    return widest;
}

/* A tree of any shape, with texts that are wide, long, empty or meant for a terminal. */
static struct ponder_tree *any_tree(uint64_t seed, int count)
{
    static const char *const texts[] = {
        "",
        "\x1b[2J\x1b]0;x\a",
        "日本語日本語日本語日本語日本語日本語日本語日本語日本語",
        "a\r\nb\tc\n",
        "\xff\xfe",
        "e\u0301\u202e\u200b",
        "plain",
        "a long one that goes on and on, beyond what a line of a terminal shows, so that it is cut there"};
    struct rng rng;
    rng_init(&rng, seed);
    struct ponder_tree *tree =
        new_tree("日本 \x1b[31m question \xff that is longer than a line of forty columns");
    for (int i = 1; i < count; i++) {
        uint64_t draw_1 = rng_next(&rng), draw_2 = rng_next(&rng);
        int32_t recent = (int32_t)(draw_1 % 4),
                parent = draw_1 & 16 ? (int32_t)(draw_2 % (uint64_t)i) : i - 1 - recent;
        struct trace_node node =
            node_of(parent < 0 ? 0 : parent, (enum trace_state)(draw_2 / 64 % TRACE_STATES),
                    texts[draw_1 / 64 % 8], draw_1 & 32 ? (double)(draw_2 % 101) / 100 : NAN);
        node.rollout = draw_1 / 1024 % 8 == 0;
        node.samples = draw_1 / 8192 % 4 == 0 ? 1 + (int64_t)(draw_2 % TRACE_SAMPLES_MAX) : 1;
        node.answer = draw_2 / 8192 % 4 == 0 ? texts[draw_2 / 65536 % 8] : NULL;
        add(tree, &node);
    }
    trace_set_result(tree, seed % 3 ? (int32_t)(rng_next(&rng) % (uint64_t)count) : -1);
    return tree;
}

static void no_line_is_wider_than_the_terminal_nor_carries_control_characters(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct ponder_tree *tree = any_tree(seed, 2 + (int)(seed * seed));
        for (int64_t columns = 24; columns <= 160; columns += 17)
            for (int fold = 0; fold < 3; fold++) {
                char *text = draw(tree, columns, seed & 1, (enum ponder_tree_fold)fold);
                int64_t width = width_of(text);
                if (width > columns)
                    fail_msg("seed %d: %d columns of %d:\n%s", (int)seed, (int)width, (int)columns, text);
                free(text);
            }
        ponder_tree_release(tree);
    }
}

static void a_chain_of_a_million_steps_stays_in_one_column(void **state)
{
    (void)state;
    struct ponder_tree *tree = new_tree("q");
    for (int32_t i = 0; i + 1 < TRACE_NODES_MAX; i++)
        add_step(tree, i, TRACE_KEPT, "s", 0.5);
    trace_set_result(tree, tree->count - 1);
    char *text = draw(tree, 80, true, PONDER_TREE_FOLD);
    assert_true(width_of(text) <= 60);
    free(text);
    ponder_tree_release(tree);
}

/* Each step has a sibling that goes on just as far: the worst there is for drawing to the right. */
static void branches_that_go_on_and_on_are_only_counted(void **state)
{
    (void)state;
    struct ponder_tree *tree = new_tree("q");
    for (int32_t i = 0; i < (1 << 16) - 1; i++) {
        add_step(tree, i, TRACE_KEPT, "left", 0.5);
        add_step(tree, i, TRACE_KEPT, "right", 0.5);
    }
    char *text = draw(tree, 40, true, PONDER_TREE_ALL);
    assert_true(width_of(text) <= 40);
    assert_non_null(strstr(text, "  +"));
    free(text);
    text = draw(tree, 0, true, PONDER_TREE_ALL);
    assert_null(strstr(text, "  +"));
    free(text);
    ponder_tree_release(tree);
}

static void colour_is_only_where_it_is_asked_for(void **state)
{
    (void)state;
    struct ponder_tree *tree = small_search();
    struct ponder_look look = {.columns = 80, .colour = true};
    char *text;
    assert_int_equal(ponder_tree_draw(tree, &look, PONDER_TREE_FOLD, &text, NULL), PONDER_OK);
    assert_non_null(strstr(text, "\x1b[1;32m★"));
    free(text);
    text = draw(tree, 80, false, PONDER_TREE_FOLD);
    assert_null(strchr(text, '\x1b'));
    free(text);
    ponder_tree_release(tree);
}

static void a_line_for_a_terminal_is_cut_to_its_columns(void **state)
{
    (void)state;
    const struct {
        const char *text, *expected;
        int64_t columns;
        bool ascii;
    } cases[] = {
        {"plain", "plain", 5, false}, {"plain", "pla…", 4, false},       {"plain", "p...", 4, true},
        {"日本語", "日…", 4, false},  {"日本語", "日本語", 6, false},    {"\xff", "\\xff", 4, false},
        {"a\nb", "a b", 9, false},    {"\x1b[0m", "\\x1b[0m", 0, false}, {"é", "\\u00e9", 9, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ponder_look look = {.columns = cases[i].columns, .ascii = cases[i].ascii};
        char *line = ponder_text_line(cases[i].text, strlen(cases[i].text), &look);
        assert_string_equal(line, cases[i].expected);
        free(line);
    }
}

static void a_path_ends_in_the_bytes_of_its_last_steps(void **state)
{
    (void)state;
    struct tree tree;
    char tail[16];
    assert_int_equal(tree_init(&tree, 1), PONDER_OK);
    int32_t first = tree_add(&tree, 0), second = tree_add(&tree, first), third = tree_add(&tree, second);
    assert_int_equal(tree_append(&tree, first, "one ", 4), PONDER_OK);
    assert_int_equal(tree_append(&tree, third, "3", 1), PONDER_OK);
    assert_int_equal(tree_path_tail(&tree, third, tail, 3), 3);
    assert_memory_equal(tail, "e 3", 3);
    assert_int_equal(tree_path_tail(&tree, third, tail, sizeof tail), 5);
    assert_memory_equal(tail, "one 3", 5);
    assert_int_equal(tree_path_tail(&tree, 0, tail, sizeof tail), 0);
    tree_release(&tree);
}

static void a_full_tree_is_a_limit_and_names_it(void **state)
{
    (void)state;
    struct tree tree;
    struct ponder_err err = {0};
    assert_int_equal(tree_init(&tree, 1), PONDER_OK);
    int64_t cap = tree.cap;
    tree.cap = tree.count = TREE_NODES_MAX; /* as if they were there */
    assert_int_equal(tree_add(&tree, 0), PONDER_E_LIMIT);
    assert_int_equal(tree_fail(PONDER_E_LIMIT, TREE_BYTES_MAX, &err), PONDER_E_LIMIT);
    assert_non_null(strstr(err.message, "1048576 steps and 256 MiB"));
    tree.count = 1;
    tree.cap = cap;
    int32_t node = tree_add(&tree, 0);
    assert_int_equal(tree_append(&tree, node, "one ", 4), PONDER_OK);
    tree.memory.bytes_max = tree.memory.bytes;
    char large[1 << 16] = {0};
    float scores[1 << 14] = {0};
    assert_int_equal(tree_append(&tree, node, large, sizeof large), PONDER_E_LIMIT);
    assert_int_equal(tree_set_steps(&tree, node, scores, 1 << 14), PONDER_E_LIMIT);
    assert_int_equal(tree_fail(PONDER_E_MEMORY, TREE_BYTES_MAX, &err), PONDER_E_MEMORY);
    assert_int_equal(tree_fail(PONDER_OK, TREE_BYTES_MAX, &err), PONDER_OK);
    tree_release(&tree);
}

static void a_full_trace_is_a_limit(void **state)
{
    (void)state;
    struct ponder_tree *tree = small_search();
    char large[1 << 16];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    struct trace_node node = node_of(0, TRACE_ENDED, large, 0.5);
    tree->memory.bytes_max = tree->memory.bytes;
    assert_int_equal(trace_add(tree, &node), PONDER_E_LIMIT);
    assert_int_equal(trace_add_vote(tree, large, 1), PONDER_E_LIMIT);
    ponder_tree_release(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_comes_back_as_it_was_written),
        cmocka_unit_test(bytes_of_any_kind_pass_through_a_trace),
        cmocka_unit_test(a_trace_that_cannot_be_written_says_so),
        cmocka_unit_test(a_trace_needs_little),
        cmocka_unit_test(a_hostile_trace_is_refused_by_node_or_byte),
        cmocka_unit_test(a_trace_that_breaks_off_anywhere_is_refused),
        cmocka_unit_test(what_is_too_large_is_refused_with_its_limit),
        cmocka_unit_test(facts_count_every_state_once),
        cmocka_unit_test(the_winner_is_a_column_and_the_rest_hangs_to_its_right),
        cmocka_unit_test(all_shows_what_folds_hide_and_winner_counts_it),
        cmocka_unit_test(a_tree_of_the_prompt_alone_is_drawn),
        cmocka_unit_test(solutions_are_shown_from_where_they_part_from_the_result),
        cmocka_unit_test(no_line_is_wider_than_the_terminal_nor_carries_control_characters),
        cmocka_unit_test(a_chain_of_a_million_steps_stays_in_one_column),
        cmocka_unit_test(branches_that_go_on_and_on_are_only_counted),
        cmocka_unit_test(colour_is_only_where_it_is_asked_for),
        cmocka_unit_test(a_line_for_a_terminal_is_cut_to_its_columns),
        cmocka_unit_test(a_path_ends_in_the_bytes_of_its_last_steps),
        cmocka_unit_test(a_full_tree_is_a_limit_and_names_it),
        cmocka_unit_test(a_full_trace_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
