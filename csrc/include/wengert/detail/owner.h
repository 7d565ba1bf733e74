// How a language binding keeps the object that stands for a tensor in that language.
#pragma once

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN
namespace detail {

// TensorImpl::owner is the binding's: it may hold a borrowed pointer while an object of the
// language is alive (that object holds a reference to the tensor, so the tensor cannot die first),
// or, tagged with the lowest bit, something the binding wants back when the tensor is next seen.
// Only tagged owners are alive when a tensor dies; they go to this function.
WENGERT_API void set_owner_release(void (*release)(void* owner));
void release_owner(TensorImpl* impl) noexcept;

// The same elements under a change counter of their own, without history (Tensor.data).
WENGERT_API Tensor fresh_version(const Tensor& t);
// Makes `t` stand for the elements of `from`; its history and its gradient stay.
WENGERT_API void replace_data(const Tensor& t, const Tensor& from);
// Stores a result in a tensor given as out=: resized if its shape differs.
WENGERT_API void write_out(const char* op, Tensor& out, const Tensor& result);
// Stores a result in the tensor it was computed from, for in-place forms made of other operations.
WENGERT_API void store_result(const char* op, Tensor& self, const Tensor& result);
// Cuts the tensor off from its history.
WENGERT_API void detach_(const Tensor& t);
// The same as a binding's collector does it: without checks.
WENGERT_API void drop_history(TensorImpl* t) noexcept;
// One element in memory.
WENGERT_API Scalar element(DType dtype, const void* p);
WENGERT_API void store_element(DType dtype, void* p, const Scalar& s);
// Memory that must not be written, such as a read-only array's.
WENGERT_API void set_read_only(const Tensor& t);
WENGERT_API bool is_read_only(const Tensor& t);

}  // namespace detail
WENGERT_NAMESPACE_END
