/* sampling_fixture.h - how samples are drawn where a test does not care. */
#ifndef TESTS_SAMPLING_FIXTURE_H
#define TESTS_SAMPLING_FIXTURE_H

#include "ponder/sampling.h"

/* The defaults of solving, with nothing left open. */
static inline struct ponder_sampling plain_sampling(void)
{
    struct ponder_sampling sampling;
    assert_int_equal(ponder_options_default(ponder_solve_options(), &sampling, NULL), PONDER_OK);
    sampling.temperature = 0.8;
    sampling.top_p = 1;
    sampling.min_p = 0;
    sampling.pool = "samples";
    return sampling;
}

#endif
