// Spectra of overlapping pieces of a signal, and the signal of such spectra.
#include "ops/function.h"
#include "ops/op.h"
#include "wengert/ops/signal.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// The window with zeros on both sides up to n_fft; undefined for ones everywhere.
Tensor padded_window(const char* op, const Tensor& window, DType like, int64_t win_length,
                     int64_t n_fft) {
  if (window.defined()) {
    WG_CHECK(window.dim() == 1 && window.size(0) == win_length, Error, op,
             ": expected a window of shape (", win_length, ",), but got ", window.shape());
  } else if (win_length == n_fft) {
    return {};
  }
  const DType real = real_of(like);
  const Tensor w = !window.defined()             ? ones({win_length}, real)
                   : is_integral(window.dtype()) ? to(window, real)
                                                 : window;
  if (win_length == n_fft) return w;
  const int64_t left = (n_fft - win_length) / 2;
  return pad(w, {left, n_fft - win_length - left});
}

// The signal with n_fft / 2 elements more on both sides.
Tensor padded_signal(const Tensor& input, int64_t n_fft, std::string_view mode) {
  // Reflection wants dimensions for a batch and channels.
  std::vector<int64_t> shape = input.shape().vec(), deep = shape;
  while (deep.size() < 3) deep.insert(deep.begin(), 1);
  const Tensor padded = pad(reshape(input, deep), {n_fft / 2, n_fft / 2}, mode);
  if (shape.empty()) return select(padded, 0, 0);
  shape.back() = padded.size(-1);
  return reshape(padded, shape);
}

}  // namespace

Tensor stft(const Tensor& input, int64_t n_fft, std::optional<int64_t> hop_length,
            std::optional<int64_t> win_length, const Tensor& window, bool center,
            std::string_view pad_mode, bool normalized, std::optional<bool> onesided,
            std::optional<bool> return_complex, std::optional<bool> align_to_window) {
  detail::input("stft", input);
  Tensor signal = input;
  if (center) {
    WG_CHECK(!align_to_window, Error, "stft: align_to_window is for center=False");
    signal = padded_signal(input, n_fft, pad_mode);
  }
  const bool complex_numbers =
      is_complex(signal.dtype()) || (window.defined() && is_complex(window.dtype()));
  WG_CHECK(return_complex || complex_numbers, Error,
           "stft: return_complex must be given for real numbers");
  const int64_t hop = hop_length.value_or(n_fft / 4), width = win_length.value_or(n_fft);
  WG_CHECK(!is_integral(signal.dtype()), Error,
           "stft: expected floating point or complex numbers, but got ", signal.dtype());
  WG_CHECK(signal.dim() == 1 || signal.dim() == 2, Error,
           "stft: expected a (T) or (B, T) signal, not ", signal.shape());
  const bool aligned = !center && align_to_window.value_or(false);
  const int64_t length = signal.size(-1) + (aligned ? n_fft - width : 0);
  WG_CHECK(0 < n_fft && n_fft <= length, Error, "stft: expected 0 < n_fft <= ", length,
           ", but n_fft is ", n_fft);
  WG_CHECK(hop > 0, Error, "stft: expected hop_length > 0, but it is ", hop);
  WG_CHECK(0 < width && width <= n_fft, Error, "stft: expected 0 < win_length <= n_fft=", n_fft,
           ", but win_length is ", width);
  const Tensor padded = padded_window("stft", window, signal.dtype(), width, n_fft);
  const bool half = onesided.value_or(!complex_numbers);
  WG_CHECK(!half || !complex_numbers, Error,
           "stft: onesided is for a real signal with a real window");
  if (aligned) {
    const int64_t before = (n_fft - width) / 2;
    signal = pad(signal, {before, n_fft - width - before});
  }
  Tensor pieces = unfold(signal, -1, n_fft, hop);
  if (padded.defined()) pieces = pieces * padded;
  const auto transform = half ? fft::rfft : fft::fft;
  const Tensor result =
      transpose(transform(pieces, {}, -1, normalized ? "ortho" : "backward"), -2, -1);
  return return_complex.value_or(true) ? result : view_as_real(result);
}

