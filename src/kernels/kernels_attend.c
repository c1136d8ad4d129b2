/* kernels_attend.c - causal attention over one document in training, forward and backward.
 *
 * Queries are taken QUERY_TILE at a time against all keys up to the tile's last row; only the log-sum-exp of
 * each row is kept, and probabilities are computed again backward (as in Dao et al. 2022, "FlashAttention").
 * Every product is the one small row-major multiply below; keys and values are transposed once per call so
 * that it always reads with unit stride. */
#include "kernels/kernels_impl.h"

enum { QUERY_TILE = 32 };

struct matrix {
    float *data;
    size_t stride;
};

/* c (mr, nv*LANES) (+)= a (mr, k) b (k, ..): the accumulators stay in registers. */
INLINE void multiply_tile(const int mr, const int nv, int k, const float *a, size_t a_stride, const float *b,
                          size_t b_stride, float *c, size_t c_stride, bool add)
{
    vec acc[TILE_ROWS][TILE_VECS];
    for (int r = 0; r < mr; r++)
        for (int v = 0; v < nv; v++)
            acc[r][v] = add ? vec_load(c + (size_t)r * c_stride + v * LANES) : (vec){0};
    for (int i = 0; i < k; i++) {
        vec bv[TILE_VECS];
        for (int v = 0; v < nv; v++)
            bv[v] = vec_load(b + (size_t)i * b_stride + v * LANES);
        for (int r = 0; r < mr; r++)
            for (int v = 0; v < nv; v++)
                acc[r][v] += a[(size_t)r * a_stride + (size_t)i] * bv[v];
    }
    for (int r = 0; r < mr; r++)
        for (int v = 0; v < nv; v++)
            vec_store(c + (size_t)r * c_stride + v * LANES, acc[r][v]);
}

INLINE void multiply_rows(const int mr, int n, int k, const float *a, size_t a_stride, struct matrix b,
                          struct matrix c, bool add)
{
    int j = 0;
    for (; j + TILE_VECS * LANES <= n; j += TILE_VECS * LANES)
        multiply_tile(mr, TILE_VECS, k, a, a_stride, b.data + j, b.stride, c.data + j, c.stride, add);
    for (; j + LANES <= n; j += LANES)
        multiply_tile(mr, 1, k, a, a_stride, b.data + j, b.stride, c.data + j, c.stride, add);
    for (; j < n; j++) /* head sizes that are no multiple of LANES */
        for (int r = 0; r < mr; r++) {
            float sum = add ? c.data[(size_t)r * c.stride + (size_t)j] : 0;
            for (int i = 0; i < k; i++)
                sum += a[(size_t)r * a_stride + (size_t)i] * b.data[(size_t)i * b.stride + (size_t)j];
            c.data[(size_t)r * c.stride + (size_t)j] = sum;
        }
}

/* c (m, n) (+)= a (m, k) b (k, n) */
static void attend_multiply(int m, int n, int k, struct matrix a, struct matrix b, struct matrix c, bool add)
{
    int r = 0;
    for (; r + TILE_ROWS <= m; r += TILE_ROWS, a.data += TILE_ROWS * a.stride, c.data += TILE_ROWS * c.stride)
        multiply_rows(TILE_ROWS, n, k, a.data, a.stride, b, c, add);
    for (; r < m; r++, a.data += a.stride, c.data += c.stride)
        multiply_rows(1, n, k, a.data, a.stride, b, c, add);
}

/* to (cols, rows) = from (rows, cols)^T, the columns from `rows` to `padded` zero */
static void transpose(struct matrix from, int rows, int cols, int padded, struct matrix to)
{
    for (int c = 0; c < cols; c++) {
        float *line = to.data + (size_t)c * to.stride;
        for (int r = 0; r < rows; r++)
            line[r] = from.data[(size_t)r * from.stride + (size_t)c];
        memset(line + rows, 0, (size_t)(padded - rows) * sizeof *line);
    }
}

static int round_up(int n)
{
    return (n + LANES - 1) / LANES * LANES;
}

/* Scratch: keys^T (D, n), values^T (D, n), then four tiles of (QUERY_TILE, n). */
struct room {
    struct matrix keys_t, values_t, p, dp, turned;
    int padded;
};

static struct room room_at(float *scratch, int rows, int dim)
{
    int padded = round_up(rows);
    size_t n = (size_t)padded;
    struct room room = {.padded = padded};
    room.keys_t = (struct matrix){scratch, n};
    room.values_t = (struct matrix){scratch + n * (size_t)dim, n};
    room.p = (struct matrix){room.values_t.data + n * (size_t)dim, n};
    room.dp = (struct matrix){room.p.data + n * QUERY_TILE, n};
    room.turned = (struct matrix){room.dp.data + n * QUERY_TILE, QUERY_TILE};
    return room;
}

static struct matrix part(const float *rows, size_t stride, int row, int column)
{
    return (struct matrix){(float *)(uintptr_t)rows + (size_t)row * stride + (size_t)column, stride};
}

