// The tensor handle: a reference-counted pointer to an n-dimensional array that may be a view of
// another's memory and may carry the history of how it was computed.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "wengert/dtype.h"
#include "wengert/export.h"
#include "wengert/scalar.h"

WENGERT_NAMESPACE_BEGIN

struct TensorImpl;
class Tensor;

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
// Borrowed lists made from a braced list live as long as the call they are an argument of.
#pragma GCC diagnostic ignored "-Winit-list-lifetime"
#endif

// A borrowed list of sizes, strides or dimension numbers.
class Dims {
 public:
  constexpr Dims() = default;
  constexpr Dims(const int64_t* data, size_t size) : data_(data), size_(size) {}
  Dims(std::initializer_list<int64_t> list) : data_(list.begin()), size_(list.size()) {}
  Dims(const std::vector<int64_t>& v) : data_(v.data()), size_(v.size()) {}

  constexpr const int64_t* begin() const { return data_; }
  constexpr const int64_t* end() const { return data_ + size_; }
  constexpr const int64_t* data() const { return data_; }
  constexpr size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr int64_t operator[](size_t i) const { return data_[i]; }
  std::vector<int64_t> vec() const { return {begin(), end()}; }

 private:
  const int64_t* data_ = nullptr;
  size_t size_ = 0;
};
WENGERT_API bool operator==(Dims a, Dims b);

// A borrowed list of tensors.
class TensorList {
 public:
  constexpr TensorList() = default;
  constexpr TensorList(const Tensor* data, size_t size) : data_(data), size_(size) {}
  TensorList(std::initializer_list<Tensor> list) : data_(list.begin()), size_(list.size()) {}
  TensorList(const std::vector<Tensor>& v) : data_(v.data()), size_(v.size()) {}
  constexpr size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  inline const Tensor& operator[](size_t i) const;
  inline const Tensor* begin() const { return data_; }
  inline const Tensor* end() const;

 private:
  const Tensor* data_ = nullptr;
  size_t size_ = 0;
};

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

namespace detail {
// The first member of every reference-counted object of the library.
struct RefCount {
  std::atomic<uint32_t> count{1};
};
WENGERT_API void destroy(TensorImpl* impl) noexcept;

inline void retain(TensorImpl* impl) noexcept {
  reinterpret_cast<RefCount*>(impl)->count.fetch_add(1, std::memory_order_relaxed);
}
inline void release(TensorImpl* impl) noexcept {
  auto& count = reinterpret_cast<RefCount*>(impl)->count;
  // A sole owner needs no atomic read-modify-write: nobody else can reach the object.
  if (count.load(std::memory_order_acquire) == 1 ||
      count.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    destroy(impl);
  }
}
}  // namespace detail

class WENGERT_API Tensor {
 public:
  constexpr Tensor() noexcept = default;
  Tensor(const Tensor& o) noexcept : impl_(o.impl_) {
    if (impl_) detail::retain(impl_);
  }
  Tensor(Tensor&& o) noexcept : impl_(std::exchange(o.impl_, nullptr)) {}
  Tensor& operator=(const Tensor& o) noexcept {
    Tensor(o).swap(*this);
    return *this;
  }
  Tensor& operator=(Tensor&& o) noexcept {
    Tensor(std::move(o)).swap(*this);
    return *this;
  }
  ~Tensor() {
    if (impl_) detail::release(impl_);
  }
  void swap(Tensor& o) noexcept { std::swap(impl_, o.impl_); }

  // Takes over one reference.
  static Tensor adopt(TensorImpl* impl) noexcept {
    Tensor t;
    t.impl_ = impl;
    return t;
  }
  // Adds one reference.
  static Tensor share(TensorImpl* impl) noexcept {
    if (impl) detail::retain(impl);
    return adopt(impl);
  }
  TensorImpl* impl() const noexcept { return impl_; }
  TensorImpl* release() noexcept { return std::exchange(impl_, nullptr); }

  bool defined() const noexcept { return impl_ != nullptr; }
  bool is_same(const Tensor& o) const noexcept { return impl_ == o.impl_; }

  // ---- description
  DType dtype() const;
  int64_t dim() const;
  int64_t numel() const;
  Dims shape() const;
  Dims strides() const;           // in elements; may be negative or zero
  int64_t size(int64_t d) const;  // negative d counts from the end
  int64_t stride(int64_t d) const;
  int64_t storage_offset() const;
  bool is_contiguous() const;

  // ---- elements
  void* data() const;  // first element; memory of views is strided
  template <class T>
  T* data() const {
    return static_cast<T*>(data());
  }
  Scalar item() const;  // of a tensor with one element; ValueError otherwise
  // As static_cast does it.
  template <class T>
  T item() const {
    const Scalar s = item();
    if constexpr (std::is_same_v<T, bool>) return s.to_bool();
    return s.kind() <= DTypeKind::integer ? static_cast<T>(s.to_int())
                                          : static_cast<T>(s.to_double());
  }
  std::string to_string() const;  // elements and dtype; of many the outermost

  // ---- autograd
  bool requires_grad() const;
  Tensor& requires_grad_(bool on = true);
  bool is_leaf() const;
  Tensor grad() const;  // undefined until a backward pass has reached this leaf
  void set_grad(Tensor g);
  void retain_grad();
  Tensor detach() const;
  // Adds the gradients of this tensor with respect to the leaves it depends on to their `grad`.
  // `gradient` is that of this tensor; it may be left out where there is one element.
  void backward(const Tensor& gradient = {}, bool retain_graph = false,
                bool create_graph = false) const;

  // ---- the most used operations as methods; all others are free functions in wengert/ops.h
  Tensor operator[](int64_t i) const;
  Tensor to(DType dtype) const;
  Tensor clone() const;
  Tensor contiguous() const;
  Tensor view(Dims shape) const;
  Tensor reshape(Dims shape) const;
  Tensor t() const;

 private:
  TensorImpl* impl_ = nullptr;
};

inline const Tensor& TensorList::operator[](size_t i) const { return data_[i]; }
inline const Tensor* TensorList::end() const { return data_ + size_; }

WENGERT_NAMESPACE_END
