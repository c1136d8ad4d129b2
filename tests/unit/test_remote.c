/* A verifier behind a server: what it is asked, how its answers are read, and what becomes of a server that
 * is slow, broken or hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stub_server.h"
#include "verifier/verifier.h"

static struct ponder_err err;
static struct stub_server server;

static int begin(void **state)
{
    (void)state;
    stub_start(&server);
    stub_add(&server, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    setenv("STUB_KEY", "sk-12345", 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    stub_stop(&server);
    return 0;
}

/* ---- opening and scoring ---- */

static const char *profile_file(const char *text)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/ponder-remote-%d.json", (int)getpid());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static int open_with(struct verifier *v, const char *profile, const char *key_env, double timeout_s)
{
    char name[64];
    snprintf(name, sizeof name, "remote:http://127.0.0.1:%d/", server.port);
    struct verifier_options options = {.profile = profile, .key_env = key_env, .timeout_s = timeout_s};
    err.message[0] = '\0';
    return verifier_open(v, name, &options, &err);
}

static void opened(struct verifier *v, const char *profile)
{
    if (open_with(v, profile, NULL, 5))
        fail_msg("%s", err.message);
}

enum { SCORES_MAX = 8 };

static int score_of(struct verifier *v, struct verifier_case *of, const char *text, float *scores,
                    struct verifier_item *item)
{
    *item = (struct verifier_item){.of = of,
                                   .text = text,
                                   .len = strlen(text),
                                   .ended = true,
                                   .scores = scores,
                                   .scores_max = SCORES_MAX};
    err.message[0] = '\0';
    return verifier_score(v, item, 1, NULL, &err);
}

/* Scores "a\n\nb" of a question and compares. */
static void check_scores(struct verifier *v, int count, const float *wanted)
{
    struct verifier_case of = verifier_case_of("q?", NULL);
    struct verifier_item item;
    float scores[SCORES_MAX];
    if (score_of(v, &of, "a\n\nb", scores, &item))
        fail_msg("%s", err.message);
    assert_int_equal(item.count, count);
    assert_true(item.whole);
    for (int i = 0; i < count; i++)
        assert_float_equal(scores[i], wanted[i], 1e-5);
    verifier_forget(v, &of);
}

static void check_says(const char *what)
{
    if (!strstr(err.message, what))
        fail_msg("'%s' does not say: %s", err.message, what);
}

/* ---- pooling ---- */

#define ROWS(rows) "{\"data\": [{\"index\": 0, \"data\": " rows "}], \"usage\": {\"prompt_tokens\": 9}}"

/* One row of classes a tag, as vLLM's STEP pooling has them; the trial at the opening has one step. */
static void a_pooler_of_steps_has_a_row_a_step(void **state)
{
    (void)state;
    struct verifier v;
    stub_add(&server, (struct stub_rule){.path = "/pooling", .times = 1, .body = ROWS("[[0.5, 0.5]]")});
    stub_add(&server, (struct stub_rule){.path = "/pooling", .body = ROWS("[[0.25, 0.75], [0.9, 0.1]]")});
    opened(&v, "qwen-prm");
    assert_int_equal(v.probed.verifier_tokens, 9);
    check_scores(&v, 2, (float[]){0.75f, 0.1f});
    assert_non_null(strstr(server.last, "POST /pooling "));
    assert_non_null(strstr(server.last, "\"task\":\"token_classify\""));
    assert_non_null(strstr(server.last, "\"model\":\"m\""));
    assert_non_null(strstr(server.last, "q?<|im_end|>\\n<|im_start|>assistant\\na<extra_0>b<extra_0>\""));
    assert_null(strstr(server.last, "Authorization"));
    verifier_release(&v);
}

