#include "tape/admit.h"

#include <cmath>
#include <map>

#include "kernels/elementwise.h"
#include "tape/attributes.h"
#include "tape/file.h"
#include "tensor/check.h"
#include "wengert/dtype.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

constexpr int64_t kMany = 1 << 20;  // inputs

// A call as rules see it.
class Call {
 public:
  Call(const std::string& key, const OpValue& op, const Infer& m, StepKind kind)
      : m_(m), kind_(kind) {
    for (auto& [name, v] : attributes_of(key, op)) attributes_.emplace(name, v);
  }

  bool has(int i) const { return i < m_.n_inputs && m_.inputs[i]; }
  const TensorImpl& in(int i) const { return m_.in(i); }
  int64_t size(int i, int d) const { return in(i).shape()[d < 0 ? in(i).ndim + d : d]; }
  int inputs() const { return m_.n_inputs; }
  int outputs() const { return m_.n_outputs; }
  StepKind kind() const { return kind_; }

  template <class T>
  const T& get(const char* name) const {
    return std::get<T>(attributes_.at(name));
  }
  int64_t integer(const char* name) const { return get<int64_t>(name); }
  const std::vector<int64_t>& list(const char* name) const {
    return get<std::vector<int64_t>>(name);
  }

  void need(bool good, const char* what) const { WG_CHECK(good, ValueError, what); }
  void ndim(int i, int n) const {
    WG_CHECK(in(i).ndim == n, ValueError, "expected ", n, " dimensions of input ", i,
             ", but its shape is ", in(i).sizes());
  }
  void least_ndim(int i, int n) const {
    WG_CHECK(in(i).ndim >= n, ValueError, "expected at least ", n, " dimensions of input ", i,
             ", but its shape is ", in(i).sizes());
  }
  void range(const char* name, int64_t least, int64_t end) const {
    WG_CHECK(integer(name) >= least && integer(name) < end, ValueError, "'", name, "' is ",
             integer(name), ", but must lie from ", least, " to ", end - 1);
  }
  // A 0-d tensor counts as one dimension unless a real one is needed.
  void dim(const char* name, int i = 0) const { range(name, 0, std::max<int64_t>(in(i).ndim, 1)); }
  void real_dim(const char* name, int i = 0) const { range(name, 0, in(i).ndim); }
  // Ascending or in any order, none twice.
  void dims(const char* name, int ndim, bool ascending = false) const {
    uint32_t seen = 0;
    int64_t last = -1;
    for (const int64_t d : list(name)) {
      WG_CHECK(d >= 0 && d < ndim && !(seen >> d & 1) && (!ascending || d > last), ValueError, "'",
               name, "' are no dimensions of ", ndim);
      seen |= 1u << d;
      last = d;
    }
  }
  void numbers(const char* name, size_t n, int64_t least, int64_t most = INT32_MAX) const {
    WG_CHECK(list(name).size() == n, ValueError, "expected ", n, " numbers as '", name, "'");
    for (const int64_t v : list(name))
      WG_CHECK(v >= least && v <= most, ValueError, "'", name, "' has the number ", v);
  }
  void shape(const char* name) const {
    for (const int64_t v : list(name)) need(v >= 0, "a negative size");
  }
  void floating(int i) const {
    WG_CHECK(is_floating(in(i).dtype), ValueError, "expected a floating point dtype of input ", i,
             ", but got ", in(i).dtype);
  }
  void wide(int i) const {  // float32 or float64
    WG_CHECK(is_floating(in(i).dtype) && item_size(in(i).dtype) >= 4, ValueError,
             "expected float32 or float64 for input ", i, ", but got ", in(i).dtype);
  }
  void number(int i) const {
    WG_CHECK(!is_complex(in(i).dtype), ValueError, "expected no complex input ", i);
  }
  void dtype(int i, DType t) const {
    WG_CHECK(in(i).dtype == t, ValueError, "expected dtype ", t, " of input ", i, ", but got ",
             in(i).dtype);
  }
  void index(int i) const {
    WG_CHECK(in(i).dtype == DType::int64 || in(i).dtype == DType::int32, ValueError,
             "expected int64 or int32 for input ", i, ", but got ", in(i).dtype);
  }
  void same_dtype(int a, int b) const {
    WG_CHECK(in(a).dtype == in(b).dtype, ValueError, "inputs ", a, " and ", b,
             " must have one dtype, but have ", in(a).dtype, " and ", in(b).dtype);
  }
  void same_shape(int a, int b) const {
    WG_CHECK(in(a).sizes() == in(b).sizes(), ValueError, "inputs ", a, " and ", b,
             " must have one shape, but have ", in(a).sizes(), " and ", in(b).sizes());
  }
  void has_shape(int i, std::initializer_list<int64_t> s) const {
    WG_CHECK(in(i).sizes() == Dims(s.begin(), s.size()), ValueError, "input ", i, " has shape ",
             in(i).sizes(), " instead of ", Dims(s.begin(), s.size()));
  }
  void no_rule() const { need(kind_ != StepKind::rule, "its rule cannot stand in files"); }

