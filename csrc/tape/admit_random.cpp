// What files may ask of random numbers.
#include "tape/admit_call.h"
#include "tape/file.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

// All of one shape.
void floats(C c) {
  for (int i = 0; i < c.inputs(); ++i) c.floating(i), c.same_shape(0, i);
}

const Rule rules[] = {
    {"random_fill", 1, 1, 0, 1,
     [](C c) {
       c.range("distribution", 0, 2), c.need(is_floating(c.in(0).dtype), "expected floats");
     }},
    {"random_draw", 1, 1, 0, 1, [](C c) { c.range("kind", 0, 4), c.number(0); }},
    {"random_integers", 1, 1, 0, 1, [](C c) { c.number(0); }},
    {"bernoulli", 1, 1, 0, 1, [](C c) { c.number(0); }},
    {"randperm", 1, 1, 0, 1, [](C c) { c.least_ndim(0, 1), c.number(0); }},
    {"multinomial", 1, 1, 0, 1,
     [](C c) {
       c.least_ndim(0, 1), c.floating(0);
       const int64_t n = c.size(0, -1);
       c.need(n > 0, "an empty row");
       c.range("samples", 1, c.get<bool>("replacement") ? kLargest : n + 1);
     }},
    {"poisson", 1, 1, 0, 1, floats},
    {"binomial", 2, 2, 0, 1, floats},
    {"_standard_gamma", 1, 1, 0, 1, floats},
    {"_standard_gamma_grad", 2, 2, 0, 1, floats},
    {"_sample_dirichlet", 1, 1, 0, 1, [](C c) { floats(c), c.least_ndim(0, 1); }},
    {"_dirichlet_grad", 3, 3, 0, 1, floats},
    {"dropout", 1, 1, 0, 2,
     [](C c) {
       const double p = c.get<double>("p");
       c.need(is_floating(c.in(0).dtype) && p >= 0 && p <= 1, "expected floats and p in [0, 1]");
     }},
};

}  // namespace

WG_ADMIT(random)

}  // namespace tape
WENGERT_NAMESPACE_END
