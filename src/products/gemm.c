#include "products/gemm.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "products/direct.h"
#include "kernels/kernels.h"
#include "products/qgemm.h"

/* oneDNN 3 dropped the descriptor structs of 2.x for opaque handles; these few names are all that differs
 * here. */
#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t desc_handle;
typedef const_dnnl_memory_desc_t desc_view;
#else
typedef dnnl_memory_desc_t *desc_handle;
typedef const dnnl_memory_desc_t *desc_view;
#endif

enum { PRIMITIVES_MAX = 512, THREADS_MAX = 256, PACK_ROWS = 512 };
/* Of weights that are expanded, for each product or to be packed: a panel. Its height is a multiple of the
 * blocks of every packed layout. */
enum { PANEL_ROWS_MIN = 256, PANEL_ELEMENTS = 1 << 20 };

/* What a product is, as oneDNN sees it: (m, k) x (k, n). */
enum product_kind {
    PRODUCT_PACKED, /* weights in packed layout */
    PRODUCT_PANEL,  /* weights plain, transposed */
    PRODUCT_WEIGHT, /* source transposed, both plain, result accumulated */
};

struct product_key {
    enum product_kind kind;
    int m, n, k;
};

struct product {
    struct product_key key;
    dnnl_primitive_t primitive;
    size_t scratch_bytes;
    int lanes;                /* sets of memory objects: one per thread in exact mode, else one */
    dnnl_memory_t (*args)[4]; /* (lanes) source, weights, destination, scratchpad */
    void **scratch;           /* (lanes) */
};

struct gemm {
    struct gemm_options options;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    struct product products[PRIMITIVES_MAX];
    int product_count;
    float *panel;         /* rows of weights as f32, .. */
    uint16_t *panel_bf16; /* .. the same as bf16, where products are in it .. */
    float *panel_result;  /* .. and what they give */
    size_t panel_elements, panel_results;
    struct direct direct;
    struct qgemm *integers; /* NULL: none are wanted */
};

struct packed {
    desc_handle desc;
    void *data;
    size_t bytes;
};

struct gemm_weights {
    int n, k;
    struct packed forward;          /* (k, n) */
    struct packed input;            /* (n, k); data NULL unless asked for */
    struct lm_matrix source;        /* where they were packed from */
    struct qgemm_weights *integers; /* packed as whole numbers, and in no other way; else NULL */
    bool direct; /* few rows are multiplied by the source: it is smaller than what is packed */
};

static int failed(struct ponder_err *err, dnnl_status_t status, const char *what)
{
    if (status == dnnl_out_of_memory)
        return err_memory(err, what);
    return err_set(err, PONDER_E_ENGINE, "oneDNN status %d while making %s", (int)status, what);
}

/* --- the two C interfaces ------------------------------------------------------------------------------ */

static desc_handle desc_new(int rows, int cols, dnnl_data_type_t type, dnnl_format_tag_t tag)
{
    dnnl_dims_t dims = {rows, cols};
#if DNNL_VERSION_MAJOR >= 3
    desc_handle desc = NULL;
    return dnnl_memory_desc_create_with_tag(&desc, 2, dims, type, tag) == dnnl_success ? desc : NULL;
#else
    desc_handle desc = malloc(sizeof *desc);
    if (desc && dnnl_memory_desc_init_by_tag(desc, 2, dims, type, tag) != dnnl_success) {
        free(desc);
        desc = NULL;
    }
    return desc;
#endif
}

static desc_handle desc_copy(desc_view view)
{
#if DNNL_VERSION_MAJOR >= 3
    desc_handle desc = NULL;
    return dnnl_memory_desc_clone(&desc, view) == dnnl_success ? desc : NULL;
#else
    desc_handle desc = malloc(sizeof *desc);
    if (desc)
        *desc = *view;
    return desc;
#endif
}

/* Some columns of a packed matrix: `first` at a boundary of its blocks, and so the end, unless that
 * is the end of all. */
static desc_handle desc_columns(desc_view whole, int rows, int first, int cols)
{
    dnnl_dims_t dims = {rows, cols}, offsets = {0, first};
#if DNNL_VERSION_MAJOR >= 3
    desc_handle desc = NULL;
    return dnnl_memory_desc_create_submemory(&desc, whole, dims, offsets) == dnnl_success ? desc : NULL;
#else
    desc_handle desc = malloc(sizeof *desc);
    if (desc && dnnl_memory_desc_init_submemory(desc, whole, dims, offsets) != dnnl_success) {
        free(desc);
        desc = NULL;
    }
    return desc;
#endif
}

