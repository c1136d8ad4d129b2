#include "products/qgemm.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "kernels/kernels.h"
#include "products/qgemm_impl.h"

struct qgemm {
    const struct qgemm_kernel *kernel;
    int threads;
    struct qgemm_rows rows;
    void *block; /* all of the rows' */
    size_t block_bytes;
    char *scratch; /* (threads) x scratch_bytes */
    size_t scratch_bytes;
};

struct qgemm_weights {
    int n, k, part_count;
    struct qgemm_part parts[LM_MATRIX_PARTS_MAX];
    void *block;
    size_t bytes;
};

/* ---- kernels ---- */

/* The fastest first. */
static const struct qgemm_kernel *const kernels[] = {
#ifdef __x86_64__
    &qgemm_amx,   &qgemm_avx512, &qgemm_avxvnni, &qgemm_avx2,
#endif
    &qgemm_plain,
};
enum { KERNELS = sizeof kernels / sizeof *kernels };

const struct qgemm_kernel *qgemm_kernel_named(const char *name)
{
    for (int i = 0; i < KERNELS; i++)
        if (strcmp(kernels[i]->name, name) == 0)
            return kernels[i]->works() ? kernels[i] : NULL;
    return NULL;
}

static const struct qgemm_kernel *fastest(void)
{
    int i = 0;
    while (!kernels[i]->works())
        i++;
    return kernels[i];
}

bool qgemm_is_fast(void)
{
    return fastest() != &qgemm_plain;
}

static int choose_kernel(const char *name, const struct qgemm_kernel **out, struct ponder_err *err)
{
    const char *variable = getenv("PONDER_INTEGER_KERNEL");
    if (!name && variable && *variable)
        name = variable;
    *out = name ? qgemm_kernel_named(name) : fastest();
    if (!*out)
        return err_set(
            err, PONDER_E_UNSUPPORTED,
            "this CPU has no kernel '%.20s' of integer products; there are amx, avx512, avxvnni, avx2 "
            "and plain",
            name);
    return PONDER_OK;
}

int qgemm_open(struct qgemm **out, const char *kernel, int threads, struct ponder_err *err)
{
    const struct qgemm_kernel *chosen;
    int status = choose_kernel(kernel, &chosen, err);
    if (status)
        return status;
    struct qgemm *gemm = calloc(1, sizeof *gemm);
    if (!gemm)
        return err_memory(err, "integer products");
    gemm->kernel = chosen;
    gemm->threads = threads;
    *out = gemm;
    return PONDER_OK;
}

void qgemm_release(struct qgemm *gemm)
{
    if (!gemm)
        return;
    free(gemm->block);
    free(gemm->scratch);
    free(gemm);
}

const char *qgemm_kernel_name(const struct qgemm *gemm)
{
    return gemm->kernel->name;
}

/* ---- weights ---- */

bool qgemm_takes(const struct lm_matrix *w)
{
    for (int p = 0; p < w->part_count; p++) {
        switch (w->parts[p]->type) {
#define CASE(type, name, bits, zero, offsets, super, halves) case GGUF_TENSOR_##type:
            QGEMM_TYPES(CASE)
#undef CASE
            break;
        default:
            return false;
        }
    }
    return !w->plain && w->part_count > 0;
}

/* Returns the bytes of all parts, whose data is NULL. */
static size_t lay_out(const struct lm_matrix *w, struct qgemm_part *parts)
{
    size_t bytes = 0;
    for (int p = 0, first = 0; p < w->part_count; first += parts[p++].rows) {
        parts[p] = qgemm_part_of(w->parts[p], first, w->cols);
        bytes += qgemm_part_bytes(&parts[p]);
    }
    return bytes;
}

size_t qgemm_packed_bytes(const struct lm_matrix *w)
{
    struct qgemm_part parts[LM_MATRIX_PARTS_MAX];
    return lay_out(w, parts);
}

