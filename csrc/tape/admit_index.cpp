// What files may ask of operations that take, put and move elements.
#include "tape/admit_call.h"
#include "tape/file.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

// Integers as positions of input 0, of its number of dimensions, none longer but along dim.
void positions(C c, bool scatter) {
  c.dim("dim"), c.index(1);
  const int64_t d = c.integer("dim");
  c.need(c.in(0).ndim == c.in(1).ndim, "expected an index of as many dimensions as the tensor");
  for (int i = 0; i < c.in(0).ndim; ++i)
    c.need(i == d || c.size(1, i) <= c.size(0, i), "an index larger than the tensor");
  if (!scatter) return;
  c.need(c.in(2).ndim == c.in(1).ndim, "expected a source of as many dimensions as the index");
  for (int i = 0; i < c.in(1).ndim; ++i)
    c.need(c.size(1, i) <= c.size(2, i), "an index larger than the source");
}
void index_dims(C c, int first) {
  const auto& dims = c.list("dims");
  c.dims("dims", c.in(0).ndim, true);
  c.need(!dims.empty() && c.inputs() == first + static_cast<int>(dims.size()),
         "expected an index for each dimension");
  for (int i = first; i < c.inputs(); ++i) {
    c.need(is_integral(c.in(i).dtype) && c.in(i).dtype != DType::bool_, "expected integers");
  }
}

const Rule rules[] = {
    {"scatter_reduce", 3, 3, 0, 1, [](C c) { positions(c, true), c.range("reduce", 0, 5); }},
    {"flip", 1, 1, 0, 1, [](C c) { c.dims("dims", c.in(0).ndim); }},
    {"roll", 1, 1, 0, 1, [](C c) { c.real_dim("dim"); }},
    {"gather", 2, 2, 0, 1, [](C c) { positions(c, false); }},
    {"scatter", 3, 3, 0, 1, [](C c) { positions(c, true); }},
    {"scatter_add", 3, 3, 0, 1, [](C c) { positions(c, true); }},
    {"index", 1, kMany, 0, 1, [](C c) { index_dims(c, 1); }},
    {"index_put", 2, kMany, 0, 1, [](C c) { index_dims(c, 2), c.same_dtype(0, 1); }},
    {"index_select", 2, 2, 0, 1, [](C c) { c.real_dim("dim"), c.index(1); }},
    {"index_add", 3, 3, 0, 1, [](C c) { c.real_dim("dim"), c.index(1); }},
    {"nonzero", 1, 1, 0, 1, [](C c) { c.need(c.integer("count") >= 0, "a negative count"); }},
    {"searchsorted", 2, 2, 0, 1,
     [](C c) {
       c.least_ndim(0, 1), c.same_dtype(0, 1), c.number(0);
       if (c.in(0).ndim == 1) return;
       c.need(c.in(0).ndim == c.in(1).ndim, "other rows");
       for (int i = 0; i + 1 < c.in(0).ndim; ++i)
         c.need(c.size(0, i) == c.size(1, i), "other rows");
     }},
    {"histc", 1, 1, 0, 1, [](C c) { c.floating(0), c.range("bins", 1, kLargest); }},
    {"tril", 1, 1, 0, 1, none},
    {"triu", 1, 1, 0, 1, none},
    {"diag_embed", 1, 1, 0, 1,
     [](C c) {
       c.least_ndim(0, 1);
       c.range("dim1", 0, c.in(0).ndim + 1), c.range("dim2", 0, c.in(0).ndim + 1);
       c.need(c.integer("dim1") != c.integer("dim2"), "one dimension twice");
     }},
    {"constant_pad", 1, 1, 0, 1,
     [](C c) {
       const auto n = static_cast<size_t>(c.in(0).ndim);
       c.numbers("before", n, -INT32_MAX), c.numbers("after", n, -INT32_MAX);
       for (size_t i = 0; i < n; ++i) {
         const int64_t b = c.list("before")[i], a = c.list("after")[i];
         c.need(
             std::min<int64_t>(b, 0) + std::min<int64_t>(a, 0) + c.size(0, static_cast<int>(i)) >=
                 0,
             "more is cut off than there is");
       }
     }},
};

}  // namespace

WG_ADMIT(index)

}  // namespace tape
WENGERT_NAMESPACE_END