static void a_pooler_of_tokens_is_read_at_the_tags(void **state)
{
    (void)state;
    struct verifier v;
    stub_add(&server, (struct stub_rule){.path = "/pooling", .times = 1, .body = ROWS("[[0.5, 0.5]]")});
    stub_add(&server, (struct stub_rule){.path = "/pooling",
                                         .body = ROWS("[[0, 1], [0.7, 0.3], [0, 1], [0.4, 0.6]]")});
    stub_add(&server, (struct stub_rule){.path = "/tokenize",
                                         .times = 1,
                                         .body = "{\"count\": 4, \"tokens\": [1, 9, 2, 9]}"});
    stub_add(&server, (struct stub_rule){.path = "/tokenize",
                                         .times = 1,
                                         .body = "{\"count\": 4, \"tokens\": [1, 3, 2, 9]}"});
    stub_add(&server, (struct stub_rule){
                          .path = "/tokenize", .times = 1, .body = "{\"count\": 3, \"tokens\": [1, 9, 9]}"});
    opened(&v, "qwen-prm");
    check_scores(&v, 2, (float[]){0.3f, 0.6f});
    struct verifier_case of = verifier_case_of("q?", NULL);
    struct verifier_item item;
    float scores[SCORES_MAX];
    assert_int_equal(score_of(&v, &of, "a\n\nb", scores, &item), PONDER_E_ENGINE);
    check_says("stands 1 times in a solution of 2 steps");
    assert_int_equal(score_of(&v, &of, "a\n\nb", scores, &item), PONDER_E_ENGINE);
    check_says("4 rows for 3 tokens and 2 steps");
    verifier_release(&v);
}

static void the_tag_and_marks_in_a_question_are_made_harmless(void **state)
{
    (void)state;
    struct verifier v;
    stub_add(&server, (struct stub_rule){.path = "/pooling", .body = ROWS("[[0.5, 0.5]]")});
    opened(&v, "qwen-prm");
    struct verifier_case of = verifier_case_of("Is a<b> or [INST] <|im_end|>?", NULL);
    struct verifier_item item;
    float scores[SCORES_MAX];
    assert_int_equal(score_of(&v, &of, "x <extra_0>[3] 1 < 2 > 1", scores, &item), 0);
    assert_non_null(strstr(server.last, "Is a< b> or [ INST] < |im_end|>?<|im_end|>"));
    assert_non_null(strstr(server.last, "\\nx [3] 1 < 2 > 1<extra_0>\""));
    verifier_release(&v);
}

/* ---- completions ---- */

#define TAGGED                                                                                               \
    "{\"template\": \"{question} \", \"tag\": \" K\", \"good\": \" +\", \"bad\": \" -\", \"strip\": true"
#define TOP(pairs)                                                                                           \
    "{\"choices\": [{\"logprobs\": {\"top_logprobs\": [{" pairs                                              \
    "}]}}], \"usage\": {\"prompt_tokens\": 7, \"prompt_tokens_details\": {\"cached_tokens\": 2}}}"
#define LISTED(pairs) "{\"choices\": [{\"logprobs\": {\"content\": [{\"top_logprobs\": [" pairs "]}]}}]}"

static void a_completion_is_asked_for_behind_each_step(void **state)
{
    (void)state;
    struct verifier v;
    stub_add(&server,
             (struct stub_rule){.path = "/v1/completions",
                                .contains = "q? a K\\nb K\"",
                                .body = LISTED("{\"token\": \"\xe2\x96\x81+\", \"logprob\": -3}, {\"token\": "
                                               "\" -\", \"logprob\": -1}")});
    stub_add(&server, (struct stub_rule){.path = "/v1/completions",
                                         .body = TOP("\" +\": -0.5, \" -\": -1.5, \"x\": -9")});
    opened(&v, profile_file(TAGGED "}"));
    assert_int_equal(v.probed.verifier_tokens, 5);
    int before = server.requests;
    check_scores(&v, 2, (float[]){0.7310586f, 0.1192029f});
    assert_int_equal(server.requests - before, 2);
    assert_non_null(strstr(server.last, "\"max_tokens\":1,\"logprobs\":20"));
    verifier_release(&v);
}

static void a_beginning_that_is_known_is_not_asked_about_again(void **state)
{
    (void)state;
    struct verifier v;
    stub_add(&server,
             (struct stub_rule){.path = "/v1/completions", .body = TOP("\" +\": -0.5, \" -\": -1.5")});
    opened(&v, profile_file(TAGGED "}"));
    struct verifier_case of = verifier_case_of("q?", NULL);
    struct verifier_item items[2];
    float scores[2][SCORES_MAX];
    assert_int_equal(score_of(&v, &of, "a\nb", scores[0], &items[0]), 0);
    int before = server.requests;
    assert_int_equal(score_of(&v, &of, "a\nb\nc", scores[0], &items[0]), 0);
    assert_int_equal(server.requests - before, 1);
    assert_int_equal(of.cost.verifier_tokens, 15);
    items[1] = items[0];
    items[0].text = items[1].text = "d";
    items[0].len = items[1].len = 1;
    items[1].scores = scores[1];
    before = server.requests;
    assert_int_equal(verifier_score(&v, items, 2, NULL, &err), 0);
    assert_int_equal(server.requests - before, 1);
    assert_true(items[0].count == 1 && items[1].count == 1);
    verifier_forget(&v, &of);
    verifier_release(&v);
}

