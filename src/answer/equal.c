/* equal.c - when two answers are the same one; docs/answers.md has the policies.
 *
 * Two texts are reduced to their answers (find.c), read (parse.c) under each meaning that their commas may
 * have, and compared: structures here, relations and intervals in relation.c, values in same_value.c. What
 * cannot be read is compared as text. The two are put into one order first, so a verdict never depends on
 * theirs. */
#include <string.h>

#include "answer/answer.h"
#include "answer/equal.h"
#include "answer/sentence.h"
#include "formula/value.h"
#include "answer/worded.h"
#include "formula/words.h"

enum { ITEMS_MAX = 64, ARENA_BYTES = 1 << 20 };

/* ---- structures ---- */

struct items {
    struct item item[ITEMS_MAX];
    int count;
    char open, close; /* '\0': none */
};

static void add_item(struct items *items, const struct node *node, struct item of)
{
    bool both = node_has(node, NODE_PLUS_MINUS);
    for (int sign = 1; sign >= (both ? -1 : 1) && items->count < ITEMS_MAX; sign -= 2)
        items->item[items->count++] = (struct item){node, sign, of.work};
}

/* A list, tuple or set taken apart; anything else is one item, and so is a tuple with a plus-minus in it,
 * which is two tuples. */
static struct items items_of(struct item whole)
{
    struct items items = {.count = 0};
    const struct node *node = whole.node;
    bool tuple = node->kind == NODE_GROUP && node->open != '{';
    bool open_sign = !whole.sign && node_has(node, NODE_PLUS_MINUS);
    if ((node->kind != NODE_LIST && node->kind != NODE_GROUP) || (tuple && open_sign)) {
        if (whole.sign)
            items.item[items.count++] = whole;
        else
            add_item(&items, node, whole);
        return items;
    }
    if (node->kind == NODE_GROUP) {
        items.open = node->open;
        items.close = node->close;
    }
    int sign = whole.sign ? whole.sign : 1;
    for (const struct node *child = node->child; child; child = child->next) {
        if (!tuple)
            add_item(&items, child, whole);
        else if (items.count < ITEMS_MAX)
            items.item[items.count++] = (struct item){child, sign, whole.work};
    }
    return items;
}

static bool same_in_order(const struct items *a, const struct items *b)
{
    const char *how;
    for (int i = 0; i < a->count; i++)
        if (!item_equal(a->item[i], b->item[i], &how))
            return false;
    return true;
}

/* A partner for each: tried along augmenting paths, as what is equal to two things may be needed by either.
 */
static bool find_partner(const bool (*equal)[ITEMS_MAX], int n, int i, int *partner, bool *seen)
{
    for (int j = 0; j < n; j++) {
        if (!equal[i][j] || seen[j])
            continue;
        seen[j] = true;
        if (partner[j] < 0 || find_partner(equal, n, partner[j], partner, seen)) {
            partner[j] = i;
            return true;
        }
    }
    return false;
}

static bool same_in_any_order(const struct items *a, const struct items *b)
{
    bool equal[ITEMS_MAX][ITEMS_MAX] = {{false}};
    int partner[ITEMS_MAX];
    const char *how;
    for (int i = 0; i < a->count; i++) {
        partner[i] = -1;
        for (int j = 0; j < b->count; j++)
            equal[i][j] = item_equal(a->item[i], b->item[j], &how);
    }
    for (int i = 0; i < a->count; i++) {
        bool seen[ITEMS_MAX] = {false};
        if (!find_partner(equal, a->count, i, partner, seen))
            return false;
    }
    return true;
}

/* Two sets are one where each has the other's items, however often they are written. */
static bool sets_equal(const struct items *a, const struct items *b)
{
    const char *how;
    for (int side = 0; side < 2; side++) {
        const struct items *x = side ? b : a, *y = side ? a : b;
        for (int i = 0; i < x->count; i++) {
            bool found = false;
            for (int j = 0; j < y->count && !found; j++)
                found = item_equal(x->item[i], y->item[j], &how);
            if (!found)
                return false;
        }
    }
    return true;
}

