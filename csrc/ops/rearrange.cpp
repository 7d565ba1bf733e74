// Elements in another order or repeated: flip, roll, rotate, tile.
#include <algorithm>

#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

void same_as_input(Infer& m) {
  m.out().dtype = m.in(0).dtype;
  m.out().shape = m.in(0).sizes();
}

struct Flip {
  Shape dims;
  static constexpr const char* name = "flip";
  WG_FIELDS(dims)
  static constexpr Tangents tangents = Tangents::linear;
  Flip batched(int64_t) const { return {one_later(dims)}; }
  void infer(Infer& m) const { same_as_input(m); }
  void compute(Compute& c) const {
    const TensorImpl& x = *c.in(0).impl();
    if (x.numel == 0) return;
    Shape strides = Dims(x.strides(), x.ndim);
    int64_t offset = 0;
    for (int i = 0; i < dims.ndim; ++i) {
      int64_t& s = strides.d[dims.d[i]];
      offset += s * (x.shape()[dims.d[i]] - 1);
      s = -s;
    }
    char* first = x.data + offset * static_cast<int64_t>(item_size(x.dtype));
    copy_elements(*c.out().impl(), *new_alias(x, x.sizes(), strides.d, first).impl());
  }
  void vjp(Vjp& v) const { v.set(0, apply(*this, v.grad())); }
};

// `shift` in [0, size of dim).
struct Roll {
  int64_t shift, dim;
  static constexpr const char* name = "roll";
  WG_FIELDS(shift, dim)
  static constexpr Tangents tangents = Tangents::linear;
  Roll batched(int64_t) const { return {shift, dim + 1}; }
  void infer(Infer& m) const { same_as_input(m); }
  void compute(Compute& c) const {
    const TensorImpl& x = *c.in(0).impl();
    const int64_t n = x.shape()[dim];
    Tensor head = slice(c.out(), dim, 0, shift), tail = slice(c.out(), dim, shift, n);
    copy_elements(*head.impl(), *slice(c.in(0), dim, n - shift, n).impl());
    copy_elements(*tail.impl(), *slice(c.in(0), dim, 0, n - shift).impl());
  }
  void vjp(Vjp& v) const {
    const int64_t n = v.shape(0).d[dim];
    v.set(0, apply(Roll{shift ? n - shift : 0, dim}, v.grad()));
  }
};

}  // namespace

Tensor flip(const Tensor& input, Dims dims) {
  const TensorImpl& x = *detail::input("flip", input);
  Flip op;
  bool seen[kMaxDims] = {};
  for (const int64_t d : dims) {
    const int64_t w = wrap_dim("flip", d, x.ndim);
    WG_CHECK(!seen[w], Error, "flip: a dimension appears twice in ", dims);
    seen[w] = true;
    if (x.ndim) op.dims.push(w);
  }
  return apply(op, input);
}
Tensor fliplr(const Tensor& input) {
  WG_CHECK(input.dim() >= 2, Error, "fliplr: expected at least 2 dimensions, but got shape ",
           input.shape());
  return flip(input, {1});
}
Tensor flipud(const Tensor& input) {
  WG_CHECK(input.dim() >= 1, Error, "flipud: expected at least 1 dimension, but got a 0-d tensor");
  return flip(input, {0});
}

Tensor roll(const Tensor& input, Dims shifts, Dims dims) {
  const TensorImpl& x = *detail::input("roll", input);
  if (dims.empty()) {
    WG_CHECK(shifts.size() == 1, Error, "roll: without dims one shift is expected, but got ",
             shifts);
    return reshape(roll(reshape(input, {-1}), shifts, {0}), input.shape());
  }
  WG_CHECK(shifts.size() == dims.size(), Error, "roll: shifts ", shifts, " and dims ", dims,
           " must have one length");
  Tensor out = input;
  for (size_t i = 0; i < dims.size(); ++i) {
    WG_CHECK(x.ndim > 0, IndexError, "roll: a 0-d tensor has no dimension ", dims[i]);
    const int64_t d = wrap_dim("roll", dims[i], x.ndim), n = x.shape()[d];
    out = apply(Roll{n ? ((shifts[i] % n) + n) % n : 0, d}, out);
  }
  return out;
}

