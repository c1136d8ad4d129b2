/* Question sets and their evaluation, over a scripted engine. */
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
#include "eval/questions.h"
#include "eval/search_eval.h"
#include "ponder/task.h"

static char path[] = "/tmp/ponder_questions_XXXXXX";

static void write_set(const char *text)
{
    assert_int_equal(file_write_atomic(path, text, strlen(text), NULL), PONDER_OK);
}

static int make_path(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static void both_forms_of_records_are_read(void **state)
{
    (void)state;
    write_set(
        "{\"problem\": \"p\", \"answer\": \"1\", \"level\": 3, \"subject\": \"s\", \"unique_id\": \"u\"}\n"
        "\n"
        "{\"question\": \"q\", \"answer\": \"2\", \"level\": \"Level 4\"}\r\n"
        "{\"question\": \"r\", \"answer\": \"3\", \"level\": null}");
    struct questions questions;
    assert_int_equal(questions_open(&questions, path, 0, NULL), PONDER_OK);
    assert_int_equal(questions.count, 3);
    assert_string_equal(questions.items[0].level, "3");
    assert_string_equal(questions.items[1].level, "4");
    assert_string_equal(questions.items[1].problem, "q");
    assert_string_equal(questions.items[1].id, "line 3");
    assert_string_equal(questions.items[2].level, "none");
    questions_release(&questions);
    assert_int_equal(questions_open(&questions, path, 2, NULL), PONDER_OK);
    assert_int_equal(questions.count, 2);
    questions_release(&questions);
}

static void refuse(const char *data, const char *expected)
{
    struct questions questions;
    struct ponder_err err = {0};
    assert_true(questions_open(&questions, data, 0, &err) < 0);
    questions_release(&questions);
    if (!strstr(err.message, expected))
        fail_msg("%s", err.message);
}

static void bad_sets_are_refused_with_the_line(void **state)
{
    (void)state;
    write_set("{\"problem\": \"p\", \"answer\": \"1\"}\n{\"problem\": \"p\"}\n");
    refuse(path, ":2: no text under \"answer\"");
    write_set("{\"problem\": \"p\", \"answer\": \"1\"}\nnonsense\n");
    refuse(path, ":2: not JSON");
    write_set("[1]\n");
    refuse(path, ":1: no text under \"problem\"");
    write_set("\n");
    refuse(path, "holds no question");
    refuse("/nonexistent/set.jsonl", "cannot open");
    refuse("pocket:test", "write pocket:test:500");
    refuse("pocket:test:0", "write pocket:test:500");
    refuse("pocket:test:5x", "write pocket:test:500");
    refuse("pocket:other:5", "write pocket:test:500");
    refuse("pocket:", "write pocket:test:500");
}

static void the_generated_set_is_named_directly(void **state)
{
    (void)state;
    struct questions a, b;
    assert_int_equal(questions_open(&a, "pocket:test:7", 0, NULL), PONDER_OK);
    assert_int_equal(questions_open(&b, "pocket:test:7:1", 0, NULL), PONDER_OK);
    assert_int_equal(a.count, 7);
    assert_string_equal(a.items[6].problem, b.items[6].problem);
    questions_release(&a);
    questions_release(&b);
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
    struct ponder_sampling sampling;
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, NULL), PONDER_OK);
    sampling.n = 4;
    struct ponder_eval *eval;
    char samples[] = "/tmp/ponder_samples_XXXXXX";
    assert_int_equal(close(mkstemp(samples)), 0);
    struct eval_job job = {.template = "{question}\n",
                           .model = "m.gguf",
                           .precision = "f32",
                           .data = path,
                           .sampling = &sampling,
                           .samples_path = samples};
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

    json_t *line = json_load_file(samples, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(line);
    json_t *first = json_array_get(json_object_get(line, "samples"), 0);
    assert_true(json_is_false(json_object_get(first, "correct")));
    assert_string_equal(json_string_value(json_object_get(first, "answer")), "2");
    json_decref(line);
    unlink(samples);
    engine_release(engine);
}

/* ---- the file of samples ---- */

enum { ASKED = 6 };

/* Six questions, two samples each; the answers to the odd ones are right. */
struct resuming {
    struct scripted_reply replies[ASKED];
    char problems[ASKED][16], texts[ASKED][32];
    double now;
    struct clock clock;
    struct ponder_sampling sampling;
    struct eval_job job;
};