 private:
  const Infer& m_;
  StepKind kind_;
  std::map<std::string, Attribute> attributes_;
};

using C = const Call&;

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
void along_float(C c) { c.dim("dim"), c.floating(0); }
void extreme_at(C c) {
  along(c);
  c.need(c.in(0).ndim == 0 || c.size(0, static_cast<int>(c.integer("dim"))) > 0, "an empty row");
}
void matrices(C c, int i) {
  c.least_ndim(i, 2);
  c.need(is_differentiable(c.in(i).dtype) && item_size(c.in(i).dtype) >= 4,
         "expected float32, float64 or complex numbers");
}
void square_matrices(C c) {
  matrices(c, 0);
  c.need(c.size(0, -1) == c.size(0, -2), "expected square matrices");
}
// Input 1 has as many rows as the square matrices of input 0, one for each.
void right_side(C c) {
  matrices(c, 1), c.same_dtype(0, 1);
  c.need(c.in(0).ndim == c.in(1).ndim && c.size(1, -2) == c.size(0, -1), "another number of rows");
  for (int i = 0; i < c.in(0).ndim - 2; ++i)
    c.need(c.size(0, i) == c.size(1, i), "another number of matrices");
}
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

int64_t windows(int64_t n, int64_t padding, int64_t kernel, int64_t dilation, int64_t stride) {
  const int64_t room = n + 2 * padding - dilation * (kernel - 1) - 1;
  return room < 0 ? 0 : room / stride + 1;
}
// x (N, G C, in...), w (O, C, kernel...), y (N, O, out...).
void convolution(C c, Dims x, Dims w, Dims y) {
  const size_t n = c.list("stride").size();
  c.need(n >= 1 && n <= 3 && x.size() == n + 2 && w.size() == n + 2 && y.size() == n + 2,
         "expected one to three spatial dimensions");
  c.numbers("stride", n, 1), c.numbers("padding", n, 0), c.numbers("dilation", n, 1);
  const int64_t groups = c.integer("groups");
  c.need(groups >= 1 && groups <= INT32_MAX, "expected groups");
  for (const Dims s : {x, w, y}) {
    for (const int64_t v : s) c.need(v >= 0 && v <= INT32_MAX, "a size that is too large");
  }
  c.need(x[0] == y[0] && x[1] == groups * w[1] && y[1] == w[0] && w[0] % groups == 0,
         "channels that do not fit");
  for (size_t i = 0; i < n; ++i) {
    c.need(w[i + 2] >= 1 && x[i + 2] >= 1, "an empty kernel or image");
    c.need(y[i + 2] == windows(x[i + 2], c.list("padding")[i], w[i + 2], c.list("dilation")[i],
                               c.list("stride")[i]),
           "another number of windows");
  }
}
Shape with_spatial(int64_t a, int64_t b, const std::vector<int64_t>& spatial) {
  Shape s;
  s.push(a);
  s.push(b);
  for (const int64_t v : spatial) s.push(v);
  return s;
}
void convolved(C c, int weight) {
  c.least_ndim(0, 3), c.least_ndim(weight, 3);
  c.need(c.list("stride").size() <= 3, "expected at most three spatial dimensions");
  c.floating(0), c.same_dtype(0, weight);
}

