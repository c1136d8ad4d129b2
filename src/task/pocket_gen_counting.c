/* pocket_gen_counting.c - counting and probability: choices and their products, the shortest way through a
 * few roads, who stands where in a line, and drawing from a bag. Routes and lines are found by trying. */
#include <stdio.h>
#include <string.h>

#include "task/pocket.h"

/* n over k for k of 1 to 3, as lines; returns it. */
static int write_choose(struct pocket_draft *draft, int n, int k)
{
    if (k == 1)
        return n;
    draft_line(draft, "%d*%d=%d, %d/2=%d", n, n - 1, n * (n - 1), n * (n - 1), n * (n - 1) / 2);
    int pairs = n * (n - 1) / 2;
    if (k == 2)
        return pairs;
    draft_line(draft, "%d*%d=%d, %d/3=%d", pairs, n - 2, pairs * (n - 2), pairs * (n - 2),
               pairs * (n - 2) / 3);
    return pairs * (n - 2) / 3;
}

void pocket_generate_committee(struct pocket_draft *draft)
{
    int k[2], n[2], way[2], most = draft_by_level(draft, 1, 2, 2, 3, 3);
    for (int i = 0; i < 2; i++) {
        k[i] = draft_range(draft, i == 0 && draft->level > 1 ? 2 : 1, i == 0 || draft->level > 2 ? most : 1);
        n[i] = draft_range(draft, k[i] + 1, k[i] == 3 ? 6 : 9);
        draft_hole(draft, 2 * i, "%d", n[i]);
        draft_hole(draft, 2 * i + 1, "%d", k[i]);
    }
    bool swap = draft_chance(draft, 50);
    way[swap] = write_choose(draft, n[swap], k[swap]);
    way[!swap] = write_choose(draft, n[!swap], k[!swap]);
    draft_line(draft, "%d*%d=%d", way[0], way[1], way[0] * way[1]);
    draft_answer(draft, "%d", way[0] * way[1]);
}

void pocket_generate_outfits(struct pocket_draft *draft)
{
    int a = draft_range(draft, 2, 15), b = draft_range(draft, 2, 12), c = draft_range(draft, 2, 40);
    draft_hole(draft, 0, "%d", a);
    draft_hole(draft, 1, "%d", b);
    draft_hole(draft, 2, "%d", c);
    draft_line(draft, "%d*%d=%d", a, b, a * b);
    draft_line(draft, "%d+%d=%d", a * b, c, a * b + c);
    draft_answer(draft, "%d", a * b + c);
}

/* ---- shortest way ---- */

enum { PLACES_MAX = 6, ROUTES_MAX = 32 };

struct roads {
    int places;
    int length[PLACES_MAX][PLACES_MAX]; /* 0: no road */
};

struct route {
    int place[PLACES_MAX];
    int n, length;
};

struct routes {
    struct route route[ROUTES_MAX];
    int count;
};

static void counting_walk(const struct roads *roads, struct route *so_far, unsigned been,
                          struct routes *found)
{
    int here = so_far->place[so_far->n - 1];
    if (here == roads->places - 1) {
        if (found->count < ROUTES_MAX)
            found->route[found->count++] = *so_far;
        return;
    }
    for (int to = 1; to < roads->places; to++) {
        if (!roads->length[here][to] || been >> to & 1)
            continue;
        struct route next = *so_far;
        next.place[next.n++] = to;
        next.length += roads->length[here][to];
        counting_walk(roads, &next, been | 1u << to, found);
    }
}