static void desc_free(desc_handle desc)
{
#if DNNL_VERSION_MAJOR >= 3
    if (desc)
        dnnl_memory_desc_destroy(desc);
#else
    free(desc);
#endif
}

static dnnl_status_t matmul_new(struct gemm *gemm, dnnl_primitive_desc_t *out, desc_view source,
                                desc_view weights, desc_view destination, dnnl_primitive_attr_t attr)
{
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_matmul_primitive_desc_create(out, gemm->engine, source, weights, NULL, destination, attr);
#else
    dnnl_matmul_desc_t desc;
    dnnl_status_t status = dnnl_matmul_desc_init(&desc, source, weights, NULL, destination);
    return status ? status : dnnl_primitive_desc_create(out, &desc, attr, gemm->engine, NULL);
#endif
}

static dnnl_status_t append_sum(dnnl_post_ops_t ops)
{
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_post_ops_append_sum(ops, 1.0f, 0, dnnl_data_type_undef);
#else
    return dnnl_post_ops_append_sum(ops, 1.0f);
#endif
}

/* --- primitives ---------------------------------------------------------------------------------------- */

static dnnl_data_type_t operand_type(const struct gemm *gemm)
{
    return gemm->options.bf16 ? dnnl_bf16 : dnnl_f32;
}

static dnnl_status_t attr_new(dnnl_primitive_attr_t *attr, bool accumulate)
{
    dnnl_status_t status = dnnl_primitive_attr_create(attr);
    if (!status)
        status = dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
    if (!status && accumulate) {
        dnnl_post_ops_t ops = NULL;
        status = dnnl_post_ops_create(&ops);
        if (!status)
            status = append_sum(ops);
        if (!status)
            status = dnnl_primitive_attr_set_post_ops(*attr, ops);
        dnnl_post_ops_destroy(ops);
    }
    return status;
}

/* `weights` is the packed layout, or NULL to let oneDNN choose one (PRODUCT_PACKED) or for a plain one. */
static dnnl_status_t product_desc(struct gemm *gemm, struct product_key key, desc_view weights,
                                  dnnl_primitive_desc_t *out)
{
    dnnl_data_type_t type = operand_type(gemm);
    static const dnnl_format_tag_t tags[] = {
        [PRODUCT_PACKED] = dnnl_format_tag_any, [PRODUCT_PANEL] = dnnl_ba, [PRODUCT_WEIGHT] = dnnl_ab};
    bool gradient = key.kind == PRODUCT_WEIGHT;
    desc_handle source = desc_new(key.m, key.k, type, gradient ? dnnl_ba : dnnl_ab);
    desc_handle middle = weights ? desc_copy(weights) : desc_new(key.k, key.n, type, tags[key.kind]);
    desc_handle destination = desc_new(key.m, key.n, dnnl_f32, dnnl_ab);
    dnnl_primitive_attr_t attr = NULL;
    dnnl_status_t status = source && middle && destination ? attr_new(&attr, gradient) : dnnl_out_of_memory;
    if (!status)
        status = matmul_new(gemm, out, source, middle, destination, attr);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    desc_free(source);
    desc_free(middle);
    desc_free(destination);
    return status;
}

static void product_release(struct product *product)
{
    for (int lane = 0; product->args && lane < product->lanes; lane++) {
        for (int i = 0; i < 4; i++)
            if (product->args[lane][i])
                dnnl_memory_destroy(product->args[lane][i]);
        if (product->scratch)
            free(product->scratch[lane]);
    }
    free(product->args);
    free(product->scratch);
    if (product->primitive)
        dnnl_primitive_destroy(product->primitive);
}