void pooled(C c, bool dilated, bool empty_in = false) {
  const auto& out = c.list("out");
  const size_t n = out.size();
  c.need(n >= 1 && n <= 3, "expected one to three dimensions");
  c.least_ndim(0, static_cast<int>(n));
  c.numbers("out", n, 1), c.numbers("kernel", n, 1), c.numbers("stride", n, 1);
  c.numbers("padding", n, 0);
  if (dilated) c.numbers("dilation", n, 1);
  (void)empty_in;
}
// Windows that begin inside of n elements or in front of them.
void check_windows(C c, Dims in, bool dilated) {
  for (size_t i = 0; i < in.size(); ++i) {
    const int64_t k = c.list("kernel")[i], d = dilated ? c.list("dilation")[i] : 1;
    const int64_t p = c.list("padding")[i];
    c.need(in[i] > 0 && in[i] <= INT32_MAX && 2 * p <= d * (k - 1) + 1 &&
               (c.list("out")[i] - 1) * c.list("stride")[i] < in[i] + p,
           "windows that lie outside");
  }
}
Dims volume(C c, size_t n) { return {c.in(0).shape() + c.in(0).ndim - static_cast<int>(n), n}; }
void average(C c, bool forward) {
  const size_t n = c.list("in").size();
  c.need(n >= 1 && n <= 3, "expected one to three dimensions");
  c.least_ndim(0, static_cast<int>(n)), c.floating(0);
  c.numbers("in", n, 1), c.numbers("out", n, 1);
  c.need(volume(c, n) == Dims(c.list(forward ? "in" : "out")), "another volume");
  c.need(c.integer("divisor") >= 0 || !c.get<bool>("adaptive"), "a divisor of adaptive windows");
  if (c.get<bool>("adaptive")) return;
  pooled(c, false);
  check_windows(c, c.list("in"), false);
}

void recurrent(C c) {
  enum { x, w_ih, w_hh, b_ih, b_hh, w_hr, h_0, c_0 };
  c.range("cell", 0, 4);
  const int64_t cell = c.integer("cell"), gates = cell == 0 ? 4 : cell == 1 ? 3 : 1;
  for (int i = 0; i < 8; ++i) {
    if (!c.has(i)) continue;
    c.wide(i), c.same_dtype(0, i), c.ndim(i, i == b_ih || i == b_hh ? 1 : 2);
  }
  const int64_t sums = c.size(w_hh, 0), out = c.size(w_hh, 1), hidden = sums / gates;
  c.need(sums == hidden * gates && hidden > 0, "weights of another size");
  c.has_shape(w_ih, {sums, c.size(x, 1)});
  if (c.has(b_ih)) c.has_shape(b_ih, {sums});
  if (c.has(b_hh)) c.has_shape(b_hh, {sums});
  c.need(!c.has(w_hr) || cell == 0, "a projection of another cell than an LSTM");
  if (c.has(w_hr)) {
    c.has_shape(w_hr, {out, hidden});
  } else {
    c.need(out == hidden, "weights of another size");
  }
  const int64_t count = c.integer("count"), batch = c.integer("batch");
  c.need(count >= 1 && count <= INT32_MAX && batch >= 0 && batch <= INT32_MAX, "no steps");
  const auto& sizes = c.list("sizes");
  int64_t rows = count * batch;
  if (!sizes.empty()) {
    c.need(static_cast<int64_t>(sizes.size()) == count && sizes[0] == batch, "no sizes of steps");
    rows = 0;
    for (size_t i = 0; i < sizes.size(); ++i) {
      c.need(sizes[i] >= 0 && (i == 0 || sizes[i] <= sizes[i - 1]), "sizes that grow");
      rows += sizes[i];
    }
  }
  c.need(c.size(x, 0) == rows, "another number of rows");
  c.need(!c.has(c_0) || cell == 0, "a state of an LSTM");
  if (c.has(h_0)) c.has_shape(h_0, {batch, out});
  if (c.has(c_0)) c.has_shape(c_0, {batch, hidden});
}

