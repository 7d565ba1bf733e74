// What files may ask of views.
#include <algorithm>
#include <cstdlib>

#include "tape/admit_call.h"
#include "tape/file.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

const Rule rules[] = {
    {"view", 1, 1, 0, 1,
     [](C c) {
       c.shape("shape");
       int64_t n = 1;
       for (const int64_t d : c.list("shape"))
         c.need(!__builtin_mul_overflow(n, d, &n), "a shape that is too large");
       c.need(n == c.in(0).numel, "another number of elements");
     }},
    {"view_dtype", 1, 1, 0, 1, none},
    {"permute", 1, 1, 0, 1,
     [](C c) {
       c.dims("dims", c.in(0).ndim);
       c.need(static_cast<int>(c.list("dims").size()) == c.in(0).ndim, "expected all dimensions");
     }},
    {"expand", 1, 1, 0, 1,
     [](C c) {
       const auto& s = c.list("shape");
       c.shape("shape");
       const int extra = static_cast<int>(s.size()) - c.in(0).ndim;
       c.need(extra >= 0, "fewer dimensions");
       for (int i = 0; i < c.in(0).ndim; ++i)
         c.need(c.size(0, i) == 1 || c.size(0, i) == s[static_cast<size_t>(i + extra)],
                "a dimension that is not 1");
     }},
    {"select", 1, 1, 0, 1,
     [](C c) {
       c.real_dim("dim");
       c.range("index", 0, c.size(0, static_cast<int>(c.integer("dim"))));
     }},
    {"slice", 1, 1, 0, 1,
     [](C c) {
       c.real_dim("dim");
       const int64_t n = c.size(0, static_cast<int>(c.integer("dim")));
       const int64_t start = c.integer("start"), length = c.integer("length");
       c.need(length >= 0 && length <= n, "a length that does not fit");
       c.need(c.integer("step") != 0, "a step of 0");
       if (length == 0) return;
       int64_t last = 0;
       c.need(!__builtin_mul_overflow(length - 1, c.integer("step"), &last) &&
                  !__builtin_add_overflow(last, start, &last) && start >= 0 && start < n &&
                  last >= 0 && last < n,
              "elements outside of the tensor");
     }},
    {"split", 1, 1, 0, -1,
     [](C c) {
       c.real_dim("dim");
       const auto& sizes = c.list("sizes");
       c.need(static_cast<int>(sizes.size()) == c.outputs(), "expected a size for each result");
       int64_t total = 0;
       for (const int64_t n : sizes) c.need(n >= 0, "a negative size"), total += n;
       c.need(total == c.size(0, static_cast<int>(c.integer("dim"))), "sizes that do not fit");
     }},
    {"unbind", 1, 1, 0, -1,
     [](C c) {
       c.real_dim("dim");
       c.need(c.outputs() == c.size(0, static_cast<int>(c.integer("dim"))),
              "expected a result for each index");
     }},
    {"diagonal", 1, 1, 0, 1,
     [](C c) {
       c.real_dim("dim1"), c.real_dim("dim2");
       c.need(c.integer("dim1") != c.integer("dim2"), "one dimension twice");
     }},
    {"unfold", 1, 1, 0, 1,
     [](C c) {
       c.dim("dim");
       const int64_t n = c.in(0).ndim ? c.size(0, static_cast<int>(c.integer("dim"))) : 1;
       c.range("size", 0, n + 1);
       c.need(c.integer("step") >= 1, "a step below 1");
     }},
    {"as_strided", 1, 1, 0, 1,
     [](C c) {
       c.shape("shape");
       c.need(c.list("shape").size() == c.list("strides").size(),
              "expected a stride for each size");
       const auto& of = c.list("of");
       c.need(static_cast<int>(of.size()) == c.in(0).ndim, "expected the input's strides");
       int64_t reach = 0;
       for (size_t i = 0; i < of.size(); ++i) {
         int64_t length = 0;
         c.need(!__builtin_mul_overflow(c.size(0, static_cast<int>(i)), std::abs(of[i]), &length) &&
                    (reach += std::min(length, kLargest)) < kLargest,
                "strides that are too large");
       }
     }},
};

}  // namespace

WG_ADMIT(view)

}  // namespace tape
WENGERT_NAMESPACE_END
