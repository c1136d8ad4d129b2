/* checkpoint.h - a training run on disk, to be continued after an interruption.
 *
 * One file, replaced whole (temporary file, fsync, rename), so that it is always a complete checkpoint. All
 * numbers little-endian:
 *
 *     bytes 0..7     "PONDERCK"
 *     u32            version (2)
 *     u32            bytes of the header: everything before the recipe
 *     u64            bytes of the whole file
 *     u64            hash of the whole file, with these 8 bytes zero (hash_bytes of core/rng.h)
 *     u64            parameters
 *     u64            bytes of the recipe
 *     i64, u64, f64  steps taken, tokens seen, seconds spent
 *     u64 u64 u64    next document, documents left out, documents waiting (STREAM_WAIT_MAX at most)
 *     u64 x STREAM_WAIT_MAX
 *     i64, f64, u64  the step of the best held-out loss (0: none is kept), that loss, measurements since
 *     recipe         text, "name value\n" per setting that shapes the run (recipe.h); zeros up to 8 bytes
 *     f32 x 3        parameters, first moments, second moments, each as many as there are parameters; a
 * fourth time where there is a best step: the parameters behind it */
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H

#include "train/stream.h"

/* Of early stopping. */
struct checkpoint_best {
    int64_t step; /* 0: none */
    double loss;
    int64_t since; /* held-out losses since then that were no better */
    float *params; /* (param_count) as those of the checkpoint */
};

struct checkpoint {
    int64_t step;
    uint64_t tokens;
    double seconds;
    struct stream_state stream;
    size_t param_count;
    float *params, *m, *v; /* (param_count) each; borrowed for saving, inside `bytes` after reading */
    struct checkpoint_best best;
    const char *recipe; /* NUL-terminated; borrowed or inside `recipe_copy` */
    char *bytes, *recipe_copy;
};

enum { CHECKPOINT_RECIPE_BYTES_MAX = 65536 };

/* Where it fails, the old file is as it was. */
int checkpoint_save(const struct checkpoint *checkpoint, const char *path, struct ponder_err *err) PONDER_USE;
/* Everything is checked: sizes against the file's, the hash, the counts. PONDER_E_NOT_FOUND where there is no
 * file. Release with checkpoint_release. */
int checkpoint_read(struct checkpoint *checkpoint, const char *path, struct ponder_err *err) PONDER_USE;
void checkpoint_release(struct checkpoint *checkpoint);

#endif
