/* page_questions.c - a page for each question: what was asked, what the runs answered, and their samples. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot/html.h"
#include "report/page.h"

enum { VOTES_MAX = 8 };

/* ---- a sample ---- */

/* Lines that are not blank: the steps that a verifier scores. */
static int64_t step_count(const struct shown_sample *sample)
{
    int64_t count = 0;
    bool blank = true;
    for (size_t i = 0; i <= sample->len; i++) {
        bool end = i == sample->len || sample->text[i] == '\n';
        count += end && !blank;
        blank =
            end || (blank && (sample->text[i] == ' ' || sample->text[i] == '\t' || sample->text[i] == '\r'));
    }
    return count;
}

static bool is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r')
            return false;
    return true;
}

/* The score of each step in front of its line. */
static void scored_text(struct buf *out, const struct shown_sample *sample)
{
    int64_t step = 0;
    for (size_t at = 0; at < sample->len;) {
        const char *end = memchr(sample->text + at, '\n', sample->len - at);
        size_t len = end ? (size_t)(end - sample->text) - at : sample->len - at;
        if (!is_blank(sample->text + at, len))
            buf_printf(out, "<s>%.2f</s>", sample->scores[step++]);
        html_text(out, sample->text + at, len, true);
        at += len + 1;
        buf_puts(out, end ? "\n" : "");
    }
}

static void score_list(struct buf *out, const struct shown_sample *sample)
{
    buf_puts(out, "<footer>Step scores:");
    for (int64_t i = 0; i < sample->score_count; i++)
        buf_printf(out, " %.2f", sample->scores[i]);
    buf_puts(out, "</footer>\n");
}

static void sample_header(struct buf *out, const struct shown_sample *sample, int64_t number, int64_t n)
{
    const char *class = sample->correct ? "yes" : sample->answer ? "no" : "none";
    buf_puts(out, "<header>");
    if (n > 1)
        buf_printf(out, "%lld ", (long long)number);
    buf_printf(out, "<b class=\"%s\">%s ", class, sample->correct ? "✓" : "✗");
    if (sample->answer)
        html_opening(out, sample->answer, 80);
    else
        buf_puts(out, "no answer");
    buf_puts(out, "</b> · ");
    html_count(out, sample->tokens);
    buf_puts(out, " tokens");
    if (isfinite(sample->logprob))
        buf_printf(out, " · <span class=\"nw\">log-probability %s%.3f</span>", sample->logprob < 0 ? "−" : "",
                   fabs(sample->logprob));
    if (strcmp(sample->finish, "end") != 0) {
        buf_puts(out, " · ended by ");
        html_string(out, sample->finish);
    }
    buf_puts(out, "</header>\n");
}

/* The first sample with the same text, which may be this one. */
static int64_t first_like(const struct shown *shown, int64_t i)
{
    const struct shown_sample *sample = &shown->samples[i];
    int64_t j = 0;
    for (; j < i; j++) {
        const struct shown_sample *other = &shown->samples[j];
        bool whole = sample->text && other->text && !sample->cut && !other->cut && !sample->scores;
        if (whole && sample->len == other->len && memcmp(sample->text, other->text, sample->len) == 0)
            break;
    }
    return j;
}

static void sample_article(struct buf *out, const struct shown *shown, int64_t i)
{
    const struct shown_sample *sample = &shown->samples[i];
    int64_t like = first_like(shown, i);
    bool in_lines =
        sample->text && sample->scores && !sample->cut && step_count(sample) == sample->score_count;
    buf_puts(out, "<article>");
    sample_header(out, sample, i + 1, shown->n);
    if (like < i) {
        buf_printf(out, "<footer>The same text as sample %lld.</footer></article>\n", (long long)like + 1);
        return;
    }
    buf_puts(out, "<pre>");
    if (in_lines)
        scored_text(out, sample);
    else if (sample->text)
        html_text(out, sample->text, sample->len, true);
    buf_puts(out, "</pre>\n");
    if (sample->cut)
        buf_printf(out, "<footer>Cut after %d bytes.</footer>\n", SHOWN_TEXT_BYTES_MAX);
    if (sample->scores && !in_lines)
        score_list(out, sample);
    buf_puts(out, "</article>\n");
}

/* ---- a run's answer ---- */

static void votes(struct buf *out, const struct shown *shown)
{
    buf_puts(out, "<ul class=\"votes\" aria-label=\"Votes\">\n");
    int64_t others = 0;
    for (int64_t v = 0; v < shown->vote_count; v++) {
        const struct shown_vote *vote = &shown->votes[v];
        if (v >= VOTES_MAX) {
            others += vote->count;
            continue;
        }
        buf_printf(out, "<li class=\"%s\">%s<span>", vote->correct ? "yes" : "no", vote->correct ? "✓" : "✗");
        html_opening(out, vote->answer, 60);
        buf_printf(out, "</span><u style=\"width:%.1f%%\"></u><em>%lld</em></li>\n",
                   100.0 * (double)vote->count / (double)shown->n, (long long)vote->count);
    }
    if (others > 0)
        buf_printf(out,
                   "<li class=\"none\">✗<span>other answers</span><u "
                   "style=\"width:%.1f%%\"></u><em>%lld</em></li>\n",
                   100.0 * (double)others / (double)shown->n, (long long)others);
    if (shown->without_answer > 0)
        buf_printf(
            out,
            "<li class=\"none\">✗<span>no answer</span><u style=\"width:%.1f%%\"></u><em>%lld</em></li>\n",
            100.0 * (double)shown->without_answer / (double)shown->n, (long long)shown->without_answer);
    buf_puts(out, "</ul>\n");
}

