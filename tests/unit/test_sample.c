/* test_sample.c - drawing tokens: against a plain sort, and against exact probabilities. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/kernels.h"
#include "kernels/sample.h"

static const struct sample_options plain = {.temperature = 1, .top_p = 1};

static void fill_normal(float *logits, int vocab, double deviation, uint64_t seed)
{
    struct rng rng;
    rng_init(&rng, seed);
    for (int i = 0; i < vocab; i++)
        logits[i] = (float)(deviation * rng_normal(&rng));
}

static const float *sorted_logits;
static int by_probability(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;
    if (sorted_logits[a] != sorted_logits[b])
        return sorted_logits[a] > sorted_logits[b] ? -1 : 1;
    return a < b ? -1 : 1;
}

/* The definition in sample.h word for word: probabilities of all tokens after the cuts. */
static void reference(const float *logits, int vocab, const struct sample_options *o, double *p)
{
    int *order = malloc((size_t)vocab * sizeof *order);
    assert_non_null(order);
    for (int i = 0; i < vocab; i++)
        order[i] = i, p[i] = 0;
    sorted_logits = logits;
    qsort(order, (size_t)vocab, sizeof *order, by_probability);
    int keep = o->top_k > 0 && o->top_k < vocab ? o->top_k : vocab;
    double max = (double)logits[order[0]], total = 0, sum = 0;
    for (int i = 0; i < keep; i++)
        total += exp(((double)logits[order[i]] - max) / o->temperature);
    if (o->top_p < 1)
        for (int i = 0; i < keep; i++) {
            sum += exp(((double)logits[order[i]] - max) / o->temperature);
            if (sum >= o->top_p * total)
                keep = i + 1;
        }
    sum = 0;
    for (int i = 0; i < keep; i++) {
        double w = exp(((double)logits[order[i]] - max) / o->temperature);
        if (w >= o->min_p)
            sum += p[order[i]] = w;
    }
    for (int i = 0; i < vocab; i++)
        p[i] /= sum;
    free(order);
}

/* Draws often: only tokens with a probability appear, and each as often as it should, within 5 deviations. */
static void check_against_reference(const float *logits, int vocab, const struct sample_options *o, int draws)
{
    double *p = malloc((size_t)vocab * sizeof *p);
    int *seen = calloc((size_t)vocab, sizeof *seen);
    struct rng rng;
    rng_init(&rng, 99);
    assert_true(p && seen);
    reference(logits, vocab, o, p);
    for (int i = 0; i < draws; i++) {
        struct sample s = sample_row(logits, vocab, o, &rng);
        assert_in_range(s.token, 0, vocab - 1);
        assert_true(p[s.token] > 0);
        seen[s.token]++;
    }
    for (int i = 0; i < vocab; i++) {
        double expected = p[i] * draws, slack = 5 * sqrt(expected * (1 - p[i])) + 3;
        assert_true(fabs(seen[i] - expected) <= slack);
    }
    free(p);
    free(seen);
}

static void draws_follow_the_softmax_under_every_setting(void **state)
{
    (void)state;
    static const struct sample_options all[] = {
        {1, 0, 1, 0},        {0.7, 0, 1, 0},    {1.7, 0, 1, 0},    {1, 1, 1, 0},   {1, 7, 1, 0},
        {1, 0, 0.5, 0},      {1, 0, 0.9, 0},    {0.5, 0, 0.99, 0}, {1, 0, 1, 0.1}, {1, 40, 0.9, 0.02},
        {2, 5, 0.3, 0.01},   {1, 100000, 1, 0}, {1, 0, 1e-9, 0},   {1, 0, 1, 1},   {0.01, 0, 1, 0},
        {1, 0, 0.999999, 0}, {100, 3, 0.5, 0},
    };
    static const int vocabs[] = {2, 37, 512, 3001};
    for (size_t v = 0; v < sizeof vocabs / sizeof *vocabs; v++) {
        float *logits = malloc((size_t)vocabs[v] * sizeof *logits);
        assert_non_null(logits);
        fill_normal(logits, vocabs[v], 3, 5 + v);
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            check_against_reference(logits, vocabs[v], &all[i], 4000);
        free(logits);
    }
}

