/* kernels_tree.c - attention over the KV tree.
 *
 * For one layer and one key/value head, the queries of all rows (and of all heads of the group) that share a
 * span are handled together: scores are a small product of those queries with the span's keys, values
 * likewise, so a shared prefix is read once per call and not once per branch.
 *
 * Scores go to one row per query, indexed by absolute position; softmax is taken over the whole row; then
 * values are added span by span. Compared with merging partial results by an online softmax this costs 4
 * bytes per query and position of scratch, and buys that every sum runs over positions in path order, one at
 * a time: where a path is cut into segments, or who shares them, cannot change a bit. */
#include "kernels/kernels_impl.h"

enum {
    BLOCK_VECS = KV_BLOCK / LANES,
    SCORE_VECS = 4 * BLOCK_VECS,      /* of one query: four blocks of keys at once */
    VALUE_VECS = 4,                   /* of one query */
    VALUE_ROWS = LANES == 16 ? 7 : 4, /* with as many registers each, and room for the values */
};

/* Calls body(m) with m as a constant: so many queries at once have their sums in registers. */
#define WITH_ROWS(m, body)                                                                                   \
    switch (m) {                                                                                             \
    case 1:                                                                                                  \
        body(1);                                                                                             \
        break;                                                                                               \
    case 2:                                                                                                  \
        body(2);                                                                                             \
        break;                                                                                               \
    case 3:                                                                                                  \
        body(3);                                                                                             \
        break;                                                                                               \
    case 4:                                                                                                  \
        body(4);                                                                                             \
        break;                                                                                               \
    case 5:                                                                                                  \
        body(5);                                                                                             \
        break;                                                                                               \
    case 6:                                                                                                  \
        body(6);                                                                                             \
        break;                                                                                               \
    case 7:                                                                                                  \
        body(7);                                                                                             \
        break;                                                                                               \
    default:                                                                                                 \
        body(8);                                                                                             \
    }

struct work {
    const struct lm_tree_attend *a;
    int begin, end; /* rows of the path order */
    int share;      /* query heads per key/value head */
    float *queries; /* ((end-begin)*share, D), scaled */
    float *scores;  /* ((end-begin)*share, score_stride) */
    float *outs;    /* ((end-begin)*share, D) */
};

INLINE vec load_kv(const void *p, size_t i, bool f16)
{
    return f16 ? vec_load_f16((const uint16_t *)p + i) : vec_load((const float *)p + i);
}

INLINE float load_kv_one(const void *p, size_t i, bool f16)
{
    return f16 ? f16_to_f32(((const uint16_t *)p)[i]) : ((const float *)p)[i];
}

static int span_limit(const struct lm_span *span, int row)
{
    return span->limits ? span->limits[row - span->row_begin] : span->to;
}

static const char *span_block(const struct lm_span *span, int position)
{
    return span->blocks[position / KV_BLOCK - span->from / KV_BLOCK];
}

/* --- scores -------------------------------------------------------------------------------------------- */

/* scores (m, tiles*KV_BLOCK) = queries (m, D) keys (tiles of (D, KV_BLOCK)): each score one chain of
 * additions over D. */
INLINE void score_tiles(const int m, const int tiles, const bool f16, const float *queries, int dim,
                        const void *const *keys, float scores[TILE_ROWS][4 * KV_BLOCK])
{
    vec acc[TILE_ROWS][SCORE_VECS];
    for (int r = 0; r < m; r++)
        for (int v = 0; v < tiles * BLOCK_VECS; v++)
            acc[r][v] = (vec){0};
    for (int d = 0; d < dim; d++)
        for (int v = 0; v < tiles * BLOCK_VECS; v++) {
            size_t at = (size_t)(d * KV_BLOCK + v % BLOCK_VECS * LANES);
            vec k = load_kv(keys[v / BLOCK_VECS], at, f16);
            for (int r = 0; r < m; r++)
                acc[r][v] += queries[r * dim + d] * k;
        }
    for (int r = 0; r < m; r++)
        for (int v = 0; v < tiles * BLOCK_VECS; v++)
            vec_store(scores[r] + v * LANES, acc[r][v]);
}

/* Writes one tile of scores, touching only positions in [from, to): the others belong to other segments. */
INLINE void store_scores(float *row, int position, const float *scores, int from, int to)
{
    for (int v = 0; v < KV_BLOCK; v += LANES) {
        vec tile = vec_load(scores + v);
        if (position < from || position + KV_BLOCK > to) {
            veci place = vec_places() + (position + v);
            tile = vec_select((place >= from) & (place < to), tile, vec_load(row + position + v));
        }
        vec_store(row + position + v, tile);
    }
}

