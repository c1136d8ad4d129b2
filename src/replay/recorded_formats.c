/* recorded_formats.c - one line of each format, as a question.
 *
 * Which format a line has is told by the list that its texts stand in; the readers fill a question of which
 * all text lives in the arena. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/array.h"
#include "core/err.h"
#include "core/json.h"
#include "replay/recorded.h"
#include "driver/best_of_n.h"
#include "task/questions.h"

struct reading {
    struct arena *memory;
    const json_t *record;
    struct recorded_question *question;
    struct ponder_err *err;
};

static int recorded_refuse(const struct reading *r, const char *what)
{
    return err_set(r->err, PONDER_E_FORMAT, "%s", what);
}

/* ---- values ---- */

/* Copies a text into the arena; what is no text leaves *out NULL. */
static int take_text(const struct reading *r, const json_t *value, const char **out, int64_t *len)
{
    *out = NULL;
    if (!json_is_string(value))
        return PONDER_OK;
    *out = arena_copy(r->memory, json_string_value(value), json_string_length(value));
    if (len)
        *len = (int64_t)json_string_length(value);
    return *out ? PONDER_OK : err_memory(r->err, "the samples");
}

/* The same of a number too, as answers are written. */
static int take_answer(const struct reading *r, const json_t *value, const char **out)
{
    char number[JSON_NUMBER_BYTES];
    const char *text = json_text_or_number(value, number);
    *out = text ? arena_copy(r->memory, text, strlen(text)) : NULL;
    return text && !*out ? err_memory(r->err, "the samples") : PONDER_OK;
}

/* The first of two keys that is a text or a number. */
static const json_t *text_under(const json_t *record, const char *key, const char *other)
{
    const json_t *value = json_object_get(record, key);
    return json_is_string(value) || json_is_number(value) ? value : json_object_get(record, other);
}

static double number_of(const json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static enum recorded_verdict verdict_of(const json_t *value)
{
    return !json_is_boolean(value) ? RECORDED_UNJUDGED
           : json_is_true(value)   ? RECORDED_RIGHT
                                   : RECORDED_WRONG;
}

/* A list of numbers from 0 to 1; without one the sample has no step scores. */
static int take_scores(const struct reading *r, const json_t *list, struct recorded_sample *sample)
{
    if (!list || json_is_null(list))
        return PONDER_OK;
    size_t steps = json_array_size(list);
    if (!json_is_array(list) || steps > RECORDED_STEPS_MAX)
        return err_set(r->err, PONDER_E_FORMAT, "its step scores are no list of at most %d numbers",
                       RECORDED_STEPS_MAX);
    float *scores = arena_array(r->memory, steps + 1, sizeof *scores);
    if (!scores)
        return err_memory(r->err, "step scores");
    for (size_t i = 0; i < steps; i++) {
        double score = number_of(json_array_get(list, i));
        if (!(score >= 0 && score <= 1))
            return err_set(r->err, PONDER_E_FORMAT, "step score %zu is no number from 0 to 1", i + 1);
        scores[i] = (float)score;
    }
    sample->scores = scores;
    sample->steps = (int64_t)steps;
    return PONDER_OK;
}

/* A number, or a list of one number. */
static int take_score(const struct reading *r, const json_t *value, struct recorded_sample *sample)
{
    if (json_is_array(value) && json_array_size(value) == 1)
        value = json_array_get(value, 0);
    sample->score = number_of(value);
    if (!isfinite(sample->score) && value && !json_is_null(value))
        return recorded_refuse(r, "its score is neither a number nor a list of one");
    return PONDER_OK;
}

static int64_t count_of(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value) : -1;
}

/* ---- samples ---- */

/* What a format knows of sample i, whose text is taken already. */
typedef int take_sample(const struct reading *r, size_t i, struct recorded_sample *sample);

/* Fills the question's samples from `list`, which holds texts, or objects with `text_key`. */
static int take_samples(const struct reading *r, const json_t *list, const char *text_key, take_sample *rest)
{
    size_t n = json_array_size(list);
    if (n == 0 || n > RECORDED_SAMPLES_MAX)
        return err_set(r->err, PONDER_E_FORMAT, "%zu samples; a question has from 1 to %d", n,
                       RECORDED_SAMPLES_MAX);
    r->question->samples = arena_array(r->memory, n, sizeof *r->question->samples);
    if (!r->question->samples)
        return err_memory(r->err, "the samples");
    for (size_t i = 0; i < n; i++) {
        struct recorded_sample *sample = &r->question->samples[i];
        const json_t *item = json_array_get(list, i);
        *sample = (struct recorded_sample){.tokens = -1, .logprob = NAN, .score = NAN};
        int status =
            take_text(r, text_key ? json_object_get(item, text_key) : item, &sample->text, &sample->len);
        if (!status && !sample->text)
            status = recorded_refuse(r, "it has no text");
        if (!status)
            status = rest(r, i, sample);
        if (status)
            return err_prefix(r->err, status, "sample %zu", i + 1);
    }
    r->question->n = (int64_t)n;
    return PONDER_OK;
}