void attention(C c) {
  for (int i = 0; i < 3; ++i) c.ndim(i, 4), c.floating(i), c.same_dtype(0, i);
  const int64_t n = c.size(0, 0), heads = c.size(0, 1), rows = c.size(0, 2);
  c.need(c.size(1, 0) == n && c.size(2, 0) == n && c.size(1, 3) == c.size(0, 3) &&
             c.size(1, 2) == c.size(2, 2) && c.size(1, 1) == c.size(2, 1) && c.size(1, 1) > 0 &&
             heads % c.size(1, 1) == 0,
         "query, key and value do not fit");
  const double p = c.get<double>("p");
  c.need(p >= 0 && p < 1, "p must lie in [0, 1)");
  if (!c.has(3)) return;
  c.has_shape(3, {n, heads, rows, c.size(1, 2)});
  const DType t = c.in(3).dtype;
  c.need(
      t == DType::bool_ || t == (c.in(0).dtype == DType::float64 ? DType::float64 : DType::float32),
      "a mask of another dtype");
}

void fold(C c) {
  c.floating(0);
  for (const char* name : {"kernel", "dilation", "stride", "plane", "windows"})
    c.numbers(name, 2, 1);
  c.numbers("padding", 2, 0);
  for (size_t i = 0; i < 2; ++i) {
    c.need(c.list("windows")[i] == windows(c.list("plane")[i], c.list("padding")[i],
                                           c.list("kernel")[i], c.list("dilation")[i],
                                           c.list("stride")[i]),
           "another number of windows");
  }
  const int64_t taps = c.list("kernel")[0] * c.list("kernel")[1];
  if (c.get<bool>("adjoint")) {
    c.ndim(0, 3);
    c.need(c.size(0, 1) % taps == 0 && c.size(0, 2) == c.list("windows")[0] * c.list("windows")[1],
           "columns of another size");
  } else {
    c.ndim(0, 4);
    c.need(c.size(0, 2) == c.list("plane")[0] && c.size(0, 3) == c.list("plane")[1],
           "an image of another size");
  }
}

struct Unary {
  bool saves;
};
enum { NOTHING, INPUT, OUTPUT };
#define WG_UNARY(op, result, saved, ...) {#op, {(saved) != NOTHING}},
const std::map<std::string, Unary>& unary_functions() {
  static const auto* const all = new std::map<std::string, Unary>{
#include "wengert/ops/unary.def"
  };
  return *all;
}
#undef WG_UNARY

void unary_gradient(C c) {
  const std::string& name = c.get<std::string>("kernel");
  static constexpr const char* kNames[] = {
#define WG_UNARY(op, ...) #op,
#include "wengert/ops/unary.def"
#undef WG_UNARY
  };
  size_t i = 0;
  while (i < std::size(kNames) && name != kNames[i]) ++i;
  c.need(i < std::size(kNames), "no such function");
  c.need(kernels::unary(static_cast<kernels::Unary>(i)).grad[static_cast<int>(c.in(0).dtype)],
         "no derivative for this dtype");
  c.need(c.in(0).contiguous(), "expected a row-major gradient");
  c.need(c.has(1) || !unary_functions().at(name).saves, "a saved value is missing");
  if (!c.has(1)) return;
  c.same_dtype(0, 1), c.same_shape(0, 1), c.need(c.in(1).contiguous(), "expected row-major values");
}

struct Rule {
  const char* key;
  int least, most;    // inputs
  uint32_t optional;  // of them, those that may be missing, as a mask
  int outputs;        // -1: any number
  void (*check)(C);
};

