/* pocket_gen_numbers.c - number operations: expressions worked out one operation a line, short stories, and
 * choices (which numbers have this sum, which signs make this result). */
#include <stdio.h>
#include <string.h>

#include "task/pocket.h"

/* ---- expressions ---- */

enum { NODES_MAX = 15, VALUE_MAX = 99 };

struct node {
    char op; /* 0: a number */
    int left, right, value;
};

struct expression {
    struct node node[NODES_MAX];
    int count;
};

static int apply(char op, int a, int b)
{
    if (op == '+')
        return a + b;
    if (op == '-')
        return a - b;
    return op == '*' ? a * b : a / b;
}

/* Steps stay within mental arithmetic: nothing below zero, factors of at most 12 and 30, exact quotients. */
static bool numbers_fits(char op, int a, int b)
{
    if (op == '*')
        return a > 1 && b > 1 && (a < b ? a : b) <= 12 && (a < b ? b : a) <= 30 && a * b <= VALUE_MAX;
    if (op == '/')
        return b > 1 && b <= 12 && a % b == 0 && a > 0;
    return op == '-' ? a >= b : a + b <= VALUE_MAX;
}

static int grow_expression(struct pocket_draft *draft, struct expression *e, int ops)
{
    int at = e->count++;
    if (ops == 0) {
        e->node[at] = (struct node){.value = draft_range(draft, 2, draft_chance(draft, 70) ? 12 : 30)};
        return at;
    }
    int left_ops = draft_range(draft, 0, ops - 1);
    int left = grow_expression(draft, e, left_ops), right = grow_expression(draft, e, ops - 1 - left_ops);
    int draw = draft_range(draft, 1, 100);
    char op = draw <= 36 ? '+' : draw <= 64 ? '-' : draw <= 92 ? '*' : '/';
    e->node[at] = (struct node){.op = op, .left = left, .right = right, .value = -1};
    if (e->node[left].value >= 0 && e->node[right].value >= 0 &&
        numbers_fits(op, e->node[left].value, e->node[right].value))
        e->node[at].value = apply(op, e->node[left].value, e->node[right].value);
    return at;
}

static bool needs_brackets(char parent, char child, bool is_right)
{
    if (!child)
        return false;
    bool parent_high = parent == '*' || parent == '/', child_high = child == '*' || child == '/';
    if (parent_high != child_high)
        return parent_high;
    return is_right && !(parent == '+' && child == '+') && !(parent == '*' && child == '*');
}

static void numbers_print(const struct expression *e, int at, char *out, size_t size)
{
    const struct node *node = &e->node[at];
    size_t n = strlen(out);
    if (!node->op) {
        snprintf(out + n, size - n, "%d", node->value);
        return;
    }
    for (int side = 0; side < 2; side++) {
        int child = side ? node->right : node->left;
        bool brackets = needs_brackets(node->op, e->node[child].op, side);
        n = strlen(out);
        if (side)
            n += (size_t)snprintf(out + n, size - n, "%c", node->op);
        if (brackets)
            snprintf(out + n, size - n, "(");
        numbers_print(e, child, out, size);
        n = strlen(out);
        if (brackets)
            snprintf(out + n, size - n, ")");
    }
}

static int collect_ready(const struct expression *e, int at, int *ready)
{
    const struct node *node = &e->node[at];
    if (!node->op)
        return 0;
    if (!e->node[node->left].op && !e->node[node->right].op) {
        ready[0] = at;
        return 1;
    }
    int n = collect_ready(e, node->left, ready);
    return n + collect_ready(e, node->right, ready + n);
}

static void reduce_expression(struct pocket_draft *draft, struct expression *e)
{
    while (e->node[0].op) {
        int ready[NODES_MAX], count = collect_ready(e, 0, ready);
        struct node *node = &e->node[ready[draft_range(draft, 0, count - 1)]];
        draft_put(draft, "%d%c%d=%d", e->node[node->left].value, node->op, e->node[node->right].value,
                  node->value);
        node->op = 0;
        if (!e->node[0].op) {
            draft_put(draft, "\n");
            break;
        }
        char text[POCKET_HOLE_BYTES] = "";
        numbers_print(e, 0, text, sizeof text);
        draft_line(draft, ": %s", text);
    }
}

void pocket_generate_expression(struct pocket_draft *draft)
{
    struct expression e;
    int ops = draft_by_level(draft, 2, 2, 3, 3, 4);
    do {
        e.count = 0;
        grow_expression(draft, &e, ops);
    } while (e.node[0].value < 0);
    numbers_print(&e, 0, draft->hole[0], POCKET_HOLE_BYTES);
    draft_answer(draft, "%d", e.node[0].value);
    reduce_expression(draft, &e);
}