static void labels_are_known_without_their_space_where_a_server_drops_it(void **state)
{
    (void)state;
    struct verifier v;
    stub_add(&server,
             (struct stub_rule){.path = "/v1/completions", .times = 1, .body = TOP("\"+\": -1, \"-\": -1")});
    stub_add(&server,
             (struct stub_rule){.path = "/v1/completions", .times = 1, .body = TOP("\"+\": -2, \"-\": -2")});
    stub_add(&server,
             (struct stub_rule){.path = "/v1/completions", .body = TOP("\"+\": -9, \" +\": -1, \" -\": -1")});
    opened(&v, profile_file(TAGGED "}"));
    check_scores(&v, 2, (float[]){0.5f, 0.5f});
    verifier_release(&v);
}

/* Its probe is asked about as any text, and what it cost is kept. */
static void a_model_behind_a_server_that_is_inverted_is_refused(void **state)
{
    (void)state;
    struct verifier v;
    stub_add(&server, (struct stub_rule){.path = "/v1/completions",
                                         .contains = "5 is right",
                                         .body = TOP("\" +\": -3, \" -\": -1")});
    stub_add(&server, (struct stub_rule){.path = "/v1/completions", .body = TOP("\" +\": -1, \" -\": -3")});
    assert_int_equal(
        open_with(&v,
                  profile_file(
                      TAGGED
                      ", \"probe\": {\"question\": \"2+3?\", \"right\": \"5 is right\", \"wrong\": \"6\"}}"),
                  NULL, 5),
        PONDER_E_ARGUMENT);
    check_says("inverted");
    assert_int_equal(v.probed.verifier_tokens, 10);
    verifier_release(&v);
}

static void a_label_by_id_is_asked_for_by_id(void **state)
{
    (void)state;
    struct verifier v;
    stub_add(&server,
             (struct stub_rule){.path = "/v1/completions",
                                .contains = "\"return_tokens_as_token_ids\":true",
                                .body = TOP("\"token_id:648\": -1, \"token_id:387\": -1, \" +\": -9")});
    opened(&v, profile_file("{\"template\": \"{question} \", \"tag\": \" K\", \"good\": 648, \"bad\": 387}"));
    check_scores(&v, 3, (float[]){0.5f, 0.5f, 0.5f}); /* an empty line is a step, too */
    verifier_release(&v);
}

static void a_label_that_is_not_likely_is_as_likely_as_the_last_and_both_missing_is_refused(void **state)
{
    (void)state;
    struct verifier v;
    stub_add(&server,
             (struct stub_rule){.path = "/v1/completions", .times = 1, .body = TOP("\" +\": -1, \"x\": -3")});
    stub_add(&server,
             (struct stub_rule){.path = "/v1/completions", .times = 2, .body = TOP("\" +\": -1, \"x\": -3")});
    stub_add(&server, (struct stub_rule){.path = "/v1/completions", .body = TOP("\"y\": -1, \"x\": -3")});
    opened(&v, profile_file(TAGGED "}"));
    check_scores(&v, 2, (float[]){0.8807971f, 0.8807971f});
    verifier_release(&v);
    assert_int_equal(open_with(&v, profile_file(TAGGED "}"), NULL, 5), PONDER_E_ENGINE);
    check_says("neither ' +' nor ' -'");
    verifier_release(&v);
}

static void a_label_by_id_is_named_by_it(void **state)
{
    (void)state;
    struct verifier v;
    stub_add(&server, (struct stub_rule){.path = "/v1/completions", .body = TOP("\"token_id:9\": -1")});
    assert_int_equal(
        open_with(
            &v, profile_file("{\"template\": \"{question} \", \"tag\": \" K\", \"good\": 648, \"bad\": 387}"),
            NULL, 5),
        PONDER_E_ENGINE);
    check_says("neither token 648 nor token 387 is among");
    verifier_release(&v);
}

/* ---- a context that is too short ---- */

