/* draw.c - a tree as lines for a terminal.
 *
 *    0.97 ####-  x9  |  o x^2-15x+54: a=6, 15-6=9, 6*9=54.
 *    score    times  graph   text
 *
 * The graph is read downwards: a chain of steps is a column, and what branches off from a step hangs to the
 * right of the column, between that step and the next one. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/look.h"
#include "tree/draw_view.h"

enum {
    BARS_COLUMNS_MIN = 60, /* what there is room for: bars of scores, .. */
    SCORES_COLUMNS_MIN = 40,
    TIMES_COLUMNS_MIN = 30,
    TEXT_COLUMNS_MIN = 20, /* branches so far to the right that less is left are only counted */
    LEAVES_MAX = 3,        /* shown of the steps beside the path that lead nowhere */
    SIBLINGS_MAX = 8,      /* and where the path is all that is shown */
    BRANCHES_MAX = 6,      /* shown of those that lead somewhere */
    ANSWERS_MAX = 4,       /* told of the answers that are summed up */
    QUESTION_LINES_MAX = 8,
    QUESTION_LINES_ALL_MAX = 200,
    NOTE_BYTES_MAX = 1 << 24,
    DRAWING_BYTES_MAX = 1 << 30
};

enum sign { SIGN_PROMPT, SIGN_RESULT, SIGN_ROLLOUT, SIGN_MORE, SIGN_STATES };
enum { SIGNS = SIGN_STATES + TRACE_STATES };

struct sign_look {
    const char *plain, *ascii, *style, *name;
};
static const struct sign_look signs[SIGNS] = {
    [SIGN_PROMPT] = {"◉", "@", "1", NULL},
    [SIGN_RESULT] = {"★", "*", "1;32", "the result"},
    [SIGN_ROLLOUT] = {"◌", ".", "2", "look ahead"},
    [SIGN_MORE] = {"⋯", "+", "2", NULL},
    [SIGN_STATES + TRACE_KEPT] = {"●", "o", "0", "kept"},
    [SIGN_STATES + TRACE_PRUNED] = {"✗", "x", "2", "pruned"},
    [SIGN_STATES + TRACE_OPEN] = {"○", "?", "0", "open"},
    [SIGN_STATES + TRACE_ENDED] = {"◆", "#", "0", "ended"},
    [SIGN_STATES + TRACE_CUT] = {"◇", "~", "2", "cut off"},
    [SIGN_STATES + TRACE_FAILED] = {"!", "!", "31", "failed"},
};

struct drawing {
    struct view view;
    const struct ponder_tree *tree;
    const struct ponder_look *look;
    struct buf out;
    int64_t columns;
    bool scores, bars; /* the columns there are */
    int times_columns; /* of "x12 ", 0: nothing was sampled twice */
    int gutter_columns;
    unsigned signs_used; /* bits */
};

/* What stands before a line's sign. */
enum joint { JOINT_BELOW, JOINT_BRANCH, JOINT_LAST };

/* ---- parts of a line ---- */

static void put_gutter(struct drawing *d, double score, int64_t times, bool dim)
{
    char text[32];
    buf_putc(&d->out, ' ');
    if (d->scores) {
        look_score(d->look, &d->out, score, d->bars, dim);
        buf_putc(&d->out, ' ');
    }
    if (d->times_columns == 0)
        return;
    snprintf(text, sizeof text, "%lld", (long long)times);
    if (times > 1) {
        look_style(d->look, &d->out, "2");
        buf_printf(&d->out, "%*s%s%s ", d->times_columns - 2 - (int)strlen(text), "",
                   d->look->ascii ? "x" : "×", text);
        look_style(d->look, &d->out, "0");
    } else {
        buf_printf(&d->out, "%*s", d->times_columns, "");
    }
}

/* The columns to the left of level `level`, and how the line hangs on the last of them. `trunk`: the first
 * column leads on to the result. */
