/* The evaluation of question sets, over a scripted engine. */
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

#include "core/buf.h"
#include "engine/scripted.h"
#include "eval/eval.h"
#include "eval/grade.h"
#include "task/questions.h"
#include "eval/search_eval.h"
#include "ponder/runs.h"
#include "ponder/task.h"
#include "sampling_fixture.h"

/* One that stays; `text` is a constant string. */
static const struct prompt_template *template_of(const char *text)
{
    static struct prompt_template templates[8];
    for (int i = 0; i < 8; i++) {
        if (!templates[i].text)
            templates[i] = prompt_template_of(text);
        if (strcmp(templates[i].text, text) == 0)
            return &templates[i];
    }
    fail();
    return NULL;
}

static char path[] = "/tmp/ponder_questions_XXXXXX";
static char store[] = "/tmp/ponder_runs_XXXXXX";

static void write_set(const char *text)
{
    assert_int_equal(file_write_atomic(path, text, strlen(text), NULL), PONDER_OK);
}

static int make_path(void **state)
{
    (void)state;
    int fd = mkstemp(path), other = mkstemp(store);
    return fd < 0 || other < 0 ? -1 : close(fd) | close(other);
}

/* An empty file is a store without runs. */
static int empty_store(void **state)
{
    static const char *const ends[] = {"-wal", "-shm", "-workers"};
    (void)state;
    for (int i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", store, ends[i]);
        unlink(name);
    }
    return truncate(store, 0);
}

static int remove_path(void **state)
{
    return empty_store(state) | unlink(path) | unlink(store);
}

static double still_now_s(void *data)
{
    double *now = data;
    return *now += 0.001;
}

static void close_to(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-9))
        fail_msg("%.9f, expected %.9f", value, expected);
}

static int append_line(void *data, const char *line, size_t len, struct ponder_err *err)
{
    (void)err;
    return buf_append(data, line, len);
}

/* What `runs export` prints, freed by the caller. */
static char *export_run(int64_t run)
{
    struct buf text = BUF_INIT(1 << 20);
    struct ponder_err err = {0};
    if (ponder_runs_export(store, run, PONDER_EXPORT_SAMPLES, append_line, &text, &err))
        fail_msg("%s", err.message);
    return buf_take(&text, NULL);
}

/* Two questions, four samples each: 3 of 4 right in "1 1 1 2", 1 of 4 in "5 9 9 5" minus one. */
static void figures_are_those_counted_by_hand(void **state)
{
    (void)state;
    write_set("{\"problem\": \"easy\", \"answer\": \"1\", \"level\": 1}\n"
              "{\"problem\": \"hard\", \"answer\": \"5\", \"level\": 2}\n");
    const struct scripted_reply replies[] = {
        {.when = "easy", .times = 1, .text = "\\boxed{2}"},
        {.when = "easy", .text = "\\boxed{1}"},
        {.when = "hard", .times = 1, .text = "\\boxed{5}"},
        {.when = "hard", .times = 1, .text = "nothing"},
        {.when = "hard", .text = "\\boxed{9}"},
    };
    double now = 0;
    struct clock clock = {still_now_s, &now};
    struct scripted_options options = {.replies = replies, .reply_count = 5, .clock = &clock};
    struct engine *engine;
    assert_int_equal(scripted_open(&engine, &options, NULL), PONDER_OK);
    struct ponder_sampling sampling = plain_sampling();
    sampling.n = 4;
    struct ponder_eval *eval;
    struct ponder_eval_settings settings = {.data = path, .seeds = 1, .store = store};
    struct eval_job job = {.template = template_of("{question}\n"),
                           .model = "m.gguf",
                           .precision = "f32",
                           .settings = &settings,
                           .sampling = &sampling};
    assert_int_equal(eval_run(engine, &job, &clock, NULL, &eval, NULL), PONDER_OK);
    assert_int_equal(eval->questions, 2);
    assert_int_equal(eval->k_count, 2);
    assert_int_equal(eval->ks[1], 4);
    const struct ponder_eval_group *all = &eval->groups[0];
    close_to(all->pass_1.value, (0.75 + 0.25) / 2);
    close_to(all->maj[0].value, 0.5);
    close_to(all->maj[1].value, 0.5); /* 1 wins, 9 wins */
    close_to(all->pass[1].value, 1);
    close_to(all->gain.value, 0);
    close_to(eval->without_answer, 1.0 / 8);
    assert_int_equal(eval->group_count, 3);
    assert_string_equal(eval->groups[2].by, "level");
    assert_string_equal(eval->groups[2].name, "2");
    close_to(eval->groups[2].pass_1.value, 0.25);
    ponder_eval_release(eval);

    char *text = export_run(1);
    json_t *line = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(line);
    json_t *first = json_array_get(json_object_get(line, "samples"), 0);
    assert_true(json_is_false(json_object_get(first, "correct")));
    assert_string_equal(json_string_value(json_object_get(first, "answer")), "2");
    json_decref(line);
    free(text);
    engine_release(engine);
}

