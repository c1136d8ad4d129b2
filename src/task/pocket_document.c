/* pocket_document.c - training documents made of Pocket items.
 *
 * Most are a solved question. Some hold several solved questions, so that long contexts are familiar to the
 * model, and some several attempts at one question, each with much of the one before it, better or worse. The
 * rest teach checking: an attempt, right or with an error planted, and a verdict on its lines: in
 * words behind it, up to the first wrong one, or at a tag behind each; and claims alone, out of solutions,
 * each with its verdict. Verdicts are the checker's, so that what they say is what the text alone shows. */
#include <stdio.h>
#include <string.h>

#include "core/ascii.h"
#include "core/err.h"
#include "task/pocket_claim.h"
#include "task/pocket_object.h"

enum { CLAIMS_BYTES = 240, ATTEMPTS_MAX = 5, LINES_KEPT_PERCENT = 60 };

struct ponder_pocket_mix ponder_pocket_mix_default(void)
{
    return (struct ponder_pocket_mix){

        .share = {0.60, 0.06, 0.14, 0.03, 0.13, 0.04},
        .many_max = 12,
        .many_bytes_max = 1500,
        .wrong_share = 0.6};
}

static enum ponder_pocket_document draw_kind(struct rng *rng, const struct ponder_pocket_mix *mix)
{
    double total = 0;
    for (int k = 0; k < PONDER_POCKET_DOCUMENTS; k++)
        total += mix->share[k];
    double draw = rng_unit(rng) * total;
    for (int k = 0; k < PONDER_POCKET_DOCUMENTS - 1; k++) {
        draw -= mix->share[k];
        if (draw < 0)
            return (enum ponder_pocket_document)k;
    }
    return PONDER_POCKET_DOCUMENTS - 1;
}

static void put_solved(struct buf *document, const struct ponder_pocket_item *item)
{
    char prompt[POCKET_PROBLEM_BYTES + 16];
    ponder_pocket_prompt(prompt, sizeof prompt, item->problem);
    buf_printf(document, "%s%s", prompt, item->solution);
}

static int solved(struct ponder_pocket *pocket, int count, size_t bytes_max, struct ponder_err *err)
{
    for (int i = 0; i < count; i++) {
        struct ponder_pocket_item item;
        int status = pocket_draw(pocket, POCKET_CARELESS, &item, err);
        if (status < 0)
            return status;
        size_t more = strlen(item.problem) + strlen(item.solution) + 8;
        if (more > bytes_max / 2) { /* leaves no room for a second question */
            i--;
            continue;
        }
        if (pocket->document.len + more > bytes_max)
            break;
        if (i > 0)
            buf_putc(&pocket->document, PONDER_POCKET_END);
        put_solved(&pocket->document, &item);
    }
    return 0;
}

/* Several attempts at one question of several parts. An author who looks at an attempt leaves most of it as
 * it is and does the rest anew, mostly with more care. */
static int attempts(struct ponder_pocket *pocket, size_t bytes_max, struct ponder_err *err)
{
    struct ponder_pocket_item item;
    do {
        int status = pocket_draw(pocket, POCKET_CARELESS, &item, err);
        if (status < 0)
            return status;
    } while (!pocket_families[pocket->family].own_care);
    int count = rng_range(&pocket->rng, 2, ATTEMPTS_MAX);
    buf_printf(&pocket->document, "Attempts: %s\n", item.problem);
    for (int i = 0; i < count; i++) {
        for (int part = 0; i > 0 && part < POCKET_PARTS_MAX; part++) {
            if (rng_range(&pocket->rng, 1, 100) > LINES_KEPT_PERCENT)
                pocket->draft.pen[part] =
                    (struct pocket_pen){rng_next(&pocket->rng), rng_range(&pocket->rng, 0, 2) == 0};
        }
        if ((i > 0 && !pocket_draw_again(pocket)) ||
            pocket->document.len + strlen(item.solution) + 2 > bytes_max)
            break;
        buf_printf(&pocket->document, "%c%s\n", PONDER_POCKET_ATTEMPT, item.solution);
    }
    return 0;
}

