/* recipe.h - the settings that shape a training run, as text.
 *
 * One line "name value" per option, from the same table that makes the command-line flags. The text goes into
 * the checkpoint, where it decides whether a run may be continued, and into the finished model's metadata. */
#ifndef TRAIN_RECIPE_H
#define TRAIN_RECIPE_H

#include "core/buf.h"
#include "gguf/gguf.h"
#include "ponder/option.h"
#include "ponder/train.h"

/* Appends a line for each option of `table` but those whose names are in `except` (NULL-terminated). */
int recipe_put(struct buf *out, const struct ponder_option *table, const void *settings,
               const char *const *except) PONDER_USE;
/* Appends " --name value" for each option that differs from its default, in the order of the table. */
int recipe_command(struct buf *out, const struct ponder_option *table, const void *settings,
                   const char *const *except) PONDER_USE;
/* 0 where the texts say the same; else PONDER_E_ARGUMENT and the first setting that differs, with `path`
 * naming the checkpoint that `theirs` comes from. */
int recipe_compare(const char *theirs, const char *ours, const char *path, struct ponder_err *err) PONDER_USE;

/* Settings of every training that may be left open: "auto" precision, no name for the checkpoint, 0 threads.
 */
struct recipe_settings {
    const char **precision;
    const char *optimizer, *out;
    const char **checkpoint;
    int64_t *threads;
};
/* Fills what is open; the checkpoint's name is `path`'s then. PONDER_E_ARGUMENT for words that are none. */
int recipe_resolve(const struct recipe_settings *settings, struct buf *path,
                   struct ponder_err *err) PONDER_USE;
/* What is said of every model that was trained: by which command, to what end. */
void recipe_put_metadata(struct gguf_writer *writer, const struct buf *command, const struct buf *recipe,
                         const struct ponder_train_result *result);

#endif