/* ---- a run that is kept ---- */

enum { ASKED = 6 };

/* Six questions, two samples each; the answers to the odd ones are right. */
struct resuming {
    struct scripted_reply replies[ASKED];
    char problems[ASKED][16], texts[ASKED][32];
    double now;
    struct clock clock;
    struct ponder_sampling sampling;
    struct ponder_eval_settings settings;
    struct eval_job job;
};

static void resuming_init(struct resuming *r)
{
    char set[1024] = "";
    *r = (struct resuming){.clock = {still_now_s, &r->now}};
    for (int i = 0; i < ASKED; i++) {
        snprintf(r->problems[i], sizeof r->problems[i], "ask%d", i);
        snprintf(r->texts[i], sizeof r->texts[i], "\\boxed{%d}", i % 2);
        r->replies[i] = (struct scripted_reply){.when = r->problems[i], .text = r->texts[i]};
        snprintf(set + strlen(set), sizeof set - strlen(set), "{\"problem\": \"ask%d\", \"answer\": \"1\"}\n",
                 i);
    }
    write_set(set);
    r->sampling = plain_sampling();
    r->sampling.n = 2;
    r->settings = (struct ponder_eval_settings){.data = path, .seeds = 1, .store = store};
    r->job = (struct eval_job){.template = template_of("{question}\n"),
                               .model = "m.gguf",
                               .precision = "f32",
                               .settings = &r->settings,
                               .sampling = &r->sampling};
}

static struct ponder_eval *resuming_run(struct resuming *r, const struct ponder_watch *watch)
{
    struct engine *engine;
    struct ponder_eval *eval;
    struct ponder_err err = {0};
    struct scripted_options options = {
        .replies = r->replies, .reply_count = ASKED, .clock = &r->clock, .flops_per_token = 2};
    assert_int_equal(scripted_open(&engine, &options, NULL), PONDER_OK);
    if (eval_run(engine, &r->job, &r->clock, watch, &eval, &err))
        fail_msg("%s", err.message);
    engine_release(engine);
    return eval;
}

/* An export without the seconds, the one thing that two runs of the same work may differ in. */
static char *export_without_seconds(int64_t run)
{
    char *text = export_run(run), *to = text;
    for (const char *from = text; *from;) {
        if (strncmp(from, "\"seconds\":", 10) == 0)
            from += 10 + strspn(from + 10, "0123456789.e-+");
        else
            *to++ = *from++;
    }
    *to = '\0';
    return text;
}

struct seen {
    int64_t before, done, total, stop_at;
    double accuracy;
};

static bool stop_there(const struct ponder_progress *progress, void *data)
{
    struct seen *seen = data;
    seen->before = progress->before;
    seen->done = progress->done;
    seen->total = progress->total;
    seen->accuracy = progress->accuracy;
    return progress->done < seen->stop_at;
}