/* Changes one digit of one line, the answer's line included, by a little: the slip a model makes. Later lines
 * stay as they were. */
static void plant_slip(struct rng *rng, char *solution)
{
    int digits = 0;
    for (char *p = solution; *p; p++)
        digits += ascii_is_digit(*p);
    if (digits == 0)
        return;
    int chosen = rng_range(rng, 0, digits - 1);
    for (char *p = solution; *p; p++) {
        if (ascii_is_digit(*p) && chosen-- == 0) {
            int by = rng_range(rng, 0, 3) ? rng_range(rng, 1, 2) : rng_range(rng, 3, 5);
            int value = *p - '0' + (rng_range(rng, 0, 1) ? by : -by);
            *p = (char)('0' + (value + 10) % 10);
            return;
        }
    }
}

/* Turns one verdict of a try around, "No." into "Yes." or back. Returns false where there is none. */
static bool plant_verdict(struct rng *rng, char *solution)
{
    static const char *const said[] = {". No.", ". Yes."};
    char copy[POCKET_SOLUTION_BYTES], *at[PONDER_POCKET_LINES_MAX];
    int verdicts = 0;
    for (char *end = solution; (end = strchr(end, '\n')); end++) {
        bool no = end - solution > 5 && memcmp(end - 5, said[0], 5) == 0;
        bool yes = end - solution > 6 && memcmp(end - 6, said[1], 6) == 0;
        if ((no || yes) && verdicts < PONDER_POCKET_LINES_MAX)
            at[verdicts++] = end - (no ? 5 : 6);
    }
    if (!verdicts)
        return false;
    char *verdict = at[rng_range(rng, 0, verdicts - 1)];
    bool no = verdict[2] == 'N';
    snprintf(copy, sizeof copy, "%s%s", said[no], verdict + strlen(said[!no]));
    snprintf(verdict, sizeof copy - (size_t)(verdict - solution), "%s", copy);
    return true;
}

static char mark_of(bool right)
{
    return right ? PONDER_POCKET_RIGHT : PONDER_POCKET_WRONG;
}

/* A line with a mark behind each claim but the last: whether the answer can still be reached as far as it
 * goes. Where the line loses it, it does so at `wrong_at`. */
static void put_claims_judged(struct buf *document, const char *line, size_t n, bool before, bool behind,
                              size_t wrong_at)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && i + 1 < n && line[i] == ',' && line[i + 1] == ' ')
            buf_putc(document, mark_of(before && (behind || i <= wrong_at)));
        buf_putc(document, line[i]);
    }
}

static void judged_between(struct ponder_pocket *pocket, const char *problem, const char *solution,
                           const struct ponder_pocket_verdict *verdict)
{
    bool each_claim = rng_range(&pocket->rng, 0, 1), before = true;
    const char *at = solution;
    buf_printf(&pocket->document, "Judge: %s\nA:\n", problem);
    for (int i = 0; i < verdict->line_count; i++) {
        const struct ponder_pocket_line *line = &verdict->line[i];
        size_t n = strcspn(at, "\n");
        if (each_claim)
            put_claims_judged(&pocket->document, at, n, before, line->reachable,
                              line->offset - (size_t)(at - solution));
        else
            buf_append(&pocket->document, at, n);
        buf_putc(&pocket->document, mark_of(line->reachable));
        if (i + 1 < verdict->line_count)
            buf_putc(&pocket->document, '\n');
        at += n + (at[n] == '\n');
        before = line->reachable;
    }
}

/* Adds the claims of a solution, one a line, every second with a slip. */
static void put_claims(struct ponder_pocket *pocket, const char *solution)
{
    struct rational nothing = rational_of(0);
    for (const char *p = solution, *end; *p; p = *end ? end + 1 : end) {
        struct claim claim;
        while (*p == ' ')
            p++;
        end = p;
        bool read = !claim_read(&end, nothing, &claim) && claim.parts > 1 && !claim.uses_x && end - p < 60;
        if (read) {
            char text[64];
            snprintf(text, sizeof text, "%.*s", (int)(end - p), p);
            if (rng_range(&pocket->rng, 0, 1))
                plant_slip(&pocket->rng, text);
            const char *again = text;
            bool right = !claim_read(&again, nothing, &claim) && !*again && claim.holds;
            buf_printf(&pocket->document, "\n%s%c", text, mark_of(right));
        }
        end = end > p ? end : p;
        end += strcspn(end, " \n");
    }
}

