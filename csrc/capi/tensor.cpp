// Making tensors and looking at them.
#include <algorithm>
#include <cstring>

#include "capi/call.h"
#include "tensor/impl.h"
#include "wengert/autograd.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/random.h"

namespace wg = wengert;
using wg::capi::Call;
using wg::capi::guard;
using wg::capi::impl;

wg_status wg_tensor_retain(wg_tensor* t) {
  if (t) wg::detail::retain(impl(t));
  return WG_OK;
}
wg_status wg_tensor_release(wg_tensor* t) {
  if (t) wg::detail::release(impl(t));
  return WG_OK;
}

wg_status wg_tensor_from_data(const void* data, const int64_t* shape, int64_t ndim, wg_dtype dtype,
                              wg_tensor** out) {
  return guard(__func__, [&](const Call& c) {
    const wg::Dims d = c.dims(shape, ndim);
    const bool none = std::find(d.begin(), d.end(), 0) != d.end();
    if (!none) c.pointer(static_cast<const char*>(data), "data");
    c.give(out, from_data(data, d, c.dtype(dtype)));
  });
}
wg_status wg_tensor_from_blob(void* data, const int64_t* shape, int64_t ndim, wg_dtype dtype,
                              const int64_t* strides, void (*release)(void* context), void* context,
                              wg_tensor** out) {
  return guard(__func__, [&](const Call& c) {
    c.pointer(out, "output");
    c.pointer(static_cast<char*>(data), "data");
    const wg::Dims d = c.dims(shape, ndim);
    const wg::Dims s = strides ? c.dims(strides, ndim) : wg::Dims();
    c.give(out, from_blob(data, d, c.dtype(dtype), s, release, context));
  });
}
wg_status wg_tensor_empty(const int64_t* shape, int64_t ndim, wg_dtype dtype, wg_tensor** out) {
  return guard(__func__,
               [&](const Call& c) { c.give(out, wg::empty(c.dims(shape, ndim), c.dtype(dtype))); });
}
wg_status wg_tensor_zeros(const int64_t* shape, int64_t ndim, wg_dtype dtype, wg_tensor** out) {
  return guard(__func__,
               [&](const Call& c) { c.give(out, wg::zeros(c.dims(shape, ndim), c.dtype(dtype))); });
}
wg_status wg_tensor_ones(const int64_t* shape, int64_t ndim, wg_dtype dtype, wg_tensor** out) {
  return guard(__func__,
               [&](const Call& c) { c.give(out, wg::ones(c.dims(shape, ndim), c.dtype(dtype))); });
}
wg_status wg_tensor_full(const int64_t* shape, int64_t ndim, double value, wg_dtype dtype,
                         wg_tensor** out) {
  return guard(__func__, [&](const Call& c) {
    c.give(out, wg::full(c.dims(shape, ndim), value, c.dtype(dtype)));
  });
}
wg_status wg_tensor_rand(const int64_t* shape, int64_t ndim, wg_dtype dtype,
                         wg_generator* generator, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) {
    c.give(out, wg::rand(c.dims(shape, ndim), c.dtype(dtype), c.generator(generator)));
  });
}
wg_status wg_tensor_randn(const int64_t* shape, int64_t ndim, wg_dtype dtype,
                          wg_generator* generator, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) {
    c.give(out, wg::randn(c.dims(shape, ndim), c.dtype(dtype), c.generator(generator)));
  });
}