/* Memory objects are made once and only pointed elsewhere at each call. */
static dnnl_status_t make_lanes(struct gemm *gemm, struct product *product, dnnl_primitive_desc_t desc)
{
    static const dnnl_query_t queries[4] = {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md,
                                            dnnl_query_scratchpad_md};
    product->lanes = gemm->options.exact ? gemm->options.threads : 1;
    product->args = calloc((size_t)product->lanes, sizeof *product->args);
    product->scratch = calloc((size_t)product->lanes, sizeof *product->scratch);
    if (!product->args || !product->scratch)
        return dnnl_out_of_memory;
    for (int i = 0; i < 4; i++) {
        desc_view view = dnnl_primitive_desc_query_md(desc, queries[i], 0);
        if (queries[i] == dnnl_query_scratchpad_md)
            product->scratch_bytes = dnnl_memory_desc_get_size(view);
        for (int lane = 0; lane < product->lanes; lane++) {
            dnnl_status_t status =
                dnnl_memory_create(&product->args[lane][i], view, gemm->engine, DNNL_MEMORY_NONE);
            if (status)
                return status;
        }
    }
    for (int lane = 0; product->scratch_bytes && lane < product->lanes; lane++) {
        product->scratch[lane] = aligned_alloc(64, (product->scratch_bytes + 63) / 64 * 64);
        if (!product->scratch[lane])
            return dnnl_out_of_memory;
        dnnl_memory_set_data_handle(product->args[lane][3], product->scratch[lane]);
    }
    return dnnl_success;
}

static dnnl_status_t product_make(struct gemm *gemm, struct product_key key, desc_view weights,
                                  struct product *product)
{
    *product = (struct product){.key = key};
    dnnl_primitive_desc_t desc = NULL;
    /* A primitive is laid out for the number of threads it is made under; an exact tile runs on one. */
    int threads = omp_get_max_threads();
    omp_set_num_threads(gemm->options.exact ? 1 : gemm->options.threads);
    dnnl_status_t status = product_desc(gemm, key, weights, &desc);
    if (!status)
        status = dnnl_primitive_create(&product->primitive, desc);
    if (!status)
        status = make_lanes(gemm, product, desc);
    omp_set_num_threads(threads);
    if (desc)
        dnnl_primitive_desc_destroy(desc);
    if (status)
        product_release(product);
    return status;
}

static struct product *product_get(struct gemm *gemm, struct product_key key, desc_view weights,
                                   struct ponder_err *err)
{
    for (int i = 0; i < gemm->product_count; i++) {
        const struct product_key *have = &gemm->products[i].key;
        if (have->kind == key.kind && have->m == key.m && have->n == key.n && have->k == key.k)
            return &gemm->products[i];
    }
    if (gemm->product_count == PRIMITIVES_MAX) { /* more shapes than any model has: start over */
        for (int i = 0; i < PRIMITIVES_MAX; i++)
            product_release(&gemm->products[i]);
        gemm->product_count = 0;
    }
    struct product *product = &gemm->products[gemm->product_count];
    dnnl_status_t status = product_make(gemm, key, weights, product);
    if (status) {
        failed(err, status, "a matrix product");
        return NULL;
    }
    gemm->product_count++;
    return product;
}

static dnnl_status_t product_run(struct gemm *gemm, struct product *product, int lane, const void *source,
                                 const void *weights, float *destination)
{
    dnnl_memory_t *args = product->args[lane];
    dnnl_memory_set_data_handle(args[0], (void *)(uintptr_t)source);
    dnnl_memory_set_data_handle(args[1], (void *)(uintptr_t)weights);
    dnnl_memory_set_data_handle(args[2], destination);
    dnnl_exec_arg_t exec[4] = {{DNNL_ARG_SRC, args[0]},
                               {DNNL_ARG_WEIGHTS, args[1]},
                               {DNNL_ARG_DST, args[2]},
                               {DNNL_ARG_SCRATCHPAD, args[3]}};
    return dnnl_primitive_execute(product->primitive, gemm->stream, 4, exec);
}

/* --- open, close --------------------------------------------------------------------------------------- */