/* Claims out of as many solutions as it takes. */
static int claims(struct ponder_pocket *pocket, struct ponder_err *err)
{
    buf_printf(&pocket->document, "Judge: claims\nA:");
    while (pocket->document.len < CLAIMS_BYTES && buf_ok(&pocket->document)) {
        struct ponder_pocket_item item;
        int status = pocket_draw(pocket, POCKET_CAREFUL, &item, err);
        if (status < 0)
            return status;
        put_claims(pocket, item.solution);
    }
    return 0;
}

static void judged_after(struct ponder_pocket *pocket, const char *problem, const char *solution,
                         const struct ponder_pocket_verdict *verdict)
{
    int lines = verdict->first_wrong < 0 ? verdict->line_count : verdict->first_wrong + 1;
    buf_printf(&pocket->document, "Check: %s\nA:\n%s\nVerdict:", problem, solution);
    for (int i = 0; i < lines; i++)
        buf_printf(&pocket->document, "\n%d: %s.", i + 1, verdict->line[i].right ? "right" : "wrong");
}

static int attempt(struct ponder_pocket *pocket, enum ponder_pocket_document kind, bool wrong,
                   struct ponder_err *err)
{
    struct ponder_pocket_item item;
    char solution[POCKET_SOLUTION_BYTES];
    enum pocket_care care = !wrong                                ? POCKET_CAREFUL
                            : rng_range(&pocket->rng, 0, 99) < 60 ? POCKET_WRONG
                                                                  : POCKET_CARELESS;
    int status = pocket_draw(pocket, care, &item, err);
    if (status < 0)
        return status;
    snprintf(solution, sizeof solution, "%s", item.solution);
    struct ponder_pocket_verdict verdict;
    status = ponder_pocket_check(item.problem, solution, &verdict, err);
    if (!status && wrong && verdict.first_wrong < 0) {
        if (rng_range(&pocket->rng, 0, 2) || !plant_verdict(&pocket->rng, solution))
            plant_slip(&pocket->rng, solution);
        status = ponder_pocket_check(item.problem, solution, &verdict, err);
    }
    if (status < 0)
        return status;

    if (kind == PONDER_POCKET_CHECK_BETWEEN)
        judged_between(pocket, item.problem, solution, &verdict);
    else
        judged_after(pocket, item.problem, solution, &verdict);
    return 0;
}

int ponder_pocket_next_document(struct ponder_pocket *pocket, const struct ponder_pocket_mix *mix,
                                const char **text, size_t *len, enum ponder_pocket_document *kind,
                                struct ponder_err *err)
{
    buf_clear(&pocket->document);
    pocket->draft.practises = true;
    *kind = draw_kind(&pocket->rng, mix);
    int status;
    if (*kind == PONDER_POCKET_SOLVED)
        status = solved(pocket, 1, SIZE_MAX, err);
    else if (*kind == PONDER_POCKET_SOLVED_MANY)
        status = solved(pocket, rng_range(&pocket->rng, 2, mix->many_max), mix->many_bytes_max, err);
    else if (*kind == PONDER_POCKET_ATTEMPTS)
        status = attempts(pocket, mix->many_bytes_max, err);
    else if (*kind == PONDER_POCKET_CLAIMS)
        status = claims(pocket, err);
    else
        status = attempt(pocket, *kind, rng_unit(&pocket->rng) < mix->wrong_share, err);
    if (status < 0)
        return status;
    if (!buf_ok(&pocket->document))
        return err_set(err, PONDER_E_LIMIT, "pocket: a document passes %d bytes or memory ran out",
                       POCKET_DOCUMENT_BYTES_MAX);
    *text = buf_text(&pocket->document);
    *len = pocket->document.len;
    return 0;
}