static void an_interrupted_run_goes_on_to_the_export_of_an_unbroken_one(void **state)
{
    struct resuming r;
    resuming_init(&r);
    r.replies[0].delay_s = 0.5; /* done last, and first in the export all the same */
    struct ponder_eval *unbroken = resuming_run(&r, NULL);
    char *whole = export_without_seconds(1);
    empty_store(state);

    for (int i = 0; i < ASKED; i++)
        r.replies[i].delay_s = i == 1 || i == 4 ? 0 : 1e6;
    struct seen seen = {.stop_at = 2};
    struct ponder_watch watch = {.progress = stop_there, .data = &seen};
    struct ponder_eval *resumed = resuming_run(&r, &watch);
    assert_int_equal(resumed->questions, 2);
    close_to(seen.accuracy, 0.5);
    ponder_eval_release(resumed);

    for (int i = 0; i < ASKED; i++)
        r.replies[i].delay_s = 0.01 * (ASKED - i);
    seen.stop_at = 1000;
    resumed = resuming_run(&r, &watch);
    assert_int_equal(resumed->resumed, 2);
    assert_int_equal(resumed->spent.generations, 8);
    assert_int_equal(resumed->ledger.generations, 12);
    assert_int_equal(seen.before, 2);
    assert_int_equal(seen.total, 6);
    assert_int_equal(resumed->questions, ASKED);
    assert_memory_equal(&resumed->groups[0].pass_1, &unbroken->groups[0].pass_1,
                        sizeof(struct ponder_interval));
    char *parts = export_without_seconds(1);
    assert_string_equal(whole, parts);
    free(whole);
    free(parts);
    ponder_eval_release(resumed);
    ponder_eval_release(unbroken);
}

static bool stop_behind_a_solution(const struct ponder_progress *progress, void *data)
{
    (void)data;
    return progress->solutions < 1;
}

/* The first sample ends after ten seconds, the second never; then the work is killed. */
static void samples_that_have_ended_are_not_lost_with_their_question(void **state)
{
    (void)state;
    struct resuming r;
    resuming_init(&r);
    r.settings.limit = 1;
    r.replies[0] =
        (struct scripted_reply){.when = "ask0", .times = 1, .text = "so \\boxed{1}", .delay_s = 10};
    r.replies[1] = (struct scripted_reply){.when = "ask0", .text = "never", .delay_s = 1e6};
    struct ponder_watch watch = {.progress = stop_behind_a_solution};
    struct ponder_eval *eval = NULL;
    struct engine *engine;
    struct ponder_err err = {0};
    struct scripted_options options = {.replies = r.replies, .reply_count = 2, .clock = &r.clock};
    assert_int_equal(scripted_open(&engine, &options, NULL), PONDER_OK);
    assert_int_equal(eval_run(engine, &r.job, &r.clock, &watch, &eval, &err), PONDER_E_CANCELLED);
    engine_release(engine);

    r.replies[0] = (struct scripted_reply){.when = "ask0", .text = "\\boxed{7}"};
    eval = resuming_run(&r, NULL);
    assert_int_equal(eval->ledger.generations, 2);
    assert_int_equal(eval->spent.generated_tokens, (int)strlen("\\boxed{7}") + 1);
    char *text = export_run(1);
    assert_non_null(strstr(text, "so \\\\boxed{1}"));
    assert_non_null(strstr(text, "\\\\boxed{7}"));
    assert_null(strstr(text, "never"));
    free(text);
    ponder_eval_release(eval);
}

static void a_finished_run_gives_its_table_without_sampling(void **state)
{
    (void)state;
    struct resuming r;
    resuming_init(&r);
    ponder_eval_release(resuming_run(&r, NULL));
    for (int i = 0; i < ASKED; i++)
        r.replies[i].text = NULL; /* any request would fail */
    struct ponder_eval *eval = resuming_run(&r, NULL), *shown;
    assert_int_equal(eval->resumed, ASKED);
    assert_int_equal(eval->spent.generations, 0);
    close_to(eval->groups[0].pass_1.value, 0.5);
    close_to(eval->accuracy.value, 0.5);
    close_to(eval->tokens_mean, 10); /* "\boxed{1}" and the end token */
    assert_int_equal(ponder_runs_eval(store, 1, &shown, NULL), PONDER_OK);
    assert_memory_equal(&shown->groups[0].pass_1, &eval->groups[0].pass_1, sizeof(struct ponder_interval));
    ponder_eval_release(shown);
    ponder_eval_release(eval);
}