bool gemm_bf16_is_fast(void)
{
    dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    return (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

bool gemm_bf16_works(void)
{
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core;
}

int gemm_rows(int rows)
{
    static const int sizes[] = {1,  2,  4,   8,   12,  16,  24,  32,  48,  64,
                                80, 96, 128, 160, 192, 256, 320, 384, 448, 512};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (rows <= sizes[i])
            return sizes[i];
    return (rows + 255) / 256 * 256;
}

int gemm_open(struct gemm **out, const struct gemm_options *options, struct ponder_err *err)
{
    if (options->threads < 1 || options->threads > THREADS_MAX)
        return err_set(err, PONDER_E_ARGUMENT, "%d threads: give a number from 1 to %d", options->threads,
                       THREADS_MAX);
    if (options->bf16 && options->exact)
        return err_set(err, PONDER_E_ARGUMENT,
                       "exact mode multiplies in f32: ask for precision f32 or auto with it");
    if (options->bf16 && !gemm_bf16_works())
        return err_set(err, PONDER_E_UNSUPPORTED,
                       "this CPU makes no bf16 products (they need AVX-512): ask for precision f32 or auto");
    struct gemm *gemm = calloc(1, sizeof *gemm);
    if (!gemm)
        return err_memory(err, "matrix products");
    gemm->options = *options;
    dnnl_status_t status = dnnl_engine_create(&gemm->engine, dnnl_cpu, 0);
    if (!status)
        status = dnnl_stream_create(&gemm->stream, gemm->engine, dnnl_stream_default_flags);
    int result = status ? failed(err, status, "a CPU engine") : PONDER_OK;
    if (!result && options->integers)
        result = qgemm_open(&gemm->integers, NULL, options->threads, err);
    if (result) {
        gemm_release(gemm);
        return result;
    }
    *out = gemm;
    return PONDER_OK;
}

void gemm_release(struct gemm *gemm)
{
    if (!gemm)
        return;
    for (int i = 0; i < gemm->product_count; i++)
        product_release(&gemm->products[i]);
    if (gemm->stream)
        dnnl_stream_destroy(gemm->stream);
    if (gemm->engine)
        dnnl_engine_destroy(gemm->engine);
    free(gemm->panel);
    free(gemm->panel_bf16);
    free(gemm->panel_result);
    direct_release(&gemm->direct);
    qgemm_release(gemm->integers);
    free(gemm);
}

/* --- weights ------------------------------------------------------------------------------------------- */

/* The layout oneDNN wants for weights (k, n): asked with PACK_ROWS rows, then used for every row count. */
static dnnl_status_t choose_layout(struct gemm *gemm, struct packed *packed, int n, int k)
{
    struct product_key key = {PRODUCT_PACKED, gemm->options.exact ? GEMM_EXACT_ROWS : PACK_ROWS, n, k};
    dnnl_primitive_desc_t desc = NULL;
    dnnl_status_t status = product_desc(gemm, key, NULL, &desc);
    if (status)
        return status;
    desc_view view = dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0);
    packed->desc = desc_copy(view);
    packed->bytes = dnnl_memory_desc_get_size(view);
    packed->data = aligned_alloc(64, (packed->bytes + 63) / 64 * 64);
    dnnl_primitive_desc_destroy(desc);
    return packed->desc && packed->data ? dnnl_success : dnnl_out_of_memory;
}

/* Copies what `from` describes at `plain` to what `to` describes in the packed layout, in its type. */
static dnnl_status_t reorder(struct gemm *gemm, desc_view from, const float *plain, desc_view to,
                             void *packed)
{
    dnnl_memory_t source = NULL, destination = NULL;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t primitive = NULL;
    dnnl_status_t status = dnnl_memory_create(&source, from, gemm->engine, (void *)(uintptr_t)plain);
    if (!status)
        status = dnnl_memory_create(&destination, to, gemm->engine, packed);
    if (!status)
        status = dnnl_reorder_primitive_desc_create(&desc, from, gemm->engine, to, gemm->engine, NULL);
    if (!status)
        status = dnnl_primitive_create(&primitive, desc);
    if (!status) {
        dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, destination}};
        status = dnnl_primitive_execute(primitive, gemm->stream, 2, args);
    }
    if (primitive)
        dnnl_primitive_destroy(primitive);
    if (desc)
        dnnl_primitive_desc_destroy(desc);
    if (source)
        dnnl_memory_destroy(source);
    if (destination)
        dnnl_memory_destroy(destination);
    return status;
}

