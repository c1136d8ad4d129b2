/* page_tables.c - runs, their differences, and their figures by k and by group. */
#include <string.h>

#include "core/json.h"
#include "plot/html.h"
#include "report/page.h"

/* ---- runs ---- */

static void cell_open(struct buf *out)
{
    buf_puts(out, "<td>");
}

static void cost_cells(struct buf *out, const struct figures_cost *cost)
{
    const double amounts[] = {cost->generations, cost->tokens};
    for (int i = 0; i < 2; i++) {
        cell_open(out);
        html_amount(out, amounts[i]);
    }
    buf_puts(out, "<td class=\"nw\">");
    html_scaled(out, cost->flops);
    cell_open(out);
    html_amount(out, cost->seconds);
}

static void interval_cell(struct buf *out, const struct ponder_interval *interval)
{
    cell_open(out);
    html_interval(out, interval);
}

static void run_row(struct buf *out, const struct page *page, int r)
{
    const struct figures_run *run = &page->figures->runs[r];
    const struct ponder_eval *eval = run->eval;
    int last = eval->k_count - 1;
    buf_puts(out, "<tr><th scope=\"row\">");
    page_run_name(out, page, r);
    buf_puts(out, "<td class=\"l\">");
    html_string(out, run->label);
    cell_open(out);
    html_count(out, eval->questions);
    buf_puts(out, "<td><b>");
    html_percent(out, eval->accuracy.value);
    buf_printf(out, "</b> <i>%.1f–%.1f</i>", 100 * eval->accuracy.low, 100 * eval->accuracy.high);
    if (run->search || eval->n == 1) {
        buf_puts(out, "<td>–<td>–");
    } else {
        interval_cell(out, &eval->groups[0].pass_1);
        interval_cell(out, &eval->groups[0].pass[last]);
    }
    cost_cells(out, &run->costs[0]);
    buf_puts(out, "</tr>\n");
}

static void pair_row(struct buf *out, const struct page *page, const struct figures_pair *pair)
{
    const struct ponder_comparison *diff = &pair->diff;
    bool clear = diff->difference.low > 0 || diff->difference.high < 0;
    buf_puts(out, "<tr><th scope=\"row\" class=\"nw\">");
    page_run_name(out, page, pair->second);
    buf_puts(out, " − ");
    page_run_name(out, page, pair->first);
    cell_open(out);
    html_count(out, diff->questions);
    cell_open(out);
    html_percent(out, diff->accuracy[1].value);
    cell_open(out);
    html_percent(out, diff->accuracy[0].value);
    buf_puts(out, clear ? "<td><b>" : "<td>");
    html_difference(out, &diff->difference);
    buf_puts(out, clear ? "</b>" : "");
    cell_open(out);
    if (figures_have_pass_1(page->figures, pair))
        html_difference(out, &diff->pass_1_difference);
    else
        buf_puts(out, "–");
    buf_puts(out, "<td class=\"l\">");
    json_t *settings = json_loads(diff->settings, 0, NULL), *values;
    const char *key, *separator = "";
    json_object_foreach(settings, key, values)
    {
        buf_puts(out, separator);
        html_string(out, key);
        separator = ", ";
    }
    json_decref(settings);
    buf_puts(out, "</tr>\n");
}

static void pairs(struct buf *out, const struct page *page)
{
    const struct figures *figures = page->figures;
    if (figures->pair_count == 0)
        return;
    buf_puts(out, "<h3>Differences, on the questions that both have</h3>\n");
    page_scroll_begin(out, "Differences between runs");
    buf_puts(out,
             "<table><thead><tr><th scope=\"col\">Runs<th scope=\"col\">Questions<th scope=\"col\">First, %"
             "<th scope=\"col\">Second, %<th scope=\"col\">Difference, points<th scope=\"col\">of pass@1"
             "<th scope=\"col\" class=\"l\">Settings that differ</tr></thead>\n<tbody>\n");
    for (int p = 0; p < figures->pair_count; p++)
        pair_row(out, page, &figures->pairs[p]);
    buf_puts(out, "</tbody></table>\n");
    page_scroll_end(out);
    buf_puts(out, "<p class=\"note\">Bold where the paired 95% interval leaves 0 out.");
    if (figures->against_first)
        buf_puts(out, " With so many runs each is compared with the first one only.");
    buf_puts(out, "</p>\n");
}

void page_runs(struct buf *out, const struct page *page)
{
    buf_puts(out, "<section aria-labelledby=\"runs\"><h2 id=\"runs\">Runs</h2>\n");
    page_scroll_begin(out, "Runs");
    buf_puts(out,
             "<table><thead><tr><th scope=\"col\">Run<th scope=\"col\" class=\"l\">Method<th scope=\"col\">"
             "Questions<th scope=\"col\">Right, %<th scope=\"col\">pass@1, %<th scope=\"col\">pass@n, %"
             "<th scope=\"col\">Generations<th scope=\"col\">Tokens<th scope=\"col\">FLOPs<th scope=\"col\">"
             "Seconds</tr></thead>\n<tbody>\n");
    for (int r = 0; r < page->figures->run_count; r++)
        run_row(out, page, r);
    buf_puts(out, "</tbody></table>\n");
    page_scroll_end(out);
    buf_puts(out, "<p class=\"note\">Generations, tokens, FLOPs and seconds are per question.</p>\n");
    pairs(out, page);
    buf_puts(out, "</section>\n");
}