/* A list beside the texts must be as long as theirs. */
static int check_list(const struct reading *r, const char *key, size_t n)
{
    const json_t *list = json_object_get(r->record, key);
    if (!list || json_is_null(list) || (json_is_array(list) && json_array_size(list) == n))
        return PONDER_OK;
    return err_set(r->err, PONDER_E_FORMAT, "\"%s\" is no list of %zu, one for each text", key, n);
}

static const json_t *beside(const struct reading *r, const char *key, size_t i)
{
    return json_array_get(json_object_get(r->record, key), i);
}

/* ---- ours ---- */

static const json_t *first_of(const json_t *object, const char *key, const char *other)
{
    const json_t *value = json_object_get(object, key);
    return value ? value : json_object_get(object, other);
}

static int take_own(const struct reading *r, size_t i, struct recorded_sample *sample)
{
    const json_t *object = beside(r, "samples", i);
    const char *finish = json_string_value(json_object_get(object, "finish"));
    sample->cut = finish && engine_finish_of(finish) != ENGINE_FINISH_END;
    sample->logprob = number_of(json_object_get(object, "logprob"));
    sample->tokens = count_of(json_object_get(object, "tokens"));
    sample->verdict = verdict_of(first_of(object, "correct", "answer_right"));
    int status = take_answer(r, json_object_get(object, "answer"), &sample->answer);
    if (!status)
        status = take_score(r, json_object_get(object, "score"), sample);
    return status ? status : take_scores(r, first_of(object, "scores", "step_scores"), sample);
}

static int read_own(const struct reading *r)
{
    const json_t *run = json_object_get(r->record, "run"), *index = json_object_get(run, "index");
    r->question->index = json_is_integer(index) ? json_integer_value(index) : -1;
    r->question->seed = json_integer_value(json_object_get(run, "seed"));
    return take_samples(r, json_object_get(r->record, "samples"), "text", take_own);
}

/* ---- search-and-learn ---- */

static int take_completion(const struct reading *r, size_t i, struct recorded_sample *sample)
{
    int status = take_scores(r, beside(r, "scores", i), sample);
    return status ? status : take_score(r, beside(r, "agg_scores", i), sample);
}

/* "pred_maj@16" -> "majority", 16. */
static bool pick_of_key(const char *key, struct recorded_pick *pick)
{
    static const struct {
        const char *key, *method;
    } kinds[] = {{"pred_maj@", "majority"}, {"pred_naive@", "best_of_n"}, {"pred_weighted@", "weighted"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t len = strlen(kinds[i].key);
        if (strncmp(key, kinds[i].key, len) != 0 || key[len] < '1' || key[len] > '9')
            continue;
        char *end;
        *pick = (struct recorded_pick){.method = kinds[i].method, .n = strtoll(key + len, &end, 10)};
        return *end == '\0';
    }
    return false;
}

static size_t count_picks(const json_t *record)
{
    struct recorded_pick pick;
    const char *key;
    json_t *value;
    size_t count = 0;
    json_object_foreach((json_t *)record, key, value) count += pick_of_key(key, &pick);
    return count < RECORDED_PICKS_MAX ? count : RECORDED_PICKS_MAX;
}

static int take_picks(const struct reading *r)
{
    struct recorded_question *q = r->question;
    size_t count = count_picks(r->record);
    const char *key;
    json_t *value;
    int status = PONDER_OK;
    q->picks = arena_array(r->memory, count + 1, sizeof *q->picks);
    if (!q->picks)
        return err_memory(r->err, "recorded answers");
    json_object_foreach((json_t *)r->record, key, value)
    {
        struct recorded_pick pick;
        if (status || q->pick_count == (int64_t)count || !pick_of_key(key, &pick))
            continue;
        status = take_answer(r, value, &pick.answer);
        if (!status && pick.answer)
            q->picks[q->pick_count++] = pick;
    }
    return status;
}

static int read_search_and_learn(const struct reading *r)
{
    const json_t *texts = json_object_get(r->record, "completions");
    int status = check_list(r, "scores", json_array_size(texts));
    if (!status)
        status = check_list(r, "agg_scores", json_array_size(texts));
    if (!status)
        status = take_samples(r, texts, NULL, take_completion);
    return status ? status : take_picks(r);
}

/* ---- Qwen2.5-Math ---- */

static int take_code(const struct reading *r, size_t i, struct recorded_sample *sample)
{
    sample->verdict = verdict_of(beside(r, "score", i));
    int status = take_answer(r, beside(r, "pred", i), &sample->answer);
    return status ? status : take_score(r, beside(r, "pred_score", i), sample);
}

static int read_qwen(const struct reading *r)
{
    const json_t *texts = json_object_get(r->record, "code");
    static const char *const lists[] = {"pred", "score", "pred_score"};
    int status = PONDER_OK;
    for (size_t i = 0; i < sizeof lists / sizeof *lists && !status; i++)
        status = check_list(r, lists[i], json_array_size(texts));
    return status ? status : take_samples(r, texts, NULL, take_code);
}

/* ---- a line ---- */

static const struct format {
    const char *name, *texts; /* the list that tells it */
    int (*read)(const struct reading *r);
} formats[] = {
    {"samples", "samples", read_own},
    {"search-and-learn", "completions", read_search_and_learn},
    {"qwen", "code", read_qwen},
};

static const struct format *format_of(const json_t *record)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (json_is_array(json_object_get(record, formats[i].texts)))
            return &formats[i];
    return NULL;
}