/* ---- stories ---- */

void pocket_generate_take_away(struct pocket_draft *draft)
{
    int a = draft_range(draft, 3, 10), b = draft_range(draft, 3, 10), c = draft_range(draft, 1, a * b - 1);
    draft_hole(draft, 0, "%d", a);
    draft_hole(draft, 1, "%d", b);
    draft_hole(draft, 2, "%d", c);
    draft_line(draft, "%d*%d=%d", a, b, a * b);
    draft_line(draft, "%d-%d=%d", a * b, c, a * b - c);
    draft_answer(draft, "%d", a * b - c);
}

void pocket_generate_two_kinds(struct pocket_draft *draft)
{
    int v[4];
    for (int i = 0; i < 4; i++) {
        v[i] = draft_range(draft, 2, 12);
        draft_hole(draft, i, "%d", v[i]);
    }
    int first = v[0] * v[1], second = v[2] * v[3];
    bool swap = draft_chance(draft, 50);
    draft_line(draft, "%d*%d=%d", v[swap ? 2 : 0], v[swap ? 3 : 1], swap ? second : first);
    draft_line(draft, "%d*%d=%d", v[swap ? 0 : 2], v[swap ? 1 : 3], swap ? first : second);
    draft_line(draft, "%d+%d=%d", first, second, first + second);
    draft_answer(draft, "%d", first + second);
}

void pocket_generate_share(struct pocket_draft *draft)
{
    int each = draft_range(draft, 2, 12), friends = draft_range(draft, 2, 12),
        gone = draft_range(draft, 2, 30);
    draft_hole(draft, 0, "%d", each * friends + gone);
    draft_hole(draft, 1, "%d", gone);
    draft_hole(draft, 2, "%d", friends);
    draft_line(draft, "%d-%d=%d", each * friends + gone, gone, each * friends);
    draft_line(draft, "%d/%d=%d", each * friends, friends, each);
    draft_answer(draft, "%d", each);
}

/* ---- which numbers have this sum ---- */

enum { LIST_MAX = 8, CHOICES_MAX = 64 };

struct choice {
    int item[3]; /* places in the list, rising */
    int sum;
};

static int list_choices(const int *list, int n, int k, struct choice *out)
{
    int count = 0;
    for (int i = 0; i < n; i++) {
        for (int j = i + 1; j < n; j++) {
            if (k == 2)
                out[count++] = (struct choice){{i, j, 0}, list[i] + list[j]};
            for (int l = j + 1; k == 3 && l < n; l++)
                out[count++] = (struct choice){{i, j, l}, list[i] + list[j] + list[l]};
        }
    }
    return count;
}

static void put_choice(struct pocket_draft *draft, const int *list, const struct choice *choice, int k)
{
    int order[3] = {0, 1, 2};
    if (draft_chance(draft, 30))
        draft_shuffle(draft, order, k);
    for (int i = 0; i < k; i++)
        draft_put(draft, i ? "+%d" : "%d", list[choice->item[order[i]]]);
}

static int largest(const int *list, const struct choice *choice, int k)
{
    int best = list[choice->item[0]];
    for (int i = 1; i < k; i++)
        best = list[choice->item[i]] > best ? list[choice->item[i]] : best;
    return best;
}

static void put_list(struct pocket_draft *draft, int hole, const int *list, int n)
{
    size_t len = 0;
    for (int i = 0; i < n; i++)
        len += (size_t)snprintf(draft->hole[hole] + len, POCKET_HOLE_BYTES - len, i ? ", %d" : "%d", list[i]);
}

static void write_choice(struct pocket_draft *draft, const int *list, const struct choice *all, int count,
                         int right, int k)
{
    if (draft_guesses(draft)) {
        int chosen = draft_choice(draft, 0, count - 1, right);
        put_choice(draft, list, &all[chosen], k);
        draft_line(draft, "=%d.", all[chosen].sum);
        draft_answer(draft, "%d", largest(list, &all[chosen], k));
        return;
    }
    int tries[8], n = draft_tries(draft, 0, count - 1, right, 4, tries);
    for (int i = 0; i < n; i++) {
        draft_put(draft, "Try ");
        put_choice(draft, list, &all[tries[i]], k);
        draft_line(draft, "=%d. %s.", all[tries[i]].sum, tries[i] == right ? "Yes" : "No");
    }
    draft_answer(draft, "%d", largest(list, &all[right], k));
}