static void put_graph(struct drawing *d, int level, enum joint joint, bool trunk)
{
    bool ascii = d->look->ascii;
    for (int at = 0; at < level; at++) {
        bool heavy = trunk && at == 0, branches = at == level - 1 && joint != JOINT_BELOW;
        const char *line = heavy ? (ascii ? "| " : "┃ ") : ascii ? ": " : "│ ";
        if (branches)
            line = joint == JOINT_LAST ? (ascii ? "`-" : "╰─")
                   : heavy             ? (ascii ? "|-" : "┠─")
                   : ascii             ? ":-"
                                       : "├─";
        look_style(d->look, &d->out, heavy ? "1;32" : "2");
        buf_puts(&d->out, line);
        look_style(d->look, &d->out, "0");
    }
}

static void put_sign(struct drawing *d, int sign, bool winning)
{
    d->signs_used |= 1u << sign;
    look_style(d->look, &d->out, winning ? "1;32" : signs[sign].style);
    buf_puts(&d->out, d->look->ascii ? signs[sign].ascii : signs[sign].plain);
    look_style(d->look, &d->out, "0");
    buf_putc(&d->out, ' ');
}

/* Columns for text at a level. */
static int64_t room_at(const struct drawing *d, int level)
{
    int64_t room = d->columns - d->gutter_columns - 2 * level - 2;
    return room > 1 ? room : 1;
}

static bool is_too_far(const struct drawing *d, int level)
{
    return level > 1 && room_at(d, level) < TEXT_COLUMNS_MIN;
}

static int sign_of(const struct drawing *d, int32_t i)
{
    const struct trace_node *node = &d->tree->nodes[i];
    if (i == 0)
        return SIGN_PROMPT;
    if (i == d->tree->result)
        return SIGN_RESULT;
    return node->rollout ? SIGN_ROLLOUT : SIGN_STATES + (int)node->state;
}

/* The text without the white space around it. */
static void draw_trim(const char **text, size_t *len)
{
    while (*len && strchr(" \t\r\n", (*text)[*len - 1]) && (*text)[*len - 1])
        --*len;
    while (*len && strchr(" \t\r\n", **text) && **text) {
        ++*text;
        --*len;
    }
}

/* What stands behind a node's text. */
struct note {
    struct buf text;
    int64_t columns;
};

/* "  +12 pruned", or where that is too much "  +12". */
static void add_note(struct note *note, int64_t columns_max, int count, const char *what)
{
    char text[64];
    int len = snprintf(text, sizeof text, "  +%d %s", count, what), brief = len - 1 - (int)strlen(what);
    if (note->columns + len > columns_max)
        len = brief;
    if (count == 0 || note->columns + len > columns_max)
        return;
    buf_append(&note->text, text, (size_t)len);
    note->columns += len;
}

/* The answer where it ends, and what is left out behind it. */
static struct note note_of(const struct drawing *d, int32_t i, bool behind, int64_t columns)
{
    const struct trace_node *node = &d->tree->nodes[i];
    struct note note = {.text = BUF_INIT(NOTE_BYTES_MAX)};
    if (node->answer && columns >= 12) {
        buf_puts(&note.text, d->look->ascii ? " -> " : " → ");
        note.columns = d->look->ascii ? 4 : 3;
        note.columns += look_text(d->look, &note.text, node->answer, strlen(node->answer), columns / 3);
    }
    if (behind)
        add_note(&note, columns / 2, d->view.below[i], "behind it");
    else
        add_note(&note, columns / 2, d->view.pruned[i], "pruned");
    return note;
}

/* ---- lines ---- */

static const char *text_style(const struct trace_node *node)
{
    bool pale = node->rollout || node->state == TRACE_PRUNED || node->state == TRACE_CUT;
    return node->winning ? "1" : node->state == TRACE_FAILED ? "31" : pale ? "2" : "0";
}

/* Bytes of the whole lines with which a solution of several lines begins as the result beside it does: what
 * is of interest is where it parts from that. */
static size_t shared_lines(const struct drawing *d, int32_t i)
{
    if (d->tree->result <= 0 || i == d->tree->result)
        return 0;
    const struct trace_node *node = &d->tree->nodes[i], *result = &d->tree->nodes[d->tree->result];
    size_t len = node->len < result->len ? node->len : result->len, shared = 0;
    for (size_t at = 0; node->parent == result->parent && at < len && node->text[at] == result->text[at];
         at++)
        if (node->text[at] == '\n')
            shared = at + 1;
    return shared < node->len ? shared : 0;
}

