/* page_summary.c - what came out, in words; and how it was measured. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot/html.h"
#include "report/page.h"

/* "39.1% (95% interval 34.8–43.5)"; the words only the first time. */
static void share(struct buf *out, const struct ponder_interval *figure, bool first)
{
    buf_printf(out, "<b>%.1f%%</b> <span class=\"nw\">(%s%.1f–%.1f)</span>", 100 * figure->value,
               first ? "95% interval " : "", 100 * figure->low, 100 * figure->high);
}

static void cost(struct buf *out, const struct figures_cost *cost)
{
    buf_puts(out, " A question costs ");
    html_amount(out, cost->generations);
    buf_printf(out, " generation%s, ", cost->generations == 1 ? "" : "s");
    html_amount(out, cost->tokens);
    buf_puts(out, " tokens, <span class=\"nw\">");
    html_scaled(out, cost->flops);
    buf_puts(out, "FLOP</span> and <span class=\"nw\">");
    html_amount(out, cost->seconds);
    buf_puts(out, " s.</span>");
}

static void asked(struct buf *out, const struct ponder_eval *eval)
{
    html_count(out, eval->questions);
    buf_printf(out, " question%s", eval->questions == 1 ? "" : "s");
    if (eval->questions < eval->asked) {
        buf_puts(out, " done so far of ");
        html_count(out, eval->asked);
    }
    if (eval->seeds > 1)
        buf_printf(out, ", %lld seeds", (long long)eval->seeds);
}

static void best_of_n(struct buf *out, const struct figures_run *run)
{
    const struct ponder_eval *eval = run->eval;
    const struct ponder_eval_group *all = &eval->groups[0];
    int last = eval->k_count - 1;
    if (eval->n == 1) {
        buf_puts(out, "the sample is right for ");
        share(out, &all->maj[last], true);
        buf_puts(out, " of ");
        asked(out, eval);
        buf_puts(out, ".");
        return;
    }
    buf_printf(out, "the majority of %lld samples is right for ", (long long)eval->n);
    share(out, &all->maj[last], true);
    buf_puts(out, " of ");
    asked(out, eval);
    buf_puts(out, "; a single sample for ");
    share(out, &all->pass_1, false);
    buf_printf(out, ", at least one of the %lld for ", (long long)eval->n);
    share(out, &all->pass[last], false);
    buf_puts(out, ".");
}

static void summary_search(struct buf *out, const struct figures_run *run)
{
    buf_puts(out, "the solution that the search kept is right for ");
    share(out, &run->eval->groups[0].maj[run->eval->k_count - 1], true);
    buf_puts(out, " of ");
    asked(out, run->eval);
    buf_puts(out, ".");
}

static void pair(struct buf *out, const struct figures *figures, const struct figures_pair *pair)
{
    const struct ponder_interval *d = &pair->diff.difference;
    bool clear = d->low > 0 || d->high < 0;
    buf_puts(out, "<li>On the ");
    html_count(out, pair->diff.questions);
    buf_printf(out, " questions that both have, run %lld is ",
               (long long)figures->runs[pair->second].record.id);
    buf_printf(out, "<b>%.1f points %s</b> run %lld", fabs(100 * d->value), d->value < 0 ? "below" : "above",
               (long long)figures->runs[pair->first].record.id);
    buf_puts(out, " (paired 95% interval ");
    html_points(out, d->low);
    buf_puts(out, " to ");
    html_points(out, d->high);
    buf_puts(out, clear ? ").</li>\n" : ", which has 0 in it).</li>\n");
}

static void what(struct buf *out, const struct figures *figures)
{
    buf_puts(out, "<p class=\"sub\">");
    if (figures->run_count == 1) {
        buf_puts(out, "One run");
    } else {
        html_count(out, figures->run_count);
        buf_puts(out, " runs");
    }
    int64_t samples = 0;
    for (int r = 0; r < figures->run_count; r++)
        samples += figures->runs[r].record.samples;
    buf_puts(out, ", ");
    html_count(out, figures->question_count);
    buf_puts(out, " questions, ");
    html_count(out, samples);
    buf_puts(out, " solutions");
    if (figures->left_out > 0)
        buf_printf(out, "; %lld of the store's runs left out, nothing of them is done yet",
                   (long long)figures->left_out);
    buf_puts(out, "</p>\n");
}

void page_summary(struct buf *out, const struct page *page)
{
    enum { PAIRS_MAX = 3 };
    const struct figures *figures = page->figures;
    what(out, figures);
    buf_puts(out, "<ul class=\"lead\">\n");
    for (int r = 0; r < figures->run_count; r++) {
        const struct figures_run *run = &figures->runs[r];
        buf_puts(out, "<li>");
        page_run_name(out, page, r);
        buf_puts(out, ", ");
        html_string(out, run->label);
        buf_puts(out, ": ");
        (run->search ? summary_search : best_of_n)(out, run);
        cost(out, &run->costs[0]);
        buf_puts(out, "</li>\n");
    }
    for (int p = 0; p < figures->pair_count && p < PAIRS_MAX; p++)
        pair(out, figures, &figures->pairs[p]);
    buf_puts(out, "</ul>\n");
}

/* ---- methods ---- */

static void quintiles(struct buf *out, const struct figures *figures)
{
    bool any = false;
    for (int r = 0; r < figures->run_count; r++) {
        const struct figures_run *run = &figures->runs[r];
        if (run->quintiles_of < 0)
            continue;
        if (!any)
            buf_puts(out,
                     "<p><b>Difficulty</b> is pass@1 of this model: questions are ranked by it and cut into "
                     "quintiles, 1 the easiest. The run with the most samples of all a run's questions cuts "
                     "them:");
        buf_printf(out, "%s run %lld's by run %lld", any ? "," : "", (long long)run->record.id,
                   (long long)figures->runs[run->quintiles_of].record.id);
        any = true;
    }
    if (any)
        buf_puts(
            out,
            ". Where a run cuts its own, the same samples cut and measure, so the outer quintiles look a "
            "little more extreme than they are.</p>\n");
}

void page_methods(struct buf *out, const struct page *page)
{
    buf_puts(
        out,
        "<section aria-labelledby=\"methods\"><h2 id=\"methods\">How it was measured</h2>\n"
        "<p><b>Intervals</b> are 95% percentile intervals of 5,000 bootstrap resamples of the questions with "
        "a "
        "fixed seed. Differences are paired: both runs are taken on the same resampled questions, those that "
        "both have.</p>\n"
        "<p><b>pass@1</b> is the share of right samples. <b>pass@k</b> is the probability that at least one "
        "of k "
        "samples is right, by the unbiased estimator 1 − C(n−c, k)/C(n, k): no method that only chooses "
        "among k "
        "samples can do better. <b>maj@k</b> is how often the majority of k samples is right, over the "
        "disjoint "
        "blocks of k in sample order; ties go to the answer seen first. With several seeds a question's "
        "figure "
        "is the mean over them.</p>\n"
        "<p><b>Cost</b> is a mean over questions. Tokens are all that were computed: prompt (once for all "
        "samples "
        "of a question), generated, read by a verifier, computed again. Seconds are those between one "
        "question's "
        "end and the next, with many questions under way at once. The cost of k of n samples is that of the "
        "prompt and k/n of the rest; FLOPs and seconds in proportion to tokens.</p>\n");
    quintiles(out, page->figures);
    buf_puts(out, "</section>\n");
}