static void score_two(struct verifier *v, const char *one, const char *other, const int *counts)
{
    struct verifier_case of = verifier_case_of("q?", NULL);
    struct verifier_item items[2];
    float scores[2][SCORES_MAX];
    const char *const texts[] = {one, other};
    for (int i = 0; i < 2; i++)
        items[i] = (struct verifier_item){.of = &of,
                                          .text = texts[i],
                                          .len = strlen(texts[i]),
                                          .ended = true,
                                          .scores = scores[i],
                                          .scores_max = SCORES_MAX};
    if (verifier_score(v, items, 2, NULL, &err))
        fail_msg("%s", err.message);
    for (int i = 0; i < 2; i++)
        assert_int_equal(items[i].count, counts[i]);
    verifier_forget(v, &of);
}

/* Its words differ; a text that has no more bytes than the context has tokens is refused for something else.
 */
static void a_text_that_is_too_long_stays_without_a_score_and_others_have_theirs(void **state)
{
    (void)state;
    static const char *const words[] = {
        "{\"error\": {\"message\": \"This model's maximum context length is 60 tokens.\", \"code\": 400}}",
        "{\"error\": {\"message\": \"the request exceeds the available context size\"}}",
        "{\"message\": \"The prompt (total length 70) is too long to fit into the model\"}",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct verifier v;
        end(NULL);
        begin(NULL);
        stub_add(&server,
                 (struct stub_rule){
                     .path = "/v1/completions", .contains = "long", .status = 400, .body = words[i]});
        stub_add(&server,
                 (struct stub_rule){.path = "/v1/completions", .body = TOP("\" +\": -1, \" -\": -1")});
        opened(&v, profile_file(TAGGED "}"));
        int before = server.requests;
        score_two(&v, "a\na long step\nb", "c", (int[]){0, 1});
        assert_int_equal(server.requests - before, 4);
        verifier_release(&v);
    }
}

static void what_a_server_cannot_read_is_not_asked_about(void **state)
{
    (void)state;
    struct verifier v;
    char text[400];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    server.rules[0].body = "{\"data\": [{\"id\": \"m\", \"max_model_len\": 20}]}";
    stub_add(&server, (struct stub_rule){.path = "/v1/completions",
                                         .contains = "ab",
                                         .status = 400,
                                         .body = "{\"message\": \"the field is too long\"}"});
    stub_add(&server, (struct stub_rule){.path = "/v1/completions", .body = TOP("\" +\": -1, \" -\": -1")});
    opened(&v, profile_file(TAGGED "}"));
    int before = server.requests;
    score_two(&v, text, "c", (int[]){0, 1});
    assert_int_equal(server.requests - before, 1);
    struct verifier_case of = verifier_case_of("q?", NULL);
    struct verifier_item item;
    float scores[SCORES_MAX];
    assert_int_equal(score_of(&v, &of, "ab", scores, &item), PONDER_E_ENGINE); /* 8 bytes do fit */
    check_says("the field is too long");
    verifier_forget(&v, &of);
    verifier_release(&v);
}

/* ---- judges and outcome models with classes ---- */

#define JUDGE                                                                                                \
    "{\"kind\": \"judge\", \"template\": \"{question} {solution} Good?\", \"server\": \"pooling\", "         \
    "\"class\": 1"

/* The token behind which it is asked stands in texts too: only the one at the end counts. */
static void a_judge_behind_a_pooler_is_read_at_the_end(void **state)
{
    (void)state;
    struct verifier v;
    stub_add(&server, (struct stub_rule){.path = "/pooling", .times = 1, .body = ROWS("[[0.5, 0.5]]")});
    stub_add(&server, (struct stub_rule){.path = "/pooling",
                                         .body = ROWS("[[0, 1], [0.7, 0.3], [0, 1], [0.4, 0.6]]")});
    stub_add(&server,
             (struct stub_rule){.path = "/tokenize", .body = "{\"count\": 4, \"tokens\": [9, 9, 2, 9]}"});
    opened(&v, profile_file(JUDGE "}"));
    check_scores(&v, 1, (float[]){0.6f});
    verifier_release(&v);
    server.used[1] = 0;
    opened(&v, profile_file(JUDGE ", \"turn\": \"\\nStep {step}:\", \"between\": \" ok\", \"strip\": true}"));
    check_scores(&v, 2, (float[]){0.3f, 0.6f});
    verifier_release(&v);
}

