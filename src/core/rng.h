/* rng.h - random streams. The generator is passed in, never global.
 *
 * A stream is derived from a key, and a key from other keys: each node of a search draws from the stream of
 * (seed, question, path in the tree), so that timing and order never change what it draws. */
#ifndef CORE_RNG_H
#define CORE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018). */
struct rng {
    uint64_t s[4];
};

/* A 64-bit hash of bytes, the same on every machine: FNV-1a finished with the SplitMix64 mixer. */
uint64_t hash_bytes(const void *bytes, size_t n);
/* A key from a key and a number: rng_key(rng_key(seed, question), path). */
uint64_t rng_key(uint64_t key, uint64_t number);

void rng_init(struct rng *rng, uint64_t key);
uint64_t rng_next(struct rng *rng);
/* Uniform in [0, n), without bias; n >= 1. */
uint64_t rng_below(struct rng *rng, uint64_t n);
/* Uniform in [low, high], both included. */
int rng_range(struct rng *rng, int low, int high);
/* Uniform in [0, 1). */
double rng_unit(struct rng *rng);
/* Standard normal (Box-Muller). */
double rng_normal(struct rng *rng);

#endif