/* Columns [first, first + cols) of the packed (rows, all): `from` at `plain` is f32 with the given tag. */
static dnnl_status_t pack(struct gemm *gemm, struct packed *packed, const float *plain, int rows, int all,
                          int first, int cols, dnnl_format_tag_t tag)
{
    desc_handle from = desc_new(rows, cols, dnnl_f32, tag);
    bool whole = first == 0 && cols == all;
    desc_handle to = whole ? desc_copy(packed->desc) : desc_columns(packed->desc, rows, first, cols);
    dnnl_status_t status = from && to ? reorder(gemm, from, plain, to, packed->data) : dnnl_out_of_memory;
    desc_free(from);
    desc_free(to);
    return status;
}

/* w (n, k) in memory is its transpose (k, n) read column by column. */
static dnnl_status_t pack_plain(struct gemm *gemm, struct gemm_weights *weights, const float *w)
{
    dnnl_status_t status = pack(gemm, &weights->forward, w, weights->k, weights->n, 0, weights->n, dnnl_ba);
    if (!status && weights->input.data)
        status = pack(gemm, &weights->input, w, weights->n, weights->k, 0, weights->k, dnnl_ab);
    return status;
}

/* Rows of a panel of a matrix (n, k). */
static int panel_rows(int n, int k)
{
    int rows = PANEL_ELEMENTS / k / PANEL_ROWS_MIN * PANEL_ROWS_MIN;
    rows = rows < PANEL_ROWS_MIN ? PANEL_ROWS_MIN : rows;
    return rows < n ? rows : n;
}

/* From a file, a panel of rows at a time: the f32 of a whole matrix can be more than all that is packed. */
static int pack_panels(struct gemm *gemm, struct gemm_weights *weights, const struct lm_matrix *w,
                       struct ponder_err *err)
{
    int height = panel_rows(w->rows, w->cols);
    float *panel = malloc((size_t)height * (size_t)w->cols * sizeof *panel);
    if (!panel)
        return err_memory(err, "weights to be packed");
    dnnl_status_t status = dnnl_success;
    for (int first = 0; !status && first < w->rows; first += height) {
        int count = w->rows - first < height ? w->rows - first : height;
        lm_matrix_rows_parallel(w, first, count, panel);
        status = pack(gemm, &weights->forward, panel, w->cols, w->rows, first, count, dnnl_ba);
    }
    free(panel);
    return status ? failed(err, status, "packed weights") : PONDER_OK;
}

int gemm_weights_update(struct gemm *gemm, struct gemm_weights *weights, const struct lm_matrix *w,
                        struct ponder_err *err)
{
    if (weights->integers) /* of a file, which does not change */
        return PONDER_OK;
    weights->source = *w;
    size_t packed_bytes = gemm_packed_bytes(gemm, w);
    weights->direct = !weights->forward.data || (!w->plain && lm_matrix_bytes(w) < packed_bytes);
    if (!weights->forward.data)
        return PONDER_OK;
    int threads = omp_get_max_threads(), status = PONDER_OK;
    omp_set_num_threads(gemm->options.threads);
    dnnl_status_t dnnl = dnnl_success;
    if (w->plain)
        dnnl = pack_plain(gemm, weights, w->plain);
    else
        status = pack_panels(gemm, weights, w, err);
    omp_set_num_threads(threads);
    return dnnl ? failed(err, dnnl, "packed weights") : status;
}

int gemm_weights_new(struct gemm *gemm, struct gemm_weights **out, const struct lm_matrix *w,
                     enum gemm_keep keep, struct ponder_err *err)
{
    struct gemm_weights *weights = calloc(1, sizeof *weights);
    if (!weights)
        return err_memory(err, "packed weights");
    weights->n = w->rows;
    weights->k = w->cols;
    if (gemm->integers && keep == GEMM_KEEP_PACKED && qgemm_takes(w)) {
        int packed = qgemm_weights_new(&weights->integers, w, gemm->options.threads, err);
        if (packed)
            free(weights);
        else
            *out = weights;
        return packed;
    }
    dnnl_status_t dnnl = dnnl_success;
    if (keep != GEMM_KEEP_NOTHING)
        dnnl = choose_layout(gemm, &weights->forward, weights->n, weights->k);
    if (!dnnl && keep == GEMM_KEEP_BOTH)
        dnnl = choose_layout(gemm, &weights->input, weights->k, weights->n);
    int status = dnnl ? failed(err, dnnl, "packed weights") : gemm_weights_update(gemm, weights, w, err);
    if (status) {
        gemm_weights_release(weights);
        return status;
    }
    *out = weights;
    return PONDER_OK;
}

