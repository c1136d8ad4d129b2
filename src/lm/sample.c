/* sample.c - draws a token from a row of logits; see sample.h.
 *
 * Nothing is sorted and nothing is allocated. Every filter keeps a prefix of the tokens in order of logit, so
 * each one comes down to a cut: a value, and the last id that is kept among those equal to it. The cut of
 * top_k or top_p is found by a radix search over the bits of the logits: a histogram of the mass (1 or the
 * weight) by the highest 8 bits shows the bucket in which the limit is reached, the next 8 bits are told
 * apart inside that bucket, and so on. The draw then walks the ids in order, a chunk at a time, and looks
 * inside the one chunk that holds it. */
#include "lm/sample.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/err.h"

enum { CHUNK = 256, LANES = 16, FIELD_MAX = 1024 };

struct cut { /* keeps logit > value, and of logit == value the ids up to `last` */
    float value;
    int last;
};

struct row {
    const float *logits;
    int vocab;
    float max;
    float scale; /* 1 / temperature */
};

int sample_options_check(const struct sample_options *options, struct ponder_err *err)
{
    if (!(options->temperature >= 0 && options->temperature <= 10))
        return err_set(err, PONDER_E_ARGUMENT, "temperature %g: it is 0 (greedy) to 10",
                       options->temperature);
    if (options->top_k < 0)
        return err_set(err, PONDER_E_ARGUMENT, "top-k %d: it is 0 (all tokens) or more", options->top_k);
    if (!(options->top_p > 0 && options->top_p <= 1))
        return err_set(err, PONDER_E_ARGUMENT, "top-p %g: it is more than 0 and at most 1 (all tokens)",
                       options->top_p);
    if (!(options->min_p >= 0 && options->min_p <= 1))
        return err_set(err, PONDER_E_ARGUMENT, "min-p %g: it is 0 (all tokens) to 1", options->min_p);
    return PONDER_OK;
}

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

static float row_max(const float *logits, int vocab)
{
    float lanes[LANES];
    for (int j = 0; j < LANES; j++)
        lanes[j] = -INFINITY;
    int i = 0;
    for (; i + LANES <= vocab; i += LANES)
        for (int j = 0; j < LANES; j++)
            lanes[j] = logits[i + j] > lanes[j] ? logits[i + j] : lanes[j];
    for (; i < vocab; i++)
        lanes[0] = logits[i] > lanes[0] ? logits[i] : lanes[0];
    float max = lanes[0];
    for (int j = 1; j < LANES; j++)
        max = lanes[j] > max ? lanes[j] : max;
    return max;
}

/* Sum of exp((logit - max) * scale) over the `n` <= CHUNK logits that are not below `value`. Two plain loops,
 * because compilers make vector code of each. */
static double weigh(const float *logits, int n, float max, float scale, float value)
{
    float weights[CHUNK], lanes[LANES] = {0};
    for (int i = 0; i < n; i++)
        weights[i] = keep_if(!(logits[i] < value), exp_negative((logits[i] - max) * scale));

    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lanes[j] += weights[i + j];
    for (; i < n; i++)
        lanes[0] += weights[i];
    double sum = 0;
    for (int j = 0; j < LANES; j++)
        sum += (double)lanes[j];
    return sum;
}

/* The weight that the cut leaves of ids [begin, end), at most a chunk. */
static double weigh_kept(const struct row *row, int begin, int end, struct cut cut)
{
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
    for (int i = 0; i < row->vocab; i += CHUNK)
        sum += weigh_kept(row, i, i + CHUNK < row->vocab ? i + CHUNK : row->vocab, cut);
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

/* The id of the `count`-th kept token whose logit is `value`, or the last one there is. */
static int id_of_equal(const struct row *row, float value, double count, struct cut cut)
{
    int last = -1;
    for (int id = 0; id < row->vocab && count >= 1; id++)
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
    for (int i = 0; i < all; i++)
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
        for (int i = 0; i < field.count; i++)
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

static struct cut cut_of(const struct row *row, const struct sample_options *options)
{
    struct cut cut = {-INFINITY, row->vocab};
    if (options->top_k > 0 && options->top_k < row->vocab)
        cut = cut_at_mass(row, cut, options->top_k, false);
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

/* The kept token in which the running sum of the weights passes `target`. */
static int32_t draw(const struct row *row, struct cut cut, double target)
{
    int32_t last = -1;
    double before = 0;
    for (int begin = 0; begin < row->vocab; begin += CHUNK) {
        int end = begin + CHUNK < row->vocab ? begin + CHUNK : row->vocab;
        double sum = weigh_kept(row, begin, end, cut);
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
    for (int id = 0; id < row->vocab; id++)
        if (row->logits[id] == row->max)
            return id;
    return -1;
}

struct sample sample_row(const float *logits, int vocab, const struct sample_options *options,
                         struct rng *rng)
{
    double u = rng_unit(rng);
    struct row row = {logits, vocab, row_max(logits, vocab), 1};
    struct cut all = {-INFINITY, vocab};
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
        token = draw(&row, cut, u * (plain ? total_plain : weigh_all(&row, cut)));
        if (token < 0) /* u rounded up to the whole */
            token = first_max(&row);
    }
    return (struct sample){token, (double)(logits[token] - row.max) - log(total_plain)};
}
