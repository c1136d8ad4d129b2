/* fuzz_recorded.c - files of recorded samples, of any bytes: a reading that succeeds must hold what its
 * header promises, and one that fails must say why. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/jsonl.h"
#include "replay/recorded.h"

static void require(int holds)
{
    if (!holds)
        abort();
}

static void check_sample(const struct recorded_sample *sample)
{
    require(sample->text && sample->len >= 0 && sample->text[sample->len] == '\0' && sample->tokens >= -1);
    for (int64_t i = 0; i < sample->steps; i++)
        require(sample->scores[i] >= 0 && sample->scores[i] <= 1);
}

static void check_question(const struct recorded_question *q)
{
    require(q->id && q->problem && q->answer && q->level && q->subject && q->n >= 1);
    for (int64_t i = 0; i < q->n; i++)
        check_sample(&q->samples[i]);
    for (int64_t i = 0; i < q->pick_count; i++)
        require(q->picks[i].answer && q->picks[i].n >= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct recorded recorded;
    struct jsonl *file;
    struct ponder_err err = {0};
    require(jsonl_open_text(&file, "f", (const char *)data, size, &err) == PONDER_OK);
    int status = recorded_read_lines(&recorded, file, "f", &err);
    require(status == PONDER_OK || err.message[0]);
    for (int64_t i = 0; i < recorded.count && !status; i++)
        check_question(&recorded.questions[i]);
    recorded_release(&recorded);
    jsonl_release(file);
    return 0;
}