constexpr auto none = [](C) {};
const Rule rules[] = {
#define WG_UNARY(op, ...) {#op, 1, 1, 0, 1, none},
#define WG_TEST(op, ...) {#op, 1, 1, 0, 1, none},
#define WG_TWO(op)                                            \
  {#op, 2, 2, 0, 1, none}, {#op ".number", 1, 1, 0, 1, none}, \
      {#op ".number_first", 1, 1, 0, 1, none},
#define WG_BINARY(op, ...) WG_TWO(op)
#define WG_COMPARE(op, ...) WG_TWO(op)
#include "wengert/ops/binary.def"
#include "wengert/ops/test.def"
#include "wengert/ops/unary.def"
#undef WG_UNARY
#undef WG_TEST
#undef WG_TWO
#undef WG_BINARY
#undef WG_COMPARE
    {"unary_gradient", 2, 2, 2, 1, unary_gradient},
    {"clamp_min", 1, 1, 0, 1, none},
    {"clamp_max", 1, 1, 0, 1, none},
    {"clamp", 3, 3, 6, 1, none},
    {"logit", 1, 1, 0, 1, none},
    {"lerp", 3, 3, 0, 1, none},
    {"addcmul", 3, 3, 0, 1, none},
    {"addcdiv", 3, 3, 0, 1, none},
    {"where", 3, 3, 0, 1, [](C c) { c.dtype(0, DType::bool_), c.same_dtype(1, 2); }},
    {"masked_fill", 2, 2, 0, 1,
     [](C c) {
       c.dtype(1, DType::bool_);
       c.need(c.in(0).ndim >= c.in(1).ndim, "a mask that does not broadcast");
       for (int i = 1; i <= c.in(1).ndim; ++i)
         c.need(c.size(1, -i) == 1 || c.size(1, -i) == c.size(0, -i),
                "a mask that does not broadcast");
     }},
    {"limited_log", 1, 1, 0, 1, [](C c) { c.floating(0); }},
    // ---- creation and copies
    {"clone", 1, 1, 0, 1, none},
    {"to_copy", 1, 1, 0, 1, none},
    {"copy", 2, 2, 0, 1, none},
    {"fill", 1, 1, 0, 1, none},
    {"new_zeros", 1, 2, 0, 1, [](C c) { c.shape("shape"); }},
    {"full", 0, 0, 0, 1, [](C c) { c.shape("shape"); }},
    {"empty", 0, 0, 0, 1, [](C c) { c.shape("shape"); }},
    {"empty_like", 1, 1, 0, 1, none},
    {"arange", 0, 0, 0, 1,
     [](C c) {
       const int64_t n = c.integer("n");
       c.need(n >= 0, "a negative length");
       int64_t end = 0;
       c.need(!__builtin_mul_overflow(n, c.get<Scalar>("step").kind() <= DTypeKind::integer
                                              ? c.get<Scalar>("step").to_int()
                                              : 0,
                                      &end) &&
                  !__builtin_add_overflow(end, c.get<Scalar>("start").kind() <= DTypeKind::integer
                                                   ? c.get<Scalar>("start").to_int()
                                                   : 0,
                                          &end),
              "numbers that are too large");
     }},
    {"linspace", 0, 0, 0, 1, [](C c) { c.need(c.integer("steps") >= 0, "a negative length"); }},
    {"eye", 0, 0, 0, 1,
     [](C c) {
       c.need(c.integer("rows") >= 0 && c.integer("columns") >= 0, "a negative size");
     }},
    {"cat", 1, kMany, 0, 1,
     [](C c) {
       c.real_dim("dim");
       for (int i = 0; i < c.inputs(); ++i) c.need(c.in(i).ndim == c.in(0).ndim, "other dimensions");
     }},
    // ---- complex numbers
    {"conj", 1, 1, 0, 1, [](C c) { c.need(is_complex(c.in(0).dtype), "expected complex numbers"); }},
    {"sgn", 1, 1, 0, 1, [](C c) { c.need(is_complex(c.in(0).dtype), "expected complex numbers"); }},
    {"view_as_real", 1, 1, 0, 1,
     [](C c) { c.need(is_complex(c.in(0).dtype), "expected complex numbers"); }},
    {"view_as_complex", 1, 1, 0, 1,
     [](C c) {
       const TensorImpl& x = c.in(0);
       c.wide(0), c.least_ndim(0, 1);
       bool good = c.size(0, -1) == 2 && x.strides()[x.ndim - 1] == 1 &&
                   reinterpret_cast<uintptr_t>(x.data) % (2 * item_size(x.dtype)) == 0;
       for (int i = 0; i < x.ndim - 1; ++i) good &= x.strides()[i] % 2 == 0;
       c.need(good, "expected pairs of numbers");
     }},
    // ---- views
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
       c.shape("shape"), c.no_rule();
       c.need(c.list("shape").size() == c.list("strides").size(), "expected a stride for each size");
     }},
    // ---- reductions
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
     [](C c) { c.dim("dim"), c.need(is_floating(c.get<DType>("dtype")), "expected floats"), c.number(0); }},
    {"log_softmax", 1, 1, 0, 1,
     [](C c) { c.dim("dim"), c.need(is_floating(c.get<DType>("dtype")), "expected floats"), c.number(0); }},
    // ---- along a dimension
    {"cumsum", 1, 1, 0, 1,
     [](C c) { along(c), c.need(!is_complex(c.get<DType>("dtype")), "a complex dtype"); }},
    {"cumprod", 1, 1, 0, 1,
     [](C c) { along(c), c.need(!is_complex(c.get<DType>("dtype")), "a complex dtype"); }},
    {"cummax", 1, 1, 0, 2, along},
    {"cummin", 1, 1, 0, 2, along},
    {"logcumsumexp", 1, 1, 0, 1, along_float},
    {"recurrence", 2, 2, 0, 1,
     [](C c) { c.dim("dim"), c.wide(0), c.same_dtype(0, 1), c.same_shape(0, 1); }},
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
    {"nonzero", 1, 1, 0, 1,
     [](C c) { c.need(c.integer("count") >= 0, "a negative count"); }},
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
         c.need(std::min<int64_t>(b, 0) + std::min<int64_t>(a, 0) + c.size(0, static_cast<int>(i)) >=
                    0,
                "more is cut off than there is");
       }
     }},
    // ---- products
    {"mm", 2, 2, 0, 1, [](C c) { c.ndim(0, 2), c.ndim(1, 2); }},
    {"bmm", 2, 2, 0, 1, [](C c) { c.ndim(0, 3), c.ndim(1, 3); }},
    {"addmm", 3, 3, 0, 1,
     [](C c) {
       c.need(c.in(1).ndim == 2 || c.in(1).ndim == 3, "expected matrices");
       c.need(c.in(2).ndim == c.in(1).ndim, "expected matrices");
     }},
    {"linear", 2, 3, 0, 1,
     [](C c) {
       c.least_ndim(0, 1), c.ndim(1, 2), c.same_dtype(0, 1);
       c.need(c.size(0, -1) == c.size(1, 1), "rows of another length");
       if (c.inputs() > 2) c.has_shape(2, {c.size(1, 0)}), c.same_dtype(0, 2);
     }},
    {"cholesky", 1, 1, 0, 2, square_matrices},
    // Its rule and that of a solution follow pivots, which only LAPACK checks, and it does not.
    {"lu_factor", 1, 1, 0, 3, [](C c) { c.no_rule(), matrices(c, 0); }},
    {"linalg_solve", 2, 2, 0, 4, [](C c) { c.no_rule(), square_matrices(c), right_side(c); }},
    {"solve_triangular", 2, 2, 0, 1, [](C c) { square_matrices(c), right_side(c); }},
    {"det", 1, 1, 0, 1, square_matrices},
    {"slogdet", 1, 1, 0, 2, square_matrices},
    {"linalg_svd", 1, 1, 0, 4, [](C c) { matrices(c, 0); }},
    {"linalg_qr", 1, 1, 0, 2, [](C c) { matrices(c, 0); }},
    {"matrix_exp", 1, 1, 0, 1, square_matrices},
    {"linalg_eigh", 1, 1, 0, 3, square_matrices},
    // ---- layers
    {"layer_norm", 3, 3, 6, 3,
     [](C c) {
       c.ndim(0, 2), c.floating(0);
       for (int i = 1; i < 3; ++i) {
         if (c.has(i)) c.floating(i), c.need(c.in(i).numel == c.size(0, 1), "another size");
       }
     }},
    {"batch_norm", 3, 5, 0x1e, 4,
     [](C c) {
       c.least_ndim(0, 2), c.floating(0);
       c.need(!c.get<bool>("given") || (c.has(3) && c.has(4)), "statistics are missing");
       for (int i = 1; i < c.inputs(); ++i) {
         if (c.has(i)) c.floating(i), c.has_shape(i, {c.size(0, 1)});
       }
     }},
    {"running_statistic", 2, 2, 0, 1,
     [](C c) {
       c.floating(0), c.dtype(1, DType::float64), c.ndim(0, 1), c.same_shape(0, 1);
       c.need(c.in(1).contiguous(), "expected row-major statistics");
     }},
    {"cross_entropy", 3, 3, 4, 3,
     [](C c) {
       c.range("reduction", 0, 3);
       c.ndim(0, 2), c.floating(0), c.dtype(1, DType::int64), c.has_shape(1, {c.size(0, 0)});
       if (c.has(2)) c.floating(2), c.has_shape(2, {c.size(0, 1)});
     }},
    {"soft_cross_entropy", 2, 2, 0, 2,
     [](C c) { c.ndim(0, 2), c.floating(0), c.floating(1), c.same_shape(0, 1); }},
    {"convolution", 2, 3, 0, 1,
     [](C c) {
       convolved(c, 1);
       convolution(c, c.in(0).sizes(), c.in(1).sizes(),
                   with_spatial(c.size(0, 0), c.size(1, 0), c.list("out")));
       if (c.inputs() > 2) c.same_dtype(0, 2), c.has_shape(2, {c.size(1, 0)});
     }},
    {"convolution_input", 2, 2, 0, 1,
     [](C c) {
       convolved(c, 1);
       c.range("groups", 1, INT32_MAX);
       c.need(c.size(1, 1) <= INT32_MAX, "a size that is too large");
       convolution(c, with_spatial(c.size(0, 0), c.size(1, 1) * c.integer("groups"), c.list("in")),
                   c.in(1).sizes(), c.in(0).sizes());
     }},
    {"convolution_weight", 2, 2, 0, 1,
     [](C c) {
       convolved(c, 1);
       c.range("groups", 1, INT32_MAX);
       convolution(
           c, c.in(0).sizes(),
           with_spatial(c.size(1, 1), c.size(0, 1) / c.integer("groups"), c.list("kernel")),
           c.in(1).sizes());
     }},
    {"max_pool", 1, 1, 0, 2,
     [](C c) {
       pooled(c, true);
       c.number(0), c.need(c.in(0).dtype != DType::bool_, "bools");
       check_windows(c, volume(c, c.list("out").size()), true);
     }},
    {"avg_pool", 1, 1, 0, 1, [](C c) { average(c, true); }},
    {"avg_pool_spread", 1, 1, 0, 1, [](C c) { average(c, false); }},
    {"window_max", 1, 2, 0, 2,
     [](C c) {
       c.need(c.inputs() == 1, "with drawn windows it cannot stand in files");
       const size_t n = c.list("out").size();
       c.need(n >= 1 && n <= 3, "expected one to three dimensions");
       c.least_ndim(0, static_cast<int>(n)), c.numbers("out", n, 1);
       c.number(0), c.need(c.in(0).dtype != DType::bool_, "bools");
       for (const int64_t v : volume(c, n)) c.need(v > 0, "an empty volume");
     }},
    {"gather_volumes", 2, 2, 0, 1,
     [](C c) {
       c.dtype(1, DType::int64), c.number(0);
       c.range("n", 1, 4);
       const auto n = static_cast<int>(c.integer("n"));
       c.least_ndim(0, n), c.need(c.in(0).ndim == c.in(1).ndim, "other volumes");
       for (int i = 0; i < c.in(0).ndim - n; ++i) c.need(c.size(0, i) == c.size(1, i), "other volumes");
     }},
    {"scatter_volumes", 2, 2, 0, 1,
     [](C c) {
       const size_t n = c.list("volume").size();
       c.need(n >= 1 && n <= 3, "expected one to three dimensions");
       c.shape("volume"), c.dtype(1, DType::int64), c.number(0), c.same_shape(0, 1);
       c.least_ndim(0, static_cast<int>(n));
     }},
    {"unfold_windows", 1, 1, 0, 1, fold},
    {"resample", 1, 1, 0, 1,
     [](C c) {
       c.real_dim("dim"), c.wide(0), c.range("filter", 0, 8);
       c.range("in", 1, INT32_MAX), c.range("out", 1, INT32_MAX);
       const double factor = c.get<double>("factor");
       c.need(factor <= 0 || (factor > 1e-6 && factor < 1e6), "a factor that is too large or small");
       c.need(c.size(0, static_cast<int>(c.integer("dim"))) ==
                  c.integer(c.get<bool>("adjoint") ? "out" : "in"),
              "another size");
     }},
    {"embedding", 2, 2, 0, 1,
     [](C c) {
       c.ndim(0, 2), c.index(1);
       c.need(!c.get<bool>("sparse"), "sparse gradients");
     }},
    {"embedding_gradient", 2, 2, 0, 1,
     [](C c) {
       c.floating(0), c.index(1), c.need(c.integer("count") >= 0, "a negative count");
       c.need(c.in(0).ndim == c.in(1).ndim + 1, "a gradient of another shape");
       for (int i = 0; i < c.in(1).ndim; ++i)
         c.need(c.size(0, i) == c.size(1, i), "a gradient of another shape");
     }},
    {"recurrent_layer", 8, 8, 0xf8, 6, recurrent},
    {"scaled_dot_product_attention", 4, 4, 8, 2, attention},
    // ---- random numbers
    {"random_fill", 1, 1, 0, 1,
     [](C c) { c.range("distribution", 0, 2), c.need(is_floating(c.in(0).dtype), "expected floats"); }},
    {"random_draw", 1, 1, 0, 1, [](C c) { c.range("kind", 0, 4), c.number(0); }},
    {"random_integers", 1, 1, 0, 1,
     [](C c) { c.need(c.get<uint64_t>("range") > 0, "an empty range"), c.number(0); }},
    {"bernoulli", 1, 1, 0, 1, [](C c) { c.number(0); }},
    {"dropout", 1, 1, 0, 2,
     [](C c) {
       const double p = c.get<double>("p");
       c.need(is_floating(c.in(0).dtype) && p >= 0 && p <= 1, "expected floats and p in [0, 1]");
     }},
    // ---- optimizers
    {"sgd_step", 1, kMany, 0, 0, none},
    {"adam_step", 1, kMany, 0, 0, none},
    {"rmsprop_step", 1, kMany, 0, 0, none},
    {"adagrad_step", 1, kMany, 0, 0, none},
    {"adadelta_step", 1, kMany, 0, 0, none},
    {"adamax_step", 1, kMany, 0, 0, none},
    {"nadam_step", 1, kMany, 0, 0, none},
    {"radam_step", 1, kMany, 0, 0, none},
    {"rprop_step", 1, kMany, 0, 0, none},
    {"asgd_step", 1, kMany, 0, 0, none},
    {"grad_norm", 1, kMany, 0, 1, none},
    {"scale_", 1, kMany, 0, 0, none},
};

const Rule* find_rule(const std::string& key) {
  static const auto* const all = [] {
    auto* map = new std::map<std::string, const Rule*>;
    for (const Rule& r : rules) map->emplace(r.key, &r);
    return map;
  }();
  const auto it = all->find(key);
  return it == all->end() ? nullptr : it->second;
}

}  // namespace

void admit(const std::string& key, const OpValue& op, const Infer& m, StepKind kind) {
  const Rule* r = find_rule(key);
  WG_CHECK(r, ValueError, "the operation cannot stand in files");
  WG_CHECK(m.n_inputs >= r->least && m.n_inputs <= r->most, ValueError, "expected ", r->least,
           " inputs, but got ", m.n_inputs);
  WG_CHECK(r->outputs < 0 || m.n_outputs == r->outputs, ValueError, "expected ", r->outputs,
           " results, but got ", m.n_outputs);
  for (int i = 0; i < m.n_inputs; ++i) {
    WG_CHECK(m.inputs[i] || (i < 32 && r->optional >> i & 1), ValueError, "input ", i,
             " is missing");
  }
  r->check(Call(key, op, m, kind));
}

}  // namespace tape
WENGERT_NAMESPACE_END
