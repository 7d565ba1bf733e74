// Samplers of one number at a time; the randomness comes from the element's stream.
#pragma once

#include "ops/random_stream.h"

WENGERT_NAMESPACE_BEGIN

// Logarithm of a number of the gamma distribution of that shape and rate 1, shape > 0.
double sample_log_gamma(RandomStream& random, double shape);
// rate >= 0.
double sample_poisson(RandomStream& random, double rate);
// n > 0 whole, 0 < p < 1.
double sample_binomial(RandomStream& random, double n, double p);

WENGERT_NAMESPACE_END