static int take_level(const struct reading *r, const json_t *level)
{
    char text[QUESTIONS_LEVEL_BYTES];
    questions_level_text(level, text);
    r->question->level = *text ? arena_copy(r->memory, text, strlen(text)) : "none";
    return r->question->level ? PONDER_OK : err_memory(r->err, "a level");
}

static int take_id(const struct reading *r)
{
    const json_t *id = json_object_get(r->record, "unique_id"), *index = json_object_get(r->record, "idx");
    struct recorded_question *q = r->question;
    char text[32];
    int status = take_text(r, id, &q->id, NULL);
    if (!status && !q->id && json_is_integer(index)) {
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(index));
        q->id = arena_copy(r->memory, text, strlen(text));
        status = q->id ? PONDER_OK : err_memory(r->err, "an id");
    }
    if (!q->id || !*q->id)
        q->id = q->problem;
    return status;
}

static int take_question(const struct reading *r)
{
    struct recorded_question *q = r->question;
    int status = take_text(r, text_under(r->record, "problem", "question"), &q->problem, NULL);
    if (!status)
        status = take_answer(r, text_under(r->record, "answer", "gt"), &q->answer);
    if (!status)
        status = take_text(r, json_object_get(r->record, "subject"), &q->subject, NULL);
    if (!status)
        status = take_level(r, json_object_get(r->record, "level"));
    if (status)
        return status;
    if (!q->problem || !q->answer)
        return err_set(r->err, PONDER_E_FORMAT, "there is no text under \"%s\"",
                       q->problem ? "answer" : "problem");
    if (!q->subject || !*q->subject)
        q->subject = "none";
    return take_id(r);
}

/* Of a run's settings, all but those that differ from line to line. */
static json_t *run_of(const json_t *record)
{
    json_t *run = json_copy(json_object_get(record, "run"));
    json_object_del(run, "index");
    json_object_del(run, "seed");
    return run;
}

static int check_run(struct recorded *out, const json_t *record, struct ponder_err *err)
{
    json_t *run = run_of(record);
    bool first = out->count == 0;
    if (first)
        out->run = json_incref(run);
    bool same = first || (run && out->run ? json_equal(run, out->run) : run == out->run);
    json_decref(run);
    return same ? PONDER_OK
                : err_set(err, PONDER_E_FORMAT,
                          "its \"run\" is another than that of the first line; one file holds one run");
}

int recorded_add(struct recorded *out, const json_t *record, int64_t line, struct ponder_err *err)
{
    const struct format *format = format_of(record);
    if (!format)
        return err_set(err, PONDER_E_FORMAT,
                       "no recorded samples: there is no list \"samples\", \"completions\" or \"code\"");
    if (out->format && strcmp(out->format, format->name) != 0)
        return err_set(err, PONDER_E_FORMAT, "this line is of the format %s, those before it are of %s",
                       format->name, out->format);
    out->format = format->name;
    int status = check_run(out, record, err);
    if (!status)
        status =
            array_reserve(&out->questions, sizeof *out->questions, &out->cap, out->count + 1, QUESTIONS_MAX);
    if (status == PONDER_E_LIMIT)
        return err_set(err, status, "more than %d lines", QUESTIONS_MAX);
    if (status)
        return status == PONDER_E_MEMORY ? err_memory(err, "the questions") : status;
    struct recorded_question *question = &out->questions[out->count++];
    *question = (struct recorded_question){.line = line, .index = -1};
    struct reading reading = {&out->memory, record, question, err};
    status = take_question(&reading);
    return status ? status : format->read(&reading);
}