size_t gemm_packed_bytes(const struct gemm *gemm, const struct lm_matrix *w)
{
    if (gemm->integers && qgemm_takes(w))
        return qgemm_packed_bytes(w);
    return (size_t)w->rows * (size_t)w->cols * (gemm->options.bf16 ? 2 : 4);
}

void gemm_weights_release(struct gemm_weights *weights)
{
    if (!weights)
        return;
    desc_free(weights->forward.desc);
    desc_free(weights->input.desc);
    free(weights->forward.data);
    free(weights->input.data);
    qgemm_weights_release(weights->integers);
    free(weights);
}

size_t gemm_weights_bytes(const struct gemm_weights *weights)
{
    return weights->integers ? qgemm_weights_bytes(weights->integers)
                             : weights->forward.bytes + weights->input.bytes;
}

/* --- products ------------------------------------------------------------------------------------------ */

/* Tiles of a fixed height, each on one thread: neither the batch nor the thread count can touch a row's bits.
 */
static int run_tiles(struct gemm *gemm, struct product *product, const void *w, const void *x, int rows,
                     int n, int k, float *y, struct ponder_err *err)
{
    size_t x_tile = (size_t)GEMM_EXACT_ROWS * (size_t)k, y_tile = (size_t)GEMM_EXACT_ROWS * (size_t)n;
    int whole = rows / GEMM_EXACT_ROWS, rest = rows % GEMM_EXACT_ROWS, any = 0;
#pragma omp parallel for num_threads(gemm->options.threads) reduction(| : any)
    for (int tile = 0; tile < whole; tile++)
        any |= product_run(gemm, product, omp_get_thread_num(), (const float *)x + (size_t)tile * x_tile, w,
                           y + (size_t)tile * y_tile);
    if (rest && !any) { /* the last rows move to a full tile and back */
        float *source = aligned_alloc(64, (x_tile + y_tile) * sizeof *source);
        if (!source)
            return err_memory(err, "a tile of rows");
        float *destination = source + x_tile;
        memset(source, 0, x_tile * sizeof *source);
        memcpy(source, (const float *)x + (size_t)whole * x_tile, (size_t)rest * (size_t)k * sizeof *source);
        int threads = omp_get_max_threads();
        omp_set_num_threads(1);
        any = product_run(gemm, product, 0, source, w, destination);
        omp_set_num_threads(threads);
        memcpy(y + (size_t)whole * y_tile, destination, (size_t)rest * (size_t)n * sizeof *y);
        free(source);
    }
    return any ? failed(err, (dnnl_status_t)any, "a matrix product") : PONDER_OK;
}

static int run_packed(struct gemm *gemm, const struct packed *packed, const void *x, int rows, int n, int k,
                      float *y, struct ponder_err *err)
{
    struct product_key key = {PRODUCT_PACKED, gemm->options.exact ? GEMM_EXACT_ROWS : gemm_rows(rows), n, k};
    struct product *product = product_get(gemm, key, packed->desc, err);
    if (!product)
        return PONDER_E_ENGINE;
    if (gemm->options.exact)
        return run_tiles(gemm, product, packed->data, x, rows, n, k, y, err);
    dnnl_status_t status = product_run(gemm, product, 0, x, packed->data, y);
    return status ? failed(err, status, "a matrix product") : PONDER_OK;
}