/* Draws roads until there are a few ways and one of them is the shortest; returns its index. */
static int draw_roads(struct pocket_draft *draft, struct roads *roads, struct routes *routes)
{
    int places = draft_by_level(draft, 4, 4, 5, 5, 6), wanted = draft_by_level(draft, 4, 5, 6, 7, 8);
    for (;;) {
        memset(roads, 0, sizeof *roads);
        roads->places = places;
        for (int made = 0; made < wanted;) {
            int a = draft_range(draft, 0, places - 1), b = draft_range(draft, 0, places - 1);
            if (a == b || roads->length[a][b] || (a + b == places - 1 && a * b == 0))
                continue;
            roads->length[a][b] = roads->length[b][a] = draft_range(draft, 1, 9 + 2 * draft->level);
            made++;
        }
        routes->count = 0;
        struct route start = {.n = 1};
        counting_walk(roads, &start, 1, routes);
        int best = 0, ties = 0;
        for (int i = 0; i < routes->count; i++)
            best = routes->route[i].length < routes->route[best].length ? i : best;
        for (int i = 0; i < routes->count; i++)
            ties += routes->route[i].length == routes->route[best].length;
        if (routes->count >= 2 && routes->count <= draft_by_level(draft, 3, 4, 5, 6, 7) && ties == 1)
            return best;
    }
}

static void write_route(struct pocket_draft *draft, const struct roads *roads, const struct route *route,
                        const char *name)
{
    for (int i = 0; i < route->n; i++)
        draft_put(draft, "%c", name[route->place[i]]);
    draft_put(draft, ": ");
    for (int i = 1; i < route->n; i++)
        draft_put(draft, i > 1 ? "+%d" : "%d", roads->length[route->place[i - 1]][route->place[i]]);
    if (route->n > 2)
        draft_put(draft, "=%d", route->length);
    draft_put(draft, "\n");
}

void pocket_generate_route(struct pocket_draft *draft)
{
    struct roads roads;
    struct routes routes;
    int best = draw_roads(draft, &roads, &routes);
    char name[PLACES_MAX + 1] = "ABCDEF";
    int order[PLACES_MAX] = {0, 1, 2, 3, 4, 5}, edge[PLACES_MAX * PLACES_MAX], edges = 0;
    draft_shuffle(draft, order, roads.places);
    for (int i = 0; i < roads.places; i++)
        name[i] = (char)('A' + order[i]);
    for (int a = 0; a < roads.places; a++) {
        for (int b = a + 1; b < roads.places; b++) {
            if (roads.length[a][b])
                edge[edges++] = draft_chance(draft, 50) ? a * PLACES_MAX + b : b * PLACES_MAX + a;
        }
    }
    draft_shuffle(draft, edge, edges);
    size_t len = 0;
    for (int i = 0; i < edges; i++) {
        int a = edge[i] / PLACES_MAX, b = edge[i] % PLACES_MAX;
        len += (size_t)snprintf(draft->hole[0] + len, POCKET_HOLE_BYTES - len, "%s%c%c %d", i ? ", " : "",
                                name[a], name[b], roads.length[a][b]);
    }
    draft_hole(draft, 1, "%c", name[0]);
    draft_hole(draft, 2, "%c", name[roads.places - 1]);

    int shown[ROUTES_MAX], show = routes.count;
    for (int i = 0; i < show; i++)
        shown[i] = i;
    draft_shuffle(draft, shown, show);
    if (draft_guesses(draft)) { /* the best alone, or one beside it */
        shown[0] = draft_choice(draft, 0, routes.count - 1, best);
        show = 1;
    }
    int least = shown[0];
    for (int i = 0; i < show; i++) {
        write_route(draft, &roads, &routes.route[shown[i]], name);
        least = routes.route[shown[i]].length < routes.route[least].length ? shown[i] : least;
    }
    if (show > 1)
        draft_line(draft, "Least: %d", routes.route[least].length);
    draft_answer(draft, "%d", routes.route[least].length);
}

/* ---- who stands where ---- */

enum { PEOPLE_MAX = 5, ORDERS_MAX = 120, CLUES_MAX = 16 };
enum clue_kind { BEFORE, RIGHT_AFTER, NOT_AT, AT };

struct clue {
    enum clue_kind kind;
    int a, b; /* people, or a person and a place */
};

static const char *const place_name[PEOPLE_MAX] = {"first", "second", "third", "fourth", "fifth"};

