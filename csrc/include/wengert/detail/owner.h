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

}  // namespace detail
WENGERT_NAMESPACE_END
