// Elements added around a tensor, or cut off.
#include <algorithm>

#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Elements before and after each dimension; negative ones are cut off.
struct ConstantPad {
  Shape before, after;
  Scalar value;
  static constexpr const char* name = "constant_pad";
  WG_FIELDS(before, after, value)
  ConstantPad batched(int64_t) const {
    return {with_front(0, before), with_front(0, after), value};
  }
  void jvp(Jvp& j) const { j.set(0, apply(ConstantPad{before, after, 0.0}, j.tangent(0))); }
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    m.out().dtype = x.dtype;
    for (int i = 0; i < x.ndim; ++i) {
      const int64_t n = x.shape()[i] + before.d[i] + after.d[i];
      WG_CHECK(n >= 0, Error, "pad: amounts ", before.d[i], " and ", after.d[i], " give dimension ",
               i, " of size ", x.shape()[i], " a negative size");
      m.out().shape.push(n);
    }
  }
  void compute(Compute& c) const {
    Tensor out = c.out(), to = out, from = c.in(0);
    fill_(out, value);
    for (int i = 0; i < before.ndim; ++i) {
      const int64_t n = from.size(i), cut = std::max<int64_t>(0, -before.d[i]);
      const int64_t kept = n - cut - std::max<int64_t>(0, -after.d[i]);
      if (kept <= 0) return;
      from = slice(from, i, cut, cut + kept);
      const int64_t at = std::max<int64_t>(0, before.d[i]);
      to = slice(to, i, at, at + kept);
    }
    copy_elements(*to.impl(), *from.impl());
  }
  void vjp(Vjp& v) const {
    ConstantPad back{before, after, 0.0};
    for (int i = 0; i < before.ndim; ++i) {
      back.before.d[i] = -before.d[i];
      back.after.d[i] = -after.d[i];
    }
    v.set(0, apply(back, v.grad()));
  }
};

enum class Border { reflect, replicate, circular };

// Which element of a dimension of size n stands at position i outside or inside it.
int64_t source(Border border, int64_t i, int64_t n) {
  switch (border) {
    case Border::reflect:
      return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
    case Border::replicate:
      return std::clamp<int64_t>(i, 0, n - 1);
    case Border::circular:
      return i < 0 ? i + n : i >= n ? i - n : i;
  }
  return i;
}

Tensor pad_dim(const Tensor& x, Border border, std::string_view mode, int64_t dim, int64_t before,
               int64_t after) {
  // What negative amounts cut off does not come round again in a circle.
  const bool circle = border == Border::circular;
  const int64_t n = x.size(dim), low = circle ? std::max<int64_t>(-before, 0) : 0,
                kept = circle ? n - low - std::max<int64_t>(-after, 0) : n,
                most = border == Border::reflect ? n - 1 : kept, size = n + before + after;
  WG_CHECK(size >= 0 && before + n >= 0 && after + n >= 0 && kept >= 0, Error, "pad: amounts (",
           before, ", ", after, ") cut off more than dimension ", dim, " of size ", n, " has");
  WG_CHECK(border == Border::replicate ? n > 0 : (before <= most && after <= most), Error,
           "pad: amounts (", before, ", ", after, ") are too large for mode '", std::string(mode),
           "' and dimension ", dim, " of size ", n);
  const Tensor at = empty({size}, DType::int64);
  int64_t* const from = at.data<int64_t>();
  for (int64_t i = 0; i < size; ++i) from[i] = low + source(border, i - low - before, kept);
  return index_select(x, dim, at);
}

}  // namespace

Tensor pad(const Tensor& input, Dims pad, std::string_view mode, std::optional<Scalar> value) {
  const TensorImpl& x = *detail::input("pad", input);
  const int dims = static_cast<int>(pad.size() / 2);
  WG_CHECK(pad.size() % 2 == 0, Error, "pad: expected two amounts for each dimension, but got ",
           pad);
  WG_CHECK(dims <= x.ndim, Error, "pad: amounts ", pad, " are for ", dims,
           " dimensions, but the shape is ", x.sizes());
  if (mode == "constant") {
    ConstantPad op;
    op.value = value.value_or(0.0);
    for (int i = 0; i < x.ndim; ++i) {
      const int k = x.ndim - 1 - i;
      op.before.push(k < dims ? pad[static_cast<size_t>(2 * k)] : 0);
      op.after.push(k < dims ? pad[static_cast<size_t>(2 * k) + 1] : 0);
    }
    return apply(op, input);
  }
  Border border;
  if (mode == "reflect") {
    border = Border::reflect;
  } else if (mode == "replicate") {
    border = Border::replicate;
  } else if (mode == "circular") {
    border = Border::circular;
  } else {
    fail<NotImplementedError>(
        "pad: mode must be 'constant', 'reflect', 'replicate' or 'circular', but is '",
        std::string(mode), "'");
  }
  WG_CHECK(!value || value->to_double() == 0, Error, "pad: mode '", std::string(mode),
           "' takes no value");
  Tensor out = input;
  for (int k = 0; k < dims; ++k) {
    const int64_t before = pad[static_cast<size_t>(2 * k)],
                  after = pad[static_cast<size_t>(2 * k) + 1];
    if (before || after) out = pad_dim(out, border, mode, x.ndim - 1 - k, before, after);
  }
  return out.is_same(input) ? clone(input) : out;
}

namespace {
constexpr Function rows[] = {
    make_function<pad>(
        "pad", "input, pad, mode='constant', value=None", kFunction | kNN,
        "Elements added before and after the last dimensions, given last dimension first; "
        "negative amounts cut off. mode: 'constant', 'reflect', 'replicate' or 'circular'",
        "T((2, 3)), (1, 2)\nT((2, 3)), (1, 2, 0, 1), 'constant', 2.5\n"
        "T((1, 2, 4)), (2, 1), 'reflect'\nT((1, 2, 3)), (2, 4), 'replicate'\nT((1, 2, 3)), (2, 1), "
        "'circular'",
        "np.pad(input, [(0, 0)] * (input.ndim - len(pad) // 2) + [tuple(pad[i:i + 2]) for i in "
        "range(len(pad) - 2, -1, -2)], "
        "{'constant': 'constant', 'reflect': 'reflect', 'replicate': 'edge', 'circular': "
        "'wrap'}[mode], "
        "**({'constant_values': value or 0} if mode == 'constant' else {}))"),
};
}  // namespace

extern const FunctionTable pad_functions;
const FunctionTable pad_functions = {rows, std::size(rows)};

WG_OPERATIONS(pad, operation<ConstantPad>())

WENGERT_NAMESPACE_END
