/* Whole calls over servers: how questions are put to them, searches, budgets, evaluations. */
#include "openai_fixture.h"

/* Names a file of five worked questions, A to E. */
static const char *shots_file(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/ponder-shots-%d.jsonl", (int)getpid());
    FILE *file = fopen(path, "w");
    for (char name = 'A'; name <= 'E'; name++)
        fprintf(file, "{\"problem\": \"%c?\", \"solution\": \"\\\\boxed{%c}\"}\n", name, name);
    fclose(file);
    return path;
}

static struct ponder_model *connected_as(const char *api, const char *template_text, double params)
{
    struct ponder_server settings;
    struct ponder_model *model;
    static char url[96];
    assert_int_equal(ponder_options_default(ponder_server_options(), &settings, &err), PONDER_OK);
    snprintf(url, sizeof url, "http://127.0.0.1:%d,http://127.0.0.1:%d/v1/", server.port, second.port);
    settings.base_url = (struct ponder_texts){1, {url}};
    settings.key_env = "STUB_KEY";
    settings.api = api;
    settings.params = params;
    if (template_text)
        settings.template_text = template_text;
    if (ponder_model_connect(&model, NULL, &settings, &err))
        fail_msg("%s", err.message);
    return model;
}

static struct ponder_model *connected(double params)
{
    return connected_as("chat", NULL, params);
}

static void second_is_like_the_first(void)
{
    for (int i = 0; i < server.rule_count; i++)
        stub_add(&second, server.rules[i]);
}

/* Asks one question as `prompting` says; the request is in server.last or second.last, whichever was asked.
 */
static const char *request_of(struct ponder_model *model, struct ponder_prompting prompting,
                              const char *question)
{
    struct ponder_sampling sampling;
    struct ponder_solution *solution = NULL;
    int before = server.requests;
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, &err), PONDER_OK);
    sampling.n = 1;
    if (ponder_model_prompting(model, &prompting, &err) ||
        ponder_solve(model, question, &sampling, NULL, &solution, &err))
        fail_msg("%s", err.message);
    ponder_solution_release(solution);
    return server.requests > before ? server.last : second.last;
}

#define TURN(name)                                                                                           \
    "{\"role\":\"user\",\"content\":\"" name "?\"},{\"role\":\"assistant\",\"content\":\"\\\\boxed{" name    \
    "}\"},"

static void a_chat_is_sent_a_system_prompt_and_examples_as_messages(void **state)
{
    (void)state;
    add_chat_start(SAYS(" 3 4", 24, 4), SAYS(" 3 4", 25, 4));
    add_chat("?", SAYS("\\\\boxed{7}", 30, 5));
    second_is_like_the_first();
    struct ponder_model *model = connected(0);
    const char *path = shots_file();
    const char *last = request_of(model, (struct ponder_prompting){"auto", "Be brief.", path}, "Q?");
    check_says(last, "\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"}," TURN("A") TURN("B")
                         TURN("C") TURN("D") "{\"role\":\"user\",\"content\":\"Q?\"}]");
    last = request_of(model, (struct ponder_prompting){"auto", "", path}, " B? ");
    check_says(last, "\"messages\":[" TURN("A") TURN("C") TURN("D")
                         TURN("E") "{\"role\":\"user\",\"content\":\"B?\"}]");
    last = request_of(model, (struct ponder_prompting){"auto", "", NULL}, "Q?");
    check_says(last, "\"messages\":[{\"role\":\"user\",\"content\":\"Q?\"}]");
    struct ponder_prompting kind = {"chatml", NULL, NULL};
    assert_int_equal(ponder_model_prompting(model, &kind, &err), PONDER_E_ARGUMENT);
    check_says(err.message, "--api says whether it is used");
    unlink(path);
    ponder_model_release(model);
}

/* A template without a system's role has its text in front of the first message. */
static void a_system_prompt_that_a_chat_refuses_opens_the_first_example(void **state)
{
    (void)state;
    add(&server, (struct stub_rule){.path = "/v1/models", .body = "{\"data\": [{\"id\": \"m\"}]}"});
    add(&server, (struct stub_rule){.path = "/v1/chat/completions",
                                    .contains = "\"role\":\"system\"",
                                    .status = 400,
                                    .body = "{\"message\": \"no system\"}"});
    add_chat("?", SAYS("\\\\boxed{7}", 30, 5));
    add_chat(COUNTING, SAYS("1 2", 20, 4));
    second_is_like_the_first();
    struct ponder_model *model = connected(0);
    const char *path = shots_file();
    const char *last = request_of(model, (struct ponder_prompting){"auto", "Be brief.", path}, "Q?");
    check_says(last, "\"messages\":[{\"role\":\"user\",\"content\":\"Be brief.\\n\\nA?\"},");
    check_says(last, TURN("D") "{\"role\":\"user\",\"content\":\"Q?\"}]");
    unlink(path);
    ponder_model_release(model);
}

