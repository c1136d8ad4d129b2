/* solve.c - answer one question with libponder.
 *
 *   cc solve.c $(pkg-config --cflags --libs ponder) -o solve && ./solve "What is 17 * 23?"
 *
 * The model is the installed one; PONDER_MODEL names another file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <ponder.h>

/* Stops after a second: whatever was sampled until then is voted on. */
static bool one_second(const struct ponder_progress *progress, void *data)
{
    (void)data;
    return progress->seconds < 1;
}

int main(int argc, char **argv)
{
    const char *question = argc > 1 ? argv[1] : "What is 17 * 23?";
    struct ponder_err err = {0};
    char *path = NULL;
    struct ponder_model *model = NULL;
    struct ponder_sampling sampling;
    struct ponder_solution *solution = NULL;
    struct ponder_watch watch = {.progress = one_second};

    int status = ponder_model_find(&path, &err);
    if (!status)
        status = ponder_model_open(&model, path, &err);
    if (!status)
        status = ponder_options_default(ponder_solve_options(), &sampling, &err);
    if (!status)
        status = ponder_option_set(ponder_solve_options(), &sampling, "n", "16", &err);
    if (!status)
        status = ponder_solve(model, question, &sampling, &watch, &solution, &err);
    if (status) {
        fprintf(stderr, "%s\n", err.message);
    } else if (!solution->answer) {
        puts("no answer");
    } else {
        printf("%s\n", solution->answer);
        for (int64_t i = 0; i < solution->vote_count; i++)
            printf("%4" PRId64 "  %s\n", solution->votes[i].count, solution->votes[i].answer);
    }
    ponder_solution_release(solution);
    ponder_model_release(model);
    free(path);
    return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
