/* pocket_document.c - training documents made of Pocket items.
 *
 * Most are a solved question. Some hold several solved questions, so that long contexts are familiar to the
 * model. The rest teach checking: an attempt, right or with an error planted, and a verdict on its lines: in
 * words behind it, up to the first wrong one, or at a tag behind each. Verdicts are the checker's, so that
 * what they say is what the text alone shows. */
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "task/pocket_object.h"

struct ponder_pocket_mix ponder_pocket_mix_default(void)
{
    return (struct ponder_pocket_mix){

        .share = {0.62, 0.06, 0.04, 0.28}, .many_max = 12, .many_bytes_max = 1500, .wrong_share = 0.6};
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
        int status = pocket_draw(pocket, false, &item, err);
        if (status < 0)
            return status;
        size_t more = strlen(item.problem) + strlen(item.solution) + 8;
        if (i > 0 && pocket->document.len + more > bytes_max)
            break;
        if (i > 0)
            buf_putc(&pocket->document, PONDER_POCKET_END);
        put_solved(&pocket->document, &item);
    }
    return 0;
}

static bool digit_is(char c)
{
    return c >= '0' && c <= '9';
}

/* Changes one digit of one line, the answer's line included, by a little: the slip a model makes. Later lines
 * stay as they were. */
static void plant_slip(struct rng *rng, char *solution)
{
    int digits = 0;
    for (char *p = solution; *p; p++)
        digits += digit_is(*p);
    if (digits == 0)
        return;
    int chosen = rng_range(rng, 0, digits - 1);
    for (char *p = solution; *p; p++) {
        if (digit_is(*p) && chosen-- == 0) {
            int by = rng_range(rng, 0, 3) ? rng_range(rng, 1, 2) : rng_range(rng, 3, 5);
            int value = *p - '0' + (rng_range(rng, 0, 1) ? by : -by);
            *p = (char)('0' + (value + 10) % 10);
            return;
        }
    }
}

static void judged_between(struct ponder_pocket *pocket, const char *problem, const char *solution,
                           const struct ponder_pocket_verdict *verdict)
{
    buf_printf(&pocket->document, "Judge: %s\nA:\n", problem);
    for (int i = 0; i < verdict->line_count; i++) {
        size_t n = strcspn(solution, "\n");
        buf_append(&pocket->document, solution, n);
        buf_putc(&pocket->document, verdict->line[i].reachable ? PONDER_POCKET_RIGHT : PONDER_POCKET_WRONG);
        if (i + 1 < verdict->line_count)
            buf_putc(&pocket->document, '\n');
        solution += n + (solution[n] == '\n');
    }
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
    bool choice = wrong && rng_range(&pocket->rng, 0, 99) < 60;
    int status = pocket_draw(pocket, choice, &item, err);
    if (status < 0)
        return status;
    snprintf(solution, sizeof solution, "%s", item.solution);
    struct ponder_pocket_verdict verdict;
    status = ponder_pocket_check(item.problem, solution, &verdict, err);
    if (!status && wrong && verdict.first_wrong < 0) {
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
    *kind = draw_kind(&pocket->rng, mix);
    int status;
    if (*kind == PONDER_POCKET_SOLVED)
        status = solved(pocket, 1, SIZE_MAX, err);
    else if (*kind == PONDER_POCKET_SOLVED_MANY)
        status = solved(pocket, rng_range(&pocket->rng, 2, mix->many_max), mix->many_bytes_max, err);
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
