/* page_index.c - the table of questions, with a choice of which to see that needs no script. */
#include <string.h>

#include "plot/html.h"
#include "report/page.h"

enum { OPENING_BYTES = 110 };

struct marks {
    bool wrong;  /* some run answers wrong */
    bool missed; /* and one of its samples is right */
    bool differ; /* runs do not agree on whether it is right */
};

static struct marks marks_of(const struct figures *figures, const struct figures_question *question)
{
    struct marks marks = {0};
    double first = -1;
    for (int r = 0; r < figures->run_count; r++) {
        int64_t at = question->at[r];
        if (at < 0)
            continue;
        const struct figures_run *run = &figures->runs[r];
        double right = figures_accuracy(run, at);
        marks.wrong |= right < 1;
        marks.missed |= right < 1 && run->grades[at].correct_count > 0;
        marks.differ |= first >= 0 && right != first;
        first = right;
    }
    return marks;
}

static void choice(struct buf *out, const char *id, const char *text, int64_t count, bool checked)
{
    buf_printf(out, "<label><input type=\"radio\" name=\"f\" id=\"f-%s\"%s>%s (", id,
               checked ? " checked" : "", text);
    html_count(out, count);
    buf_puts(out, ")</label>\n");
}

static void choices(struct buf *out, const struct page *page)
{
    const struct figures *figures = page->figures;
    int64_t wrong = 0, missed = 0, differ = 0, count = page_shown_count(page);
    for (int64_t q = 0; q < count; q++) {
        struct marks marks = marks_of(figures, &figures->questions[q]);
        wrong += marks.wrong;
        missed += marks.missed;
        differ += marks.differ;
    }
    buf_puts(out, "<fieldset><legend>Show</legend>\n");
    choice(out, "all", "all", count, true);
    choice(out, "wrong", "answered wrong by a run", wrong, false);
    choice(out, "missed", "wrong, though a sample is right", missed, false);
    if (figures->run_count > 1)
        choice(out, "differ", "runs disagree", differ, false);
    buf_puts(out, "</fieldset>\n");
}

static void verdict(struct buf *out, const struct figures_run *run, int64_t at)
{
    const struct grade *grade = &run->grades[at];
    double right = figures_accuracy(run, at);
    if (right == 1 || right == 0)
        buf_printf(out, "<td class=\"nw\"><span class=\"%s\">%s</span>", right == 1 ? "yes" : "no",
                   right == 1 ? "✓ right" : "✗ wrong");
    else
        buf_printf(out, "<td class=\"nw\"><span class=\"no\">%.0f%%</span>", 100 * right);
    if (grade->n > 1)
        buf_printf(out, " <i>%lld/%lld</i>", (long long)grade->correct_count, (long long)grade->n);
}

static void row(struct buf *out, const struct figures *figures, int64_t q)
{
    const struct figures_question *question = &figures->questions[q];
    struct marks marks = marks_of(figures, question);
    long long number = q + 1;
    buf_printf(out, "<tr id=\"i%lld\" class=\"%s%s%s\"><td><a href=\"#q%lld\">%lld</a><td class=\"l p\">",
               number, marks.wrong ? "w" : "", marks.missed ? " m" : "", marks.differ ? " d" : "", number,
               number);
    html_opening(out, question->text->problem, OPENING_BYTES);
    buf_puts(out, "<td>");
    html_opening(out, question->text->level, 24);
    buf_puts(out, "<td class=\"l nw\">");
    html_opening(out, question->text->subject, 32);
    for (int r = 0; r < figures->run_count; r++)
        if (question->at[r] >= 0)
            verdict(out, &figures->runs[r], question->at[r]);
        else
            buf_puts(out, "<td class=\"none\">–");
    buf_puts(out, "</tr>\n");
}

void page_index(struct buf *out, const struct page *page)
{
    const struct figures *figures = page->figures;
    int64_t shown = page_shown_count(page);
    buf_puts(
        out,
        "<section aria-labelledby=\"questions\"><h2 id=\"questions\">Questions</h2>\n"
        "<p class=\"note paper\">The questions and their samples are in the page itself; one that is open "
        "there can be printed.</p>\n<div class=\"questions\">\n<p>Each has a page of its own with its "
        "samples");
    if (shown < figures->question_count) {
        buf_puts(out, "; here are the first ");
        html_count(out, shown);
        buf_puts(out, " of ");
        html_count(out, figures->question_count);
    }
    buf_puts(out, ". Behind a verdict stands how many samples are right.</p>\n");
    choices(out, page);
    page_scroll_begin(out, "Questions");
    buf_puts(out,
             "<table class=\"index\"><thead><tr><th scope=\"col\">No.<th scope=\"col\" class=\"l\">Question"
             "<th scope=\"col\">Level<th scope=\"col\" class=\"l\">Subject");
    for (int r = 0; r < figures->run_count; r++) {
        buf_puts(out, "<th scope=\"col\">");
        page_run_name(out, page, r);
    }
    buf_puts(out, "</tr></thead>\n<tbody>\n");
    for (int64_t q = 0; q < shown; q++)
        row(out, figures, q);
    buf_puts(out, "</tbody></table>\n");
    page_scroll_end(out);
    buf_puts(out, "</div></section>\n");
}
