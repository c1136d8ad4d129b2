/* recipe.h - the settings that shape a training run, as text.
 *
 * One line "name value" per option, from the same table that makes the command-line flags. The text goes into
 * the checkpoint, where it decides whether a run may be continued, and into the finished model's metadata. */
#ifndef TRAIN_RECIPE_H
#define TRAIN_RECIPE_H

#include "core/buf.h"
#include "ponder/option.h"

/* Appends a line for each option of `table` but those whose names are in `except` (NULL-terminated). */
int recipe_put(struct buf *out, const struct ponder_option *table, const void *settings,
               const char *const *except) PONDER_USE;
/* Appends " --name value" for each option that differs from its default, in the order of the table. */
int recipe_command(struct buf *out, const struct ponder_option *table, const void *settings,
                   const char *const *except) PONDER_USE;
/* 0 where the texts say the same; else PONDER_E_ARGUMENT and the first setting that differs, with `path`
 * naming the checkpoint that `theirs` comes from. */
int recipe_compare(const char *theirs, const char *ours, const char *path, struct ponder_err *err) PONDER_USE;

#endif