static void equal_logits_are_cut_by_id(void **state)
{
    (void)state;
    float logits[600];
    for (int i = 0; i < 600; i++)
        logits[i] = i % 3 == 0 ? 1.0f : i % 3 == 1 ? 0.0f : -0.0f;
    static const struct sample_options all[] = {
        {1, 10, 1, 0}, {1, 230, 1, 0}, {1, 0, 0.3, 0}, {1, 0, 0.7, 0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        check_against_reference(logits, 600, &all[i], 3000);
}

static void greedy_takes_the_lowest_id_of_equals(void **state)
{
    (void)state;
    float logits[300] = {0};
    struct rng rng;
    rng_init(&rng, 1);
    logits[290] = logits[123] = logits[124] = 2;
    struct sample_options greedy = {.temperature = 0, .top_p = 1};
    assert_int_equal(sample_row(logits, 300, &greedy, &rng).token, 123);
}

static void logprob_is_that_of_temperature_one_whatever_the_settings(void **state)
{
    (void)state;
    enum { VOCAB = 20000 };
    float *logits = malloc(VOCAB * sizeof *logits);
    assert_non_null(logits);
    fill_normal(logits, VOCAB, 4, 3);
    double sum = 0;
    for (int i = 0; i < VOCAB; i++)
        sum += exp((double)logits[i]);
    static const struct sample_options all[] = {
        {1, 0, 1, 0}, {0, 0, 1, 0}, {0.6, 20, 0.9, 0.01}, {2, 0, 1, 0}};
    struct rng rng;
    rng_init(&rng, 1);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct sample s = sample_row(logits, VOCAB, &all[i], &rng);
        assert_true(fabs(s.logprob - ((double)logits[s.token] - log(sum))) < 1e-5);
    }
    free(logits);
}

static void every_setting_takes_one_number_from_the_stream(void **state)
{
    (void)state;
    float logits[64];
    fill_normal(logits, 64, 1, 1);
    static const struct sample_options all[] = {{0, 0, 1, 0}, {1, 0, 1, 0}, {1, 3, 1, 0}, {1, 0, 0.2, 0.5}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct rng rng, expected;
        rng_init(&rng, 42);
        rng_init(&expected, 42);
        sample_row(logits, 64, &all[i], &rng);
        rng_unit(&expected);
        assert_memory_equal(&rng, &expected, sizeof rng);
    }
}

static void infinite_and_missing_logits_are_told_from_numbers(void **state)
{
    (void)state;
    float logits[40];
    struct rng rng;
    rng_init(&rng, 1);
    for (int i = 0; i < 40; i++)
        logits[i] = -INFINITY;
    assert_int_equal(sample_row(logits, 40, &plain, &rng).token, -1);
    logits[17] = -50;
    logits[18] = -50;
    for (int i = 0; i < 50; i++)
        assert_in_range(sample_row(logits, 40, &plain, &rng).token, 17, 18);
    struct sample_options cuts = {1, 30, 0.9, 0};
    for (int i = 0; i < 50; i++)
        assert_in_range(sample_row(logits, 40, &cuts, &rng).token, 17, 18);
    logits[3] = NAN;
    assert_int_equal(sample_row(logits, 40, &plain, &rng).token, -1);
    logits[3] = INFINITY;
    assert_int_equal(sample_row(logits, 40, &plain, &rng).token, -1);
}

static void settings_out_of_range_are_named(void **state)
{
    (void)state;
    static const struct {
        struct sample_options options;
        const char *name;
    } bad[] = {{{-1, 0, 1, 0}, "temperature"}, {{NAN, 0, 1, 0}, "temperature"}, {{1, -1, 1, 0}, "top-k"},
               {{1, 0, 0, 0}, "top-p"},        {{1, 0, 1.5, 0}, "top-p"},       {{1, 0, 1, 2}, "min-p"},
               {{1, 0, NAN, 0}, "top-p"},      {{10.5, 0, 1, 0}, "temperature"}};
    struct ponder_err err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(sample_options_check(&bad[i].options, &err), PONDER_E_ARGUMENT);
        assert_non_null(strstr(err.message, bad[i].name));
    }
    assert_int_equal(sample_options_check(&plain, &err), PONDER_OK);
}

static void a_vocabulary_of_150000_is_drawn_from_everywhere(void **state)
{
    (void)state;
    enum { VOCAB = 150001 };
    float *logits = calloc(VOCAB, sizeof *logits);
    assert_non_null(logits);
    struct rng rng;
    rng_init(&rng, 1);
    double mean = 0;
    for (int i = 0; i < 2000; i++)
        mean += sample_row(logits, VOCAB, &plain, &rng).token / 2000.0;
    assert_true(fabs(mean - VOCAB / 2.0) < 5 * VOCAB / sqrt(12 * 2000.0));
    free(logits);
}