/* Scores of m queries, whose rows' limits are given, against the whole span. */
INLINE void score_queries(const int m, const int tiles_at_once, const bool f16, const struct work *w,
                          const struct lm_span *span, int query, const int *limits, int to)
{
    const struct lm_tree_attend *a = w->a;
    int first = span->from / KV_BLOCK * KV_BLOCK;
    float scores[TILE_ROWS][4 * KV_BLOCK];
    for (int position = first; position < to;) {
        const void *keys[4];
        int left = (to - position + KV_BLOCK - 1) / KV_BLOCK;
        int tiles = left >= tiles_at_once ? tiles_at_once : left >= 2 && tiles_at_once > 2 ? 2 : 1;
        for (int t = 0; t < tiles; t++)
            keys[t] = span_block(span, position + t * KV_BLOCK) + a->key_offset;
        const float *queries = w->queries + (size_t)query * (size_t)a->dim;
        if (tiles == tiles_at_once)
            score_tiles(m, tiles_at_once, f16, queries, a->dim, keys, scores);
        else if (tiles == 2)
            score_tiles(m, 2, f16, queries, a->dim, keys, scores);
        else
            score_tiles(m, 1, f16, queries, a->dim, keys, scores);
        for (int r = 0; r < m; r++)
            for (int t = 0; t < tiles; t++)
                store_scores(w->scores + (size_t)(query + r) * (size_t)a->score_stride,
                             position + t * KV_BLOCK, scores[r] + t * KV_BLOCK, span->from, limits[r]);
        position += tiles * KV_BLOCK;
    }
}

/* Blocks of keys at once, as the registers hold; the fewer queries, the more. */
INLINE int tiles_of(const int m)
{
    return m > TILE_ROWS / 2 ? (LANES == 16 ? 2 : 1) : m > TILE_ROWS / 4 ? 2 : 4;
}

/* The queries of a branch's own span are those of the heads that share the key: all of them at once, where
 * the instruction set has registers for any number. */
INLINE void score_span(const struct work *w, const struct lm_span *span, int begin, int end, const bool f16)
{
    int query = (begin - w->begin) * w->share, last = (end - w->begin) * w->share;
    while (query < last) {
        int limits[TILE_ROWS], to = 0, left = last - query;
        int m = left >= TILE_ROWS       ? TILE_ROWS
                : LANES == 16           ? left
                : left >= TILE_ROWS / 2 ? TILE_ROWS / 2
                                        : 1;
        for (int r = 0; r < m; r++) {
            limits[r] = span_limit(span, w->begin + (query + r) / w->share);
            to = limits[r] > to ? limits[r] : to;
        }
#define SCORE(m)                                                                                             \
    score_queries((m) < TILE_ROWS ? (m) : TILE_ROWS, tiles_of(m), f16, w, span, query, limits, to)
        WITH_ROWS(m, SCORE)
#undef SCORE
        query += m;
    }
}

/* --- softmax ------------------------------------------------------------------------------------------- */

/* Scores become e^(score - max); returns 1 / sum. The row is padded with -inf to a multiple of LANES. */
static float softmax_row(float *scores, int length)
{
    vec tops = vec_all(-INFINITY), sums = {0};
    for (int j = 0; j < length; j += LANES)
        tops = vec_max(tops, vec_load(scores + j));
    float top = vec_max_of(tops);
    for (int j = 0; j < length; j += LANES) {
        vec e = vec_exp(vec_load(scores + j) - top);
        vec_store(scores + j, e);
        sums += e;
    }
    return 1.0f / vec_sum(sums);
}

/* --- values -------------------------------------------------------------------------------------------- */

/* outs (m, vecs*LANES at column) += scores (m, positions [from, to)) values: one chain over positions per
 * element. */
INLINE void add_values(const int m, const int vecs, const bool f16, const struct work *w,
                       const struct lm_span *span, int query, int column, int from, int to)
{
    const struct lm_tree_attend *a = w->a;
    vec acc[VALUE_ROWS][VALUE_VECS];
    const float *scores[VALUE_ROWS];
    float *outs[VALUE_ROWS];
    for (int r = 0; r < m; r++) {
        scores[r] = w->scores + (size_t)(query + r) * (size_t)a->score_stride;
        outs[r] = w->outs + (size_t)(query + r) * (size_t)a->dim + column;
        for (int v = 0; v < vecs; v++)
            acc[r][v] = vec_load(outs[r] + v * LANES);
    }
    for (int position = from; position < to;) {
        const char *values = span_block(span, position) + a->value_offset;
        int stop = (position / KV_BLOCK + 1) * KV_BLOCK;
        for (stop = stop < to ? stop : to; position < stop; position++) {
            size_t at = (size_t)(position % KV_BLOCK) * (size_t)a->dim + (size_t)column;
            for (int v = 0; v < vecs; v++) {
                vec value = load_kv(values, at + (size_t)(v * LANES), f16);
                for (int r = 0; r < m; r++)
                    acc[r][v] += scores[r][position] * value;
            }
        }
    }
    for (int r = 0; r < m; r++)
        for (int v = 0; v < vecs; v++)
            vec_store(outs[r] + v * LANES, acc[r][v]);
}