static bool clue_holds(const struct clue *clue, const int *place)
{
    switch (clue->kind) {
    case BEFORE:
        return place[clue->a] < place[clue->b];
    case RIGHT_AFTER:
        return place[clue->a] == place[clue->b] + 1;
    case NOT_AT:
        return place[clue->a] != clue->b;
    default:
        return place[clue->a] == clue->b;
    }
}

static int put_clue(char *out, size_t size, const struct clue *clue)
{
    if (clue->kind == BEFORE)
        return snprintf(out, size, "%c before %c", 'A' + clue->a, 'A' + clue->b);
    if (clue->kind == RIGHT_AFTER)
        return snprintf(out, size, "%c right after %c", 'A' + clue->a, 'A' + clue->b);
    return snprintf(out, size, "%c %s%s", 'A' + clue->a, clue->kind == NOT_AT ? "not " : "",
                    place_name[clue->b]);
}

/* All orders of n people: place[o][person]. Returns how many. */
static int all_orders(int n, int place[][PEOPLE_MAX])
{
    int count = 0, codes = 1;
    for (int i = 0; i < n; i++)
        codes *= n;
    for (int code = 0; code < codes; code++) {
        unsigned taken = 0;
        for (int i = 0, rest = code; i < n; i++, rest /= n) {
            place[count][i] = rest % n;
            taken |= 1u << rest % n;
        }
        count += taken == (1u << n) - 1;
    }
    return count;
}

static struct clue draw_clue(struct pocket_draft *draft, int n)
{
    int pair[2], draw = draft_range(draft, 1, 100);
    draft_distinct(draft, 2, 0, n - 1, pair);
    if (draw > 60)
        pair[1] = draft_range(draft, 0, n - 1);
    return (struct clue){draw <= 38   ? BEFORE
                         : draw <= 60 ? RIGHT_AFTER
                         : draw <= 88 ? NOT_AT
                                      : AT,
                         pair[0], pair[1]};
}

/* Adds true clues until one order is left; each clue must rule something out. Returns how many, 0 if too
 * many. */
static int draw_clues(struct pocket_draft *draft, int n, int place[][PEOPLE_MAX], int orders, int right,
                      struct clue *clue)
{
    bool left[ORDERS_MAX];
    memset(left, true, sizeof left);
    int remaining = orders, clues = 0;
    while (remaining > 1) {
        if (clues == draft_by_level(draft, 3, 4, 4, 5, 6))
            return 0;
        struct clue next = draw_clue(draft, n);
        int rest = 0;
        for (int o = 0; o < orders; o++)
            rest += left[o] && clue_holds(&next, place[o]);
        if (!clue_holds(&next, place[right]) || rest == remaining)
            continue;
        for (int o = 0; o < orders; o++)
            left[o] = left[o] && clue_holds(&next, place[o]);
        remaining = rest;
        clue[clues++] = next;
    }
    return clues;
}

static void put_order(struct pocket_draft *draft, const int *place, int n)
{
    for (int p = 0; p < n; p++) {
        for (int i = 0; i < n; i++) {
            if (place[i] == p)
                draft_put(draft, "%c", 'A' + i);
        }
    }
}

static char who_at(const int *place, int n, int p)
{
    for (int i = 0; i < n; i++) {
        if (place[i] == p)
            return (char)('A' + i);
    }
    return '?';
}

static int satisfied(const struct clue *clue, int clues, const int *place)
{
    int n = 0;
    while (n < clues && clue_holds(&clue[n], place))
        n++;
    return n;
}

/* Tries are orders that most of the clues allow: a first clue holds, a later one may not. */
static void write_orders(struct pocket_draft *draft, int n, int place[][PEOPLE_MAX], int orders, int right,
                         const struct clue *clue, int clues)
{
    unsigned char tried[ORDERS_MAX] = {0};
    for (int fails = draft_fails(draft, orders > 6 ? 4 : 2), guard = 0; fails && guard < 400; guard++) {
        int o = draft_range(draft, 0, orders - 1), good = satisfied(clue, clues, place[o]);
        if (o == right || tried[o] || (good == 0 && guard < 200))
            continue;
        char text[32];
        put_clue(text, sizeof text, &clue[good]);
        draft_put(draft, "Try ");
        put_order(draft, place[o], n);
        draft_line(draft, ": %s? No.", text);
        tried[o] = 1;
        fails--;
    }
    draft_put(draft, "Try ");
    put_order(draft, place[right], n);
    draft_put(draft, ": all hold. Yes.\n");
}

