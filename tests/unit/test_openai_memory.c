/* Every allocation fails once while a model behind servers is opened and asked. */
#include "openai_fixture.h"

#define EACH_ALLOCATION_FAILS
#include "failing_alloc.h"

static int ask_a_server(struct ponder_err *failure)
{
    struct ponder_server settings;
    struct ponder_sampling sampling;
    struct ponder_solution *solution = NULL;
    struct ponder_model *model = NULL;
    char url[64];
    long later = fail_after;
    fail_after = -1; /* what the test needs itself */
    assert_int_equal(ponder_options_default(ponder_server_options(), &settings, NULL), PONDER_OK);
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, NULL), PONDER_OK);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", server.port);
    settings.base_url = (struct ponder_texts){1, {url}};
    settings.api = "completions";
    sampling.n = 3;
    fail_after = later;
    int status = ponder_model_connect(&model, NULL, &settings, failure);
    if (!status)
        status = ponder_solve(model, "Q?", &sampling, NULL, &solution, failure);
    ponder_solution_release(solution);
    ponder_model_release(model);
    return status;
}

static void a_server_asked_with_each_failing_is_an_error_or_an_answer(void **state)
{
    (void)state;
    add_start(&server);
    add(&server, (struct stub_rule){.contains = "?", .body = ONE("So \\\\boxed{7}", 30, 9)});
    each_allocation_fails(ask_a_server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_server_asked_with_each_failing_is_an_error_or_an_answer, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