/* Head sizes that are no multiple of LANES end in a few single columns. */
static void add_values_column(const struct work *w, const struct lm_span *span, int query, int column,
                              int from, int to)
{
    const struct lm_tree_attend *a = w->a;
    const float *scores = w->scores + (size_t)query * (size_t)a->score_stride;
    float *out = w->outs + (size_t)query * (size_t)a->dim + column;
    float sum = *out;
    for (int position = from; position < to; position++) {
        const char *values = span_block(span, position) + a->value_offset;
        size_t at = (size_t)(position % KV_BLOCK) * (size_t)a->dim + (size_t)column;
        sum = fmaf(scores[position], load_kv_one(values, at, a->f16), sum);
    }
    *out = sum;
}

INLINE void value_queries(const int m, const bool f16, const struct work *w, const struct lm_span *span,
                          int query, int from, int to)
{
    int column = 0, dim = w->a->dim;
    const int most = m == 1 || LANES == 16 ? 4 : 2; /* what the registers hold */
    for (; column + most * LANES <= dim; column += most * LANES)
        add_values(m, most, f16, w, span, query, column, from, to);
    for (; column + 2 * LANES <= dim; column += 2 * LANES)
        add_values(m, 2, f16, w, span, query, column, from, to);
    for (; column + LANES <= dim; column += LANES)
        add_values(m, 1, f16, w, span, query, column, from, to);
    for (; column < dim; column++)
        for (int r = 0; r < m; r++)
            add_values_column(w, span, query + r, column, from, to);
}

/* Some queries together as far as all of them see, then each to its own limit. */
INLINE void value_span(const struct work *w, const struct lm_span *span, int begin, int end, const bool f16)
{
    int query = (begin - w->begin) * w->share, last = (end - w->begin) * w->share;
    while (query < last) {
        int limits[VALUE_ROWS], common = span->to, left = last - query;
        int m = left >= VALUE_ROWS ? VALUE_ROWS : LANES == 16 ? left : 1;
        for (int r = 0; r < m; r++) {
            limits[r] = span_limit(span, w->begin + (query + r) / w->share);
            common = limits[r] < common ? limits[r] : common;
        }
        common = common > span->from ? common : span->from;
#define VALUE(m) value_queries((m) < VALUE_ROWS ? (m) : VALUE_ROWS, f16, w, span, query, span->from, common)
        WITH_ROWS(m, VALUE)
#undef VALUE
        for (int r = 0; r < m; r++)
            if (limits[r] > common)
                value_queries(1, f16, w, span, query + r, common, limits[r]);
        query += m;
    }
}

/* --- one call ------------------------------------------------------------------------------------------ */

static void gather_queries(const struct work *w)
{
    const struct lm_tree_attend *a = w->a;
    float scale = 1.0f / sqrtf((float)a->dim);
    float *to = w->queries;
    for (int row = w->begin; row < w->end; row++) {
        const float *from =
            a->q + (size_t)a->rows[row] * a->q_stride + (size_t)(a->group * w->share * a->dim);
        for (int i = 0; i < w->share * a->dim; i++)
            *to++ = from[i] * scale;
        int last_tile = (a->lengths[row] - 1) / KV_BLOCK * KV_BLOCK;
        for (int h = 0; h < w->share; h++) {
            float *scores =
                w->scores + (size_t)((row - w->begin) * w->share + h) * (size_t)a->score_stride + last_tile;
            for (int i = 0; i < KV_BLOCK; i++)
                scores[i] = -INFINITY;
        }
    }
    memset(w->outs, 0, (size_t)((w->end - w->begin) * w->share * a->dim) * sizeof *w->outs);
}