static void resuming_init(struct resuming *r, char *samples)
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
    assert_int_equal(ponder_options_default(ponder_solve_options(), &r->sampling, NULL), PONDER_OK);
    r->sampling.n = 2;
    r->job = (struct eval_job){.template = "{question}\n",
                               .model = "m.gguf",
                               .precision = "f32",
                               .data = path,
                               .sampling = &r->sampling,
                               .samples_path = samples};
    assert_int_equal(close(mkstemp(samples)), 0);
}

static int resuming_run(struct resuming *r, const struct ponder_watch *watch, struct ponder_eval **eval,
                        struct ponder_err *err)
{
    struct engine *engine;
    struct scripted_options options = {.replies = r->replies, .reply_count = ASKED, .clock = &r->clock};
    assert_int_equal(scripted_open(&engine, &options, NULL), PONDER_OK);
    int status = eval_run(engine, &r->job, &r->clock, watch, eval, err);
    engine_release(engine);
    return status;
}

static char *file_text(const char *name)
{
    struct buf text = BUF_INIT(1 << 20);
    assert_int_equal(buf_read_file(&text, name, NULL), PONDER_OK);
    return buf_take(&text, NULL);
}

static int lines_of(const char *name)
{
    char *text = file_text(name);
    int count = 0;
    for (const char *c = text; *c; c++)
        count += *c == '\n';
    free(text);
    return count;
}

