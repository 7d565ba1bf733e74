// What stands between a C function and the C++ that it calls: errors become status codes, handles
// tensors.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "tensor/check.h"
#include "wengert/c.h"
#include "wengert/random.h"
#include "wengert/tensor.h"

struct wg_generator {
  wengert::Generator generator;
};

namespace wengert::capi {

// Makes the exception that is being handled the thread's last error.
wg_status take_exception() noexcept;
// Throws the error that a callback has returned; the text is the thread's last.
[[noreturn]] void throw_status(wg_status status, const char* where);

// Handles are the pointers inside of tensors.
inline TensorImpl* impl(wg_tensor* t) { return reinterpret_cast<TensorImpl*>(t); }
inline wg_tensor* handle(Tensor t) { return reinterpret_cast<wg_tensor*>(t.release()); }
static_assert(sizeof(Tensor) == sizeof(wg_tensor*));

// One call of a C function: reads its arguments.
struct Call {
  const char* function;

  // A reference of the caller's, seen as a tensor; it must outlive the result.
  const Tensor& optional(wg_tensor* const& t) const { return reinterpret_cast<const Tensor&>(t); }
  const Tensor& operator()(wg_tensor* const& t) const {
    pointer(t, "tensor");
    return optional(t);
  }
  // `what` stands in the error's text: "wg_exp: the tensor is NULL".
  template <class T>
  T& pointer(T* p, const char* what) const {
    WG_CHECK(p != nullptr, ValueError, function, ": the ", what, " is NULL");
    return *p;
  }
  void array(const void* data, int64_t n, const char* what) const {
    WG_CHECK(n >= 0, ValueError, function, ": expected a number of ", what,
             " that is not negative, but got ", n);
    WG_CHECK(n == 0 || data != nullptr, ValueError, function, ": the array of ", what, " is NULL");
  }
  Dims dims(const int64_t* data, int64_t n, const char* what = "sizes") const {
    array(data, n, what);
    return {data, static_cast<size_t>(n)};
  }
  // Tensors; NULL among them is an error, or an undefined one where it is `optional`.
  TensorList list(wg_tensor* const* data, int64_t n, const char* what = "tensors",
                  bool optional = false) const {
    array(data, n, what);
    for (int64_t i = 0; !optional && i < n; ++i) {
      WG_CHECK(data[i] != nullptr, ValueError, function, ": number ", i, " of the ", what,
               " is NULL");
    }
    return {reinterpret_cast<const Tensor*>(data), static_cast<size_t>(n)};
  }
  DType dtype(wg_dtype t) const {
    WG_CHECK(t >= 0 && t < kDTypeCount, TypeError, function, ": there is no dtype ", t,
             "; the constants are WG_BOOL to WG_COMPLEX128");
    return static_cast<DType>(t);
  }
  Generator* generator(wg_generator* g) const { return g ? &g->generator : nullptr; }

  // An assignment evaluates its right side first, which would give up the reference for nothing.
  void give(wg_tensor** out, Tensor t) const {
    wg_tensor*& to = pointer(out, "output");
    to = handle(std::move(t));
  }
  template <class T>
  void give(T* out, T value) const {
    pointer(out, "output") = value;
  }
  // Text, cut to the capacity; `length` may be NULL.
  void give(char* out, uint64_t capacity, uint64_t* length, const std::string& text) const {
    if (capacity != 0) {
      pointer(out, "text");
      const size_t n = std::min<size_t>(text.size(), capacity - 1);
      std::memcpy(out, text.data(), n);
      out[n] = 0;
    }
    if (length) *length = text.size();
  }
};

// Runs the body of a C function.
template <class F>
wg_status guard(const char* function, F&& body) noexcept {
  try {
    body(Call{function});
    return WG_OK;
  } catch (...) {
    return take_exception();
  }
}

}  // namespace wengert::capi