/* Row `row`'s scaled scores become probabilities; columns behind it become 0. Returns the log-sum-exp. */
static float softmax_row(float *scores, int row, int columns, float scale)
{
    int seen = row + 1;
    vec tops = vec_all(-INFINITY);
    for (int j = seen; j < columns; j++)
        scores[j] = -INFINITY;
    for (int j = 0; j < columns; j += LANES)
        tops = vec_max(tops, vec_load(scores + j));
    float top = vec_max_of(tops);
    vec sums = {0};
    for (int j = 0; j < columns; j += LANES) {
        vec e = vec_exp((vec_load(scores + j) - top) * scale);
        vec_store(scores + j, e);
        sums += e;
    }
    float total = vec_sum(sums), inverse = 1.0f / total;
    for (int j = 0; j < columns; j += LANES)
        vec_store(scores + j, vec_load(scores + j) * inverse);
    return top * scale + logf(total);
}

void KERNEL(attend)(const struct lm_attend *a)
{
    int dim = a->dim, share = a->heads / a->kv_heads;
    float scale = 1.0f / sqrtf((float)dim);
    struct room room = room_at(a->scratch, a->rows, dim);
    struct matrix keys = part(a->qkv, a->stride, 0, (a->heads + a->group) * dim);
    struct matrix values = part(a->qkv, a->stride, 0, (a->heads + a->kv_heads + a->group) * dim);
    size_t out_stride = (size_t)a->heads * (size_t)dim;
    transpose(keys, a->rows, dim, room.padded, room.keys_t);
    for (int head = a->group * share; head < (a->group + 1) * share; head++)
        for (int row = 0; row < a->rows; row += QUERY_TILE) {
            int count = a->rows - row < QUERY_TILE ? a->rows - row : QUERY_TILE;
            int columns = round_up(row + count);
            attend_multiply(count, columns, dim, part(a->qkv, a->stride, row, head * dim), room.keys_t,
                            room.p, false);
            for (int r = 0; r < count; r++)
                a->lse[(size_t)(row + r) * (size_t)a->heads + (size_t)head] =
                    softmax_row(room.p.data + (size_t)r * room.p.stride, row + r, columns, scale);
            struct matrix out = {room.dp.data, (size_t)dim};
            attend_multiply(count, dim, row + count, room.p, values, out, false);
            for (int r = 0; r < count; r++)
                for (int i = 0; i < dim; i += LANES) {
                    int n = dim - i < LANES ? dim - i : LANES;
                    operand_store(a->out, a->out_bf16,
                                  (size_t)(row + r) * out_stride + (size_t)(head * dim + i),
                                  n == LANES ? vec_load(out.data + r * dim + i)
                                             : vec_load_part(out.data + r * dim + i, n, 0),
                                  n);
                }
        }
}

/* Scores become probabilities by the kept log-sum-exp, and dp becomes the gradient of the scores:
 * ds = p (dp - sum(p dp)) scale. */
static void softmax_row_backward(float *p, float *dp, int row, int columns, float scale, float lse)
{
    for (int j = row + 1; j < columns; j++)
        p[j] = -INFINITY;
    vec dots = {0};
    for (int j = 0; j < columns; j += LANES) {
        vec e = vec_exp(vec_load(p + j) * scale - lse);
        vec_store(p + j, e);
        dots += e * vec_load(dp + j);
    }
    float dot = vec_sum(dots);
    for (int j = 0; j < columns; j += LANES)
        vec_store(dp + j, vec_load(p + j) * (vec_load(dp + j) - dot) * scale);
}

/* d(keys or values) += tile^T rows: the tile turned once, then the same multiply. */
static void add_turned(struct matrix tile, int count, int columns, int dim, struct matrix turned,
                       struct matrix rows, struct matrix out)
{
    transpose(tile, count, columns, count, turned);
    attend_multiply(columns, dim, count, turned, rows, out, true);
}

void KERNEL(attend_backward)(const struct lm_attend *a)
{
    int dim = a->dim, share = a->heads / a->kv_heads;
    float scale = 1.0f / sqrtf((float)dim);
    struct room room = room_at(a->scratch, a->rows, dim);
    int key_column = (a->heads + a->group) * dim, value_column = (a->heads + a->kv_heads + a->group) * dim;
    struct matrix keys = part(a->qkv, a->stride, 0, key_column);
    struct matrix values = part(a->qkv, a->stride, 0, value_column);
    size_t out_stride = (size_t)a->heads * (size_t)dim;
    transpose(keys, a->rows, dim, room.padded, room.keys_t);
    transpose(values, a->rows, dim, room.padded, room.values_t);
    for (int head = a->group * share; head < (a->group + 1) * share; head++)
        for (int row = 0; row < a->rows; row += QUERY_TILE) {
            int count = a->rows - row < QUERY_TILE ? a->rows - row : QUERY_TILE;
            int columns = round_up(row + count);
            struct matrix queries = part(a->qkv, a->stride, row, head * dim);
            struct matrix dout = part(a->dout, out_stride, row, head * dim);
            attend_multiply(count, columns, dim, queries, room.keys_t, room.p, false);
            attend_multiply(count, columns, dim, dout, room.values_t, room.dp, false);
            for (int r = 0; r < count; r++)
                softmax_row_backward(room.p.data + (size_t)r * room.p.stride,
                                     room.dp.data + (size_t)r * room.dp.stride, row + r, columns, scale,
                                     a->lse[(size_t)(row + r) * (size_t)a->heads + (size_t)head]);
            attend_multiply(count, dim, row + count, room.dp, keys, part(a->dqkv, a->stride, row, head * dim),
                            false);
            add_turned(room.dp, count, row + count, dim, room.turned, queries,
                       part(a->dqkv, a->stride, 0, key_column));
            add_turned(room.p, count, row + count, dim, room.turned, dout,
                       part(a->dqkv, a->stride, 0, value_column));
        }
}
