/* fuzz_questions.c - question sets of any bytes, with bad lines fatal and skipped: what is read has all its
 * texts, and what is refused says why. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/jsonl.h"
#include "task/questions.h"

static void require(int holds)
{
    if (!holds)
        abort();
}

static void check_set(const struct questions *set)
{
    for (int64_t i = 0; i < set->count; i++) {
        const struct question *q = &set->items[i];
        require(q->problem && q->answer[0] && q->level[0] && q->subject[0] && q->id);
    }
}

static void count_note(const char *text, void *data)
{
    require(strlen(text) > 0);
    ++*(int *)data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int skip = 0; skip < 2; skip++) {
        int notes = 0;
        struct questions set = {0};
        struct questions_source source = {"f", 0, skip, count_note, &notes};
        struct ponder_err err = {0};
        struct jsonl *file;
        require(jsonl_open_text(&file, "f", (const char *)data, size, &err) == PONDER_OK);
        int status = questions_read_lines(&set, &source, file, &err);
        require(status == PONDER_OK || err.message[0]);
        require(skip ? status == PONDER_OK && (set.skipped > 0) == (notes > 0) : set.skipped == 0);
        check_set(&set);
        questions_release(&set);
        jsonl_release(file);
    }
    return 0;
}
