// Initial values of parameters. Every function changes its tensor in place, without recording, and
// returns it.
#pragma once

#include <optional>
#include <string_view>

#include "wengert/random.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::init {

// The factor by which weights before `nonlinearity` are larger to keep the variance: "linear",
// "conv1d" ... "conv_transpose3d", "sigmoid", "tanh", "relu", "selu" or "leaky_relu", of which
// `param` is the negative slope. ValueError for others.
WENGERT_API double calculate_gain(std::string_view nonlinearity, std::optional<double> param = {});

WENGERT_API Tensor& uniform_(Tensor& t, double a = 0, double b = 1, Generator* generator = nullptr);
WENGERT_API Tensor& normal_(Tensor& t, double mean = 0, double std = 1,
                            Generator* generator = nullptr);
// N(mean, std^2) limited to [a, b], by inverting the distribution function.
WENGERT_API Tensor& trunc_normal_(Tensor& t, double mean = 0, double std = 1, double a = -2,
                                  double b = 2, Generator* generator = nullptr);
WENGERT_API Tensor& constant_(Tensor& t, double value);
WENGERT_API Tensor& ones_(Tensor& t);
WENGERT_API Tensor& zeros_(Tensor& t);
// Makes a matrix the identity, as far as it goes.
WENGERT_API Tensor& eye_(Tensor& t);
// Makes a convolution weight of 3 to 5 dimensions hand its channels on unchanged.
WENGERT_API Tensor& dirac_(Tensor& t, int64_t groups = 1);

// U(-a, a) with a = gain sqrt(6 / (fan_in + fan_out)), and N(0, s^2) with
// s = gain sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio, 2010). Weights are (out, in, *kernel);
// ValueError for fewer than 2 dimensions.
WENGERT_API Tensor& xavier_uniform_(Tensor& t, double gain = 1, Generator* generator = nullptr);
WENGERT_API Tensor& xavier_normal_(Tensor& t, double gain = 1, Generator* generator = nullptr);
// U(-b, b) with b = gain sqrt(3 / fan), and N(0, s^2) with s = gain / sqrt(fan) (He et al., 2015).
// `a` is the negative slope of the leaky ReLU that follows; "fan_in" keeps the variance forward,
// "fan_out" backward.
WENGERT_API Tensor& kaiming_uniform_(Tensor& t, double a = 0, std::string_view mode = "fan_in",
                                     std::string_view nonlinearity = "leaky_relu",
                                     Generator* generator = nullptr);
WENGERT_API Tensor& kaiming_normal_(Tensor& t, double a = 0, std::string_view mode = "fan_in",
                                    std::string_view nonlinearity = "leaky_relu",
                                    Generator* generator = nullptr);
// Makes the rows or the columns, whichever are fewer, orthonormal; trailing dimensions are
// flattened (Saxe et al., 2013).
WENGERT_API Tensor& orthogonal_(Tensor& t, double gain = 1, Generator* generator = nullptr);
// N(0, std^2) with the fraction `sparsity` of each column of a matrix set to zero.
WENGERT_API Tensor& sparse_(Tensor& t, double sparsity, double std = 0.01,
                            Generator* generator = nullptr);

}  // namespace nn::init
WENGERT_NAMESPACE_END
