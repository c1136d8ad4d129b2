/* label_options.c - the option table of struct ponder_label_settings. */
#include "ponder/label.h"

#define OPTION_FIELD(field) offsetof(struct ponder_label_settings, field)
#include "core/option_rows.h"

const struct ponder_option *ponder_label_options(void)
{
    static const struct ponder_option table[] = {
        {"data", 'd', PONDER_OPTION_TEXT, OPTION_FIELD(data), "FILE", "pocket:train:4000", 0, 0,
         "JSONL, or pocket:train:N[:SEED]"},
        {"limit", 'l', PONDER_OPTION_INT, OPTION_FIELD(limit), "K", "0", 0, 1000000,
         "only the first K questions; 0: all"},
        ROW_TEXT("store", store, "FILE", NULL, "where labels are kept; goes on with what is missing"),
        ROW_INT("rollouts", rollouts, "K", "16", 1, 4096, "completions from behind each line"),
        ROW_TEXT("extract", extract, "HOW", "auto", "answers: box, any, or auto: docs/cli.md"),
        ROW_FLAG("skip-bad", skip_bad, "leave out lines that are no question"),
        ROW_FLAG("mix", mix, "go on with a run of another version or CPU"),
        PONDER_OPTION_END};
    return table;
}
