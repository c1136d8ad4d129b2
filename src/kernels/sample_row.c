/* sample_row.c - draws a token from a row of logits; see sample.h. Compiled once per instruction set, without
 * contracting a product and a sum into one, so that all of them draw the same tokens.
 *
 * Nothing is sorted and nothing is allocated. Every filter keeps a prefix of the tokens in order of logit, so
 * each one comes down to a cut: a value, and the last id that is kept among those equal to it. The cut of
 * top_k or top_p is found by a radix search over the bits of the logits: a histogram of the mass (1 or the
 * weight) by the highest 8 bits shows the bucket in which the limit is reached, the next 8 bits are told
 * apart inside that bucket, and so on. The draw then walks the ids in order, a chunk at a time, and looks
 * inside the one chunk that holds it. Of a large vocabulary most chunks hold nothing that a cut keeps: the
 * largest logit of each, which the first look at the row finds, tells so. */
#include "kernels/sample.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "kernels/kernels_impl.h"

enum { CHUNK = 256, SUMS = 16, FIELD_MAX = 2048, CHUNKS_MAX = 1024, TOPS_MAX = 256 };

struct cut { /* keeps logit > value, and of logit == value the ids up to `last` */
    float value;
    int last;
};

struct row {
    const float *logits;
    int vocab;
    float max;
    float scale; /* 1 / temperature */
    /* Of the first CHUNKS_MAX chunks. */
    float *tops;  /* the largest logit */
    double *sums; /* what weigh_all() found last */
};

/* y, or 0, by a mask instead of a branch, which compilers do not make vector code of. A NaN in y stays where
 * it is kept. */
static inline float keep_if(bool condition, float y)
{
    uint32_t bits, mask = condition ? 0xffffffffu : 0;
    memcpy(&bits, &y, sizeof bits);
    bits &= mask;
    memcpy(&y, &bits, sizeof y);
    return y;
}

/* exp(x) for x <= 0 within 2 units in the last place, 0 below -87; a form that compilers turn into vector
 * code. x = n ln 2 + r with |r| <= ln 2 / 2; Taylor to r^7. */
static inline float exp_negative(float x)
{
    const float round = 12582912.0f; /* 1.5 * 2^23: adding it leaves the nearest integer in the low bits */
    float shifted = x * 1.44269504f + round;
    float n = shifted - round;
    float r = x - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.0f / 5040.0f;
    p = p * r + 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits - 0x4b400000u + 127u) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return keep_if(!(x < -87.0f), p * power);
}

static float max_of(const float *logits, int n)
{
    float lanes[SUMS];
    for (int j = 0; j < SUMS; j++)
        lanes[j] = -INFINITY;
    int i = 0;
    for (; i + SUMS <= n; i += SUMS)
        for (int j = 0; j < SUMS; j++)
            lanes[j] = logits[i + j] > lanes[j] ? logits[i + j] : lanes[j];
    for (; i < n; i++)
        lanes[0] = logits[i] > lanes[0] ? logits[i] : lanes[0];
    float max = lanes[0];
    for (int j = 1; j < SUMS; j++)
        max = lanes[j] > max ? lanes[j] : max;
    return max;
}

static int chunk_end(const struct row *row, int begin)
{
    return begin + CHUNK < row->vocab ? begin + CHUNK : row->vocab;
}

static void find_tops(struct row *row)
{
    row->max = -INFINITY;
    for (int begin = 0; begin < row->vocab; begin += CHUNK) {
        float top = max_of(row->logits + begin, chunk_end(row, begin) - begin);
        if (begin / CHUNK < CHUNKS_MAX)
            row->tops[begin / CHUNK] = top;
        row->max = top > row->max ? top : row->max;
    }
}

/* Whether a chunk has a logit of `value` or more. */
static bool reaches(const struct row *row, int begin, float value)
{
    return begin / CHUNK >= CHUNKS_MAX || !(row->tops[begin / CHUNK] < value);
}

/* Sum of exp((logit - max) * scale) over the `n` <= CHUNK logits that are not below `value`. Two plain loops,
 * because compilers make vector code of each. */
static double weigh(const float *logits, int n, float max, float scale, float value)
{
    float weights[CHUNK], lanes[SUMS] = {0};
    for (int i = 0; i < n; i++)
        weights[i] = keep_if(!(logits[i] < value), exp_negative((logits[i] - max) * scale));

    int i = 0;
    for (; i + SUMS <= n; i += SUMS)
        for (int j = 0; j < SUMS; j++)
            lanes[j] += weights[i + j];
    for (; i < n; i++)
        lanes[0] += weights[i];
    double sum = 0;
    for (int j = 0; j < SUMS; j++)
        sum += (double)lanes[j];
    return sum;
}