static void scatter_outs(const struct work *w, const float *inverses)
{
    const struct lm_tree_attend *a = w->a;
    for (int row = w->begin; row < w->end; row++)
        for (int h = 0; h < w->share; h++) {
            int query = (row - w->begin) * w->share + h;
            const float *from = w->outs + (size_t)query * (size_t)a->dim;
            size_t at = (size_t)a->rows[row] * (size_t)(a->heads * a->dim) +
                        (size_t)((a->group * w->share + h) * a->dim);
            for (int i = 0; i < a->dim; i += LANES) {
                int n = a->dim - i < LANES ? a->dim - i : LANES;
                operand_store(
                    a->out, a->out_bf16, at + (size_t)i,
                    (n == LANES ? vec_load(from + i) : vec_load_part(from + i, n, 0)) * inverses[query], n);
            }
        }
}

typedef void span_step(const struct work *w, const struct lm_span *span, int begin, int end);

static void score_span_f16(const struct work *w, const struct lm_span *span, int begin, int end)
{
    score_span(w, span, begin, end, true);
}

static void score_span_f32(const struct work *w, const struct lm_span *span, int begin, int end)
{
    score_span(w, span, begin, end, false);
}

static void value_span_f16(const struct work *w, const struct lm_span *span, int begin, int end)
{
    value_span(w, span, begin, end, true);
}

static void value_span_f32(const struct work *w, const struct lm_span *span, int begin, int end)
{
    value_span(w, span, begin, end, false);
}

/* Asks for the keys and values of a span ahead of their use. Branches have their own, a kilobyte or two here
 * and there in memory, which no processor guesses; a span that is long enough to be guessed needs none. */
static void fetch_span(const struct work *w, const struct lm_span *span)
{
    enum { LINE = 64, BLOCKS_AHEAD = 16 };
    size_t half = (size_t)w->a->dim * KV_BLOCK * (w->a->f16 ? sizeof(uint16_t) : sizeof(float));
    int blocks = (span->to - 1) / KV_BLOCK - span->from / KV_BLOCK + 1;
    for (int b = 0; b < blocks && b < BLOCKS_AHEAD; b++)
        for (size_t i = 0; i < half; i += LINE) {
            __builtin_prefetch(span->blocks[b] + w->a->key_offset + i, 0, 2);
            __builtin_prefetch(span->blocks[b] + w->a->value_offset + i, 0, 2);
        }
}

/* The first span from `s` on that has rows of this call. */
static int next_span(const struct work *w, int s)
{
    const struct lm_span *spans = w->a->spans;
    while (s < w->a->span_count && (spans[s].row_begin >= w->end || spans[s].row_end <= w->begin))
        s++;
    return s;
}

static void each_span(const struct work *w, span_step *step, bool fetch)
{
    for (int s = next_span(w, 0), next; s < w->a->span_count; s = next) {
        const struct lm_span *span = &w->a->spans[s];
        next = next_span(w, s + 1);
        if (fetch && next < w->a->span_count)
            fetch_span(w, &w->a->spans[next]);
        int begin = span->row_begin > w->begin ? span->row_begin : w->begin;
        int end = span->row_end < w->end ? span->row_end : w->end;
        step(w, span, begin, end);
    }
}

void KERNEL(attend_tree)(const struct lm_tree_attend *a, int begin, int end, float *scratch)
{
    struct work w = {.a = a, .begin = begin, .end = end, .share = a->heads / a->kv_heads};
    int queries = (end - begin) * w.share;
    w.queries = scratch;
    w.outs = w.queries + (size_t)queries * (size_t)a->dim;
    float *inverses = w.outs + (size_t)queries * (size_t)a->dim;
    w.scores = inverses + queries;
    gather_queries(&w);
    each_span(&w, a->f16 ? score_span_f16 : score_span_f32, true);
    for (int query = 0; query < queries; query++)
        inverses[query] = softmax_row(w.scores + (size_t)query * (size_t)a->score_stride,
                                      a->lengths[begin + query / w.share]);
    each_span(&w, a->f16 ? value_span_f16 : value_span_f32, false);
    scatter_outs(&w, inverses);
}

void KERNEL(store_kv)(const float *key, const float *value, int dim, int slot, bool f16, void *keys,
                      void *values)
{
    if (f16) {
        uint16_t *k = keys, *v = (uint16_t *)values + (size_t)slot * (size_t)dim;
        for (int d = 0; d < dim; d++)
            k[d * KV_BLOCK + slot] = f32_to_f16(key[d]);
        for (int d = 0; d < dim; d++)
            v[d] = f32_to_f16(value[d]);
    } else {
        float *k = keys, *v = (float *)values + (size_t)slot * (size_t)dim;
        for (int d = 0; d < dim; d++)
            k[d * KV_BLOCK + slot] = key[d];
        memcpy(v, value, (size_t)dim * sizeof *v);
    }
}
