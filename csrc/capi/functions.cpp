// The most used functions, one by one: a static program keeps those that it calls.
#include "capi/call.h"
#include "wengert/ops.h"

namespace wg = wengert;
using wg::capi::Call;
using wg::capi::guard;

#define WG_UNARY(name)                                                           \
  wg_status wg_##name(wg_tensor* a, wg_tensor** out) {                           \
    return guard(__func__, [&](const Call& c) { c.give(out, wg::name(c(a))); }); \
  }
WG_UNARY(neg)
WG_UNARY(abs)
WG_UNARY(square)
WG_UNARY(sqrt)
WG_UNARY(exp)
WG_UNARY(log)
WG_UNARY(sin)
WG_UNARY(cos)
WG_UNARY(tanh)
WG_UNARY(sigmoid)
WG_UNARY(relu)
WG_UNARY(gelu)
WG_UNARY(silu)
#undef WG_UNARY

#define WG_BINARY(name)                                                                \
  wg_status wg_##name(wg_tensor* a, wg_tensor* b, wg_tensor** out) {                   \
    return guard(__func__, [&](const Call& c) { c.give(out, wg::name(c(a), c(b))); }); \
  }
WG_BINARY(add)
WG_BINARY(sub)
WG_BINARY(mul)
WG_BINARY(div)
WG_BINARY(pow)
WG_BINARY(maximum)
WG_BINARY(minimum)
WG_BINARY(eq)
WG_BINARY(lt)
WG_BINARY(gt)
WG_BINARY(matmul)
WG_BINARY(mse_loss)
WG_BINARY(cross_entropy)
WG_BINARY(binary_cross_entropy_with_logits)
#undef WG_BINARY

#define WG_SCALAR(name)                                                             \
  wg_status wg_##name##_scalar(wg_tensor* a, double b, wg_tensor** out) {           \
    return guard(__func__, [&](const Call& c) { c.give(out, wg::name(c(a), b)); }); \
  }
WG_SCALAR(add)
WG_SCALAR(mul)
WG_SCALAR(pow)
#undef WG_SCALAR

wg_status wg_linear(wg_tensor* input, wg_tensor* weight, wg_tensor* bias, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) {
    c.give(out, wg::linear(c(input), c(weight), c.optional(bias)));
  });
}
wg_status wg_conv2d(wg_tensor* input, wg_tensor* weight, wg_tensor* bias, const int64_t* stride,
                    const int64_t* padding, const int64_t* dilation, int64_t groups,
                    wg_tensor** out) {
  return guard(__func__, [&](const Call& c) {
    static constexpr int64_t ones[2] = {1, 1}, zeros[2] = {0, 0};
    c.give(out,
           wg::conv2d(c(input), c(weight), c.optional(bias), {stride ? stride : ones, 2},
                      {padding ? padding : zeros, 2}, {dilation ? dilation : ones, 2}, groups));
  });
}
wg_status wg_max_pool2d(wg_tensor* input, const int64_t* kernel_size, const int64_t* stride,
                        const int64_t* padding, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) {
    static constexpr int64_t zeros[2] = {0, 0};
    c.give(out, wg::max_pool2d(c(input), c.dims(kernel_size, 2), {stride ? stride : kernel_size, 2},
                               {padding ? padding : zeros, 2}));
  });
}
wg_status wg_dropout(wg_tensor* input, double p, bool training, wg_generator* generator,
                     wg_tensor** out) {
  return guard(__func__, [&](const Call& c) {
    c.give(out, wg::dropout(c(input), p, training, c.generator(generator)));
  });
}

wg_status wg_sum(wg_tensor* a, const int64_t* dims, int64_t n_dims, bool keepdim, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) {
    c.give(out, wg::sum(c(a), c.dims(dims, n_dims, "dimensions"), keepdim));
  });
}
wg_status wg_mean(wg_tensor* a, const int64_t* dims, int64_t n_dims, bool keepdim,
                  wg_tensor** out) {
  return guard(__func__, [&](const Call& c) {
    c.give(out, wg::mean(c(a), c.dims(dims, n_dims, "dimensions"), keepdim));
  });
}
wg_status wg_argmax(wg_tensor* a, int64_t dim, bool keepdim, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) { c.give(out, wg::argmax(c(a), dim, keepdim)); });
}
wg_status wg_softmax(wg_tensor* a, int64_t dim, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) { c.give(out, wg::softmax(c(a), dim)); });
}
wg_status wg_log_softmax(wg_tensor* a, int64_t dim, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) { c.give(out, wg::log_softmax(c(a), dim)); });
}

wg_status wg_reshape(wg_tensor* a, const int64_t* shape, int64_t ndim, wg_tensor** out) {
  return guard(__func__,
               [&](const Call& c) { c.give(out, wg::reshape(c(a), c.dims(shape, ndim))); });
}
wg_status wg_permute(wg_tensor* a, const int64_t* dims, int64_t n_dims, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) {
    c.give(out, wg::permute(c(a), c.dims(dims, n_dims, "dimensions")));
  });
}
wg_status wg_transpose(wg_tensor* a, int64_t dim0, int64_t dim1, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) { c.give(out, wg::transpose(c(a), dim0, dim1)); });
}
wg_status wg_unsqueeze(wg_tensor* a, int64_t dim, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) { c.give(out, wg::unsqueeze(c(a), dim)); });
}
wg_status wg_select(wg_tensor* a, int64_t dim, int64_t index, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) { c.give(out, wg::select(c(a), dim, index)); });
}
wg_status wg_narrow(wg_tensor* a, int64_t dim, int64_t start, int64_t length, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) { c.give(out, wg::narrow(c(a), dim, start, length)); });
}
wg_status wg_index_select(wg_tensor* a, int64_t dim, wg_tensor* index, wg_tensor** out) {
  return guard(__func__,
               [&](const Call& c) { c.give(out, wg::index_select(c(a), dim, c(index))); });
}
wg_status wg_cat(wg_tensor* const* tensors, int64_t count, int64_t dim, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) { c.give(out, wg::cat(c.list(tensors, count), dim)); });
}
wg_status wg_stack(wg_tensor* const* tensors, int64_t count, int64_t dim, wg_tensor** out) {
  return guard(__func__,
               [&](const Call& c) { c.give(out, wg::stack(c.list(tensors, count), dim)); });
}

wg_status wg_copy_(wg_tensor* t, wg_tensor* from) {
  return guard(__func__, [&](const Call& c) {
    wg::Tensor self = c(t);
    wg::copy_(self, c(from));
  });
}
wg_status wg_fill_(wg_tensor* t, double value) {
  return guard(__func__, [&](const Call& c) {
    wg::Tensor self = c(t);
    wg::fill_(self, value);
  });
}
wg_status wg_uniform_(wg_tensor* t, double low, double high, wg_generator* generator) {
  return guard(__func__, [&](const Call& c) {
    wg::Tensor self = c(t);
    wg::uniform_(self, low, high, c.generator(generator));
  });
}
wg_status wg_normal_(wg_tensor* t, double mean, double std, wg_generator* generator) {
  return guard(__func__, [&](const Call& c) {
    wg::Tensor self = c(t);
    wg::normal_(self, mean, std, c.generator(generator));
  });
}