/* The weight that the cut leaves of ids [begin, end), at most a chunk. */
static double weigh_kept(const struct row *row, int begin, int end, struct cut cut)
{
    if (!reaches(row, begin, cut.value))
        return 0;
    int middle = cut.last + 1 < begin ? begin : cut.last + 1 > end ? end : cut.last + 1;
    double sum = 0;
    if (middle > begin)
        sum += weigh(row->logits + begin, middle - begin, row->max, row->scale, cut.value);
    if (end > middle)
        sum +=
            weigh(row->logits + middle, end - middle, row->max, row->scale, nextafterf(cut.value, INFINITY));
    return sum;
}

static double weigh_all(const struct row *row, struct cut cut)
{
    double sum = 0;
    for (int begin = 0; begin < row->vocab; begin += CHUNK) {
        double weight = weigh_kept(row, begin, chunk_end(row, begin), cut);
        if (begin / CHUNK < CHUNKS_MAX)
            row->sums[begin / CHUNK] = weight;
        sum += weight;
    }
    return sum;
}

static bool kept(const struct row *row, int id, struct cut cut)
{
    return row->logits[id] > cut.value || (row->logits[id] == cut.value && id <= cut.last);
}

/* Unsigned keys in the order of the floats; both zeros are one. */
static uint32_t key_of(float logit)
{
    float x = logit + 0.0f;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static float float_of(uint32_t key)
{
    uint32_t bits = key & 0x80000000u ? key & 0x7fffffffu : ~key;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static double mass_of(const struct row *row, float logit, bool weighted)
{
    return weighted ? (double)exp_negative((logit - row->max) * row->scale) : 1.0;
}

/* The first id from `id` on, a multiple of SUMS, whose neighbours in its stretch of SUMS have a logit of
 * `value` or more. */
static int first_stretch(const struct row *row, int id, float value)
{
    while (id + SUMS <= row->vocab) {
        int any = 0;
        if (id % CHUNK == 0 && !reaches(row, id, value)) {
            id += CHUNK;
            continue;
        }
        for (int j = 0; j < SUMS; j += LANES)
            any |= vec_any_from(vec_load(row->logits + id + j), value);
        if (any)
            break;
        id += SUMS;
    }
    return id;
}

/* The id behind `id` that may have a logit of `value` or more, with -1 the first of all. */
static inline int next_id(const struct row *row, int id, float value)
{
    return ++id % SUMS ? id : first_stretch(row, id, value);
}

/* The id of the `count`-th kept token whose logit is `value`, or the last one there is. */
static int id_of_equal(const struct row *row, float value, double count, struct cut cut)
{
    int last = -1;
    for (int id = next_id(row, -1, value); id < row->vocab && count >= 1; id = next_id(row, id, value))
        if (row->logits[id] == value && kept(row, id, cut)) {
            last = id;
            count--;
        }
    return last;
}

/* The tokens that are still in question: all that `cut` keeps, or the ids listed. */
struct field {
    const struct row *row;
    struct cut cut;
    bool listed;
    int count, ids[FIELD_MAX];
};

/* The index behind `i`, with -1 the first. */
static inline int field_next(const struct field *field, int i)
{
    return field->listed ? i + 1 : next_id(field->row, i, field->cut.value);
}

/* The key of the i-th token of the field whose higher bits are `prefix`; false: it is not in question. */
static inline bool field_key(const struct field *field, int i, int shift, uint32_t prefix, int *id,
                             uint32_t *key)
{
    *id = field->listed ? field->ids[i] : i;
    if (!field->listed && !kept(field->row, i, field->cut))
        return false;
    *key = key_of(field->row->logits[*id]);
    return field->listed || shift == 24 || *key >> (shift + 8) == prefix;
}

/* Keeps the tokens of one bucket, by id, where they are few enough to be listed. */
static void field_narrow(struct field *field, int shift, uint32_t prefix, uint32_t bucket, int count)
{
    if (count > FIELD_MAX)
        return;
    int kept_count = 0, all = field->count, id;
    uint32_t key;
    for (int i = field_next(field, -1); i < all; i = field_next(field, i))
        if (field_key(field, i, shift, prefix, &id, &key) && (key >> shift & 255) == bucket)
            field->ids[kept_count++] = id;
    field->listed = true;
    field->count = kept_count;
}

/* Of what `cut` keeps, the most probable tokens whose mass (1 each, or their weights) first reaches `limit`.
 */
static struct cut cut_at_mass(const struct row *row, struct cut cut, double limit, bool weighted)
{
    struct field field; /* its ids are not worth clearing */
    field.row = row, field.cut = cut, field.listed = false, field.count = row->vocab;
    uint32_t prefix = 0;
    double above = 0; /* mass of all keys above the bucket we are in */
    for (int shift = 24; shift >= 0 && !(field.listed && field.count == 1); shift -= 8) {
        double mass[256] = {0};
        int counts[256] = {0}, id, bucket = 255;
        uint32_t key;
        for (int i = field_next(&field, -1); i < field.count; i = field_next(&field, i))
            if (field_key(&field, i, shift, prefix, &id, &key)) {
                mass[key >> shift & 255] += mass_of(row, row->logits[id], weighted);
                counts[key >> shift & 255]++;
            }
        while (bucket >= 0 && above + mass[bucket] < limit)
            above += mass[bucket--];
        if (bucket < 0) /* rounding kept the sum below the limit: everything is in */
            return cut;
        field_narrow(&field, shift, prefix, (uint32_t)bucket, counts[bucket]);
        prefix = prefix << 8 | (uint32_t)bucket;
    }
    float value = field.listed ? row->logits[field.ids[0]] : float_of(prefix);
    double count = ceil((limit - above) / mass_of(row, value, weighted));
    return (struct cut){value, id_of_equal(row, value, count < 1 ? 1 : count, cut)};
}

/* No more than the `count`-th largest logit, to which the cut of top_k need not go down: the `count`-th
 * largest of the chunks' own largest. */
static float floor_of_largest(const struct row *row, int count)
{
    float largest[TOPS_MAX]; /* descending */
    int held = 0, chunks = (row->vocab + CHUNK - 1) / CHUNK;
    if (count > TOPS_MAX || chunks < count || chunks > CHUNKS_MAX)
        return -INFINITY;
    for (int i = 0; i < chunks; i++) {
        if (held == count && !(row->tops[i] > largest[count - 1]))
            continue;
        int at = held < count ? held++ : count - 1;
        for (; at > 0 && largest[at - 1] < row->tops[i]; at--)
            largest[at] = largest[at - 1];
        largest[at] = row->tops[i];
    }
    return largest[count - 1];
}

static struct cut cut_of(const struct row *row, const struct sample_options *options)
{
    struct cut cut = {-INFINITY, row->vocab};
    if (options->top_k > 0 && options->top_k < row->vocab) {
        cut.value = floor_of_largest(row, options->top_k);
        cut = cut_at_mass(row, cut, options->top_k, false);
    }
    if (options->top_p < 1) {
        double total = weigh_all(row, cut);
        /* Tokens below (1 - p) / V of the total cannot sum up to 1 - p, so none of them is needed. */
        double least = (1 - options->top_p) * total / row->vocab;
        float floor_value = row->max + (float)((log(least) - 1e-3) / (double)row->scale);
        if (floor_value > cut.value)
            cut = (struct cut){floor_value, row->vocab};
        cut = cut_at_mass(row, cut, options->top_p * total, true);
    }
    if (options->min_p > 0) {
        float value = row->max + (float)(log(options->min_p) / (double)row->scale);
        if (value > cut.value)
            cut = (struct cut){value, row->vocab};
    }
    return cut;
}

/* The kept token in which the running sum of the weights passes `target`, after weigh_all() of the same cut.
 */
static int32_t row_draw(const struct row *row, struct cut cut, double target)
{
    int32_t last = -1;
    double before = 0;
    for (int begin = 0; begin < row->vocab; begin += CHUNK) {
        int end = chunk_end(row, begin);
        double sum = begin / CHUNK < CHUNKS_MAX ? row->sums[begin / CHUNK] : weigh_kept(row, begin, end, cut);
        if (before + sum <= target) {
            before += sum;
            continue;
        }
        for (int id = begin; id < end; id++) {
            double w = kept(row, id, cut) ? mass_of(row, row->logits[id], true) : 0;
            if (w <= 0)
                continue;
            last = id;
            before += w;
            if (before > target)
                return id;
        }
        return last; /* the chunk's sum was rounded up past the sum of its parts */
    }
    return last;
}

static int32_t first_max(const struct row *row)
{
    for (int id = next_id(row, -1, row->max); id < row->vocab; id = next_id(row, id, row->max))
        if (row->logits[id] == row->max)
            return id;
    return -1;
}

struct sample KERNEL(sample)(const float *logits, int vocab, const struct sample_options *options, double u)
{
    float tops[CHUNKS_MAX];
    double sums[CHUNKS_MAX];
    struct row row = {logits, vocab, 0, 1, tops, sums};
    struct cut all = {-INFINITY, vocab};
    find_tops(&row);
    double total_plain = weigh_all(&row, all);
    if (!(total_plain > 0 && total_plain <= (double)vocab * 2))
        return (struct sample){-1, NAN};
    int32_t token;
    row.scale = options->temperature > 0 ? (float)(1 / options->temperature) : INFINITY;
    if (isinf(row.scale)) {
        token = first_max(&row);
    } else {
        struct cut cut = cut_of(&row, options);
        bool plain = isinf(cut.value) && row.scale == 1;
        token = row_draw(&row, cut, u * (plain ? total_plain : weigh_all(&row, cut)));
        if (token < 0) /* u rounded up to the whole */
            token = first_max(&row);
    }
    return (struct sample){token, (double)(logits[token] - row.max) - log(total_plain)};
}
