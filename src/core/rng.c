#include "core/rng.h"

#include <math.h>

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t hash_bytes(const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * 0x100000001b3u;
    return mix(hash);
}

uint64_t rng_key(uint64_t key, uint64_t number)
{
    return mix(mix(key + 0x9e3779b97f4a7c15u) ^ (number + 0x9e3779b97f4a7c15u) * 0xd1342543de82ef95u);
}

void rng_init(struct rng *rng, uint64_t key)
{
    for (int i = 0; i < 4; i++)
        rng->s[i] = mix(key += 0x9e3779b97f4a7c15u);
}

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t n)
{
    uint64_t reject_below = -n % n;
    uint64_t x;
    do
        x = rng_next(rng);
    while (x < reject_below);
    return x % n;
}

int rng_range(struct rng *rng, int low, int high)
{
    return low + (int)rng_below(rng, (uint64_t)((int64_t)high - low) + 1);
}

double rng_unit(struct rng *rng)
{
    return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

double rng_normal(struct rng *rng)
{
    double u = 1.0 - rng_unit(rng);
    double v = rng_unit(rng);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}
