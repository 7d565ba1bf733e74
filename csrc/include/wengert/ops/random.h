// Random tensors. Where no generator is given the default one is used.
#pragma once

#include <optional>

#include "wengert/random.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// The state of a generator as 16 bytes (uint8), which Python's get_rng_state gives and files hold.
WENGERT_API Tensor get_rng_state(const Generator& generator = default_generator());
// TypeError and Error for something else.
WENGERT_API void set_rng_state(const Tensor& state, Generator generator = default_generator());

// Uniform in [0, 1) and standard normal.
WENGERT_API Tensor rand(Dims shape, std::optional<DType> dtype = {},
                        Generator* generator = nullptr);
WENGERT_API Tensor randn(Dims shape, std::optional<DType> dtype = {},
                         Generator* generator = nullptr);
WENGERT_API Tensor& uniform_(Tensor& self, double from = 0, double to = 1,
                             Generator* generator = nullptr);
WENGERT_API Tensor& normal_(Tensor& self, double mean = 0, double std = 1,
                            Generator* generator = nullptr);
// The same in the shape, and unless given the dtype, of another tensor.
WENGERT_API Tensor rand_like(const Tensor& input, std::optional<DType> dtype = {},
                             Generator* generator = nullptr);
WENGERT_API Tensor randn_like(const Tensor& input, std::optional<DType> dtype = {},
                              Generator* generator = nullptr);
// Normal with the means and standard deviations that the tensors hold, which broadcast.
WENGERT_API Tensor normal(const Tensor& mean, const Tensor& std, Generator* generator = nullptr);

// Whole numbers in [low, high), int64 unless a dtype is given.
WENGERT_API Tensor randint(int64_t low, int64_t high, Dims shape, std::optional<DType> dtype = {},
                           Generator* generator = nullptr);
WENGERT_API Tensor randint_like(const Tensor& input, int64_t low, int64_t high,
                                std::optional<DType> dtype = {}, Generator* generator = nullptr);
// Without `to`: up to the last whole number that the dtype holds without gaps.
WENGERT_API Tensor& random_(Tensor& self, int64_t from = 0, std::optional<int64_t> to = {},
                            Generator* generator = nullptr);
// 0, ..., n - 1 in random order.
WENGERT_API Tensor randperm(int64_t n, std::optional<DType> dtype = {},
                            Generator* generator = nullptr);

// 1 with the probability that each element holds, else 0.
WENGERT_API Tensor bernoulli(const Tensor& input, Generator* generator = nullptr);
WENGERT_API Tensor& bernoulli_(Tensor& self, double p = 0.5, Generator* generator = nullptr);
// Positions drawn from each row with probabilities proportional to its elements, int64.
WENGERT_API Tensor multinomial(const Tensor& input, int64_t num_samples, bool replacement = false,
                               Generator* generator = nullptr);

// Poisson numbers with the rates that input holds; numbers of successes in `count` trials.
WENGERT_API Tensor poisson(const Tensor& input, Generator* generator = nullptr);
WENGERT_API Tensor binomial(const Tensor& count, const Tensor& prob,
                            Generator* generator = nullptr);
// Gamma numbers of the shapes that input holds and rate 1, and rows of Dirichlet numbers with its
// concentrations. Their derivatives say how they move at fixed quantiles; they have no second ones.
WENGERT_API Tensor standard_gamma(const Tensor& input, Generator* generator = nullptr);
WENGERT_API Tensor sample_dirichlet(const Tensor& input, Generator* generator = nullptr);

WENGERT_API Tensor& exponential_(Tensor& self, double lambd = 1, Generator* generator = nullptr);
WENGERT_API Tensor& geometric_(Tensor& self, double p, Generator* generator = nullptr);
WENGERT_API Tensor& cauchy_(Tensor& self, double median = 0, double sigma = 1,
                            Generator* generator = nullptr);
WENGERT_API Tensor& log_normal_(Tensor& self, double mean = 1, double std = 2,
                                Generator* generator = nullptr);

WENGERT_NAMESPACE_END