static void choose_from_list(struct pocket_draft *draft, int n, int high, int k)
{
    int list[LIST_MAX], count, right, same;
    struct choice all[CHOICES_MAX];
    do {
        draft_distinct(draft, n, 2, high, list);
        count = list_choices(list, n, k, all);
        right = draft_range(draft, 0, count - 1);
        same = 0;
        for (int i = 0; i < count; i++)
            same += all[i].sum == all[right].sum;
    } while (same != 1);
    put_list(draft, 0, list, n);
    draft_hole(draft, 1, "%d", all[right].sum);
    write_choice(draft, list, all, count, right, k);
}

void pocket_generate_pair(struct pocket_draft *draft)
{
    choose_from_list(draft, draft_by_level(draft, 4, 5, 6, 7, 7), draft_by_level(draft, 15, 20, 30, 40, 49),
                     2);
}

void pocket_generate_triple(struct pocket_draft *draft)
{
    choose_from_list(draft, draft_by_level(draft, 4, 4, 5, 6, 6), draft_by_level(draft, 9, 10, 12, 15, 20),
                     3);
}

void pocket_generate_count_pairs(struct pocket_draft *draft)
{
    int n = draft_by_level(draft, 4, 5, 6, 7, 8), high = draft_by_level(draft, 10, 12, 15, 18, 20);
    int list[LIST_MAX], shown[CHOICES_MAX];
    struct choice all[CHOICES_MAX];
    draft_distinct(draft, n, 1, high, list);
    int count = list_choices(list, n, 2, all), target = all[draft_range(draft, 0, count - 1)].sum;
    int pairs = 0, show = 0, wanted_fails = draft_fails(draft, 2);
    for (int i = 0; i < count; i++) {
        if (all[i].sum == target)
            shown[show++] = i;
    }
    pairs = show;
    if (draft->wrong && pairs > 1)
        show = --pairs;
    for (int i = 0; i < wanted_fails; i++) {
        int other = draft_range(draft, 0, count - 1);
        if (all[other].sum != target)
            shown[show++] = other;
    }
    draft_shuffle(draft, shown, show);
    put_list(draft, 0, list, n);
    draft_hole(draft, 1, "%d", target);
    for (int i = 0; i < show; i++) {
        draft_put(draft, "Try ");
        put_choice(draft, list, &all[shown[i]], 2);
        draft_line(draft, "=%d. %s.", all[shown[i]].sum, all[shown[i]].sum == target ? "Yes" : "No");
    }
    draft_line(draft, "Pairs: %d.", pairs);
    draft_answer(draft, "%d", pairs);
}

/* ---- which signs make this result ---- */

static int signed_sum(const int *list, int n, int mask)
{
    int sum = list[0];
    for (int i = 1; i < n; i++)
        sum += mask >> (i - 1) & 1 ? -list[i] : list[i];
    return sum;
}

static void put_signs(struct pocket_draft *draft, const int *list, int n, int mask)
{
    draft_put(draft, "%d", list[0]);
    for (int i = 1; i < n; i++)
        draft_put(draft, mask >> (i - 1) & 1 ? "-%d" : "+%d", list[i]);
}

static int bit_count(int mask)
{
    int n = 0;
    for (; mask; mask &= mask - 1)
        n++;
    return n;
}

void pocket_generate_signs(struct pocket_draft *draft)
{
    int n = draft_by_level(draft, 3, 3, 4, 4, 5), list[LIST_MAX], right, masks = 1 << (n - 1);
    bool clear;
    do {
        draft_distinct(draft, n, 1, draft_by_level(draft, 12, 15, 12, 10, 10), list);
        right = draft_range(draft, 0, masks - 1);
        clear = signed_sum(list, n, right) >= 0;
        for (int mask = 0; mask < masks; mask++)
            clear &= mask == right || signed_sum(list, n, mask) != signed_sum(list, n, right);
    } while (!clear);
    size_t len = 0;
    for (int i = 0; i < n; i++)
        len += (size_t)snprintf(draft->hole[0] + len, POCKET_HOLE_BYTES - len, i ? " _ %d" : "%d", list[i]);
    draft_hole(draft, 1, "%d", signed_sum(list, n, right));
    if (draft_guesses(draft)) {
        int chosen = draft_choice(draft, 0, masks - 1, right);
        put_signs(draft, list, n, chosen);
        draft_line(draft, "=%d.", signed_sum(list, n, chosen));
        draft_answer(draft, "%d", bit_count(chosen));
        return;
    }
    int tries[8], count = draft_tries(draft, 0, masks - 1, right, 4, tries);
    for (int i = 0; i < count; i++) {
        draft_put(draft, "Try ");
        put_signs(draft, list, n, tries[i]);
        draft_line(draft, "=%d. %s.", signed_sum(list, n, tries[i]), tries[i] == right ? "Yes" : "No");
    }
    draft_answer(draft, "%d", bit_count(right));
}