static void what_the_cells_cost_is_what_the_engine_counted(void **state)
{
    (void)state;
    struct resuming r;
    resuming_init(&r);
    struct ponder_eval *eval = resuming_run(&r, NULL);
    assert_int_equal(eval->ledger.generations, eval->spent.generations);
    assert_int_equal(eval->ledger.generated_tokens, eval->spent.generated_tokens);
    assert_int_equal(eval->ledger.prompt_tokens, eval->spent.prompt_tokens);
    ponder_eval_release(eval);
}

static void seeds_are_sampled_apart_and_averaged(void **state)
{
    (void)state;
    struct resuming r;
    resuming_init(&r);
    r.settings.seeds = 2;
    struct ponder_eval *both = resuming_run(&r, NULL);
    assert_int_equal(both->seeds, 2);
    assert_int_equal(both->questions, ASKED);
    assert_int_equal(both->spent.generations, 24);
    close_to(both->groups[0].pass_1.value, 0.5);
    ponder_eval_release(both);
    r.settings.seeds = 1;
    r.sampling.seed = 2; /* a seed of the same run that is there */
    struct ponder_eval *second = resuming_run(&r, NULL);
    assert_int_equal(second->resumed, ASKED);
    assert_int_equal(second->spent.generations, 0);
    ponder_eval_release(second);
    r.sampling.seed = 20240101; /* far from the others */
    ponder_eval_release(resuming_run(&r, NULL));
    struct ponder_eval *shown;
    assert_int_equal(ponder_runs_eval(store, 1, &shown, NULL), PONDER_OK);
    assert_int_equal(shown->seeds, 3);
    assert_int_equal(shown->done, 3 * ASKED);
    ponder_eval_release(shown);
}

static void other_settings_do_not_go_on_with_a_run(void **state)
{
    (void)state;
    struct resuming r;
    resuming_init(&r);
    ponder_eval_release(resuming_run(&r, NULL));
    const struct ponder_sampling sampling = r.sampling;
    for (int change = 0; change < 8; change++) {
        r.sampling = sampling;
        r.job.precision = "f32";
        r.job.model_hash = 0;
        switch (change) {
        case 0:
            r.sampling.n = 3;
            break;
        case 1:
            r.sampling.temperature = 0.5;
            break;
        case 2:
            r.sampling.top_k = 5;
            break;
        case 3:
            r.sampling.top_p = 0.9;
            break;
        case 4:
            r.sampling.min_p = 0.1;
            break;
        case 5:
            r.sampling.max_tokens = 99;
            break;
        case 6:
            r.job.precision = "bf16";
            break;
        default:
            r.job.model_hash = 1;
        }
        struct ponder_eval *eval = resuming_run(&r, NULL);
        assert_int_equal(eval->run, change + 2);
        assert_int_equal(eval->resumed, 0);
        ponder_eval_release(eval);
    }
}

static void a_question_with_a_failed_sample_is_asked_again(void **state)
{
    (void)state;
    struct resuming r;
    resuming_init(&r);
    r.replies[3].text = NULL;
    struct ponder_eval *eval = resuming_run(&r, NULL);
    assert_int_equal(eval->questions, ASKED);
    assert_int_equal(eval->failed, 2);
    ponder_eval_release(eval);
    r.replies[3].text = r.texts[3];
    eval = resuming_run(&r, NULL);
    assert_int_equal(eval->resumed, ASKED - 1);
    assert_int_equal(eval->spent.generations, 2);
    ponder_eval_release(eval);
}