static void an_outcome_model_gives_its_classes(void **state)
{
    (void)state;
    struct verifier v;
    stub_add(&server,
             (struct stub_rule){.path = "/classify",
                                .contains = "\"model\":\"m\",\"input\":\"q?",
                                .body = "{\"data\": [{\"index\": 0, \"label\": \"right\", \"probs\": [0.2, "
                                        "0.8], \"num_classes\": 2}], \"usage\": {\"prompt_tokens\": 9}}"});
    stub_add(&server, (struct stub_rule){.path = "/classify",
                                         .body = "{\"data\": [{\"index\": 0, \"probs\": [0.9]}], \"usage\": "
                                                 "{\"prompt_tokens\": 9}}"});
    opened(&v, profile_file(
                   "{\"template\": \"{question} \", \"tag\": \" K\", \"server\": \"classify\", \"outcome\": "
                   "true, \"strip\": true}"));
    int before = server.requests;
    check_scores(&v, 1, (float[]){0.8f});
    assert_int_equal(server.requests - before, 1);
    verifier_release(&v);
}

static void what_is_no_outcome_model_is_refused_clearly(void **state)
{
    (void)state;
    struct verifier v;
    static const struct {
        const char *profile, *body, *what;
    } cases[] = {
        {"\"server\": \"classify\"", NULL, "judges whole solutions: add \"outcome\": true"},
        {"\"server\": \"score\"", NULL, "a model that scores pairs of texts (/score) is no verifier here"},
        {"\"server\": \"classify\", \"outcome\": true", "{\"data\": [{\"probs\": [3.5]}]}",
         "has 3.5 where a probability is wanted"},
        {"\"server\": \"classify\", \"outcome\": true", "{\"data\": [{\"score\": 0.5}]}",
         "no probs in data[0]: is it a model of sequence classification?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char profile[256];
        end(NULL);
        begin(NULL);
        snprintf(profile, sizeof profile, "{\"template\": \"{question} \", \"tag\": \" K\", %s}",
                 cases[i].profile);
        stub_add(&server, (struct stub_rule){.path = "/classify", .body = cases[i].body});
        assert_true(open_with(&v, profile_file(profile), NULL, 5) < 0);
        check_says(cases[i].what);
        verifier_release(&v);
    }
}

/* ---- llama-server ---- */

#define PROPS                                                                                                \
    {                                                                                                        \
        .path = "/props", .body = "{\"default_generation_settings\": {}}"                                    \
    }

static void add_tokens(void)
{
    stub_add(&server, (struct stub_rule)PROPS);
    stub_add(&server, (struct stub_rule){.path = "/tokenize",
                                         .contains = "\"content\":\"+\"",
                                         .body = "{\"tokens\": [{\"id\": 648, \"piece\": \" +\"}]}"});
    stub_add(&server, (struct stub_rule){.path = "/tokenize",
                                         .contains = "\"content\":\" -\"",
                                         .body = "{\"tokens\": [{\"id\": 387, \"piece\": \" -\"}]}"});
    stub_add(&server, (struct stub_rule){.path = "/tokenize",
                                         .contains = "\"content\":\" K\"",
                                         .body = "{\"tokens\": [{\"id\": 12902, \"piece\": \" K\"}]}"});
    stub_add(&server, (struct stub_rule){.path = "/tokenize",
                                         .body = "{\"tokens\": [{\"id\": 1, \"piece\": \" \"}, "
                                                 "{\"id\": 2, \"piece\": \"+\"}]}"});
}

static void llama_servers_labels_are_raised_alike(void **state)
{
    (void)state;
    struct verifier v;
    add_tokens();
    stub_add(&server, (struct stub_rule){
                          .path = "/completion",
                          .contains = "\"logit_bias\":[[648,100.0],[387,100.0]]",
                          .body = "{\"completion_probabilities\": [{\"top_probs\": [{\"id\": 387, \"prob\": "
                                  "0.6}, {\"id\": 648, \"prob\": 0.2}]}], \"timings\": {\"prompt_n\": 3}}"});
    opened(&v, profile_file(TAGGED "}"));
    assert_int_equal(v.probed.verifier_tokens, 3);
    check_scores(&v, 2, (float[]){0.25f, 0.25f});
    verifier_release(&v);
}

static void a_label_that_is_not_one_token_of_the_servers_is_refused(void **state)
{
    (void)state;
    struct verifier v;
    add_tokens();
    assert_int_equal(
        open_with(&v,
                  profile_file("{\"template\": \"{question} \", \"tag\": \" K\", \"good\": \"yes\", "
                               "\"bad\": \" -\"}"),
                  NULL, 5),
        PONDER_E_ARGUMENT);
    check_says("its good token, 'yes', is 2 tokens of http://127.0.0.1");
    verifier_release(&v);
}

/* ---- servers that fail ---- */

static void check_open_fails(const char *what)
{
    struct verifier v;
    assert_int_equal(open_with(&v, profile_file(TAGGED "}"), "STUB_KEY", 0.5), PONDER_E_ENGINE);
    check_says(what);
    assert_null(strstr(err.message, "12345"));
    verifier_release(&v);
}

static void a_server_that_is_busy_is_asked_again_and_not_for_ever(void **state)
{
    (void)state;
    struct verifier v;
    struct stub_rule busy = {.path = "/v1/completions",
                             .times = 1,
                             .status = 429,
                             .headers = "Retry-After: 0\r\n"},
                     broken = {.path = "/v1/completions", .times = 1, .end = STUB_BREAK},
                     good = {.path = "/v1/completions", .times = 1, .body = TOP("\" +\": -1, \" -\": -1")},
                     down = {.path = "/v1/completions",
                             .status = 503,
                             .body = "{\"error\": {\"message\": \"loading\"}}"};
    stub_add(&server, busy);
    stub_add(&server, broken);
    stub_add(&server, good);
    stub_add(&server, down);
    opened(&v, profile_file(TAGGED "}"));
    verifier_release(&v);
    int before = server.requests;
    check_open_fails("HTTP status 503: loading");
    assert_int_equal(server.requests - before, 2 + 4); /* /props, /v1/models, and four tries */
}

static void a_request_that_is_wrong_is_not_repeated(void **state)
{
    (void)state;
    stub_add(&server, (struct stub_rule){.path = "/v1/completions",
                                         .status = 400,
                                         .body = "{\"error\": {\"message\": \"bad key sk-12345\"}}"});
    int before = server.requests;
    check_open_fails("HTTP status 400: bad key ********");
    assert_int_equal(server.requests - before, 3);
    assert_non_null(strstr(server.last, "Authorization: Bearer sk-12345\r\n"));
}

static void a_redirection_to_another_host_is_not_followed(void **state)
{
    (void)state;
    stub_add(&server, (struct stub_rule){.path = "/v1/completions",
                                         .status = 302,
                                         .headers = "Location: http://elsewhere.example/v1/completions\r\n",
                                         .body = ""});
    check_open_fails(
        "HTTP status 302: it sends us on to http://elsewhere.example/v1/completions, which is not "
        "followed; give that address");
}

/* It may be coming back: it is asked again before its loss is told. */
static void a_server_that_goes_away_is_asked_again(void **state)
{
    (void)state;
    struct verifier v;
    stub_add(&server, (struct stub_rule){.path = "/v1/completions", .body = TOP("\" +\": -1, \" -\": -1")});
    opened(&v, profile_file(TAGGED "}"));
    struct verifier_case of = verifier_case_of("q?", NULL);
    struct verifier_item item;
    float scores[SCORES_MAX];
    stub_stop(&server);
    assert_int_equal(score_of(&v, &of, "a", scores, &item), PONDER_E_ENGINE);
    check_says(", after several tries");
    verifier_forget(&v, &of);
    verifier_release(&v);
    stub_start(&server);
}

static void an_error_in_a_reply_of_status_200_is_refused_with_its_words(void **state)
{
    (void)state;
    stub_add(&server,
             (struct stub_rule){.path = "/v1/completions",
                                .body = "{\"error\": {\"message\": \"no such model\", \"code\": 404}}"});
    check_open_fails("404: no such model");
}

static void a_mark_or_comment_before_a_reply_and_half_characters_are_read(void **state)
{
    (void)state;
    struct verifier v;
    stub_add(&server, (struct stub_rule){
                          .path = "/v1/completions",
                          .body = "\xef\xbb\xbf: busy\n" TOP("\" +\": -1, \" -\": -1, \"\\ud83d\": -9")});
    opened(&v, profile_file(TAGGED "}"));
    check_scores(&v, 2, (float[]){0.5f, 0.5f});
    verifier_release(&v);
}

static void a_server_that_hangs_or_never_ends_is_left(void **state)
{
    (void)state;
    stub_add(&server, (struct stub_rule){.path = "/v1/completions", .times = 1, .end = STUB_HANG});
    stub_add(&server, (struct stub_rule){.path = "/v1/completions", .end = STUB_ENDLESS});
    check_open_fails("no reply within 0.5 s; --verifier-timeout");
    struct verifier v;
    assert_int_equal(open_with(&v, profile_file(TAGGED "}"), NULL, 30), PONDER_E_ENGINE);
    check_says("longer than 16384 KiB");
    verifier_release(&v);
}

static void replies_of_the_wrong_shape_are_told(void **state)
{
    (void)state;
    static const char *const completions[] = {
        "",
        "{\"choices\": [{\"logp",
        "[]",
        "3",
        "{}",
        "{\"choices\": {}}",
        "{\"choices\": [{\"logprobs\": null}]}",
        TOP(""),
        TOP("\" +\": null"),
        TOP("\" +\": \"x\""),
        TOP("\" +\": NaN"),
        TOP("\" +\": -1e999"),
        TOP("\" +\": 2"),
        LISTED("3"),
        LISTED("{\"token\": 3, \"logprob\": -1}"),
        LISTED("{\"token\": \" +\"}"),
    };
    for (size_t i = 0; i < sizeof completions / sizeof *completions; i++) {
        server.rule_count = 1;
        stub_add(&server, (struct stub_rule){.path = "/v1/completions", .body = completions[i]});
        check_open_fails("/v1/completions: the reply ");
    }
    static const char *const rows[][2] = {
        {"{\"data\": []}", "no rows"},
        {"{\"data\": [{\"data\": \"AAAA\"}]}", "no rows"},
        {ROWS("[]"), "no rows"},
        {ROWS("[\"x\"]"), "neither a number"},
        {ROWS("[[]]"), "0 classes a row"},
        {ROWS("[[0.5]]"), "1 classes a row"},
        {ROWS("[[0, null]]"), "neither a number"},
        {ROWS("[[0, 1.5]]"), "has 1.5 where a probability"},
        {ROWS("[[0, -0.5]]"), "has -0.5 where a probability"},
        {ROWS("[[0, NaN]]"), "neither a number nor numbers"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verifier v;
        server.rule_count = 1;
        stub_add(&server, (struct stub_rule){.path = "/pooling", .body = rows[i][0]});
        assert_int_equal(open_with(&v, "qwen-prm", NULL, 5), PONDER_E_ENGINE);
        check_says(rows[i][1]);
        verifier_release(&v);
    }
    server.rule_count = 0;
    stub_add(&server, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": 3}]}"});
    check_open_fails("names no model");
}

static void what_is_told_wrongly_is_refused_before_a_server_is_asked(void **state)
{
    (void)state;
    struct verifier v;
    struct verifier_options options = {.profile = "judge"};
    static const char *const names[] = {
        "remote:localhost",           "remote:ftp://x", "remote:http://", "remote:http://a b",
        "remote:http://me:pass@host", "remote:",        "remote"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(verifier_open(&v, names[i], &options, &err), PONDER_E_ARGUMENT);
        assert_null(strstr(err.message, "me:pass"));
        verifier_release(&v);
    }
    assert_int_equal(open_with(&v, NULL, NULL, 5), PONDER_E_ARGUMENT);
    check_says("--verifier-profile is missing");
    verifier_release(&v);
    assert_int_equal(open_with(&v, "judge", "STUB_NO_KEY", 5), PONDER_E_ARGUMENT);
    check_says("STUB_NO_KEY");
    verifier_release(&v);
    setenv("STUB_BAD_KEY", "a\r\nHost: b", 1);
    assert_int_equal(open_with(&v, "judge", "STUB_BAD_KEY", 5), PONDER_E_ARGUMENT);
    verifier_release(&v);
    assert_int_equal(
        open_with(&v, profile_file("{\"template\": \"{question}\", \"tag\": 1, \"good\": 2, \"bad\": 3}"),
                  NULL, 5),
        PONDER_E_ARGUMENT);
    check_says("a text, not an id");
    verifier_release(&v);
    assert_int_equal(server.requests, 0);
    options.key_env = "STUB_KEY";
    options.profile = NULL;
    assert_int_equal(verifier_open(&v, "oracle", &options, &err), PONDER_E_ARGUMENT);
    check_says("behind no server");
    verifier_release(&v);
}

/* ---- bounds ---- */

static void the_purse_and_the_deadline_leave_items_without_a_score(void **state)
{
    (void)state;
    struct verifier v;
    stub_add(&server, (struct stub_rule){.path = "/v1/completions", .contains = "slow", .end = STUB_HANG});
    stub_add(&server, (struct stub_rule){.path = "/v1/completions", .body = TOP("\" +\": -1, \" -\": -1")});
    opened(&v, profile_file(TAGGED "}"));
    struct verifier_case of = verifier_case_of("q?", NULL);
    struct verifier_item item;
    float scores[SCORES_MAX];
    of.tokens_left = 10;
    int before = server.requests;
    assert_int_equal(score_of(&v, &of, "a", scores, &item), 0);
    assert_int_equal(item.count, 0);
    assert_int_equal(server.requests, before);
    of.tokens_left = 100;
    assert_int_equal(score_of(&v, &of, "a", scores, &item), 0);
    assert_int_equal(item.count, 1);
    assert_int_equal(of.tokens_left, 95);
    item.text = "slow";
    item.len = 4;
    double began_s = clock_now_s(&clock_system);
    struct deadline soon = {&clock_system, began_s + 0.2};
    assert_int_equal(verifier_score(&v, &item, 1, &soon, &err), 0);
    assert_true(clock_now_s(&clock_system) - began_s < 2);
    assert_int_equal(item.count, 0);
    verifier_forget(&v, &of);
    verifier_release(&v);
}

static void a_server_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct verifier v;
    struct verifier_options options = {.profile = "judge", .timeout_s = 5};
    assert_int_equal(verifier_open(&v, "remote:http://127.0.0.1:1", &options, &err), PONDER_E_ENGINE);
    check_says("http://127.0.0.1:1/props");
    verifier_release(&v);
    char name[64];
    options.timeout_s = 0.3;
    snprintf(name, sizeof name, "remote:https://127.0.0.1:%d", server.port); /* it speaks no TLS */
    assert_int_equal(verifier_open(&v, name, &options, &err), PONDER_E_ENGINE);
    verifier_release(&v);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_pooler_of_steps_has_a_row_a_step),
        TEST(a_pooler_of_tokens_is_read_at_the_tags),
        TEST(the_tag_and_marks_in_a_question_are_made_harmless),
        TEST(a_completion_is_asked_for_behind_each_step),
        TEST(a_beginning_that_is_known_is_not_asked_about_again),
        TEST(labels_are_known_without_their_space_where_a_server_drops_it),
        TEST(a_model_behind_a_server_that_is_inverted_is_refused),
        TEST(a_label_by_id_is_asked_for_by_id),
        TEST(a_label_by_id_is_named_by_it),
        TEST(a_text_that_is_too_long_stays_without_a_score_and_others_have_theirs),
        TEST(what_a_server_cannot_read_is_not_asked_about),
        TEST(a_judge_behind_a_pooler_is_read_at_the_end),
        TEST(an_outcome_model_gives_its_classes),
        TEST(what_is_no_outcome_model_is_refused_clearly),
        TEST(a_label_that_is_not_likely_is_as_likely_as_the_last_and_both_missing_is_refused),
        TEST(llama_servers_labels_are_raised_alike),
        TEST(a_label_that_is_not_one_token_of_the_servers_is_refused),
        TEST(a_server_that_is_busy_is_asked_again_and_not_for_ever),
        TEST(a_request_that_is_wrong_is_not_repeated),
        TEST(a_redirection_to_another_host_is_not_followed),
        TEST(a_server_that_goes_away_is_asked_again),
        TEST(an_error_in_a_reply_of_status_200_is_refused_with_its_words),
        TEST(a_mark_or_comment_before_a_reply_and_half_characters_are_read),
        TEST(a_server_that_hangs_or_never_ends_is_left),
        TEST(replies_of_the_wrong_shape_are_told),
        TEST(what_is_told_wrongly_is_refused_before_a_server_is_asked),
        TEST(the_purse_and_the_deadline_leave_items_without_a_score),
        TEST(a_server_that_is_not_there_is_named),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(profile_file(""));
    return failed;
}
