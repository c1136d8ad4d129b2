/* The report: figures of a store, their tables, and the page, whatever the texts are. No test starts gnuplot.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/utf8.h"
#include "plot/gnuplot.h"
#include "plot/html.h"
#include "report/page.h"
#include "eval/report.h"

/* ---- a store of two runs: best of 4 on six questions, a search on the first three of them ---- */

#define HOSTILE "<script>alert(1)</script>\"'&\x1b[31m\xff\xe2\x80\xae"
enum { ASKED = 6, SEARCHED = 3, N = 4 };

static char folder[] = "/tmp/ponder_report_XXXXXX";
static char path[64];
static struct store *store;
static struct figures figures;

static struct question items[ASKED] = {
    {"What is 1?", "1", "1", "a", "id0"},
    {"What is <b>2</b>?", "2", "1", "a", "id1"},
    {HOSTILE, "3", "2", "b\"; system \"touch x\"; \"", "id2"},
    {"What is 4?", "4", "2", "c, \"d\"", "<img src=x onerror=alert(1)>"},
    {"What is 5?", "5", "3", "a", "id4"},
    {"What is 6?", "6", "3", "a", "id5"},
};

static void put(int64_t run, int64_t question, const char *const *texts, int64_t n, int64_t generations)
{
    struct store_sample samples[N] = {0};
    static const double scores[] = {0.25, 0.75};
    for (int64_t i = 0; i < n; i++)
        samples[i] = (struct store_sample){.text = texts[i],
                                           .len = strlen(texts[i]),
                                           .token_count = 10,
                                           .logprob = i ? NAN : -0.5,
                                           .finish = "end",
                                           .scores = i == 1 ? scores : NULL,
                                           .score_count = i == 1 ? 2 : 0};
    struct store_cell cell = {1, question, {generations, 20, 40, 0, 0, 0, 600, 3}, samples, n, NULL};
    struct ponder_err err = {0};
    if (store_cell_put(store, run, &cell, &err))
        fail_msg("%s", err.message);
}

static int64_t begin(const struct questions *set, enum ponder_run_kind kind, const char *settings)
{
    struct store_run_key key = {.data = "set<.jsonl",
                                .questions = set,
                                .model = "m.gguf",
                                .kind = kind,
                                .settings = settings,
                                .fingerprint = "{\"cpu\":\"<i>\",\"version\":\"1\"}"};
    struct ponder_err err = {0};
    int64_t run;
    if (store_run_begin(store, &key, &run, &err))
        fail_msg("%s", err.message);
    return run;
}

/* Of the four samples of question q, q are wrong in some way and the others right. */
static void fill(void)
{
    const struct questions all = {.items = items, .count = ASKED, .cap = ASKED};
    const struct questions some = {.items = items, .count = SEARCHED, .cap = SEARCHED};
    int64_t sampled = begin(&all, PONDER_RUN_SAMPLES, "{\"n\":4,\"search\":\"best_of_n\"}");
    int64_t searched = begin(&some, PONDER_RUN_SEARCH, "{\"n\":2,\"search\":\"beam\"}");
    for (int64_t q = 0; q < ASKED; q++) {
        char right[64];
        snprintf(right, sizeof right, "Step one.\nThe answer is \\boxed{%s}.", items[q].answer);
        const char *texts[N] = {right, right, right, right};
        static const char *const wrong[] = {"\\boxed{" HOSTILE "}", "a\nThe answer is \\boxed{0}.", "nothing",
                                            "\\boxed{0}"};
        for (int64_t i = 0; i < q && i < N; i++)
            texts[i] = wrong[i];
        put(sampled, q, texts, N, 4);
        if (q < SEARCHED)
            put(searched, q, texts + N - 1, 1, 2);
    }
}