/* `behind`: the nodes behind it are not drawn but counted. */
static void draw_node(struct drawing *d, int32_t i, int level, enum joint joint, bool trunk, bool behind)
{
    const struct trace_node *node = &d->tree->nodes[i];
    const char *text = node->state == TRACE_FAILED ? "(failed)" : node->text;
    size_t len = node->state == TRACE_FAILED ? strlen(text) : node->len;
    size_t shared = node->state == TRACE_FAILED ? 0 : shared_lines(d, i);
    int64_t room = room_at(d, level), dots = shared == 0 ? 0 : d->look->ascii ? 4 : 2;
    struct note note = note_of(d, i, behind, room);
    text += shared;
    len -= shared;
    draw_trim(&text, &len);
    put_gutter(d, node->score, node->samples, !node->winning && node->state == TRACE_PRUNED);
    put_graph(d, level, joint, trunk);
    put_sign(d, sign_of(d, i), node->winning);
    look_style(d->look, &d->out, text_style(node));
    if (dots > 0)
        buf_puts(&d->out, d->look->ascii ? "... " : "… ");
    look_text(d->look, &d->out, text, len, room - note.columns - dots);
    look_style(d->look, &d->out, "0");
    look_style(d->look, &d->out, node->winning ? "1;32" : node->answer ? "36" : "2");
    buf_puts(&d->out, buf_text(&note.text));
    look_style(d->look, &d->out, "0");
    buf_putc(&d->out, '\n');
    buf_release(&note.text);
}

/* ---- what is summed up ---- */

struct summary {
    int64_t nodes, states[TRACE_STATES], samples, steps; /* steps: behind them */
    double best;
    int64_t *votes; /* (vote_count) of those that ended, by samples; NULL: out of memory */
};

static void sum_up(const struct drawing *d, const int32_t *nodes, int32_t count, struct summary *sum)
{
    *sum = (struct summary){.nodes = count, .best = NAN};
    sum->votes = calloc((size_t)d->tree->vote_count + 1, sizeof *sum->votes);
    for (int32_t i = 0; i < count; i++) {
        const struct trace_node *node = &d->tree->nodes[nodes[i]];
        sum->states[node->state]++;
        sum->samples += node->samples;
        sum->steps += d->view.below[nodes[i]];
        if (!isnan(node->score) && !(node->score <= sum->best))
            sum->best = node->score;
        if (node->vote >= 0 && sum->votes)
            sum->votes[node->vote] += node->samples;
    }
}

/* The answers among what is summed up, most votes first. */
static void put_answers(const struct drawing *d, const struct summary *sum, struct buf *out)
{
    int told = 0;
    for (int64_t i = 0; sum->votes && i < d->tree->vote_count; i++) {
        if (sum->votes[i] == 0)
            continue;
        if (told++ == ANSWERS_MAX) {
            buf_puts(out, d->look->ascii ? ", ..." : ", …");
            return;
        }
        buf_puts(out, told == 1 ? ": " : ", ");
        look_text(d->look, out, d->tree->votes[i].answer, strlen(d->tree->votes[i].answer), 12);
        buf_printf(out, "%s%lld", d->look->ascii ? " x" : " ×", (long long)sum->votes[i]);
    }
}

static void put_summary(const struct drawing *d, const struct summary *sum, struct buf *out)
{
    bool first = true;
    if (sum->steps > 0)
        buf_printf(out, "%lld more, %lld steps behind them", (long long)sum->nodes, (long long)sum->steps);
    for (int state = 0; state < TRACE_STATES && sum->steps == 0; state++) {
        if (sum->states[state] == 0)
            continue;
        buf_printf(out, "%s%lld %s%s", first ? "" : ", ", (long long)sum->states[state], first ? "more " : "",
                   trace_state_name((enum trace_state)state));
        first = false;
    }
    put_answers(d, sum, out);
}