static void completions_show_examples_and_end_where_another_problem_begins(void **state)
{
    (void)state;
    struct ponder_sampling sampling;
    struct ponder_solution *solution;
    add_start(&server);
    add(&server,
        (struct stub_rule){.contains = "?", .body = ONE("So \\\\boxed{7}\\n\\nProblem:\\nZ?", 30, 9)});
    second_is_like_the_first();
    struct ponder_model *model = connected_as("completions", NULL, 0);
    const char *path = shots_file();
    struct ponder_prompting prompting = {"auto", NULL, path};
    const char *last = request_of(model, prompting, "A?");
    check_says(last, "\"prompt\":\"Problem:\\nB?\\n\\nSolution:\\n\\\\boxed{B}\\n\\nProblem:\\nC?");
    check_says(last, "\\\\boxed{E}\\n\\nProblem:\\nA?\\n\\nSolution:\\n\"");
    check_says(last, "\"stop\":[\"Problem:\\n\"]");
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, &err), PONDER_OK);
    sampling.n = 1;
    assert_int_equal(ponder_solve(model, "Q?", &sampling, NULL, &solution, &err), PONDER_OK);
    assert_string_equal(solution->candidates[0].text, "So \\boxed{7}\n\n");
    assert_string_equal(solution->candidates[0].finish, "end");
    ponder_solution_release(solution);
    prompting = (struct ponder_prompting){"auto", "Be brief.", NULL};
    assert_int_equal(ponder_model_prompting(model, &prompting, &err), PONDER_E_ARGUMENT);
    check_says(err.message, "--api chat");
    ponder_model_release(model);
    model = connected_as("completions", "Q: {question}", 0);
    prompting = (struct ponder_prompting){"auto", NULL, path};
    assert_int_equal(ponder_model_prompting(model, &prompting, &err), PONDER_E_ARGUMENT);
    check_says(err.message, "leave --prompt-template away");
    unlink(path);
    ponder_model_release(model);
}

/* ---- a whole call ---- */

static void searches_that_a_server_cannot_do_are_refused_with_a_word_on_what_would_work(void **state)
{
    (void)state;
    struct ponder_sampling sampling;
    struct ponder_search search;
    struct ponder_solution *solution;
    add_chat_start(SAYS(" 3 4", 29, 4), SAYS(" 3 4", 30, 4));
    second_is_like_the_first();
    struct ponder_model *model = connected(0);
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, &err), PONDER_OK);
    assert_int_equal(ponder_options_default(ponder_search_options(), &search, &err), PONDER_OK);
    search.name = "beam";
    search.verifier = "vote";
    sampling.n = 4;
    int status = ponder_solve_search(model, "3+4?", &sampling, &search, NULL, &solution, &err);
    assert_int_equal(status, PONDER_E_UNSUPPORTED);
    check_says(err.message, "--search best_of_n, or --api completions");
    search.name = "best_of_n";
    search.budget = "1e12f";
    status = ponder_solve_search(model, "3+4?", &sampling, &search, NULL, &solution, &err);
    assert_int_equal(status, PONDER_E_UNSUPPORTED);
    check_says(err.message, "--model-params");
    sampling.exact = true;
    assert_int_equal(ponder_solve(model, "3+4?", &sampling, NULL, &solution, &err), PONDER_E_ARGUMENT);
    ponder_model_release(model);
}