Tensor rot90(const Tensor& input, int64_t k, Dims dims) {
  const TensorImpl& x = *detail::input("rot90", input);
  WG_CHECK(dims.size() == 2 && x.ndim >= 2, Error,
           "rot90: expected two dimensions to rotate in, but got dims ", dims, " for shape ",
           x.sizes());
  const int64_t a = wrap_dim("rot90", dims[0], x.ndim), b = wrap_dim("rot90", dims[1], x.ndim);
  WG_CHECK(a != b, Error, "rot90: the dimensions must differ, but got ", dims);
  switch (((k % 4) + 4) % 4) {
    case 1:
      return transpose(flip(input, {b}), a, b);
    case 2:
      return flip(input, {a, b});
    case 3:
      return transpose(flip(input, {a}), a, b);
    default:
      return clone(input);
  }
}

Tensor repeat(const Tensor& input, Dims repeats) {
  const TensorImpl& x = *detail::input("repeat", input);
  const int extra = static_cast<int>(repeats.size()) - x.ndim;
  WG_CHECK(extra >= 0 && repeats.size() <= kMaxDims, Error, "repeat: expected at least ",
           int64_t{x.ndim}, " numbers for shape ", x.sizes(), ", but got ", repeats);
  // Each repeated dimension stands beside the one it repeats, then both are joined.
  Shape apart, wide, joined;
  for (int i = 0; i < static_cast<int>(repeats.size()); ++i) {
    const int64_t n = i < extra ? 1 : x.shape()[i - extra], r = repeats[static_cast<size_t>(i)];
    WG_CHECK(r >= 0, Error, "repeat: the numbers must be non-negative, but got ", repeats);
    joined.push(n * r);
    if (r != 1) {
      WG_CHECK(wide.ndim + 2 <= kMaxDims, Error,
               "repeat: too many dimensions to repeat: ", repeats);
      apart.push(1);
      wide.push(r);
    }
    if (n != 1 || r == 1) {
      apart.push(n);
      wide.push(n);
    }
  }
  const Tensor out = reshape(expand(reshape(input, apart), wide), joined);
  return out.impl()->storage == x.storage ? clone(out) : out;
}

Tensor tile(const Tensor& input, Dims dims) {
  Shape r;
  for (auto i = static_cast<int64_t>(dims.size()); i < input.dim(); ++i) r.push(1);
  for (const int64_t n : dims) r.push(n);
  return repeat(input, r);
}

Tensor repeat_interleave(const Tensor& input, int64_t repeats, std::optional<int64_t> dim) {
  const TensorImpl& x = *detail::input("repeat_interleave", input);
  WG_CHECK(repeats >= 0, Error, "repeat_interleave: repeats must be non-negative, but is ",
           repeats);
  if (!dim || x.ndim == 0) return repeat_interleave(reshape(input, {-1}), repeats, 0);
  const int64_t d = wrap_dim("repeat_interleave", *dim, x.ndim);
  Shape wide, joined = x.sizes();
  for (int i = 0; i < x.ndim; ++i) {
    wide.push(x.shape()[i]);
    if (i == d) wide.push(repeats);
  }
  joined.d[d] *= repeats;
  const Tensor out = reshape(expand(unsqueeze(input, d + 1), wide), joined);
  return out.impl()->storage == x.storage ? clone(out) : out;
}