static void *grown(void *old, size_t bytes)
{
    free(old);
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static int reserve_panel(struct gemm *gemm, size_t elements, size_t results, struct ponder_err *err)
{
    if (elements > gemm->panel_elements) {
        gemm->panel_elements = 0;
        gemm->panel = grown(gemm->panel, elements * sizeof *gemm->panel);
        if (gemm->options.bf16)
            gemm->panel_bf16 = grown(gemm->panel_bf16, elements * sizeof *gemm->panel_bf16);
        if (!gemm->panel || (gemm->options.bf16 && !gemm->panel_bf16))
            return err_memory(err, "a panel of weights");
        gemm->panel_elements = elements;
    }
    if (results > gemm->panel_results) {
        gemm->panel_results = 0;
        gemm->panel_result = grown(gemm->panel_result, results * sizeof *gemm->panel_result);
        if (!gemm->panel_result)
            return err_memory(err, "a panel of weights");
        gemm->panel_results = results;
    }
    return PONDER_OK;
}

/* Rows [first, first + count) of the weights as operands. */
static const void *expand_panel(struct gemm *gemm, const struct lm_matrix *w, int first, int count)
{
    lm_matrix_rows_parallel(w, first, count, gemm->panel);
    if (!gemm->options.bf16)
        return gemm->panel;
    size_t cols = (size_t)w->cols;
    const struct lm_kernels *kernels = lm_kernels_best();
#pragma omp parallel for schedule(static)
    for (int row = 0; row < count; row++)
        kernels->to_bf16(gemm->panel + (size_t)row * cols, gemm->panel_bf16 + (size_t)row * cols, cols);
    return gemm->panel_bf16;
}

/* All rows of x with one panel, into gemm->panel_result (rows, count). */
static int run_panel(struct gemm *gemm, const void *panel, const void *x, int rows, int count, int k,
                     struct ponder_err *err)
{
    struct product_key key = {PRODUCT_PANEL, gemm->options.exact ? GEMM_EXACT_ROWS : gemm_rows(rows), count,
                              k};
    struct product *product = product_get(gemm, key, NULL, err);
    if (!product)
        return PONDER_E_ENGINE;
    if (gemm->options.exact)
        return run_tiles(gemm, product, panel, x, rows, count, k, gemm->panel_result, err);
    dnnl_status_t status = product_run(gemm, product, 0, x, panel, gemm->panel_result);
    return status ? failed(err, status, "a matrix product") : PONDER_OK;
}

static int run_panels(struct gemm *gemm, const struct gemm_weights *w, const void *x, int rows, float *y,
                      struct ponder_err *err)
{
    int height = panel_rows(w->n, w->k), threads = omp_get_max_threads();
    int status =
        reserve_panel(gemm, (size_t)height * (size_t)w->k, (size_t)gemm_rows(rows) * (size_t)height, err);
    omp_set_num_threads(gemm->options.threads);
    for (int first = 0; !status && first < w->n; first += height) {
        int count = w->n - first < height ? w->n - first : height;
        const void *panel = expand_panel(gemm, &w->source, first, count);
        status = run_panel(gemm, panel, x, rows, count, w->k, err);
        for (int row = 0; !status && row < rows; row++)
            memcpy(y + (size_t)row * (size_t)w->n + first, gemm->panel_result + (size_t)row * (size_t)count,
                   (size_t)count * sizeof *y);
    }
    omp_set_num_threads(threads);
    return status;
}

int gemm_forward(struct gemm *gemm, const struct gemm_weights *w, const void *x, int rows, float *y,
                 struct ponder_err *err)
{
    if (w->integers)
        return qgemm_forward(gemm->integers, w->integers, x, rows, y, err);
    if (rows <= DIRECT_ROWS_MAX && !gemm->options.exact && w->direct)
        return direct_product(&gemm->direct, &w->source, x, gemm->options.bf16, rows, gemm->options.threads,
                              y, err);
    if (!w->forward.data)
        return run_panels(gemm, w, x, rows, y, err);
    return run_packed(gemm, &w->forward, x, rows, w->n, w->k, y, err);
}

int gemm_input(struct gemm *gemm, const struct gemm_weights *w, const void *dy, int rows, float *dx,
               struct ponder_err *err)
{
    return run_packed(gemm, &w->input, dy, rows, w->k, w->n, dx, err);
}

int gemm_weight(struct gemm *gemm, const void *dy, const void *x, int rows, int n, int k, float *dw,
                struct ponder_err *err)
{
    struct product *product =
        product_get(gemm, (struct product_key){PRODUCT_WEIGHT, n, k, gemm_rows(rows)}, NULL, err);
    if (!product)
        return PONDER_E_ENGINE;
    dnnl_status_t status = product_run(gemm, product, 0, dy, x, dw);
    return status ? failed(err, status, "a weight gradient") : PONDER_OK;
}

void gemm_plain(bool transpose_a, bool transpose_b, int m, int n, int k, const float *a, const float *b,
                float *c)
{
    dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1, a, transpose_a ? m : k, b,
               transpose_b ? k : n, 0, c, n); /* fails on no sizes that memory was given for */
}