/* What is not known is null, and what the start took is told beside the ledger. */
static void an_answer_tells_what_the_start_took_and_not_what_nobody_knows(void **state)
{
    (void)state;
    struct ponder_sampling sampling;
    struct ponder_solution *solution;
    char *json;
    add_chat_start(SAYS(" 3 4", 24, 4), SAYS(" 3 4", 25, 4));
    add_chat("step by step", SAYS("\\\\boxed{7}", 30, 5));
    second_is_like_the_first();
    struct ponder_model *model = connected(0);
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, &err), PONDER_OK);
    assert_int_equal(ponder_option_set(ponder_solve_options(), &sampling, "seed", "none", &err), PONDER_OK);
    sampling.n = 2;
    assert_int_equal(ponder_solve(model, "3+4?", &sampling, NULL, &solution, &err), PONDER_OK);
    assert_null(strstr(server.last, "\"seed\""));
    assert_int_equal(solution->start.requests, 2 * 9);
    assert_int_equal(ponder_solution_json(solution, &json, &err), PONDER_OK);
    check_says(json, "\"flops\":null");
    check_says(json, "\"start\":{\"requests\":18,\"prompt_tokens\":258,\"generated_tokens\":64,\"seconds\":");
    free(json);
    ponder_solution_release(solution);
    ponder_model_release(model);
}

/* A server that dies in the middle: what there is by then is the answer, and it is said what is missing. */
static void a_server_that_dies_leaves_an_answer_and_a_word_on_it(void **state)
{
    (void)state;
    struct ponder_sampling sampling;
    struct ponder_solution *solution;
    add_chat_start(SAYS(" 3 4", 24, 4), SAYS(" 3 4", 25, 4));
    add(&server, (struct stub_rule){.path = "/v1/chat/completions",
                                    .contains = "step by step",
                                    .times = 2,
                                    .body = SAYS("\\\\boxed{7}", 30, 5)});
    add(&server, (struct stub_rule){
                     .path = "/v1/chat/completions", .status = 400, .body = "{\"message\": \"no more\"}"});
    for (int i = 0; i < server.rule_count; i++)
        if (!server.rules[i].times)
            stub_add(&second, server.rules[i]);
    struct ponder_model *model = connected(0);
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, &err), PONDER_OK);
    sampling.n = 8;
    assert_int_equal(ponder_solve(model, "3+4?", &sampling, NULL, &solution, &err), PONDER_OK);
    assert_string_equal(solution->answer, "7");
    assert_int_equal(solution->finished, 2);
    check_says(solution->warning, "no more");
    ponder_solution_release(solution);
    ponder_model_release(model);
}

/* What was sampled without a seed is kept, and found again. */
static void a_run_without_a_seed_is_kept(void **state)
{
    (void)state;
    struct ponder_sampling sampling;
    struct ponder_eval_settings settings;
    struct ponder_eval *eval;
    char store[64], wal[80];
    snprintf(store, sizeof store, "/tmp/ponder-seedless-%d.db", (int)getpid());
    snprintf(wal, sizeof wal, "%s-wal", store);
    unlink(store);
    add_chat_start(SAYS(" 3 4", 24, 4), SAYS(" 3 4", 25, 4));
    add_chat("step by step", SAYS("\\\\boxed{7}", 30, 5));
    second_is_like_the_first();
    struct ponder_model *model = connected(0);
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, &err), PONDER_OK);
    assert_int_equal(ponder_options_default(ponder_eval_options(), &settings, &err), PONDER_OK);
    settings.data = "pocket:test:2";
    settings.store = store;
    sampling.n = 2;
    sampling.seed = -1;
    for (int i = 0; i < 2; i++) {
        if (ponder_eval_run(model, &settings, &sampling, NULL, &eval, &err))
            fail_msg("%s", err.message);
        assert_int_equal(eval->done, 2);
        assert_int_equal(eval->resumed, i == 0 ? 0 : 2);
        ponder_eval_release(eval);
    }
    ponder_model_release(model);
    unlink(store);
    unlink(wal);
}

/* One is told what all models are told that are told nothing else. */
static void a_chat_is_told_what_a_model_here_is_told(void **state)
{
    (void)state;
    add_chat_start(SAYS(" 3 4", 24, 4), SAYS(" 3 4", 25, 4));
    add_chat("?", SAYS("\\\\boxed{7}", 30, 5));
    second_is_like_the_first();
    struct ponder_model *model = connected(0);
    const char *last = request_of(model, (struct ponder_prompting){"auto", NULL, NULL}, "Q?");
    check_says(last, "Solve the problem step by step, one step on each line. Put the final answer in "
                     "\\\\boxed{} on the last line.");
    ponder_model_release(model);
}

