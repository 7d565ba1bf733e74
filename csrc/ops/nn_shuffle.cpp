// Channels moved to space and back, and channels of groups interleaved.
#include "ops/function.h"
#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Leading dimensions of `x` but the last `n`, then `tail`.
Shape with_tail(const TensorImpl& x, int n, Dims tail) {
  Shape s(Dims(x.shape(), static_cast<size_t>(x.ndim - n)));
  for (const int64_t v : tail) s.push(v);
  return s;
}
// The leading dimensions as they are, then the last `n` in the given order.
Shape with_order(int ndim, int n, Dims order) {
  Shape s;
  for (int i = 0; i < ndim - n; ++i) s.push(i);
  for (const int64_t v : order) s.push(ndim - n + v);
  return s;
}

}  // namespace

Tensor pixel_shuffle(const Tensor& input, int64_t upscale_factor) {
  const TensorImpl& x = *detail::input("pixel_shuffle", input);
  const int64_t r = upscale_factor;
  WG_CHECK(x.ndim >= 3, Error, "pixel_shuffle: expected an input (*, C, H, W), but got shape ",
           x.sizes());
  WG_CHECK(r > 0, Error, "pixel_shuffle: expected a positive upscale_factor, but got ", r);
  WG_CHECK(r <= INT32_MAX, ValueError, "pixel_shuffle: upscale_factor=", r, " is too large");
  const int64_t *s = x.shape() + x.ndim - 3, c = s[0] / (r * r);
  WG_CHECK(s[0] % (r * r) == 0, Error, "pixel_shuffle: expected a multiple of ", r * r,
           " channels for upscale_factor=", r, ", but the input has shape ", x.sizes());
  const Tensor apart = reshape(input, with_tail(x, 3, {c, r, r, s[1], s[2]}));
  const Tensor mixed = permute(apart, with_order(x.ndim + 2, 5, {0, 3, 1, 4, 2}));
  return reshape(mixed, with_tail(x, 3, {c, s[1] * r, s[2] * r}));
}

Tensor pixel_unshuffle(const Tensor& input, int64_t downscale_factor) {
  const TensorImpl& x = *detail::input("pixel_unshuffle", input);
  const int64_t r = downscale_factor;
  WG_CHECK(x.ndim >= 3, Error, "pixel_unshuffle: expected an input (*, C, H, W), but got shape ",
           x.sizes());
  WG_CHECK(r > 0 && r <= INT32_MAX, Error,
           "pixel_unshuffle: expected a positive downscale_factor below 2^31, but got ", r);
  const int64_t *s = x.shape() + x.ndim - 3, h = s[1] / r, w = s[2] / r;
  WG_CHECK(s[1] % r == 0 && s[2] % r == 0, Error, "pixel_unshuffle: downscale_factor=", r,
           " must divide the height and width of the input of shape ", x.sizes());
  const Tensor apart = reshape(input, with_tail(x, 3, {s[0], h, r, w, r}));
  const Tensor mixed = permute(apart, with_order(x.ndim + 2, 5, {0, 2, 4, 1, 3}));
  return reshape(mixed, with_tail(x, 3, {s[0] * r * r, h, w}));
}

Tensor channel_shuffle(const Tensor& input, int64_t groups) {
  const TensorImpl& x = *detail::input("channel_shuffle", input);
  WG_CHECK(x.ndim >= 3, Error,
           "channel_shuffle: expected at least 3 dimensions, (N, C, *), but got shape ", x.sizes());
  WG_CHECK(groups > 0, Error, "channel_shuffle: expected a positive number of groups, but got ",
           groups);
  const int64_t channels = x.shape()[1];
  WG_CHECK(channels % groups == 0, Error, "channel_shuffle: groups=", groups, " must divide the ",
           channels, " channels of the input of shape ", x.sizes());
  Shape apart(Dims{x.shape()[0], groups, channels / groups});
  for (int i = 2; i < x.ndim; ++i) apart.push(x.shape()[i]);
  return reshape(transpose(reshape(input, apart), 1, 2), x.sizes());
}

namespace {
constexpr Function rows[] = {
    make_function<pixel_shuffle>("pixel_shuffle", "input, upscale_factor", kFunction | kNN,
                                 "(*, C r r, H, W) to (*, C, H r, W r) for upscale_factor r",
                                 "T((2, 8, 2, 3)), 2\nT((9, 2, 1)), 3"),
    make_function<pixel_unshuffle>("pixel_unshuffle", "input, downscale_factor", kFunction | kNN,
                                   "(*, C, H r, W r) to (*, C r r, H, W) for downscale_factor r",
                                   "T((2, 2, 4, 6)), 2\nT((1, 3, 6)), 3"),
    make_function<channel_shuffle>(
        "channel_shuffle", "input, groups", kFunction | kNN,
        "The channels of (N, C, *), those of each group side by side, interleaved",
        "T((2, 6, 2, 3)), 3\nT((1, 4, 3)), 2",
        "input.reshape(len(input), groups, -1, *input.shape[2:]).swapaxes(1, "
        "2).reshape(input.shape)"),
    make_function<channel_shuffle>("native_channel_shuffle", "input, groups",
                                   kFunction | kNN | kAlias, "Another name of channel_shuffle",
                                   "T((2, 6, 2, 3)), 3"),
};
}  // namespace

extern const FunctionTable nn_shuffle_functions;
const FunctionTable nn_shuffle_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