static void two_runs_are_compared_on_the_questions_that_both_have(void **state)
{
    (void)state;
    struct resuming r;
    struct ponder_comparison diff;
    resuming_init(&r);
    ponder_eval_release(resuming_run(&r, NULL));
    for (int i = 0; i < ASKED; i++)
        snprintf(r.texts[i], sizeof r.texts[i], "\\boxed{%d}", i > 1);
    r.sampling.temperature = 0.5;
    r.settings.limit = 4;
    ponder_eval_release(resuming_run(&r, NULL));
    assert_int_equal(ponder_runs_compare(store, 1, 2, &diff, NULL), PONDER_OK);
    assert_int_equal(diff.questions, 4);
    close_to(diff.accuracy[0].value, 0.5); /* of 0 1 0 1 */
    close_to(diff.accuracy[1].value, 0.5); /* of 0 0 1 1 */
    close_to(diff.difference.value, 0);
    assert_true(diff.difference.low < 0 && diff.difference.high > 0);
    assert_string_equal(diff.settings, "{\"temperature\":[0.8,0.5]}");
    assert_int_equal(diff.cost[0].generations, 2);
    free(diff.settings);
}

/* ---- a search beside best-of-N ---- */

enum { SEARCHED = 5, LINES_MAX = 40 };

/* The first five test questions of Pocket, and replies that spell their solutions a line at a time. */
struct comparing {
    char problems[SEARCHED][PONDER_POCKET_PROBLEM_BYTES], solutions[SEARCHED][PONDER_POCKET_SOLUTION_BYTES];
    char *behind[SEARCHED * LINES_MAX]; /* the line before, owned */
    struct scripted_reply replies[SEARCHED * LINES_MAX];
    int reply_count;
    double now;
    struct clock clock;
    struct ponder_sampling sampling;
    struct ponder_search search;
    struct ponder_eval_settings settings;
    struct eval_job job;
};

static void comparing_init(struct comparing *c)
{
    struct ponder_pocket *pocket;
    struct ponder_pocket_item item;
    *c = (struct comparing){.clock = {still_now_s, &c->now}};
    assert_int_equal(ponder_pocket_new(&pocket, PONDER_POCKET_TEST, 1, true, NULL), PONDER_OK);
    for (int q = 0; q < SEARCHED; q++) {
        assert_int_equal(ponder_pocket_next(pocket, &item, NULL), PONDER_OK);
        strcpy(c->problems[q], item.problem);
        strcpy(c->solutions[q], item.solution);
    }
    ponder_pocket_free(pocket);
    c->sampling = plain_sampling();
    assert_int_equal(ponder_options_default(ponder_search_options(), &c->search, NULL), PONDER_OK);
    c->sampling.n = 4;
    c->sampling.max_tokens = PONDER_POCKET_SOLUTION_BYTES; /* here a byte is a token */
    c->search.name = "beam";
    c->search.width = 1;
    c->job = (struct eval_job){.template = template_of("{question}\nA:\n"),
                               .model = "m.gguf",
                               .model_hash = 5,
                               .precision = "f32",
                               .settings = &c->settings,
                               .sampling = &c->sampling};
    c->settings = (struct ponder_eval_settings){.data = "pocket:test:5", .seeds = 1, .store = store};
}

static void comparing_release(struct comparing *c)
{
    for (int i = 0; i < c->reply_count; i++)
        free(c->behind[i]);
}

