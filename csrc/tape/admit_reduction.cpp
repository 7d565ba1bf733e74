// What files may ask of reductions, and of operations along a dimension.
#include <cmath>

#include "tape/admit_call.h"
#include "tape/file.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

void reduces(C c) { c.dims("dims", c.in(0).ndim); }
void reduces_some(C c) {  // no row is empty where there is a result
  reduces(c);
  for (const int64_t d : c.list("dims")) c.need(c.size(0, static_cast<int>(d)) > 0, "an empty row");
}
void by_dtype(C c) {
  reduces(c);
  const DType t = c.get<DType>("dtype");
  c.need(is_complex(t) || !is_complex(c.in(0).dtype), "a real result of complex numbers");
  c.need(t != DType::bool_, "a sum of dtype bool");
}
void along(C c) { c.dim("dim"), c.number(0); }
void cumulated(C c) {
  c.dim("dim");
  c.need(is_complex(c.get<DType>("dtype")) || !is_complex(c.in(0).dtype),
         "a real result of complex numbers");
}
void along_float(C c) { c.dim("dim"), c.floating(0); }
void extreme_at(C c) {
  along(c);
  c.need(c.in(0).ndim == 0 || c.size(0, static_cast<int>(c.integer("dim"))) > 0, "an empty row");
}

// Lines of a Fourier transform: what they are, and what their half is.
void spectral(C c, bool complex) {
  const DType t = c.in(0).dtype;
  c.need((complex ? is_complex(t) : is_floating(t)) && item_size(t) >= 4,
         complex ? "expected complex numbers" : "expected float32 or float64");
  c.real_dim("dim");
  c.need(c.size(0, static_cast<int>(c.integer("dim"))) > 0, "an empty line");
}

const Rule rules[] = {
    {"sum", 1, 1, 0, 1, by_dtype},
    {"mean", 1, 1, 0, 1,
     [](C c) {
       by_dtype(c);
       c.need(is_differentiable(c.get<DType>("dtype")), "a mean of integers");
     }},
    {"prod", 1, 1, 0, 1, by_dtype},
    {"all", 1, 1, 0, 1, reduces},
    {"any", 1, 1, 0, 1, reduces},
    {"amax", 1, 1, 0, 1, [](C c) { reduces_some(c), c.number(0); }},
    {"amin", 1, 1, 0, 1, [](C c) { reduces_some(c), c.number(0); }},
    {"max", 1, 1, 0, 2, extreme_at},
    {"min", 1, 1, 0, 2, extreme_at},
    {"argmax", 1, 1, 0, 1,
     [](C c) {
       c.number(0);
       c.range("dim", -1, std::max<int64_t>(c.in(0).ndim, 1));
       const auto d = static_cast<int>(c.integer("dim"));
       c.need(d < 0 ? c.in(0).numel > 0 : c.in(0).ndim == 0 || c.size(0, d) > 0, "an empty row");
     }},
    {"argmin", 1, 1, 0, 1,
     [](C c) {
       c.number(0);
       c.range("dim", -1, std::max<int64_t>(c.in(0).ndim, 1));
       const auto d = static_cast<int>(c.integer("dim"));
       c.need(d < 0 ? c.in(0).numel > 0 : c.in(0).ndim == 0 || c.size(0, d) > 0, "an empty row");
     }},
    {"logsumexp", 1, 1, 0, 1, [](C c) { reduces(c), c.floating(0); }},
    {"vector_norm", 1, 1, 0, 1,
     [](C c) {
       reduces(c);
       c.need(is_differentiable(c.in(0).dtype) && is_floating(c.get<DType>("dtype")),
              "expected floating point numbers");
       if (std::isinf(c.get<double>("order"))) reduces_some(c);
     }},
    {"var", 1, 1, 0, 2, [](C c) { reduces(c), c.floating(0); }},
    {"std", 1, 1, 0, 2, [](C c) { reduces(c), c.floating(0); }},
    {"median", 1, 1, 0, 1, [](C c) { c.number(0), c.need(c.in(0).numel > 0, "no elements"); }},
    {"nanmedian", 1, 1, 0, 1, [](C c) { c.number(0), c.need(c.in(0).numel > 0, "no elements"); }},
    {"softmax", 1, 1, 0, 1,
     [](C c) {
       c.dim("dim"), c.need(is_floating(c.get<DType>("dtype")), "expected floats"), c.number(0);
     }},
    {"log_softmax", 1, 1, 0, 1,
     [](C c) {
       c.dim("dim"), c.need(is_floating(c.get<DType>("dtype")), "expected floats"), c.number(0);
     }},
    // ---- along a dimension
    {"fft_complex", 1, 1, 0, 1,
     [](C c) {
       const DType t = c.in(0).dtype;
       c.need(is_differentiable(t) && item_size(t) >= 4, "expected float32, float64 or complex");
       c.dims("dims", c.in(0).ndim);
     }},
    {"fft_real_to_half", 1, 1, 0, 1, [](C c) { spectral(c, false); }},
    {"fft_half_to_real", 1, 1, 0, 1,
     [](C c) {
       spectral(c, true), c.range("n", 1, kLargest);
       c.need(c.size(0, static_cast<int>(c.integer("dim"))) == c.integer("n") / 2 + 1,
              "a spectrum of another length");
     }},
    {"cumsum", 1, 1, 0, 1, cumulated},
    {"cumprod", 1, 1, 0, 1, cumulated},
    {"cummax", 1, 1, 0, 2, along},
    {"cummin", 1, 1, 0, 2, along},
    {"logcumsumexp", 1, 1, 0, 1, along_float},
    {"recurrence", 2, 2, 0, 1,
     [](C c) {
       c.dim("dim"), c.same_dtype(0, 1), c.same_shape(0, 1);
       c.need(is_differentiable(c.in(0).dtype), "expected floats or complex numbers");
     }},
    {"sort", 1, 1, 0, 2,
     [](C c) {
       along(c);
       const int64_t n = c.in(0).ndim ? c.size(0, static_cast<int>(c.integer("dim"))) : 1;
       c.range("k", -1, n + 1);
     }},
    {"ranked", 1, 1, 0, 2,
     [](C c) {
       along(c), c.range("rank", 0, 4);
       const int64_t n = c.in(0).ndim ? c.size(0, static_cast<int>(c.integer("dim"))) : 1;
       c.need(n > 0, "an empty row");
       if (c.integer("rank") == 0) c.range("k", 0, n);  // the others look for none
     }},
};

}  // namespace

WG_ADMIT(reduction)

}  // namespace tape
WENGERT_NAMESPACE_END
