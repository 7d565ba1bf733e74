// What files may ask of random numbers.
#include "tape/admit_call.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

const Rule rules[] = {
    {"random_fill", 1, 1, 0, 1,
     [](C c) {
       c.range("distribution", 0, 2), c.need(is_floating(c.in(0).dtype), "expected floats");
     }},
    {"random_draw", 1, 1, 0, 1, [](C c) { c.range("kind", 0, 4), c.number(0); }},
    {"random_integers", 1, 1, 0, 1,
     [](C c) { c.need(c.get<uint64_t>("range") > 0, "an empty range"), c.number(0); }},
    {"bernoulli", 1, 1, 0, 1, [](C c) { c.number(0); }},
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