static void draw_summary(struct drawing *d, const int32_t *nodes, int32_t count, int level, enum joint joint,
                         bool trunk)
{
    struct summary sum;
    struct buf text = BUF_INIT(NOTE_BYTES_MAX);
    sum_up(d, nodes, count, &sum);
    put_summary(d, &sum, &text);
    put_gutter(d, sum.best, sum.samples, true);
    put_graph(d, level, joint, trunk);
    put_sign(d, SIGN_MORE, false);
    look_style(d->look, &d->out, "2");
    look_text(d->look, &d->out, buf_text(&text), text.len, room_at(d, level));
    look_style(d->look, &d->out, "0");
    buf_putc(&d->out, '\n');
    free(sum.votes);
    buf_release(&text);
}

/* ---- the tree ---- */

static void draw_chain(struct drawing *d, int32_t i, int level, enum joint joint, bool trunk);

/* How many of a node's children that lead nowhere, or somewhere, are drawn one by one. */
static int32_t most_shown(const struct drawing *d, bool leads)
{
    if (d->view.fold == PONDER_TREE_ALL)
        return INT32_MAX;
    if (d->view.fold == PONDER_TREE_WINNER)
        return SIBLINGS_MAX;
    return leads ? BRANCHES_MAX : LEAVES_MAX;
}

/* Children nodes[0 .. count) of one parent, all of one kind, to the right of its column. `last`: nothing
 * follows in that column. */
static void draw_siblings(struct drawing *d, const int32_t *nodes, int32_t count, int level, bool trunk,
                          bool leads, bool last)
{
    bool behind = leads && (d->view.fold == PONDER_TREE_WINNER || is_too_far(d, level + 1));
    int32_t shown = most_shown(d, leads);
    if (count <= shown || count - shown == 1) /* a line for one is as well that one */
        shown = count;
    for (int32_t at = 0; at < shown; at++) {
        enum joint joint = last && at == count - 1 ? JOINT_LAST : JOINT_BRANCH;
        if (behind || !leads)
            draw_node(d, nodes[at], level, joint, trunk, behind);
        else
            draw_chain(d, nodes[at], level, joint, trunk);
    }
    if (shown < count)
        draw_summary(d, nodes + shown, count - shown, level, last ? JOINT_LAST : JOINT_BRANCH, trunk);
}

/* All children but the heir; those that lead nowhere stand before the others. */
static void draw_sides(struct drawing *d, int32_t parent, int level, bool trunk)
{
    struct view *view = &d->view;
    int32_t *nodes = view->children + view->first[parent];
    int32_t count = view->first[parent + 1] - view->first[parent], leaves = 0, kept = 0;
    int32_t heir = view->heir[parent];
    for (int32_t at = 0; at < count; at++)
        if (nodes[at] != heir)
            nodes[kept++] = nodes[at];
    while (leaves < kept && view->below[nodes[leaves]] == 0)
        leaves++;
    draw_siblings(d, nodes, leaves, level, trunk, false, heir < 0 && kept == leaves);
    draw_siblings(d, nodes + leaves, kept - leaves, level, trunk, true, false);
}

/* From node i down to the end of its column. */
static void draw_chain(struct drawing *d, int32_t i, int level, enum joint joint, bool trunk)
{
    for (; i >= 0; i = d->view.heir[i], joint = JOINT_BELOW) {
        if (i > 0)
            draw_node(d, i, level, joint, trunk, false);
        if (level == 0)
            trunk = d->tree->nodes[i].winning && i != d->tree->result && d->tree->result > 0;
        draw_sides(d, i, level + 1, trunk);
    }
}

/* ---- the frame ---- */

/* Bytes of the first line of `text`, broken at a blank if it can be; *next: where the second one begins. */
static size_t line_of(const struct ponder_look *look, const char *text, size_t len, int64_t columns,
                      size_t *next)
{
    int64_t used;
    const char *end = memchr(text, '\n', len);
    size_t line = end ? (size_t)(end - text) : len, fits = look_fit(look, text, line, columns, &used);
    *next = fits;
    if (fits == line) {
        *next += end != NULL;
        return fits;
    }
    for (size_t at = fits; at > fits / 2; at--)
        if (text[at] == ' ') {
            *next = at + 1;
            return at;
        }
    *next = fits > 0 ? fits : 1;
    return *next;
}