static int make(void **state)
{
    (void)state;
    struct ponder_err err = {0};
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/runs.db", folder);
    if (store_open(&store, path, STORE_WRITE, &err))
        fail_msg("%s", err.message);
    fill();
    if (figures_open(&figures, store, path, NULL, 0, &err))
        fail_msg("%s", err.message);
    return 0;
}

static int unmake(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-workers"};
    (void)state;
    figures_release(&figures);
    store_release(store);
    for (int i = 0; i < 4; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
    return rmdir(folder);
}

/* ---- text ---- */

static void text_of_a_model_stays_text(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(1 << 12);
    html_text(&out, HOSTILE "\n", strlen(HOSTILE) + 1, true);
    assert_string_equal(buf_text(&out),
                        "&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#38;\\x1b[31m\\xff\\u202e\n");
    buf_clear(&out);
    html_text(&out, "a\0b\n", 4, false);
    assert_string_equal(buf_text(&out), "a\\x00b\\x0a");
    buf_clear(&out);
    html_opening(&out, "né\nx", 2); /* not in the middle of a character, nor past the line */
    assert_string_equal(buf_text(&out), "n…");
    buf_release(&out);
}

static void numbers_are_written_for_readers(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(1 << 12);
    html_count(&out, 1234567);
    buf_putc(&out, ' ');
    html_amount(&out, 0.0784);
    buf_putc(&out, ' ');
    html_scaled(&out, 5.934e9);
    buf_putc(&out, ' ');
    html_points(&out, -0.0312);
    buf_putc(&out, ' ');
    html_interval(&out, &(struct ponder_interval){NAN, NAN, NAN});
    assert_string_equal(buf_text(&out), "1,234,567 0.078 5.93 G −3.1 –");
    buf_release(&out);
}

/* ---- figures ---- */

static void the_same_question_of_two_sets_is_one(void **state)
{
    (void)state;
    assert_int_equal(figures.run_count, 2);
    assert_int_equal(figures.question_count, ASKED);
    for (int64_t q = 0; q < ASKED; q++) {
        assert_string_equal(figures.questions[q].text->problem, items[q].problem);
        assert_int_equal(figures.questions[q].at[0], q);
        assert_int_equal(figures.questions[q].at[1], q < SEARCHED ? q : -1);
    }
    assert_int_equal(figures.pair_count, 1);
    assert_int_equal(figures.pairs[0].diff.questions, SEARCHED);
}

static void k_of_n_samples_cost_the_prompt_and_their_share(void **state)
{
    (void)state;
    struct figures_cost one = figures_cost_at(&figures.runs[0], 0, 1),
                        all = figures_cost_at(&figures.runs[0], 0, N);
    assert_true(all.generations == 4 && all.tokens == 60 && all.flops == 600 && all.seconds == 3);
    assert_true(one.generations == 1 && one.tokens == 30 && one.generated_tokens == 10);
    assert_true(fabs(one.flops - 300) < 1e-9 && fabs(one.seconds - 1.5) < 1e-9);
}

static void the_run_with_most_samples_cuts_the_quintiles_of_all_on_its_questions(void **state)
{
    (void)state;
    assert_int_equal(figures.runs[0].quintiles_of, 0);
    assert_int_equal(figures.runs[1].quintiles_of, 0);
    const struct ponder_eval *eval = figures.runs[0].eval;
    assert_string_equal(eval->groups[eval->group_count - 1].by, "quintile");
}

static void chosen_runs_come_in_their_order_and_once(void **state)
{
    (void)state;
    struct figures chosen;
    struct ponder_err err = {0};
    const int64_t order[] = {2, 1}, twice[] = {1, 1}, absent[] = {7};
    assert_int_equal(figures_open(&chosen, store, path, order, 2, &err), PONDER_OK);
    assert_int_equal(chosen.runs[0].record.id, 2);
    assert_int_equal(chosen.question_count, ASKED);
    figures_release(&chosen);
    assert_int_equal(figures_open(&chosen, store, path, twice, 2, &err), PONDER_E_ARGUMENT);
    figures_release(&chosen);
    assert_int_equal(figures_open(&chosen, store, path, absent, 1, &err), PONDER_E_NOT_FOUND);
    figures_release(&chosen);
}

/* ---- tables ---- */

static void the_csv_has_a_row_for_each_figure(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(1 << 20);
    assert_int_equal(figures_csv(&out, &figures, NULL), PONDER_OK);
    const char *csv = buf_text(&out);
    assert_non_null(strstr(csv, "\n1,,best of 4,all,all,pass_1,1,0.4166666667,"));
    assert_non_null(strstr(csv, "\n1,,best of 4,subject,\"c, \"\"d\"\"\",maj,4,"));
    assert_non_null(strstr(csv, "\n2,,beam of 2,all,all,accuracy,1,1,1,1,3,2,40,60,600,3,measured\n"));
    assert_non_null(strstr(csv, "\n2,1,beam of 2,all,all,accuracy_difference,,"));
    assert_null(strstr(csv, "pass_1_difference")); /* a search has none */
    int commas = 0, quoted = 0;
    for (const char *at = strchr(csv, '\n') + 1; *at; at++) {
        quoted ^= *at == '"';
        commas += *at == ',' && !quoted;
        if (*at == '\n' && !quoted) {
            assert_int_equal(commas, 16);
            commas = 0;
        }
    }
    buf_release(&out);
}

static void the_json_has_the_rows_of_the_csv(void **state)
{
    (void)state;
    struct buf csv = BUF_INIT(1 << 20), json = BUF_INIT(1 << 20);
    assert_int_equal(figures_csv(&csv, &figures, NULL), PONDER_OK);
    assert_int_equal(figures_json(&json, &figures, NULL), PONDER_OK);
    size_t rows = 0;
    for (const char *at = buf_text(&csv); *at; at++)
        rows += *at == '\n';
    json_t *root = json_loads(buf_text(&json), 0, NULL);
    assert_non_null(root);
    assert_int_equal(json_array_size(json_object_get(root, "figures")) +
                         json_array_size(json_object_get(root, "differences")),
                     rows - 1);
    json_t *run = json_array_get(json_object_get(root, "runs"), 1);
    assert_string_equal(json_string_value(json_object_get(run, "label")), "beam of 2");
    json_decref(root);
    buf_release(&csv);
    buf_release(&json);
}

/* ---- the page ---- */

static int64_t samples_max = 16;

static int show(void *data, const struct figures_run *run, int64_t question, struct shown *out,
                struct ponder_err *err)
{
    (void)data;
    return shown_read(out, store, run, question, samples_max, err);
}

static char *page_of(const struct page *like, size_t bytes_max, int status)
{
    struct page page = *like;
    struct buf out = BUF_INIT(bytes_max);
    struct ponder_err err = {0};
    page.figures = &figures;
    page.shown = show;
    assert_int_equal(page_write(&out, &page, &err), status);
    char *text = status ? NULL : buf_take(&out, NULL);
    buf_release(&out);
    return text;
}

static void has(const char *page, const char *text)
{
    if (!strstr(page, text))
        fail_msg("'%s' is not there", text);
}

static void has_not(const char *page, const char *text)
{
    const char *found = strstr(page, text);
    if (found)
        fail_msg("'%s' is there: %.60s", text, found);
}

static void nothing_hostile_gets_into_the_page(void **state)
{
    (void)state;
    char *page = page_of(&(struct page){.title = HOSTILE, .questions_max = 10}, 1 << 24, PONDER_OK);
    assert_int_equal(utf8_check(page, strlen(page), "the page", NULL), PONDER_OK);
    has_not(page, "<script");
    has_not(page, "<img");
    has_not(page, "<b>2</b>?");
    has_not(page, "<i>,");
    has_not(page, "\xe2\x80\xae");
    has_not(page, "http:");
    has_not(page, "https:");
    has(page, "default-src 'none'");
    has(page, "&#60;script&#62;alert(1)");
    free(page);
}

static void the_page_has_the_figures_and_every_question(void **state)
{
    (void)state;
    char *page = page_of(&(struct page){.questions_max = 10}, 1 << 24, PONDER_OK);
    has(page, "<title>m.gguf on set&#60;.jsonl</title>");
    has(page, "best of 4: the majority of 4 samples is right for <b>50.0%</b>");
    has(page, "a single sample for <b>41.7%</b>");
    has(page, "the solution that the search kept is right for <b>100.0%</b>");
    has(page, "On the 3 questions that both have, run 2 is <b>");
    has(page, "id=\"q1\"");
    has(page, "id=\"q6\"");
    has_not(page, "id=\"q7\"");
    has(page, "log-probability −0.500");
    has(page, "The same text as sample 1.");
    has(page, "<s>0.25</s>a\n<s>0.75</s>The answer"); /* scores of steps stand at their lines */
    has(page, "<span>no answer</span>");
    char *again = page_of(&(struct page){.questions_max = 10}, 1 << 24, PONDER_OK);
    assert_string_equal(page, again);
    free(page);
    free(again);
}

static void what_is_left_out_is_said(void **state)
{
    (void)state;
    samples_max = 1;
    char *page = page_of(&(struct page){.questions_max = 2}, 1 << 24, PONDER_OK);
    samples_max = 16;
    has(page, "here are the first 2 of 6");
    has(page, "The first 1 of 4 samples are shown.");
    has_not(page, "id=\"q3\"");
    free(page);
}

static void a_page_that_finds_no_room_is_an_error(void **state)
{
    (void)state;
    page_of(&(struct page){.questions_max = 10}, 1 << 14, PONDER_E_LIMIT);
}

/* ---- plots ---- */

static void names_from_files_are_no_part_of_gnuplots_commands(void **state)
{
    (void)state;
    for (int plot = 0; plot < PLOT_COUNT; plot++) {
        const char *names[PLOTS_NAMES_MAX];
        struct buf commands = BUF_INIT(1 << 20);
        int count = plots_commands(&commands, &figures, (enum plot)plot, names);
        assert_true(commands.len > 0);
        assert_int_equal(count, plot == PLOT_SUBJECT    ? 3
                                : plot == PLOT_LEVEL    ? 3
                                : plot == PLOT_QUINTILE ? 5
                                                        : 0);
        has_not(buf_text(&commands), "system");
        has_not(buf_text(&commands), "script");
        buf_release(&commands);
    }
}

static void a_drawing_takes_the_pages_colours_and_names(void **state)
{
    (void)state;
    static const char svg[] =
        "<?xml version=\"1.0\"?>\n<svg \n viewBox=\"0 0 48 32\"\n "
        "xmlns=\"x\">\n<title>t</title>\n<desc>d</desc>\n"
        "<g id=\"gnuplot_canvas\">\n<defs><circle id='gpDot'/></defs>\n<g fill=\"none\">\n</g>\n"
        "<path stroke='rgb(  1,   1,   1)'/><path stroke='rgb(  1,   1,  11)'/><path stroke='rgb(9,9,9)'/>"
        "<text font-family=\"sans\" x=\"1\">@1@ @7@ a@b</text><use xlink:href='#gpPt6' "
        "transform='t'/></g></svg>";
    const char *const names[] = {"x", "<y>"};
    struct buf in = BUF_INIT(1 << 12), out = BUF_INIT(1 << 12);
    buf_puts(&in, svg);
    assert_int_equal(gnuplot_inline_svg(&out, &in, "a \"b\"", names, 2, NULL), PONDER_OK);
    assert_string_equal(buf_text(&out),
                        "<svg viewBox=\"0 0 48 32\" role=\"img\" aria-label=\"a &#34;b&#34;\">\n\n<g>\n\n"
                        "<path stroke='var(--fg)'/><path stroke='var(--c1)'/><path stroke='rgb(9,9,9)'/>"
                        "<text x=\"1\">&#60;y&#62; @7@ a@b</text>"
                        "<circle r='1' fill='currentColor' stroke='none' transform='t'/></g></svg>\n");
    buf_clear(&in);
    buf_puts(&in, "no drawing");
    assert_int_equal(gnuplot_inline_svg(&out, &in, "a", names, 2, NULL), PONDER_E_ENGINE);
    buf_release(&in);
    buf_release(&out);
}

static void all_of_many_subjects_are_groups_and_a_plot_of_some_says_so(void **state)
{
    (void)state;
    enum { COUNT = 2 * (PLOTS_NAMES_MAX + 6) };
    static struct question many[COUNT];
    static char subjects[COUNT][32];
    static struct grade grades[COUNT];
    int64_t kept[COUNT];
    for (int i = 0; i < COUNT; i++) {
        snprintf(subjects[i], sizeof subjects[i], "subject %d", i / 2 + 100);
        many[COUNT - 1 - i] = (struct question){"p", "1", "1", subjects[i], "id"};
        grades[i] = (struct grade){.n = 1, .pass_1 = i % 2};
        kept[i] = i;
    }
    const struct questions set = {.items = many, .count = COUNT, .cap = COUNT};
    struct ponder_eval eval = {.k_count = 1, .n = 1, .ks = {1}};
    assert_int_equal(report_groups(&eval, &set, grades, kept, COUNT, NULL), PONDER_OK);
    assert_int_equal(eval.group_count, 1 + COUNT / 2 + 5);
    assert_string_equal(eval.groups[1].name, "subject 100");
    assert_string_equal(eval.groups[COUNT / 2].name, "subject 169");
    assert_int_equal(eval.groups[COUNT / 2].questions, 2);
    assert_true(eval.groups[COUNT / 2].pass_1.value == 0.5);
    assert_string_equal(eval.groups[COUNT / 2 + 5].by, "quintile");

    struct figures_run run = {.eval = &eval};
    const struct figures one = {.runs = &run, .run_count = 1};
    const char *names[PLOTS_NAMES_MAX];
    struct buf commands = BUF_INIT(1 << 20);
    assert_int_equal(plots_commands(&commands, &one, PLOT_SUBJECT, names), PLOTS_NAMES_MAX);
    assert_string_equal(names[0], "subject 100");
    has(buf_text(&commands), "the first 64 of 70, the table has all");
    buf_release(&commands);
    for (int64_t g = 0; g < eval.group_count; g++)
        free(eval.groups[g].name);
    free(eval.groups);
}

/* A search of whole solutions has one solution a question, and labelled ones are no search. */
static void each_kind_of_run_is_called_what_it_is(void **state)
{
    (void)state;
    static const struct {
        enum ponder_run_kind kind;
        const char *settings, *label;
        bool search;
    } runs[] = {
        {PONDER_RUN_SEARCH, "{\"n\":4,\"search\":\"best_of_n\",\"select\":\"best\",\"verifier\":\"prm\"}",
         "best of 4 by prm", true},
        {PONDER_RUN_SEARCH, "{\"n\":8,\"search\":\"dvts\",\"select\":\"best\",\"verifier\":\"prm\"}",
         "dvts of 8", true},
        {PONDER_RUN_JUDGED, "{\"n\":2,\"search\":\"best_of_n\",\"verifier\":\"orm\"}",
         "best of 2 (judged by orm)", false},
        {PONDER_RUN_ROLLOUTS, "{\"n\":2,\"rollouts\":4,\"search\":\"rollouts\"}", "best of 2 (labelled)",
         false},
        {PONDER_RUN_SAMPLES, "{\"n\":2}", "best of 2", false},
    };
    static const char *const texts[] = {"\\boxed{1}", "\\boxed{0}"};
    const struct questions all = {.items = items, .count = ASKED, .cap = ASKED};
    for (int i = 0; i < 5; i++) {
        int64_t run = begin(&all, runs[i].kind, runs[i].settings);
        struct figures one;
        struct ponder_err err = {0};
        put(run, 0, texts, runs[i].search ? 1 : 2, 4);
        if (figures_open(&one, store, path, &run, 1, &err))
            fail_msg("%s", err.message);
        assert_string_equal(one.runs[0].label, runs[i].label);
        assert_int_equal(one.runs[0].search, runs[i].search);
        struct buf out = BUF_INIT(1 << 20);
        assert_int_equal(figures_json(&out, &one, &err), PONDER_OK);
        json_t *root = json_loads(buf_text(&out), 0, NULL);
        assert_string_equal(
            json_string_value(json_object_get(json_array_get(json_object_get(root, "runs"), 0), "kind")),
            ponder_run_kind_name(runs[i].kind));
        json_decref(root);
        buf_release(&out);
        figures_release(&one);
        assert_int_equal(store_run_delete(store, run, &err), PONDER_OK);
    }
}

/* Its list's number is no answer, neither in the figures nor on the question's page. */
static void a_text_that_was_cut_has_the_same_answer_on_its_page_as_in_the_figures(void **state)
{
    (void)state;
    const struct questions all = {.items = items, .count = ASKED, .cap = ASKED};
    int64_t run = begin(&all, PONDER_RUN_SAMPLES, "{\"extract\":\"any\",\"n\":1}");
    const struct store_sample sample = {
        .text = "2. Then 3.", .len = 10, .token_count = 9, .logprob = NAN, .finish = "length"};
    const struct store_cell cell = {.seed = 1, .question = 2, .samples = &sample, .n = 1};
    struct figures one;
    struct shown shown;
    struct ponder_err err = {0};
    assert_int_equal(store_cell_put(store, run, &cell, &err), PONDER_OK);
    if (figures_open(&one, store, path, &run, 1, &err))
        fail_msg("%s", err.message);
    assert_true(one.runs[0].eval->without_answer == 1);
    assert_int_equal(shown_read(&shown, store, &one.runs[0], 2, 1, &err), PONDER_OK);
    assert_int_equal(shown.without_answer, 1);
    assert_null(shown.samples[0].answer);
    shown_release(&shown);
    figures_release(&one);
    assert_int_equal(store_run_delete(store, run, &err), PONDER_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_a_model_stays_text),
        cmocka_unit_test(numbers_are_written_for_readers),
        cmocka_unit_test(the_same_question_of_two_sets_is_one),
        cmocka_unit_test(k_of_n_samples_cost_the_prompt_and_their_share),
        cmocka_unit_test(the_run_with_most_samples_cuts_the_quintiles_of_all_on_its_questions),
        cmocka_unit_test(chosen_runs_come_in_their_order_and_once),
        cmocka_unit_test(the_csv_has_a_row_for_each_figure),
        cmocka_unit_test(the_json_has_the_rows_of_the_csv),
        cmocka_unit_test(nothing_hostile_gets_into_the_page),
        cmocka_unit_test(the_page_has_the_figures_and_every_question),
        cmocka_unit_test(what_is_left_out_is_said),
        cmocka_unit_test(a_page_that_finds_no_room_is_an_error),
        cmocka_unit_test(names_from_files_are_no_part_of_gnuplots_commands),
        cmocka_unit_test(all_of_many_subjects_are_groups_and_a_plot_of_some_says_so),
        cmocka_unit_test(each_kind_of_run_is_called_what_it_is),
        cmocka_unit_test(a_text_that_was_cut_has_the_same_answer_on_its_page_as_in_the_figures),
        cmocka_unit_test(a_drawing_takes_the_pages_colours_and_names),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