static bool items_equal(const struct items *a, const struct items *b)
{
    bool set_a = a->open == '{', set_b = b->open == '{';
    if (a->count >= ITEMS_MAX || b->count >= ITEMS_MAX)
        return false;
    if (set_a && set_b)
        return sets_equal(a, b);
    if (a->count != b->count)
        return false;
    bool brackets_a = a->open && !set_a, brackets_b = b->open && !set_b;
    if (brackets_a && brackets_b && (a->open != b->open || a->close != b->close))
        return false;
    const struct items *bracketed = brackets_a ? a : b;
    if (brackets_a != brackets_b &&
        (bracketed->open == '(') != (bracketed->close == ')')) /* "[2,5)" is no list */
        return false;
    if (brackets_a || brackets_b)
        return set_a == set_b && same_in_order(a, b);
    return same_in_order(a, b) || same_in_any_order(a, b);
}

static bool children_equal(struct item a, struct item b)
{
    const struct node *x = a.node->child, *y = b.node->child;
    const char *how;
    for (; x && y; x = x->next, y = y->next)
        if (!item_equal(item_part(x, a), item_part(y, b), &how))
            return false;
    return !x && !y;
}

static bool unions_equal(struct item a, struct item b)
{
    struct items x = {.count = 0}, y = {.count = 0};
    for (const struct node *child = a.node->child; child; child = child->next)
        add_item(&x, child, a);
    for (const struct node *child = b.node->child; child; child = child->next)
        add_item(&y, child, b);
    return x.count == y.count && x.count < ITEMS_MAX && same_in_any_order(&x, &y);
}

/* ---- one item ---- */

static bool structured(enum node_kind kind)
{
    return kind == NODE_LIST || kind == NODE_GROUP || kind == NODE_MATRIX || kind == NODE_UNION ||
           kind == NODE_WORDS;
}

static const char *without_article(const char *words)
{
    static const char *const articles[] = {"a ", "an ", "the "};
    for (size_t i = 0; i < sizeof articles / sizeof *articles; i++)
        if (strncmp(words, articles[i], strlen(articles[i])) == 0)
            return words + strlen(articles[i]);
    return words;
}

/* What a structure says in words: the empty set and the whole line. */
static enum phrase phrase_of(const struct node *node)
{
    int low, high;
    if (node->kind == NODE_WORDS)
        return words_phrase(without_article(node->text));
    if (node->kind != NODE_GROUP)
        return PHRASE_NONE;
    if (node->open == '{')
        return node->child ? PHRASE_NONE : PHRASE_NO_SOLUTION;
    bool line = node_count(node->child) == 2 && node_is_infinite(node->child, &low) &&
                node_is_infinite(node->child->next, &high) && low < high;
    return line ? PHRASE_ALL_REALS : PHRASE_NONE;
}

static bool words_equal(const struct node *a, const struct node *b)
{
    if (a->kind == b->kind && strcmp(without_article(a->text), without_article(b->text)) == 0)
        return true;
    enum phrase phrase = phrase_of(a);
    return phrase != PHRASE_NONE && phrase == phrase_of(b);
}

/* A matrix against a tuple: one row or one column, or rows in brackets of their own. */
static bool matrix_is_tuple(struct item matrix, struct item tuple)
{
    const struct node *m = matrix.node, *t = tuple.node;
    if (m->kind != NODE_MATRIX || t->kind != NODE_GROUP || t->open == '{' || m->op)
        return false;
    if (m->n == 1 || node_count(m->child) == m->n)
        return children_equal(matrix, tuple);
    const struct node *entry = m->child;
    const char *how;
    for (const struct node *row = t->child; row; row = row->next) {
        if (row->kind != NODE_GROUP || node_count(row->child) != m->n)
            return false;
        for (const struct node *other = row->child; other; other = other->next, entry = entry->next)
            if (!entry || !item_equal(item_part(entry, matrix), item_part(other, tuple), &how))
                return false;
    }
    return !entry;
}