static void draw_question(struct drawing *d)
{
    const char *text = d->tree->question;
    size_t len = strlen(text), next;
    int64_t room = room_at(d, 0);
    bool trunk = d->tree->result > 0;
    int rows = d->view.fold == PONDER_TREE_ALL ? QUESTION_LINES_ALL_MAX : QUESTION_LINES_MAX;
    draw_trim(&text, &len);
    for (int row = 0; row == 0 || len > 0; row++, text += next, len -= next) {
        bool last = row == rows - 1;
        size_t line = last ? len : line_of(d->look, text, len, room, &next);
        next = last ? len : next;
        put_gutter(d, NAN, 1, false);
        if (row == 0)
            put_sign(d, SIGN_PROMPT, trunk);
        else
            put_graph(d, d->tree->count > 1 ? 1 : 0, JOINT_BELOW, trunk);
        look_style(d->look, &d->out, "1");
        look_text(d->look, &d->out, text, line, room);
        look_style(d->look, &d->out, "0");
        buf_putc(&d->out, '\n');
    }
}

static void draw_legend(struct drawing *d)
{
    bool any = false;
    int64_t used = d->gutter_columns;
    for (int sign = 0; sign < SIGNS; sign++) {
        if (!signs[sign].name || !(d->signs_used & 1u << sign))
            continue;
        int64_t width = 4 + (int64_t)strlen(signs[sign].name);
        if (used + width > d->columns)
            break;
        if (!any)
            buf_printf(&d->out, "\n%*s", d->gutter_columns, "");
        look_style(d->look, &d->out, "2");
        buf_printf(&d->out, "%s%s %s", any ? "  " : "",
                   d->look->ascii ? signs[sign].ascii : signs[sign].plain, signs[sign].name);
        look_style(d->look, &d->out, "0");
        used += width;
        any = true;
    }
    if (any)
        buf_putc(&d->out, '\n');
}

/* Which columns there are, and how wide. */
static void draw_measure(struct drawing *d)
{
    int64_t times = 1, all = 0;
    char text[32];
    for (int32_t i = 1; i < d->tree->count; i++) {
        const struct trace_node *node = &d->tree->nodes[i];
        d->scores |= !isnan(node->score);
        times = node->samples > times ? node->samples : times;
        all += node->samples;
    }
    bool folds = d->view.fold != PONDER_TREE_ALL && all > 1;
    d->columns = d->look->columns > 0 ? d->look->columns : INT32_MAX;
    d->scores = d->scores && d->columns >= SCORES_COLUMNS_MIN;
    d->bars = d->scores && d->columns >= BARS_COLUMNS_MIN;
    if ((times > 1 || folds) && d->columns >= TIMES_COLUMNS_MIN)
        d->times_columns = snprintf(text, sizeof text, "%lld", (long long)(folds ? all : times)) + 2;
    d->gutter_columns = 1 + d->times_columns;
    if (d->scores)
        d->gutter_columns += LOOK_NUMBER_COLUMNS + 1 + (d->bars ? 1 + LOOK_BAR_COLUMNS : 0);
}

int ponder_tree_draw(const struct ponder_tree *tree, const struct ponder_look *look,
                     enum ponder_tree_fold fold, char **text, struct ponder_err *err)
{
    struct drawing d = {.tree = tree, .look = look, .out = BUF_INIT(DRAWING_BYTES_MAX)};
    int status = view_init(&d.view, tree, fold) ? err_memory(err, "a drawing") : PONDER_OK;
    *text = NULL;
    if (!status) {
        draw_measure(&d);
        draw_question(&d);
        draw_chain(&d, 0, 0, JOINT_BELOW, tree->result > 0);
        draw_legend(&d);
        *text = buf_ok(&d.out) ? buf_take(&d.out, NULL) : NULL;
        if (!*text && d.out.len > DRAWING_BYTES_MAX / 2)
            status = err_set(err, PONDER_E_LIMIT, "the drawing is larger than %d bytes; fold it",
                             DRAWING_BYTES_MAX);
        else if (!*text)
            status = err_memory(err, "a drawing");
    }
    view_release(&d.view);
    buf_release(&d.out);
    return status;
}