int qgemm_weights_new(struct qgemm_weights **out, const struct lm_matrix *w, int threads,
                      struct ponder_err *err)
{
    struct qgemm_weights *weights = calloc(1, sizeof *weights);
    if (!weights)
        return err_memory(err, "packed weights");
    weights->n = w->rows;
    weights->k = w->cols;
    weights->part_count = w->part_count;
    weights->bytes = lay_out(w, weights->parts);
    weights->block = aligned_alloc(QGEMM_VECTOR, weights->bytes);
    if (!weights->block) {
        free(weights);
        return err_memory(err, "packed weights");
    }
    unsigned char *data = weights->block;
    for (int p = 0; p < w->part_count; data += qgemm_part_bytes(&weights->parts[p++])) {
        struct qgemm_part *part = &weights->parts[p];
        part->data = data;
#pragma omp parallel for schedule(dynamic, 4) num_threads(threads)
        for (int panel = 0; panel < part->panels; panel++)
            qgemm_pack_panel(part, w->parts[p], panel);
    }
    *out = weights;
    return PONDER_OK;
}

void qgemm_weights_release(struct qgemm_weights *weights)
{
    if (!weights)
        return;
    free(weights->block);
    free(weights);
}

size_t qgemm_weights_bytes(const struct qgemm_weights *weights)
{
    return weights->bytes;
}

/* ---- rows of x ---- */

static int tiles_of(int rows)
{
    return (rows + QGEMM_TILE - 1) / QGEMM_TILE;
}

/* Room for the rows of a product, in bf16 or as whole numbers. */
static int reserve_rows(struct qgemm *gemm, int rows, int blocks, bool bf16, struct ponder_err *err)
{
    size_t cells = (size_t)tiles_of(rows) * (size_t)blocks * QGEMM_TILE; /* of one row and block */
    size_t whole = QGEMM_BLOCK + 2 * sizeof(float) + 4 * sizeof(int32_t);
    size_t bytes = cells * (bf16 ? QGEMM_BLOCK * sizeof(uint16_t) : whole);
    if (bytes > gemm->block_bytes) {
        free(gemm->block);
        gemm->block_bytes = 0;
        gemm->block = aligned_alloc(QGEMM_VECTOR, bytes); /* cells come in 16, so these are whole vectors */
        if (!gemm->block)
            return err_memory(err, "rows of an integer product");
        memset(gemm->block, 0, bytes); /* kernels compute rows of a tile that are not there, too */
        gemm->block_bytes = bytes;
    }
    struct qgemm_rows *x = &gemm->rows;
    x->rows = rows;
    x->blocks = blocks;
    x->bf16 = bf16 ? gemm->block : NULL;
    x->numbers = gemm->block;
    x->scales = (float *)(void *)(x->numbers + cells * QGEMM_BLOCK);
    x->lifts = x->scales + cells;
    x->sums = (int32_t *)(void *)(x->lifts + cells);
    x->start = x->sums + 2 * cells;
    return PONDER_OK;
}

static int reserve_scratch(struct qgemm *gemm, int blocks, struct ponder_err *err)
{
    size_t bytes = gemm->kernel->scratch_bytes ? gemm->kernel->scratch_bytes(blocks) : 0;
    bytes = (bytes + QGEMM_VECTOR - 1) / QGEMM_VECTOR * QGEMM_VECTOR;
    if (bytes <= gemm->scratch_bytes)
        return PONDER_OK;
    free(gemm->scratch);
    gemm->scratch_bytes = 0;
    gemm->scratch = aligned_alloc(QGEMM_VECTOR, bytes * (size_t)gemm->threads);
    if (!gemm->scratch)
        return err_memory(err, "scratch of an integer product");
    gemm->scratch_bytes = bytes;
    return PONDER_OK;
}