wg_status wg_tensor_dtype(wg_tensor* t, wg_dtype* dtype) {
  return guard(__func__,
               [&](const Call& c) { c.give(dtype, static_cast<wg_dtype>(c(t).dtype())); });
}
wg_status wg_tensor_numel(wg_tensor* t, int64_t* numel) {
  return guard(__func__, [&](const Call& c) { c.give(numel, c(t).numel()); });
}
wg_status wg_tensor_shape(wg_tensor* t, const int64_t** shape, int64_t* ndim) {
  return guard(__func__, [&](const Call& c) {
    const wg::Dims d = c(t).shape();
    c.pointer(shape, "output");
    c.give(ndim, static_cast<int64_t>(d.size()));
    *shape = d.data();
  });
}
wg_status wg_tensor_strides(wg_tensor* t, const int64_t** strides, int64_t* ndim) {
  return guard(__func__, [&](const Call& c) {
    const wg::Dims d = c(t).strides();
    c.pointer(strides, "output");
    c.give(ndim, static_cast<int64_t>(d.size()));
    *strides = d.data();
  });
}
wg_status wg_tensor_is_contiguous(wg_tensor* t, bool* contiguous) {
  return guard(__func__, [&](const Call& c) { c.give(contiguous, c(t).is_contiguous()); });
}
wg_status wg_tensor_data(wg_tensor* t, void** data) {
  return guard(__func__, [&](const Call& c) { c.give(data, c(t).data()); });
}

namespace {
uint64_t check_bytes(const Call& c, const wg::Tensor& t, uint64_t bytes) {
  const uint64_t expected = static_cast<uint64_t>(t.numel()) * item_size(t.dtype());
  WG_CHECK(bytes == expected, wg::ValueError, c.function, ": expected ", expected,
           " bytes for a tensor of shape ", t.shape(), " and dtype ", t.dtype(), ", but got ",
           bytes);
  return bytes;
}
}  // namespace

wg_status wg_tensor_copy_to(wg_tensor* t, void* data, uint64_t bytes) {
  return guard(__func__, [&](const Call& c) {
    const wg::Tensor& source = c(t);
    if (check_bytes(c, source, bytes) == 0) return;
    c.pointer(static_cast<char*>(data), "data");
    std::memcpy(data, source.detach().contiguous().data(), bytes);
  });
}
wg_status wg_tensor_copy_from(wg_tensor* t, const void* data, uint64_t bytes) {
  return guard(__func__, [&](const Call& c) {
    wg::Tensor target = c(t);
    if (check_bytes(c, target, bytes) == 0) return;
    c.pointer(static_cast<const char*>(data), "data");
    // Read within this call only.
    const wg::Tensor source = from_blob(const_cast<void*>(data), target.shape(), target.dtype());
    copy_(target, source);
  });
}
wg_status wg_tensor_item(wg_tensor* t, double* value) {
  return guard(__func__, [&](const Call& c) {
    WG_CHECK(!is_complex(c(t).dtype()), wg::TypeError, c.function,
             ": the number is complex; take its parts by wg_call with 'real' and 'imag'");
    c.give(value, c(t).item().to_double());
  });
}
wg_status wg_tensor_item_int(wg_tensor* t, int64_t* value) {
  return guard(__func__, [&](const Call& c) {
    WG_CHECK(is_integral(c(t).dtype()), wg::TypeError, c.function,
             ": expected an integer or a bool, but the tensor is ", c(t).dtype(),
             "; use wg_tensor_item");
    c.give(value, c(t).item().to_int());
  });
}
wg_status wg_tensor_text(wg_tensor* t, char* text, uint64_t capacity, uint64_t* length) {
  return guard(__func__, [&](const Call& c) { c.give(text, capacity, length, c(t).to_string()); });
}
wg_status wg_tensor_clone(wg_tensor* t, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) { c.give(out, clone(c(t))); });
}
wg_status wg_tensor_contiguous(wg_tensor* t, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) { c.give(out, contiguous(c(t))); });
}
wg_status wg_tensor_to(wg_tensor* t, wg_dtype dtype, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) { c.give(out, to(c(t), c.dtype(dtype))); });
}

wg_status wg_manual_seed(uint64_t seed) {
  return guard(__func__, [&](const Call&) { wg::manual_seed(seed); });
}
wg_status wg_generator_create(uint64_t seed, wg_generator** out) {
  return guard(__func__, [&](const Call& c) {
    c.pointer(out, "output");
    *out = new wg_generator{wg::Generator(seed)};
  });
}
wg_status wg_generator_release(wg_generator* generator) {
  delete generator;
  return WG_OK;
}