/* Each of the samples reads the prompt again, for which the budget pays too. */
static void a_budget_of_flops_is_kept_where_prompts_are_read_again(void **state)
{
    (void)state;
    struct ponder_sampling sampling;
    struct ponder_search search;
    struct ponder_solution *solution;
    add_chat_start(SAYS(" 3 4", 24, 4), SAYS(" 3 4", 25, 4));
    add_chat("step by step", SAYS("\\\\boxed{7}", 30, 5));
    second_is_like_the_first();
    struct ponder_model *model = connected(1e9);
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, &err), PONDER_OK);
    assert_int_equal(ponder_options_default(ponder_search_options(), &search, &err), PONDER_OK);
    sampling.n = 32;
    sampling.max_tokens = 5;
    search.budget = "1e12f";
    if (ponder_solve_search(model, "3+4?", &sampling, &search, NULL, &solution, &err))
        fail_msg("%s", err.message);
    assert_string_equal(solution->answer, "7");
    assert_true(solution->ledger.flops <= 1e12);
    assert_true(solution->ledger.recomputed_tokens > 0);
    assert_in_range(solution->ledger.generated_tokens, 10, 14 * 5);
    ponder_solution_release(solution);
    ponder_model_release(model);
}

static bool file_has(const char *path, const char *bytes)
{
    char *text = calloc(1, 1 << 22);
    FILE *file = fopen(path, "rb");
    size_t n = file ? fread(text, 1, 1 << 22, file) : 0;
    bool found = memmem(text, n, bytes, strlen(bytes)) != NULL;
    if (file)
        fclose(file);
    free(text);
    return found;
}

/* Of an evaluation over two servers, of which one dies and says the key in its last words. */
static void an_evaluation_over_a_dying_server_is_whole_and_nothing_of_it_has_the_key(void **state)
{
    (void)state;
    struct ponder_sampling sampling;
    struct ponder_eval_settings settings;
    struct ponder_eval *eval;
    char store[64], wal[80], *json;
    snprintf(store, sizeof store, "/tmp/ponder-openai-%d.db", (int)getpid());
    snprintf(wal, sizeof wal, "%s-wal", store);
    unlink(store);
    add_chat_start(SAYS(" 3 4", 24, 4), SAYS(" 3 4", 25, 4));
    for (int i = 0; i < server.rule_count; i++)
        stub_add(&second, server.rules[i]);
    add_chat("step by step", SAYS("\\\\boxed{7}", 30, 5));
    add(&second,
        (struct stub_rule){.path = "/v1/chat/completions", .times = 2, .body = SAYS("no " KEY, 30, 5)});
    add(&second, (struct stub_rule){
                     .path = "/v1/chat/completions", .status = 500, .body = "{\"message\": \"" KEY "\"}"});
    struct ponder_model *model = connected(1e9);
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, &err), PONDER_OK);
    assert_int_equal(ponder_options_default(ponder_eval_options(), &settings, &err), PONDER_OK);
    settings.data = "pocket:test:3";
    settings.store = store;
    sampling.n = 8;
    if (ponder_eval_run(model, &settings, &sampling, NULL, &eval, &err))
        fail_msg("%s", err.message);
    assert_int_equal(eval->done, 3);
    assert_int_equal(eval->failed, 0);
    assert_int_equal(eval->ledger.generated_tokens, 3 * 8 * 5);
    assert_true(eval->spent.recomputed_tokens >= 35);
    assert_int_equal(ponder_eval_json(eval, &json, &err), PONDER_OK);
    assert_null(strstr(json, KEY));
    check_says(json, "\"precision\":\"server\"");
    assert_false(file_has(store, KEY));
    assert_false(file_has(wal, KEY));
    free(json);
    ponder_eval_release(eval);
    ponder_model_release(model);
    unlink(store);
    unlink(wal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_chat_is_sent_a_system_prompt_and_examples_as_messages),
        TEST(a_system_prompt_that_a_chat_refuses_opens_the_first_example),
        TEST(completions_show_examples_and_end_where_another_problem_begins),
        TEST(searches_that_a_server_cannot_do_are_refused_with_a_word_on_what_would_work),
        TEST(an_answer_tells_what_the_start_took_and_not_what_nobody_knows),
        TEST(a_server_that_dies_leaves_an_answer_and_a_word_on_it),
        TEST(a_run_without_a_seed_is_kept),
        TEST(a_chat_is_told_what_a_model_here_is_told),
        TEST(a_budget_of_flops_is_kept_where_prompts_are_read_again),
        TEST(an_evaluation_over_a_dying_server_is_whole_and_nothing_of_it_has_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