/* After each line of the solution the rest of it follows. */
static void reply_in_steps(struct comparing *c, int question, const char *solution)
{
    const char *before = "A:\n", *line = solution;
    while (*line) {
        size_t len = (size_t)(line - before);
        int i = c->reply_count++;
        c->behind[i] = line == solution ? strdup("A:\n") : strndup(before, len);
        c->replies[i] =
            (struct scripted_reply){.when = c->problems[question], .behind = c->behind[i], .text = line};
        before = line;
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
}

static struct engine *comparing_engine(struct comparing *c)
{
    struct engine *engine;
    struct scripted_options options = {
        .replies = c->replies, .reply_count = c->reply_count, .clock = &c->clock};
    assert_int_equal(scripted_open(&engine, &options, NULL), PONDER_OK);
    return engine;
}

/* Of four samples of question q, q are right. */
static void write_samples(struct comparing *c, const char *samples)
{
    for (int q = 0; q < SEARCHED; q++) {
        for (int wrong = q; wrong < 4; wrong++)
            c->replies[c->reply_count++] =
                (struct scripted_reply){.when = c->problems[q], .times = 1, .text = "\\boxed{none}"};
        c->replies[c->reply_count++] =
            (struct scripted_reply){.when = c->problems[q], .text = c->solutions[q]};
    }
    struct engine *engine = comparing_engine(c);
    struct ponder_eval *eval;
    struct ponder_err err = {0};
    if (eval_run(engine, &c->job, &c->clock, NULL, &eval, &err))
        fail_msg("%s", err.message);
    close_to(eval->groups[0].pass_1.value, 0.5);
    ponder_eval_release(eval);
    engine_release(engine);
    comparing_release(c);
    c->reply_count = 0;
    char *text = export_run(1);
    assert_int_equal(file_write_atomic(samples, text, strlen(text), NULL), PONDER_OK);
    free(text);
    c->job.search = &c->search;
    c->sampling.n = 1;
}

static int comparing_run(struct comparing *c, struct ponder_search_eval **eval, struct ponder_err *err)
{
    struct engine *engine = comparing_engine(c);
    int status = search_eval_run(engine, &c->job, &c->clock, NULL, eval, err);
    engine_release(engine);
    return status;
}

static void a_search_is_compared_question_by_question_with_best_of_n(void **state)
{
    (void)state;
    char samples[] = "/tmp/ponder_samples_XXXXXX";
    struct comparing c;
    assert_int_equal(close(mkstemp(samples)), 0);
    comparing_init(&c);
    write_samples(&c, samples);
    reply_in_steps(&c, 0, c.solutions[0]);
    reply_in_steps(&c, 1, c.solutions[1]);
    for (int q = 2; q < SEARCHED; q++)
        reply_in_steps(&c, q, "1=2\n\\boxed{none}");
    c.settings.against = samples;
    struct ponder_search_eval *eval;
    struct ponder_err err = {0};
    if (comparing_run(&c, &eval, &err))
        fail_msg("%s", err.message);
    assert_int_equal(eval->questions, SEARCHED);
    assert_int_equal(eval->samples, 4);
    assert_int_equal(eval->group_count, 7);
    const struct ponder_search_group *all = &eval->groups[0];
    close_to(all->accuracy.value, 2.0 / 5);
    close_to(all->pass_1.value, 0.5);
    close_to(all->best_1x.value, 0.5);
    close_to(all->best_4x.value, 4.0 / 5);
    close_to(all->difference.value, 2.0 / 5 - 4.0 / 5);
    close_to(all->tokens_4x, 4 * all->tokens_1x);
    const struct ponder_search_group *hardest = &eval->groups[5], *middle = &eval->groups[6];
    assert_string_equal(eval->groups[1].name, "1 (easiest)");
    close_to(eval->groups[1].pass_1.value, 1);
    assert_string_equal(hardest->name, "5 (hardest)");
    close_to(hardest->pass_1.value, 0);
    close_to(hardest->difference.value, 1); /* question 0: only the search is right */
    close_to(hardest->tokens, (double)strlen(c.solutions[0]) + 1);
    close_to(hardest->tokens_1x, (double)strlen("\\boxed{none}") + 1);
    assert_string_equal(middle->name, "3 and 4");
    assert_int_equal(middle->questions, 2); /* 1 and 2 */
    close_to(middle->accuracy.value, 0.5);
    close_to(middle->difference.value, -0.5);
    assert_int_equal(eval->ledger.generations, SEARCHED);
    char *json;
    assert_int_equal(ponder_search_eval_json(eval, &json, NULL), PONDER_OK);
    assert_non_null(strstr(json, "\"best_of\":{\"1\":{\"value\":0.5,"));
    free(json);
    ponder_search_eval_release(eval);
    comparing_release(&c);
    unlink(samples);
}

/* Of four solutions one is wrong and three say the same right thing. */
static void what_a_search_saw_is_kept_and_what_it_chose_counts(void **state)
{
    (void)state;
    struct comparing c;
    comparing_init(&c);
    c.search.name = "best_of_n";
    c.search.width = 4;
    c.search.verifier = "oracle";
    c.job.search = &c.search;
    for (int q = 0; q < SEARCHED; q++) {
        c.replies[c.reply_count++] =
            (struct scripted_reply){.when = c.problems[q], .times = 1, .text = "1=2\n\\boxed{none}"};
        c.replies[c.reply_count++] = (struct scripted_reply){.when = c.problems[q], .text = c.solutions[q]};
    }
    struct ponder_search_eval *eval;
    struct ponder_err err = {0};
    if (comparing_run(&c, &eval, &err))
        fail_msg("%s", err.message);
    close_to(eval->groups[0].accuracy.value, 1);
    ponder_search_eval_release(eval);

    char *text = export_run(1);
    json_t *line = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
    json_t *candidates = json_object_get(line, "candidates"), *samples = json_object_get(line, "samples");
    assert_string_equal(json_string_value(json_object_get(json_object_get(line, "run"), "kind")), "search");
    assert_int_equal(json_array_size(samples), 1);
    assert_int_equal(json_array_size(candidates), 2);
    assert_int_equal(json_integer_value(json_object_get(line, "chosen")), 1);
    const json_t *wrong = json_array_get(candidates, 0), *right = json_array_get(candidates, 1);
    assert_true(json_is_false(json_object_get(wrong, "correct")));
    assert_true(json_is_true(json_object_get(right, "correct")));
    assert_int_equal(json_integer_value(json_object_get(wrong, "repeats")), 1);
    assert_int_equal(json_integer_value(json_object_get(right, "repeats")), 3);
    assert_true(json_number_value(json_object_get(right, "score")) >
                json_number_value(json_object_get(wrong, "score")));
    assert_true(json_array_size(json_object_get(right, "scores")) > 0);
    assert_true(
        json_equal(json_object_get(json_array_get(samples, 0), "text"), json_object_get(right, "text")));
    json_decref(line);
    free(text);

    struct ponder_run *runs;
    int64_t count;
    assert_int_equal(ponder_runs_list(store, &runs, &count, &err), PONDER_OK);
    assert_int_equal(runs[0].kind, PONDER_RUN_SEARCH);
    assert_int_equal(runs[0].samples, SEARCHED);
    assert_int_equal(runs[0].kept, 2 * SEARCHED);
    ponder_runs_release(runs, count);
    struct ponder_eval *again;
    assert_int_equal(ponder_runs_eval(store, 1, &again, &err), PONDER_OK);
    assert_int_equal(again->kind, PONDER_RUN_SEARCH);
    assert_int_equal(again->n, 1);
    close_to(again->accuracy.value, 1);
    ponder_eval_release(again);

    struct ponder_tree *tree;
    struct ponder_tree_facts facts;
    if (ponder_runs_tree(store, 1, SEARCHED - 1, 0, &tree, &err))
        fail_msg("%s", err.message);
    ponder_tree_facts(tree, &facts);
    assert_string_equal(facts.question, c.problems[SEARCHED - 1]);
    assert_int_equal(facts.samples, 4);
    assert_int_equal(facts.nodes, 2);
    assert_int_equal(facts.votes, 3);
    assert_int_equal(facts.voters, 4);
    assert_int_equal(facts.ledger.generations, 4);
    assert_true(facts.ledger.seconds > 0);
    ponder_tree_release(tree);
    assert_int_equal(ponder_runs_tree(store, 1, SEARCHED, 0, &tree, &err), PONDER_E_ARGUMENT);
    assert_int_equal(ponder_runs_tree(store, 1, 0, 77, &tree, &err), PONDER_E_NOT_FOUND);
    comparing_release(&c);
}

static void search_refused_with(struct comparing *c, const char *expected)
{
    struct ponder_search_eval *eval;
    struct ponder_err err = {0};
    assert_true(comparing_run(c, &eval, &err) < 0);
    assert_null(eval);
    if (!strstr(err.message, expected))
        fail_msg("%s", err.message);
}

static void a_search_that_cannot_be_compared_is_refused(void **state)
{
    (void)state;
    char samples[] = "/tmp/ponder_samples_XXXXXX";
    struct comparing c;
    assert_int_equal(close(mkstemp(samples)), 0);
    comparing_init(&c);
    write_samples(&c, samples);
    const struct eval_job job = c.job;
    c.settings.against = samples;
    c.sampling.n = 2;
    search_refused_with(&c, "needs -n 8 or more");
    c.sampling.n = 1;
    c.job.model_hash = 1;
    search_refused_with(&c, "another model_hash; a search is compared with");
    c.job = job;
    c.settings.data = "pocket:test:6";
    search_refused_with(&c, "another data_hash");
    c.settings.data = "pocket:test:5";
    char *text = export_run(1);
    text[strlen(text) - 1] = '\0';
    *(strrchr(text, '\n') + 1) = '\0'; /* its last line is missing */
    assert_int_equal(file_write_atomic(samples, text, strlen(text), NULL), PONDER_OK);
    free(text);
    search_refused_with(&c, "4 of the 5 questions");
    c.settings.against = "/nonexistent/samples.jsonl";
    search_refused_with(&c, "cannot be opened");
    c.settings.against = NULL;
    c.search.verifier = "nobody";
    search_refused_with(&c, "is none of vote, prm");
    c.search.verifier = "oracle";
    c.search.name = "steps";
    search_refused_with(&c, "best_of_n, beam, lookahead, dvts");
    c.search.name = "beam";
    c.search.width = 3;
    search_refused_with(&c, "multiple of the width");
    c.search.width = 1;
    c.search.select = "luck";
    search_refused_with(&c, "best, weighted, majority");
    c.search.select = "best";
    comparing_release(&c);
    unlink(samples);
}

static void ks_are_powers_of_four_and_n(void **state)
{
    (void)state;
    int64_t ks[PONDER_EVAL_KS_MAX];
    assert_int_equal(grade_ks(1, ks), 1);
    assert_int_equal(ks[0], 1);
    assert_int_equal(grade_ks(64, ks), 4);
    assert_int_equal(ks[3], 64);
    assert_int_equal(grade_ks(100, ks), 5);
    assert_int_equal(ks[4], 100);
    assert_int_equal(grade_ks(4096, ks), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(figures_are_those_counted_by_hand, empty_store),
        cmocka_unit_test_teardown(an_interrupted_run_goes_on_to_the_export_of_an_unbroken_one, empty_store),
        cmocka_unit_test_teardown(samples_that_have_ended_are_not_lost_with_their_question, empty_store),
        cmocka_unit_test_teardown(a_finished_run_gives_its_table_without_sampling, empty_store),
        cmocka_unit_test_teardown(what_the_cells_cost_is_what_the_engine_counted, empty_store),
        cmocka_unit_test_teardown(seeds_are_sampled_apart_and_averaged, empty_store),
        cmocka_unit_test_teardown(other_settings_do_not_go_on_with_a_run, empty_store),
        cmocka_unit_test_teardown(two_runs_are_compared_on_the_questions_that_both_have, empty_store),
        cmocka_unit_test_teardown(a_question_with_a_failed_sample_is_asked_again, empty_store),
        cmocka_unit_test_teardown(a_search_is_compared_question_by_question_with_best_of_n, empty_store),
        cmocka_unit_test_teardown(what_a_search_saw_is_kept_and_what_it_chose_counts, empty_store),
        cmocka_unit_test_teardown(a_search_that_cannot_be_compared_is_refused, empty_store),
        cmocka_unit_test_teardown(ks_are_powers_of_four_and_n, empty_store),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