static void round_row(struct qgemm_rows *x, const float *from, int row)
{
    size_t tile = (size_t)(row / QGEMM_TILE) * (size_t)x->blocks, in = (size_t)(row % QGEMM_TILE);
    if (x->bf16) {
        for (int block = 0; block < x->blocks; block++)
            lm_kernels_best()->to_bf16(from + (size_t)block * QGEMM_BLOCK,
                                       x->bf16 + ((tile + (size_t)block) * QGEMM_TILE + in) * QGEMM_BLOCK,
                                       QGEMM_BLOCK);
        return;
    }
    lm_kernels_best()->round_i8(from, x->blocks * QGEMM_BLOCK,
                                x->numbers + (tile * QGEMM_TILE + in) * QGEMM_BLOCK, QGEMM_TILE * QGEMM_BLOCK,
                                x->scales + tile * QGEMM_TILE + in, x->sums + tile * 2 * QGEMM_TILE + in,
                                QGEMM_TILE);
}

/* What depends on the format, of one tile. */
static void prepare_tile(struct qgemm_rows *x, const struct qgemm_format *f, int tile)
{
    for (int block = tile * x->blocks; block < (tile + 1) * x->blocks; block++) {
        const int32_t *sums = x->sums + (size_t)block * 2 * QGEMM_TILE;
        int32_t *start = x->start + (size_t)block * 2 * QGEMM_TILE;
        float *lifts = x->lifts + (size_t)block * QGEMM_TILE;
        const float *scales = x->scales + (size_t)block * QGEMM_TILE;
        for (int row = 0; row < QGEMM_TILE; row++) {
            int first = sums[row], second = sums[QGEMM_TILE + row];
            lifts[row] = scales[row] * (float)(first + second);
            start[row] = -f->zero * (f->halves ? first : first + second);
            start[QGEMM_TILE + row] = -f->zero * second;
        }
    }
}

/* ---- products ---- */

static bool same_preparation(const struct qgemm_format *a, const struct qgemm_format *b)
{
    return a->zero == b->zero && a->halves == b->halves;
}

/* By all threads of the region this is called in. */
static void multiply_part(struct qgemm *gemm, const struct qgemm_part *part, bool prepare, float *y,
                          size_t y_stride)
{
    struct qgemm_rows *x = &gemm->rows;
    int share = part->panels / (8 * gemm->threads), chunk = share < 2 ? 2 : share > 16 ? 16 : share / 2 * 2;
    char *scratch = gemm->scratch + (size_t)omp_get_thread_num() * gemm->scratch_bytes;
    if (prepare && !x->bf16) {
#pragma omp for schedule(static)
        for (int tile = 0; tile < tiles_of(x->rows); tile++)
            prepare_tile(x, &part->format, tile);
    }
#pragma omp for schedule(dynamic)
    for (int first = 0; first < part->panels; first += chunk)
        gemm->kernel->multiply(part, first, part->panels - first < chunk ? part->panels - first : chunk, x, y,
                               y_stride, scratch);
}

int qgemm_forward(struct qgemm *gemm, const struct qgemm_weights *w, const float *x, int rows, float *y,
                  struct ponder_err *err)
{
    bool bf16 = gemm->kernel->rows_bf16 && rows >= gemm->kernel->rows_bf16;
    int status = reserve_rows(gemm, rows, w->k / QGEMM_BLOCK, bf16, err);
    if (!status)
        status = reserve_scratch(gemm, w->k / QGEMM_BLOCK, err);
    if (status)
        return status;
#pragma omp parallel num_threads(gemm->threads)
    {
#pragma omp for schedule(static)
        for (int row = 0; row < rows; row++)
            round_row(&gemm->rows, x + (size_t)row * (size_t)w->k, row);
        for (int p = 0; p < w->part_count; p++)
            multiply_part(gemm, &w->parts[p],
                          p == 0 || !same_preparation(&w->parts[p].format, &w->parts[p - 1].format), y,
                          (size_t)w->n);
    }
    return PONDER_OK;
}