/* ---- by k and by group ---- */

static void k_table(struct buf *out, const struct figures_run *run)
{
    const struct ponder_eval *eval = run->eval;
    page_scroll_begin(out, "Figures by k");
    buf_puts(out,
             "<table class=\"wide fit\"><thead><tr><th scope=\"col\">k<th scope=\"col\">maj@k, %<th "
             "scope=\"col\">pass@k, %"
             "<th scope=\"col\">Generations<th scope=\"col\">Tokens<th scope=\"col\">FLOPs<th scope=\"col\">"
             "Seconds</tr></thead>\n<tbody>\n");
    for (int k = 0; k < eval->k_count; k++) {
        struct figures_cost cost = figures_cost_at(run, 0, eval->ks[k]);
        buf_printf(out, "<tr><th scope=\"row\">%lld", (long long)eval->ks[k]);
        interval_cell(out, &eval->groups[0].maj[k]);
        interval_cell(out, &eval->groups[0].pass[k]);
        cost_cells(out, &cost);
        buf_puts(out, "</tr>\n");
    }
    buf_puts(out, "</tbody></table>\n");
    page_scroll_end(out);
    buf_printf(out, "<p>The vote adds to a single sample: maj@%lld − pass@1 is ", (long long)eval->n);
    html_difference(out, &eval->groups[0].gain);
    buf_puts(out, " points, paired. ");
    html_percent(out, eval->without_answer);
    buf_puts(out, "% of the samples have no answer; a sample has ");
    html_amount(out, eval->tokens_mean);
    buf_puts(out, " tokens.</p>\n");
}

static void group_row(struct buf *out, const struct figures_run *run, int64_t g)
{
    const struct ponder_eval *eval = run->eval;
    const struct ponder_eval_group *group = &eval->groups[g];
    int last = eval->k_count - 1;
    buf_puts(out, "<tr><th scope=\"row\">");
    html_string(out, group->name);
    cell_open(out);
    html_count(out, group->questions);
    interval_cell(out, &group->maj[last]);
    if (eval->n > 1) {
        interval_cell(out, &group->pass_1);
        interval_cell(out, &group->pass[last]);
    }
    cost_cells(out, &run->costs[g]);
    buf_puts(out, "</tr>\n");
}

static void group_table(struct buf *out, const struct figures_run *run, bool open)
{
    const struct ponder_eval *eval = run->eval;
    const char *by = "all";
    buf_printf(out, "<details%s><summary>By level, subject and difficulty</summary>\n", open ? " open" : "");
    page_scroll_begin(out, "Figures by group");
    buf_printf(out, "<table class=\"wide\"><thead><tr><th scope=\"col\"><th scope=\"col\">Questions<th "
                    "scope=\"col\">Right, %%");
    if (eval->n > 1)
        buf_printf(out, "<th scope=\"col\">pass@1, %%<th scope=\"col\">pass@%lld, %%", (long long)eval->n);
    buf_puts(out,
             "<th scope=\"col\">Generations<th scope=\"col\">Tokens<th scope=\"col\">FLOPs<th scope=\"col\">"
             "Seconds</tr></thead>\n<tbody>\n");
    for (int64_t g = 0; g < eval->group_count; g++) {
        if (strcmp(by, eval->groups[g].by) != 0) {
            by = eval->groups[g].by;
            buf_printf(out, "<tr class=\"by\"><th scope=\"rowgroup\" colspan=\"%d\">By %s</tr>\n",
                       eval->n > 1 ? 9 : 7, strcmp(by, "quintile") == 0 ? "difficulty, in quintiles" : by);
        }
        group_row(out, run, g);
    }
    buf_puts(out, "</tbody></table>\n");
    page_scroll_end(out);
    buf_puts(out, "</details>\n");
}

void page_numbers(struct buf *out, const struct page *page)
{
    buf_puts(out, "<section aria-labelledby=\"numbers\"><h2 id=\"numbers\">In numbers</h2>\n");
    for (int r = 0; r < page->figures->run_count; r++) {
        const struct figures_run *run = &page->figures->runs[r];
        buf_puts(out, "<h3>");
        page_run_name(out, page, r);
        buf_puts(out, ", ");
        html_string(out, run->label);
        buf_puts(out, "</h3>\n");
        if (run->eval->k_count > 1)
            k_table(out, run);
        group_table(out, run, page->figures->run_count == 1);
    }
    buf_puts(out, "</section>\n");
}
