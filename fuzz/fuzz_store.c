/* fuzz_store.c - stores of any bytes: opened for reading and read through, every run with its questions,
 * cells, traces and pieces. What is read must hold what store.h promises, and what is refused must say why.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "store/store.h"

static void require(int holds)
{
    if (!holds)
        abort();
}

static int check_cell(void *data, const struct store_cell *cell, struct ponder_err *err)
{
    (void)data;
    (void)err;
    require(cell->n >= 0 && cell->n <= STORE_CELL_SAMPLES_MAX);
    for (int64_t i = 0; i < cell->n; i++) {
        const struct store_sample *sample = &cell->samples[i];
        require(!sample->text || sample->text[sample->len] == '\0');
        require(sample->score_count >= 0 && sample->score_count <= STORE_SCORES_MAX);
        for (int64_t s = 0; s < sample->score_count; s++)
            require(sample->scores[s] == sample->scores[s]);
    }
    require(!cell->found || (cell->found->chosen >= 0 && cell->found->chosen < cell->n));
    for (int64_t i = 0; i < cell->n && cell->found; i++)
        require(cell->found->repeats[i] >= 1);
    return PONDER_OK;
}

static int check_piece(void *data, int64_t number, const struct store_sample *sample, struct ponder_err *err)
{
    (void)data;
    (void)number;
    (void)err;
    require(!sample->tokens || sample->token_count <= STORE_PIECE_TOKENS_MAX);
    return PONDER_OK;
}

static void read_question(struct store *store, int64_t run, int64_t question)
{
    struct ponder_err err = {0};
    char *text;
    size_t len;
    int64_t seed = -1;
    int status = store_trace_read(store, run, &seed, question, &text, &len, &err);
    require(status ? err.message[0] != 0 : !text || text[len] == '\0');
    free(text);
    status = store_pieces_read(store, run, 1, question, check_piece, NULL, &err);
    require(!status || err.message[0]);
}

static void read_run(struct store *store, const struct ponder_run *run)
{
    struct questions questions;
    struct ponder_err err = {0};
    require(run->created && run->data && run->model && run->settings && run->fingerprints);
    int status = store_run_questions(store, run->id, &questions, &err);
    require(!status || err.message[0]);
    questions_release(&questions);
    status = store_cells_read(store, run->id, 0, -1, check_cell, NULL, &err);
    require(!status || err.message[0]);
    status = store_candidates_read(store, run->id, 0, -1, check_cell, NULL, &err);
    require(!status || err.message[0]);
    for (int64_t q = 0; q < 4; q++)
        read_question(store, run->id, q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct store *store;
    struct ponder_run *runs = NULL;
    int64_t count = 0;
    struct ponder_err err = {0};
    snprintf(path, sizeof path, "/dev/shm/ponder-fuzz-%ld.db", (long)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(fd >= 0 && file_write_all(fd, (const char *)data, size) == 0 && close(fd) == 0);
    int status = store_open(&store, path, STORE_READ, &err);
    if (!status)
        status = store_runs(store, &runs, &count, &err);
    require(!status || err.message[0]);
    for (int64_t i = 0; i < count && !status && i < 8; i++)
        read_run(store, &runs[i]);
    ponder_runs_release(runs, count);
    store_release(store);
    unlink(path);
    return 0;
}