/* Logits that no mathematical library has a say in: peaked ones, flat ones and ones with many equals. */
static void fill_plainly(float *logits, int vocab, int kind, struct rng *rng)
{
    for (int i = 0; i < vocab; i++) {
        float sum = 0;
        for (int j = 0; j < 4; j++)
            sum += (float)rng_below(rng, 1 << 12) / (1 << 11) - 1;
        logits[i] = kind == 0 ? 8 * sum : kind == 1 ? sum / 4 : (float)(int)(2 * sum);
    }
}

static const struct {
    struct sample_options options;
    uint64_t hash; /* of all draws */
} pinned[] = {
    {{0, 0, 1, 0}, 0xc385651653ab5a06},         {{1, 0, 1, 0}, 0x18f242072c2918c6},
    {{0.7, 0, 1, 0}, 0x9847c9fb98b142dd},       {{1, 40, 1, 0}, 0xb4cb7d8d1111380d},
    {{1, 3000, 1, 0}, 0xec36c76ff538cbea},      {{1, 0, 0.95, 0}, 0xc544f67db2159e72},
    {{0.8, 0, 0.5, 0}, 0xb0887eefc9184ba7},     {{1, 0, 1, 0.05}, 0x736ca3bf3cc35dea},
    {{0.6, 50, 0.9, 0.01}, 0xd515221c537d4d13}, {{2, 0, 0.999999, 0}, 0x29a4c82e7d52099a},
    {{1, 1, 1, 0}, 0xc385651653ab5a06},         {{1.5, 700, 0.7, 0}, 0x9c7a0aa9e1e8bd22},
};
enum { PINNED = sizeof pinned / sizeof *pinned, DRAWS = 12 };

static const char *const sets[] = {"plain", "avx2", "avx512"};
enum { SETS = sizeof sets / sizeof *sets };

/* Draws from one row under every setting and by every instruction set, each time with the same numbers. */
static void add_draws(const float *logits, int vocab, struct rng *rng, uint64_t hashes[SETS][PINNED])
{
    struct rng used = *rng;
    for (int set = 0; set < SETS; set++)
        for (int i = 0; i < PINNED; i++) {
            const struct lm_kernels *kernels = lm_kernels_named(sets[set]);
            used = *rng;
            for (int draw = 0; draw < DRAWS; draw++) {
                double u = rng_unit(&used);
                if (kernels)
                    hashes[set][i] =
                        rng_key(hashes[set][i],
                                (uint64_t)kernels->sample(logits, vocab, &pinned[i].options, u).token);
            }
        }
    *rng = used;
}

/* A seed gives the same text by every version and every instruction set. */
static void the_same_numbers_draw_the_same_tokens_as_ever(void **state)
{
    (void)state;
    static const int vocabs[] = {5, 300, 4099, 151936};
    uint64_t hashes[SETS][PINNED] = {{0}};
    for (size_t v = 0; v < sizeof vocabs / sizeof *vocabs; v++) {
        float *logits = malloc((size_t)vocabs[v] * sizeof *logits);
        struct rng rng;
        assert_non_null(logits);
        rng_init(&rng, v);
        for (int kind = 0; kind < 3; kind++) {
            fill_plainly(logits, vocabs[v], kind, &rng);
            add_draws(logits, vocabs[v], &rng, hashes);
        }
        free(logits);
    }
    for (int set = 0; set < SETS; set++)
        for (int i = 0; i < PINNED; i++)
            if (lm_kernels_named(sets[set]) && hashes[set][i] != pinned[i].hash)
                fail_msg("%s, setting %d: 0x%016llx", sets[set], i, (unsigned long long)hashes[set][i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_follow_the_softmax_under_every_setting),
        cmocka_unit_test(equal_logits_are_cut_by_id),
        cmocka_unit_test(greedy_takes_the_lowest_id_of_equals),
        cmocka_unit_test(logprob_is_that_of_temperature_one_whatever_the_settings),
        cmocka_unit_test(every_setting_takes_one_number_from_the_stream),
        cmocka_unit_test(infinite_and_missing_logits_are_told_from_numbers),
        cmocka_unit_test(settings_out_of_range_are_named),
        cmocka_unit_test(the_same_numbers_draw_the_same_tokens_as_ever),
        cmocka_unit_test(a_vocabulary_of_150000_is_drawn_from_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
