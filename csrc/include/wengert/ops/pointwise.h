// Elementwise operations with arguments of their own, and the dtypes in which operands meet.
#pragma once

#include <optional>
#include <string_view>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// The dtype that an operation on both computes in: a 0-d tensor and a number change that of the
// other only where their kind is higher.
WENGERT_API DType result_type(const Tensor& a, const Tensor& b);
WENGERT_API DType result_type(const Tensor& a, const Scalar& b);
inline DType result_type(const Scalar& a, const Tensor& b) { return result_type(b, a); }
WENGERT_API DType result_type(const Scalar& a, const Scalar& b);
// Whether values of dtype `from` may be stored as `to` without changing kind.
WENGERT_API bool can_cast(DType from, DType to);

// input + alpha other and input - alpha other.
WENGERT_API Tensor add(const Tensor& input, const Tensor& other, const Scalar& alpha);
WENGERT_API Tensor sub(const Tensor& input, const Tensor& other, const Scalar& alpha);
WENGERT_API Tensor& add_(Tensor& self, const Tensor& other, const Scalar& alpha);
WENGERT_API Tensor& sub_(Tensor& self, const Tensor& other, const Scalar& alpha);
// input / other rounded: "trunc" towards zero, "floor" down; "" does not round.
WENGERT_API Tensor div(const Tensor& input, const Tensor& other, std::string_view rounding_mode);
WENGERT_API Tensor div(const Tensor& input, const Scalar& other, std::string_view rounding_mode);

// Elements below min become min, and those above max become max; the gradient of the others passes.
WENGERT_API Tensor clamp(const Tensor& input, std::optional<Scalar> min, std::optional<Scalar> max);
WENGERT_API Tensor& clamp_(Tensor& self, std::optional<Scalar> min, std::optional<Scalar> max);
// The same with bounds that broadcast; undefined for none.
WENGERT_API Tensor clamp(const Tensor& input, const Tensor& min, const Tensor& max);
WENGERT_API Tensor& clamp_(Tensor& self, const Tensor& min, const Tensor& max);

// start + weight (end - start), for floating tensors of one dtype.
WENGERT_API Tensor lerp(const Tensor& start, const Tensor& end, const Tensor& weight);
WENGERT_API Tensor lerp(const Tensor& start, const Tensor& end, double weight);
WENGERT_API Tensor& lerp_(Tensor& self, const Tensor& end, double weight);
// input + value tensor1 tensor2 and input + value tensor1 / tensor2.
WENGERT_API Tensor addcmul(const Tensor& input, const Tensor& tensor1, const Tensor& tensor2,
                           const Scalar& value = 1);
WENGERT_API Tensor& addcmul_(Tensor& self, const Tensor& tensor1, const Tensor& tensor2,
                             const Scalar& value = 1);
WENGERT_API Tensor addcdiv(const Tensor& input, const Tensor& tensor1, const Tensor& tensor2,
                           const Scalar& value = 1);
WENGERT_API Tensor& addcdiv_(Tensor& self, const Tensor& tensor1, const Tensor& tensor2,
                             const Scalar& value = 1);

// Every bit of an integer, or a bool, reversed.
WENGERT_API Tensor bitwise_not(const Tensor& input);
// log(x / (1 - x)), with x first clamped to [eps, 1 - eps] where eps is given.
WENGERT_API Tensor logit(const Tensor& input, std::optional<double> eps = {});
WENGERT_API Tensor deg2rad(const Tensor& input);
WENGERT_API Tensor rad2deg(const Tensor& input);
// Numbers in place of NaN and the infinities; by default the ends of the dtype for the latter.
WENGERT_API Tensor nan_to_num(const Tensor& input, double nan = 0,
                              std::optional<double> posinf = {}, std::optional<double> neginf = {});
// 0 below zero, 1 above it, `values` at zero.
WENGERT_API Tensor heaviside(const Tensor& input, const Tensor& values);
// input 2^other.
WENGERT_API Tensor ldexp(const Tensor& input, const Tensor& other);
// The logarithm of the multivariate gamma function of dimension p.
WENGERT_API Tensor mvlgamma(const Tensor& input, int64_t p);

WENGERT_NAMESPACE_END