void pocket_generate_order(struct pocket_draft *draft)
{
    static const char *const people[] = {"A, B and C", "A, B, C and D", "A, B, C, D and E"};
    int n = draft_by_level(draft, 3, 4, 4, 5, 5), place[ORDERS_MAX * 2][PEOPLE_MAX], clues, right;
    struct clue clue[CLUES_MAX];
    int orders = all_orders(n, place);
    do {
        right = draft_range(draft, 0, orders - 1);
        clues = draw_clues(draft, n, place, orders, right, clue);
    } while (!clues);
    int asked = draft_range(draft, 0, n - 1);
    draft_hole(draft, 0, "%s", people[n - 3]);
    size_t len = 0;
    for (int i = 0; i < clues; i++) {
        len += (size_t)snprintf(draft->hole[1] + len, POCKET_HOLE_BYTES - len, "%s", i ? ", " : "");
        len += (size_t)put_clue(draft->hole[1] + len, POCKET_HOLE_BYTES - len, &clue[i]);
    }
    draft_hole(draft, 2, "%s", place_name[asked]);
    if (draft_guesses(draft)) {
        right = draft_choice(draft, 0, orders - 1, right);
        put_order(draft, place[right], n);
        draft_put(draft, ".\n");
    } else {
        write_orders(draft, n, place, orders, right, clue, clues);
    }
    draft_answer(draft, "%c", who_at(place[right], n, asked));
}

/* ---- bags ---- */

static void reduce(struct pocket_draft *draft, int top, int bottom)
{
    int common = int_gcd(top, bottom);
    if (common > 1)
        draft_line(draft, bottom == common ? "%d/%d=%d" : "%d/%d=%d/%d", top, bottom, top / common,
                   bottom / common);
    draft_answer(draft, bottom == common ? "%d" : "%d/%d", top / common, bottom / common);
}

void pocket_generate_bag(struct pocket_draft *draft)
{
    static const char *const colour[] = {"red", "blue", "green"};
    int n[3], total = 0, asked = draft_range(draft, 0, 2);
    bool no = draft->level > 1 && draft_chance(draft, 40);
    for (int i = 0; i < 3; i++) {
        n[i] = draft_range(draft, 1, draft_by_level(draft, 9, 12, 20, 20, 20));
        draft_hole(draft, i, "%d", n[i]);
        total += n[i];
    }
    draft_hole(draft, 3, no ? "not %s" : "%s", colour[asked]);
    draft_line(draft, "%d+%d+%d=%d", n[0], n[1], n[2], total);
    int top = n[asked];
    if (no) {
        top = total - n[asked];
        if (draft_chance(draft, 50))
            draft_line(draft, "%d-%d=%d", total, n[asked], top);
        else
            draft_line(draft, "%d+%d=%d", n[asked == 0], n[asked == 2 ? 1 : 2], top);
    }
    reduce(draft, top, total);
}

void pocket_generate_bag_two(struct pocket_draft *draft)
{
    int most = draft_by_level(draft, 5, 5, 6, 8, 9),
        n[2] = {draft_range(draft, 2, most), draft_range(draft, 2, most)};
    int asked = draft_range(draft, 0, 1), total = n[0] + n[1], want = n[asked];
    draft_hole(draft, 0, "%d", n[0]);
    draft_hole(draft, 1, "%d", n[1]);
    draft_hole(draft, 2, "%s", asked ? "blue" : "red");
    draft_line(draft, "%d+%d=%d", n[0], n[1], total);
    draft_line(draft, "%d/%d*%d/%d=%d/%d", want, total, want - 1, total - 1, want * (want - 1),
               total * (total - 1));
    reduce(draft, want * (want - 1), total * (total - 1));
}