static bool matrices_equal(struct item a, struct item b)
{
    if (a.node->kind != b.node->kind)
        return matrix_is_tuple(a, b) || matrix_is_tuple(b, a);
    return a.node->n == b.node->n && a.node->op == b.node->op && children_equal(a, b);
}

/* A union is also a list of its parts, each a relation, and "x != 3". */
static bool union_equal(struct item a, struct item b)
{
    enum node_kind kind = b.node->kind;
    if (kind == NODE_UNION && a.node->kind != NODE_UNION)
        return union_equal(b, a);
    if (kind == NODE_RELATION)
        return union_leaves_out(a, b);
    if (kind == NODE_LIST && b.node->child->kind != NODE_RELATION)
        return false;
    return (kind == NODE_UNION || kind == NODE_LIST) && unions_equal(a, b);
}

bool item_equal(struct item a, struct item b, const char **how)
{
    enum node_kind kind_a = a.node->kind, kind_b = b.node->kind;
    bool relation = kind_a == NODE_RELATION || kind_b == NODE_RELATION;
    if (kind_a == NODE_UNION || kind_b == NODE_UNION) {
        *how = "union";
        if (union_equal(a, b))
            return true;
        if (!relation)
            return false;
    }
    if (kind_a == NODE_CONGRUENCE || kind_b == NODE_CONGRUENCE) {
        *how = "congruence";
        return congruence_equal(a, b);
    }
    if (relation)
        return relation_equal(a, b, how);
    if (kind_a == NODE_WORDS || kind_b == NODE_WORDS) {
        *how = "words";
        return words_equal(a.node, b.node);
    }
    if (kind_a == NODE_MATRIX || kind_b == NODE_MATRIX) {
        *how = "matrix";
        return matrices_equal(a, b);
    }
    if (structured(kind_a) || structured(kind_b)) {
        struct items x = items_of(a), y = items_of(b);
        *how = "items";
        return items_equal(&x, &y);
    }
    if (kind_a == NODE_BASED || kind_b == NODE_BASED) {
        *how = "digits in a base";
        return kind_a == kind_b && a.node->n == b.node->n && strcmp(a.node->text, b.node->text) == 0;
    }
    return value_same(a, b, how);
}

/* ---- whole answers ---- */

static bool is_named_in(const struct node *node, const char *name)
{
    bool in = node->kind == NODE_NAME && strcmp(node->text, name) == 0;
    for (const struct node *child = node->child; child && !in; child = child->next)
        in = is_named_in(child, name);
    return in;
}

/* Whether an item only says what a letter of the item before it may be: "2^k, k >= 1". */
static bool is_condition(const struct node *item, const struct node *before)
{
    bool bounds = item->kind == NODE_RELATION && item->op != '=' && item->op != ':' &&
                  item->op != SYMBOL_APPROXIMATELY && item->op != SYMBOL_CONGRUENT;
    bool equation = before->kind != NODE_RELATION || before->op == '=';
    return bounds && equation && item->child->kind == NODE_NAME && is_named_in(before, item->child->text) &&
           !(before->kind == NODE_RELATION && before->child->kind == NODE_NAME &&
             strcmp(before->child->text, item->child->text) == 0);
}

/* An answer without the condition that its list ends in; NULL where there is none. */
static const struct node *without_condition(const struct node *list)
{
    const struct node *first = list->kind == NODE_LIST ? list->child : NULL;
    return first && node_count(first) == 2 && is_condition(first->next, first) ? first : NULL;
}

