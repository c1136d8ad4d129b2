/* batch.c - answer every line of a file, many at once, in the order of the file.
 *
 *   cc batch.c $(pkg-config --cflags --libs ponder) -o batch && ./batch questions.txt
 *
 * All questions share one engine: what one of them waits for, another computes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ponder.h>

enum { LINE_BYTES = 4096, QUESTIONS_MAX = 1000 };

/* Hands the lines over; returns how many. */
static int ask_all(struct ponder_session *session, FILE *file, const struct ponder_plan *plan, uint64_t *ids)
{
    struct ponder_err err;
    char line[LINE_BYTES];
    int count = 0;
    while (count < QUESTIONS_MAX && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (ponder_session_ask(session, line, plan, NULL, &ids[count], &err))
            fprintf(stderr, "line %d: %s\n", count + 1, err.message);
        else
            count++;
    }
    return count;
}

static void print_all(struct ponder_session *session, const uint64_t *ids, int count)
{
    struct ponder_err err;
    struct ponder_solution *solution;
    for (int i = 0; i < count; i++) {
        if (ponder_session_wait(session, ids[i], &solution, &err)) {
            printf("%s\n", err.message);
            continue;
        }
        printf("%s  (%lld solutions)\n", solution->answer ? solution->answer : "no answer",
               (long long)solution->candidate_count);
        ponder_solution_release(solution);
    }
}

int main(int argc, char **argv)
{
    struct ponder_err err = {0};
    char *path = NULL;
    struct ponder_model *model = NULL;
    struct ponder_session *session = NULL;
    struct ponder_plan plan;
    uint64_t ids[QUESTIONS_MAX];
    FILE *file = argc > 1 ? fopen(argv[1], "r") : stdin;
    if (!file) {
        perror(argv[1]);
        return EXIT_FAILURE;
    }
    int status = ponder_model_find(&path, &err);
    if (!status)
        status = ponder_model_open(&model, path, &err);
    if (!status)
        status = ponder_plan_default(&plan, &err);
    if (!status)
        status = ponder_session_open(&session, model, &plan.sampling, &err);
    if (status) {
        fprintf(stderr, "%s\n", err.message);
    } else {
        int count = ask_all(session, file, &plan, ids);
        print_all(session, ids, count);
        struct ponder_ledger spent = ponder_session_ledger(session);
        printf("%lld generations, %lld tokens\n", (long long)spent.generations,
               (long long)(spent.prompt_tokens + spent.generated_tokens));
    }
    if (file != stdin)
        fclose(file);
    ponder_session_close(session);
    ponder_model_release(model);
    free(path);
    return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