static void outcome(struct buf *out, const struct shown *shown)
{
    bool right = shown->vote_count > 0 && shown->votes[0].correct;
    buf_printf(out, "<p><b class=\"%s\">%s</b>", right ? "yes" : "no", right ? "✓ right" : "✗ wrong");
    if (shown->n > 1) {
        buf_puts(out, ": the majority says ");
        if (shown->vote_count > 0)
            html_opening(out, shown->votes[0].answer, 80);
        else
            buf_puts(out, "nothing");
        buf_printf(out, "; %lld of %lld samples are right", (long long)shown->correct, (long long)shown->n);
    }
    buf_puts(out, ". <i>");
    html_amount(out, (double)shown->cost.generations);
    buf_printf(out, " generation%s, ", shown->cost.generations == 1 ? "" : "s");
    html_count(out, shown->cost.generated_tokens);
    buf_puts(out, " generated tokens, ");
    html_scaled(out, shown->cost.flops);
    buf_puts(out, "FLOP</i></p>\n");
}

static void left_out(struct buf *out, const struct figures_run *run, const struct shown *shown)
{
    if (shown->sample_count < shown->n)
        buf_printf(out, "<p class=\"note\">The first %lld of %lld samples are shown.</p>\n",
                   (long long)shown->sample_count, (long long)shown->n);
    if (run->eval->seeds > 1)
        buf_printf(out, "<p class=\"note\">Seed %lld; the run's other seeds are not shown.</p>\n",
                   (long long)shown->seed);
}

static int run_part(struct buf *out, const struct page *page, int r, int64_t at, struct ponder_err *err)
{
    const struct figures_run *run = &page->figures->runs[r];
    struct shown shown = {0};
    int status = page->shown(page->data, run, at, &shown, err);
    if (!status) {
        buf_puts(out, "<h3>");
        page_run_name(out, page, r);
        buf_puts(out, ", ");
        html_string(out, run->label);
        buf_puts(out, "</h3>\n");
        outcome(out, &shown);
        if (shown.n > 1)
            votes(out, &shown);
        buf_puts(out, "<div class=\"samples\">\n");
        for (int64_t i = 0; i < shown.sample_count; i++)
            sample_article(out, &shown, i);
        buf_puts(out, "</div>\n");
        left_out(out, run, &shown);
    }
    shown_release(&shown);
    return status;
}

/* ---- the page of a question ---- */

static void navigation(struct buf *out, int64_t q, int64_t count)
{
    long long number = q + 1;
    buf_printf(out,
               "<nav aria-label=\"Questions\"><a href=\"#i%lld\">All questions</a><a href=\"#top\">Top of "
               "the report</a>",
               number);
    buf_puts(out, "<span class=\"end\">");
    if (q > 0)
        buf_printf(out, "<a href=\"#q%lld\" rel=\"prev\">← %lld</a> ", number - 1, number - 1);
    if (q + 1 < count)
        buf_printf(out, "<a href=\"#q%lld\" rel=\"next\">%lld →</a>", number + 1, number + 1);
    buf_puts(out, "</span></nav>\n");
}

static void heading(struct buf *out, const struct question *question, int64_t q)
{
    long long number = q + 1;
    buf_printf(out, "<h2 id=\"h%lld\">Question %lld</h2>\n<p class=\"sub\">", number, number);
    if (strcmp(question->level, "none") != 0) {
        buf_puts(out, "level ");
        html_string(out, question->level);
        buf_puts(out, " · ");
    }
    if (strcmp(question->subject, "none") != 0) {
        html_string(out, question->subject);
        buf_puts(out, " · ");
    }
    html_string(out, question->id);
    buf_puts(out, "</p>\n<p class=\"problem\">");
    html_text(out, question->problem, strlen(question->problem), true);
    buf_puts(out, "</p>\n<p>Right answer: <b>");
    html_string(out, question->answer);
    buf_puts(out, "</b></p>\n");
}

static int question_page(struct buf *out, const struct page *page, int64_t q, struct ponder_err *err)
{
    const struct figures *figures = page->figures;
    const struct figures_question *question = &figures->questions[q];
    long long number = q + 1;
    int status = PONDER_OK;
    buf_printf(out, "<section class=\"q\" id=\"q%lld\" aria-labelledby=\"h%lld\">\n", number, number);
    navigation(out, q, page_shown_count(page));
    heading(out, question->text, q);
    for (int r = 0; r < figures->run_count && !status; r++)
        if (question->at[r] >= 0)
            status = run_part(out, page, r, question->at[r], err);
    buf_puts(out, "</section>\n");
    return status;
}

int page_questions(struct buf *out, const struct page *page, struct ponder_err *err)
{
    int64_t count = page_shown_count(page);
    int status = PONDER_OK;
    for (int64_t q = 0; q < count && !status && buf_ok(out); q++)
        status = question_page(out, page, q, err);
    return status;
}