static bool whole_equal(const struct node *a, const struct node *b, const char **how)
{
    long work = WORK_MAX;
    struct item whole_a = {a, 1, &work}, whole_b = {b, 1, &work};
    struct items x = items_of((struct item){a, 0, &work}), y = items_of((struct item){b, 0, &work});
    if (a->kind == NODE_UNION || b->kind == NODE_UNION || a->kind == NODE_MATRIX || b->kind == NODE_MATRIX ||
        a->kind == NODE_WORDS || b->kind == NODE_WORDS)
        return item_equal(whole_a, whole_b, how);
    if (x.count == 1 && y.count == 1 && !x.open && !y.open)
        return item_equal(x.item[0], y.item[0], how);
    bool signs_a = node_has(a, NODE_PLUS_MINUS), signs_b = node_has(b, NODE_PLUS_MINUS);
    if (x.count == 1 && !x.open && a->kind == NODE_RELATION && !signs_b)
        return item_equal(x.item[0], whole_b, how);
    if (y.count == 1 && !y.open && b->kind == NODE_RELATION && !signs_a)
        return item_equal(whole_a, y.item[0], how);
    *how = "items";
    return items_equal(&x, &y);
}

static bool parsed_equal(const struct node *a, const struct node *b, const char **how)
{
    const struct node *x = without_condition(a), *y = without_condition(b);
    if (whole_equal(a, b, how))
        return true;
    if (!x == !y)
        return false;
    struct node front = x ? *x : *y;
    front.next = NULL;
    return x ? whole_equal(&front, b, how) : whole_equal(a, &front, how);
}

static bool text_equal(const char *a, size_t n, const char *b, size_t m)
{
    struct buf x = BUF_INIT(n + 16), y = BUF_INIT(m + 16);
    bool equal = !answer_normalise(a, n, &x) && !answer_normalise(b, m, &y) && x.len == y.len && x.len > 0 &&
                 memcmp(buf_text(&x), buf_text(&y), x.len) == 0;
    buf_release(&x);
    buf_release(&y);
    return equal;
}

/* ---- multiple choice ---- */

static size_t pass(const char *text, size_t n, const char *signs)
{
    size_t i = 0;
    while (i < n && memchr(signs, text[i], strlen(signs)))
        i++;
    return i;
}

/* The letter of "B", "(B)", "\text{B.}", "B) 12" and "option B. 12"; '\0' of anything else. `*alone` where
 * there is nothing behind it. */
static char choice_letter(const char *text, size_t n, bool *alone)
{
    static const char *const fronts[] = {"option",  "Option",    "choice",    "Choice",
                                         "\\text{", "\\textbf{", "\\mathrm{", "\\mathbf{"};
    size_t i = pass(text, n, " $(*{");
    for (size_t k = 0; k < sizeof fronts / sizeof *fronts; k++) {
        size_t m = strlen(fronts[k]);
        if (n - i > m && memcmp(text + i, fronts[k], m) == 0)
            i += m + pass(text + i + m, n - i - m, " $(*{");
    }
    if (i == n || text[i] < 'A' || text[i] > 'J')
        return '\0';
    char letter = text[i++];
    size_t closing = pass(text + i, n - i, ").:}*$ ");
    *alone = i + closing == n;
    bool label = closing && memchr(").:", text[i], 3) && !(text[i] == ')' && closing < 2);
    return *alone || label ? letter : '\0';
}

/* Whether a second letter stands behind "or", "and" or a comma: "A) or B)". */
static bool names_more(const char *text, size_t n)
{
    static const char *const joiners[] = {" or ", " and ", ", "};
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof joiners / sizeof *joiners; k++) {
            size_t m = strlen(joiners[k]);
            if (n - i <= m || memcmp(text + i, joiners[k], m) != 0)
                continue;
            size_t letter = i + m + pass(text + i + m, n - i - m, " (*");
            bool alone = letter + 1 >= n || strchr(" ).:*,", text[letter + 1]);
            if (letter < n && text[letter] >= 'A' && text[letter] <= 'J' && alone)
                return true;
        }
    return false;
}

/* One is a letter alone, and the other a letter and what it stands for. */
static bool choices_equal(const char *a, size_t n, const char *b, size_t m)
{
    bool alone_a = false, alone_b = false;
    char x = choice_letter(a, n, &alone_a), y = choice_letter(b, m, &alone_b);
    return x && x == y && (alone_a || alone_b) && !names_more(a, n) && !names_more(b, m);
}

/* ---- texts ---- */