static void append_text(const char *name, const char *text)
{
    FILE *file = fopen(name, "a");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

struct seen {
    int64_t before, done, total, stop_at;
};

static bool stop_there(const struct ponder_progress *progress, void *data)
{
    struct seen *seen = data;
    seen->before = progress->before;
    seen->done = progress->done;
    seen->total = progress->total;
    return progress->done < seen->stop_at;
}

static void an_interrupted_run_resumes_to_the_file_of_an_unbroken_one(void **state)
{
    (void)state;
    char whole[] = "/tmp/ponder_whole_XXXXXX", parts[] = "/tmp/ponder_parts_XXXXXX";
    struct resuming r;
    struct ponder_eval *unbroken, *resumed;
    struct ponder_err err = {0};
    resuming_init(&r, whole);
    r.replies[0].delay_s = 0.5; /* done last, and first in the file all the same */
    assert_int_equal(resuming_run(&r, NULL, &unbroken, &err), PONDER_OK);

    resuming_init(&r, parts);
    for (int i = 0; i < ASKED; i++)
        r.replies[i].delay_s = i == 1 || i == 4 ? 0 : 1e6;
    struct seen seen = {.stop_at = 4};
    struct ponder_watch watch = {stop_there, &seen};
    assert_int_equal(resuming_run(&r, &watch, &resumed, &err), PONDER_OK);
    assert_int_equal(resumed->questions, 2);
    ponder_eval_release(resumed);
    assert_int_equal(lines_of(parts), 2);

    append_text(parts, "{\"unique_id\":\"line 1\",\"prob");
    for (int i = 0; i < ASKED; i++)
        r.replies[i].delay_s = 0.01 * (ASKED - i);
    seen.stop_at = 1000;
    assert_int_equal(resuming_run(&r, &watch, &resumed, &err), PONDER_OK);
    assert_int_equal(resumed->resumed, 2);
    assert_int_equal(resumed->ledger.generations, 8);
    assert_int_equal(seen.before, 4);
    assert_int_equal(seen.total, 12);
    assert_int_equal(resumed->questions, ASKED);
    assert_memory_equal(&resumed->groups[0].pass_1, &unbroken->groups[0].pass_1,
                        sizeof(struct ponder_interval));
    char *a = file_text(whole), *b = file_text(parts);
    assert_string_equal(a, b);
    free(a);
    free(b);
    ponder_eval_release(resumed);
    ponder_eval_release(unbroken);
    unlink(whole);
    unlink(parts);
}

static void a_finished_file_gives_its_table_without_sampling(void **state)
{
    (void)state;
    char samples[] = "/tmp/ponder_samples_XXXXXX";
    struct resuming r;
    struct ponder_eval *eval;
    struct ponder_err err = {0};
    resuming_init(&r, samples);
    assert_int_equal(resuming_run(&r, NULL, &eval, &err), PONDER_OK);
    ponder_eval_release(eval);
    for (int i = 0; i < ASKED; i++)
        r.replies[i].text = NULL; /* any request would fail */
    assert_int_equal(resuming_run(&r, NULL, &eval, &err), PONDER_OK);
    assert_int_equal(eval->resumed, ASKED);
    assert_int_equal(eval->ledger.generations, 0);
    close_to(eval->groups[0].pass_1.value, 0.5);
    close_to(eval->tokens_mean, 10); /* "\boxed{1}" and the end token */
    ponder_eval_release(eval);

    struct questions set;
    assert_int_equal(questions_open(&set, samples, 0, NULL), PONDER_OK);
    assert_int_equal(set.count, ASKED);
    questions_release(&set);
    unlink(samples);
}

static void refused_with(struct resuming *r, const char *expected)
{
    struct ponder_eval *eval;
    struct ponder_err err = {0};
    char *before = file_text(r->job.samples_path);
    assert_true(resuming_run(r, NULL, &eval, &err) < 0);
    assert_null(eval);
    if (!strstr(err.message, expected))
        fail_msg("%s", err.message);
    char *after = file_text(r->job.samples_path);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void a_file_of_another_run_is_refused_with_what_differs(void **state)
{
    (void)state;
    char samples[] = "/tmp/ponder_samples_XXXXXX";
    struct resuming r;
    struct ponder_eval *eval;
    resuming_init(&r, samples);
    assert_int_equal(resuming_run(&r, NULL, &eval, NULL), PONDER_OK);
    ponder_eval_release(eval);
    const struct ponder_sampling sampling = r.sampling;
    const struct eval_job job = r.job;
    r.sampling.n = 3;
    refused_with(&r, "n 2, now 3");
    r.sampling = sampling;
    r.sampling.seed = 7;
    r.sampling.temperature = 0.5;
    refused_with(&r, "seed 1, now 7; temperature 0.8, now 0.5");
    r.sampling = sampling;
    r.sampling.top_k = 5;
    refused_with(&r, "top_k 0, now 5");
    r.sampling = sampling;
    r.sampling.top_p = 0.9;
    refused_with(&r, "top_p 1.0, now 0.9");
    r.sampling = sampling;
    r.sampling.min_p = 0.1;
    refused_with(&r, "min_p 0.0, now 0.1");
    r.sampling = sampling;
    r.sampling.max_tokens = 9;
    refused_with(&r, "max_tokens 512, now 9");
    r.sampling = sampling;
    r.sampling.exact = true;
    refused_with(&r, "exact false, now true");
    r.sampling = sampling;
    r.job.precision = "bf16";
    refused_with(&r, "precision \"f32\", now \"bf16\"");
    r.job = job;
    r.job.model_hash = 1;
    refused_with(&r, "model \"m.gguf\", now another one of that name");
    r.job = job;
    r.job.limit = 5;
    refused_with(&r, "questions 6, now 5");
    r.job = job;
    write_set("{\"problem\": \"ask0\", \"answer\": \"2\"}\n");
    refused_with(&r, "now another one of that name");
    unlink(samples);
}

static void a_foreign_file_is_never_written_to(void **state)
{
    (void)state;
    char samples[] = "/tmp/ponder_samples_XXXXXX";
    struct resuming r;
    resuming_init(&r, samples);
    static const char *const texts[] = {"notes", "notes\n", "{\"problem\": \"p\", \"answer\": \"1\"}\n",
                                        "[1]\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(file_write_atomic(samples, texts[i], strlen(texts[i]), NULL), PONDER_OK);
        refused_with(&r, ":1: no");
    }
    unlink(samples);
}

static void a_question_with_a_failed_sample_is_asked_again(void **state)
{
    (void)state;
    char samples[] = "/tmp/ponder_samples_XXXXXX";
    struct resuming r;
    struct ponder_eval *eval;
    resuming_init(&r, samples);
    r.replies[3].text = NULL;
    assert_int_equal(resuming_run(&r, NULL, &eval, NULL), PONDER_OK);
    assert_int_equal(eval->questions, ASKED);
    assert_int_equal(eval->failed, 2);
    ponder_eval_release(eval);
    assert_int_equal(lines_of(samples), ASKED - 1);
    r.replies[3].text = r.texts[3];
    assert_int_equal(resuming_run(&r, NULL, &eval, NULL), PONDER_OK);
    assert_int_equal(eval->ledger.generations, 2);
    ponder_eval_release(eval);
    assert_int_equal(lines_of(samples), ASKED);
    unlink(samples);
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
    struct eval_job job;
};

static void comparing_init(struct comparing *c, char *samples)
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
    assert_int_equal(ponder_options_default(ponder_solve_options(), &c->sampling, NULL), PONDER_OK);
    assert_int_equal(ponder_options_default(ponder_search_options(), &c->search, NULL), PONDER_OK);
    c->sampling.n = 4;
    c->search.name = "steps";
    c->search.candidates = 1;
    c->job = (struct eval_job){.template = "{question}\nA:\n",
                               .model = "m.gguf",
                               .precision = "f32",
                               .data = "pocket:test:5",
                               .sampling = &c->sampling,
                               .samples_path = samples};
    assert_int_equal(close(mkstemp(samples)), 0);
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
static void write_samples(struct comparing *c)
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
}

static int comparing_run(struct comparing *c, struct ponder_search_eval **eval, struct ponder_err *err)
{
    struct engine *engine = comparing_engine(c);
    int status = search_eval_run(engine, &c->job, &c->search, &c->clock, NULL, eval, err);
    engine_release(engine);
    return status;
}

static void a_search_is_compared_question_by_question_with_best_of_n(void **state)
{
    (void)state;
    char samples[] = "/tmp/ponder_samples_XXXXXX";
    struct comparing c;
    comparing_init(&c, samples);
    write_samples(&c);
    reply_in_steps(&c, 0, c.solutions[0]);
    reply_in_steps(&c, 1, c.solutions[1]);
    for (int q = 2; q < SEARCHED; q++)
        reply_in_steps(&c, q, "1=2\n\\boxed{none}");
    c.search.against = samples;
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
    comparing_init(&c, samples);
    write_samples(&c);
    const struct eval_job job = c.job;
    c.search.against = samples;
    c.search.candidates = 2;
    search_refused_with(&c, "needs -n 8 or more");
    c.search.candidates = 1;
    c.job.model_hash = 1;
    search_refused_with(&c, "another one of that name; a search is compared with");
    c.job = job;
    c.job.data = "pocket:test:6";
    search_refused_with(&c, "questions 5, now 6");
    c.job = job;
    char *text = file_text(samples);
    *strrchr(text, '{') = '\0'; /* its last line is cut */
    assert_int_equal(file_write_atomic(samples, text, strlen(text), NULL), PONDER_OK);
    free(text);
    search_refused_with(&c, "4 of the 5 questions");
    c.search.against = "/nonexistent/samples.jsonl";
    search_refused_with(&c, "cannot open");
    c.search.against = NULL;
    c.search.verifier = "oracle";
    search_refused_with(&c, "give checker");
    c.search.verifier = "checker";
    c.search.name = "beam";
    search_refused_with(&c, "best_of_n, steps");
    c.search.name = "steps";
    c.job.data = path;
    write_set("{\"problem\": \"What is love?\", \"answer\": \"1\"}\n");
    search_refused_with(&c, "line 1: the checker judges Pocket questions");
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
        cmocka_unit_test(both_forms_of_records_are_read),
        cmocka_unit_test(bad_sets_are_refused_with_the_line),
        cmocka_unit_test(the_generated_set_is_named_directly),
        cmocka_unit_test(figures_are_those_counted_by_hand),
        cmocka_unit_test(an_interrupted_run_resumes_to_the_file_of_an_unbroken_one),
        cmocka_unit_test(a_finished_file_gives_its_table_without_sampling),
        cmocka_unit_test(a_file_of_another_run_is_refused_with_what_differs),
        cmocka_unit_test(a_foreign_file_is_never_written_to),
        cmocka_unit_test(a_question_with_a_failed_sample_is_asked_again),
        cmocka_unit_test(a_search_is_compared_question_by_question_with_best_of_n),
        cmocka_unit_test(a_search_that_cannot_be_compared_is_refused),
        cmocka_unit_test(ks_are_powers_of_four_and_n),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