namespace {

// The sum (B, T) of pieces (B, L, n), hop elements apart.
Tensor overlapped(const Tensor& pieces, int64_t hop) {
  if (is_complex(pieces.dtype())) {
    const Tensor parts = view_as_real(pieces);
    return view_as_complex(
        stack({overlapped(select(parts, -1, 0), hop), overlapped(select(parts, -1, 1), hop)}, -1));
  }
  const int64_t n = pieces.size(-1), length = n + hop * (pieces.size(-2) - 1);
  const Tensor sums = fold(transpose(pieces, 1, 2), {1, length}, {1, n}, {1}, {0}, {1, hop});
  return select(select(sums, 1, 0), 1, 0);
}

}  // namespace

Tensor istft(const Tensor& input, int64_t n_fft, std::optional<int64_t> hop_length,
             std::optional<int64_t> win_length, const Tensor& window, bool center, bool normalized,
             std::optional<bool> onesided, std::optional<int64_t> length, bool return_complex) {
  const TensorImpl& x = *detail::input("istft", input);
  const int64_t hop = hop_length.value_or(n_fft / 4), width = win_length.value_or(n_fft);
  WG_CHECK(is_complex(x.dtype), Error, "istft: expected complex numbers, but got ", x.dtype);
  WG_CHECK(x.numel > 0, Error, "istft: expected an input with elements, but got shape ", x.sizes());
  WG_CHECK(x.ndim >= 2, IndexError, "istft: expected an input (terms, pieces), but got shape ",
           x.sizes());
  WG_CHECK(x.ndim <= 3, Error,
           "istft: expected an input (terms, pieces) or (B, terms, pieces), but got shape ",
           x.sizes());
  const int64_t terms = input.size(-2), count = input.size(-1);
  const bool half = onesided.value_or(terms != n_fft);
  const int64_t wanted = half ? n_fft / 2 + 1 : n_fft;
  WG_CHECK(terms == wanted, Error, "istft: expected ", wanted, " terms, but got an input of shape ",
           x.sizes());
  WG_CHECK(0 < hop && hop <= width && width <= n_fft, Error, "istft: expected 0 < hop_length=", hop,
           " <= win_length=", width, " <= n_fft=", n_fft);
  WG_CHECK(return_complex || !window.defined() || !is_complex(window.dtype()), Error,
           "istft: a complex window needs return_complex=True");
  WG_CHECK(!return_complex || !half, Error, "istft: complex signals have no onesided spectra");
  Tensor padded = padded_window("istft", window, x.dtype, width, n_fft);
  const char* norm = normalized ? "ortho" : "backward";
  const Tensor spectra = transpose(reshape(input, {-1, terms, count}), 1, 2);
  const Tensor pieces = return_complex
                            ? fft::ifft(spectra, {}, -1, norm)
                            : fft::irfft(slice(spectra, -1, 0, n_fft / 2 + 1), n_fft, -1, norm);
  if (!padded.defined()) padded = ones({n_fft}, real_of(x.dtype));
  Tensor signal = overlapped(pieces * padded, hop);
  Tensor weight = overlapped(expand(padded * padded, {1, count, n_fft}), hop);
  const int64_t total = signal.size(-1), start = center ? n_fft / 2 : 0;
  const int64_t end = length ? start + *length : center ? total - n_fft / 2 : total;
  WG_CHECK(end > start, Error, "istft: no element is left of ", total, ", from ", start, " to ",
           end);
  signal = slice(signal, 1, start, end);
  weight = slice(weight, 1, start, end);
  const double least = min(abs(weight)).item<double>();
  WG_CHECK(least > 1e-11, Error, "istft: windows overlap to ", least,
           "; choose a window without zeros there");
  signal = signal / weight;
  if (end > total) signal = pad(signal, {0, end - total});
  return x.ndim == 3 ? signal : select(signal, 0, 0);
}

namespace {

constexpr Function rows[] = {
    make_function<stft>(
        "stft",
        "input, n_fft, hop_length=None, win_length=None, window=None, center=True, "
        "pad_mode='reflect', normalized=False, onesided=None, return_complex=None, "
        "align_to_window=None",
        kFunction | kMethod,
        "The Fourier transforms of pieces of n_fft elements of a signal, hop_length apart"),
    make_function<istft>(
        "_istft",
        "input, n_fft, hop_length=None, win_length=None, window=None, center=True, "
        "normalized=False, onesided=None, length=None, return_complex=False",
        kFunction | kInternal,
        "The signal whose stft() comes closest to the input, by least squares"),
};

}  // namespace

extern const FunctionTable stft_functions;
const FunctionTable stft_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