/* Whether a text is "12,5": a number with one comma, which does not part thousands. */
static bool decimal_comma(const char *text, size_t n)
{
    const char *comma = memchr(text, ',', n), *end = text + n;
    if (!comma || memchr(comma + 1, ',', (size_t)(end - comma - 1)) || strcspn(text, "([{;.") < n)
        return false;
    const char *from = comma, *to = comma + 1;
    while (from > text && from[-1] >= '0' && from[-1] <= '9')
        from--;
    while (to < end && *to >= '0' && *to <= '9')
        to++;
    size_t before = (size_t)(comma - from), behind = (size_t)(to - comma - 1);
    bool thousands = behind == 3 && before <= 3 && *from != '0';
    return before && behind && !thousands && pass(text, n, " $-") == (size_t)(from - text);
}

static bool read_equal(struct arena *arena, const char *a, size_t n, const char *b, size_t m,
                       const char **how)
{
    const struct node *x[3], *y[3];
    const struct token *tokens_a[3] = {NULL}, *tokens_b[3] = {NULL};
    struct names names = {.count = 0};
    bool commas_a = memchr(a, ',', n), commas_b = memchr(b, ',', m);
    bool read_a = false, read_b = false;
    for (int i = LEX_COMMAS_GROUP_DIGITS; i <= LEX_COMMAS_DECIMAL; i++) {
        bool of_a = i == 0 || (commas_a && (i < 2 || decimal_comma(a, n)));
        bool of_b = i == 0 || (commas_b && (i < 2 || decimal_comma(b, m)));
        tokens_a[i] = of_a ? lex(arena, a, n, i) : NULL;
        tokens_b[i] = of_b ? lex(arena, b, m, i) : NULL;
        if (i == 0 && tokens_a[i])
            names_add(&names, tokens_a[i]);
        if (i == 0 && tokens_b[i])
            names_add(&names, tokens_b[i]);
        x[i] = matrix_fold(arena, expression_parse(arena, tokens_a[i], &names));
        y[i] = matrix_fold(arena, expression_parse(arena, tokens_b[i], &names));
        read_a |= x[i] != NULL;
        read_b |= y[i] != NULL;
    }
    for (int i = 0; i < 9; i++)
        if (x[i / 3] && y[i % 3] && parsed_equal(x[i / 3], y[i % 3], how))
            return true;
    if (!read_a || !read_b)
        *how = "text";
    return false;
}

static bool same_text(const char *a, size_t n, const char *b, size_t m)
{
    bool identical = n == m && memcmp(a, b, n) == 0;
    return identical || (n <= LEX_BYTES_MAX && m <= LEX_BYTES_MAX && text_equal(a, n, b, m));
}

/* Of two without conditions. */
static bool values_equal(const char *a, size_t n, const char *b, size_t m, const char **how)
{
    *how = "text";
    if (!n || !m)
        return false;
    *how = "same text";
    if (same_text(a, n, b, m))
        return true;
    *how = "text";
    if (n > LEX_BYTES_MAX || m > LEX_BYTES_MAX)
        return false;
    *how = "choice";
    if (choices_equal(a, n, b, m))
        return true;
    struct arena arena = ARENA_INIT(ARENA_BYTES);
    bool equal = read_equal(&arena, a, n, b, m, how);
    arena_release(&arena);
    return equal;
}

static bool bare_equal(const struct buf *a, const struct buf *b, const char **how)
{
    if (a->len > b->len || (a->len == b->len && a->len && memcmp(a->data, b->data, a->len) > 0))
        return bare_equal(b, a, how); /* where work runs out may not depend on the order */
    bool worded = worded_is_answer(a->data, a->len) || worded_is_answer(b->data, b->len);
    if (!worded || same_text(a->data, a->len, b->data, b->len))
        return values_equal(a->data, a->len, b->data, b->len, how);
    return worded_equal(a->data, a->len, b->data, b->len, values_equal, how);
}

/* Whether nothing is to be looked for in a text: it is an answer, with words or without. */
static bool is_answer(const char *text, size_t len)
{
    return answer_is_bare(text, len) || (worded_is_answer(text, len) && !answer_has_sign(text, len));
}