Tensor repeat_interleave(const Tensor& input, const Tensor& repeats, std::optional<int64_t> dim) {
  const TensorImpl& x = *detail::input("repeat_interleave", input);
  if (!dim || x.ndim == 0) return repeat_interleave(reshape(input, {-1}), repeats, 0);
  const int64_t d = wrap_dim("repeat_interleave", *dim, x.ndim), n = x.shape()[d];
  WG_CHECK(repeats.dtype() == DType::int64 || repeats.dtype() == DType::int32, Error,
           "repeat_interleave: repeats must have dtype int64 or int32, but has ", repeats.dtype());
  if (repeats.numel() == 1 && n != 1) return repeat_interleave(input, repeats.item().to_int(), d);
  WG_CHECK(repeats.dim() == 1 && repeats.numel() == n, Error,
           "repeat_interleave: expected repeats of shape (", n, ",), but got ", repeats.shape());
  const Tensor counts = as_contiguous(repeats, DType::int64);
  int64_t total = 0;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t r = counts.data<int64_t>()[i];
    WG_CHECK(r >= 0, Error, "repeat_interleave: repeats must be non-negative, but contains ", r);
    total += r;
  }
  const Tensor at = empty({total}, DType::int64);
  int64_t* to = at.data<int64_t>();
  for (int64_t i = 0; i < n; ++i) to = std::fill_n(to, counts.data<int64_t>()[i], i);
  return index_select(input, d, at);
}

namespace {
Tensor interleave_equal(const Tensor& input, int64_t repeats, std::optional<int64_t> dim) {
  return repeat_interleave(input, repeats, dim);
}
Tensor interleave_each(const Tensor& input, const Tensor& repeats, std::optional<int64_t> dim) {
  return repeat_interleave(input, repeats, dim);
}

constexpr Function rows[] = {
    make_function<flip>("flip", "input, *dims", kFunction | kMethod,
                        "A copy with the order reversed along dims",
                        "T((2, 3, 4)), (0, -1)\nT((3,)), 0", "np.flip(input, dims)"),
    make_function<fliplr>("fliplr", "input", kFunction | kMethod,
                          "A copy with the order of columns reversed", "T((2, 3))",
                          "np.fliplr(input)"),
    make_function<flipud>("flipud", "input", kFunction | kMethod,
                          "A copy with the order of rows reversed", "T((2, 3))",
                          "np.flipud(input)"),
    make_function<roll>(
        "roll", "input, shifts, dims=()", kFunction | kMethod,
        "Elements shifted along dimensions, those that fall off coming in again; without dims as "
        "if flat",
        "T((3, 4)), 1, 0\nT((3, 4)), (2, -1), (0, 1)\nT((3, 4)), 5\nT((0, 2)), 1, 0",
        "np.roll(input, shifts, axis=None if dims is None or np.size(dims) == 0 else dims)"),
    make_function<rot90>("rot90", "input, k=1, dims=(0, 1)", kFunction | kMethod,
                         "Rotated by 90 degrees k times, from the first of dims towards the second",
                         "T((2, 3))\nT((2, 3, 2)), -1, (1, 2)\nT((2, 3)), 2\nT((2, 3)), 4",
                         "np.rot90(input, k, dims)"),
    make_function<repeat>("repeat", "input, *repeats", kMethod,
                          "A copy repeated along each dimension, new ones leading",
                          "T((2, 3)), (2, 1, 3)\nT(()), (3,)\nT((2, 3)), (1, 1)\nT((2,)), (0,)",
                          "np.tile(input, repeats)"),
    make_function<tile>("tile", "input, *dims", kFunction | kMethod,
                        "A copy repeated along the last dimensions",
                        "T((2, 3)), (2,)\nT((2,)), (2, 2)", "np.tile(input, dims)"),
    make_function<interleave_equal>(
        "_repeat_interleave", "input, repeats, dim=None", kFunction | kInternal,
        "Each element along dim repeated, one after the other", "T((2, 3)), 2\nT((2, 3)), 3, 0",
        "np.repeat(input, repeats, dim)"),
    make_function<interleave_each>("_repeat_interleave_each", "input, repeats, dim=None",
                                   kFunction | kInternal,
                                   "Each element along dim repeated its own number of times",
                                   "T((2, 3)), I((3,), 0, 4), 1", "np.repeat(input, repeats, dim)"),
};
}  // namespace

extern const FunctionTable rearrange_functions;
const FunctionTable rearrange_functions = {rows, std::size(rows)};

WG_OPERATIONS(rearrange, operation<Flip>(), operation<Roll>())

WENGERT_NAMESPACE_END