/* What is compared of a text: the text, or the answer it ends in where it is more than an answer; a box may
 * have a sentence in it. */
static int answer_in(const char *text, size_t len, struct buf *out)
{
    bool found = false;
    if (!is_answer(text, len)) {
        struct buf sentence = BUF_INIT(len + 64);
        int status = answer_find(text, len, ANSWER_ANY_SIGN, &sentence, &found);
        if (!status && found && sentence.len < len && !is_answer(sentence.data, sentence.len)) {
            status = answer_find(sentence.data, sentence.len, ANSWER_ANY_SIGN, out, &found);
            if (!found)
                buf_append(out, sentence.data, sentence.len);
            found = true;
        } else if (!status && found) {
            buf_append(out, sentence.data, sentence.len);
        }
        buf_release(&sentence);
        if (status)
            return status;
    }
    if (!found) {
        struct answer_span span = sentence_stripped(text, text, text + len);
        span = sentence_without_remark(text, span, true);
        buf_append(out, text + span.start, span.len);
    }
    return buf_ok(out) ? PONDER_OK : PONDER_E_MEMORY;
}

/* Whether it is "x = 2, y = 3", several letters with a value each, which does not state 3. */
static bool is_assignments(const char *p, const char *end)
{
    char before = '\0';
    for (int items = 0;; items++) {
        int open = 0, equals = 0;
        p += pass(p, (size_t)(end - p), " $,");
        if (sentence_begins(p, end, "and "))
            p += 4;
        p += pass(p, (size_t)(end - p), " $");
        if (p == end)
            return items > 1;
        const char *name = p++;
        p += pass(p, (size_t)(end - p), " $");
        if (p == end || *p != '=' || *name == before || !((*name | 32) >= 'a' && (*name | 32) <= 'z'))
            return false;
        before = *name;
        for (; p < end && !(*p == ',' && open == 0) && !sentence_begins(p, end, " and "); p++) {
            open += (*p == '{' || *p == '(' || *p == '[') - (*p == '}' || *p == ')' || *p == ']');
            equals += *p == '=';
        }
        if (equals > 1)
            return false;
    }
}

/* Behind the last "=" of what prose without a box leads up to: "so we get $a + b = 5$" states 5 as well as
 * the equation. Nothing of any other text. */
static void stated_value(const char *text, size_t len, const struct buf *answer, const struct buf *other,
                         struct buf *out)
{
    struct answer_span box;
    const char *equals = NULL;
    int open = 0;
    if (!answer->len || !other->len || memchr(other->data, '=', other->len) || answer->len == len ||
        answer_is_bare(text, len) || answer_extract(text, len, &box))
        return;
    for (const char *p = answer->data; p < answer->data + answer->len; p++) {
        open += (*p == '{') - (*p == '}');
        if (*p == '=' && open == 0)
            equals = p + 1;
    }
    if (equals && !is_assignments(answer->data, answer->data + answer->len))
        buf_append(out, equals, (size_t)(answer->data + answer->len - equals));
}

bool answer_equal(const char *gold, size_t gold_len, const char *pred, size_t pred_len, const char **how)
{
    const char *ignored;
    struct buf a = BUF_INIT(gold_len + 64), b = BUF_INIT(pred_len + 64), of_a = BUF_INIT(gold_len + 64),
               of_b = BUF_INIT(pred_len + 64);
    how = how ? how : &ignored;
    *how = "text";
    bool equal = false;
    if (!answer_in(gold, gold_len, &a) && !answer_in(pred, pred_len, &b)) {
        equal = bare_equal(&a, &b, how);
        if (!equal)
            stated_value(gold, gold_len, &a, &b, &of_a);
        if (!equal)
            stated_value(pred, pred_len, &b, &a, &of_b);
        equal = equal || (of_a.len && bare_equal(&of_a, &b, how)) || (of_b.len && bare_equal(&a, &of_b, how));
    }
    buf_release(&a);
    buf_release(&b);
    buf_release(&of_a);
    buf_release(&of_b);
    return equal;
}
