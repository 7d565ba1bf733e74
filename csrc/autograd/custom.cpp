// Operations whose backward half is written by a user.
#include <algorithm>
#include <new>

#include "autograd/meta.h"
#include "autograd/mode.h"
#include "autograd/profile.h"
#include "autograd/vjp.h"
#include "tensor/check.h"
#include "wengert/detail/owner.h"

WENGERT_NAMESPACE_BEGIN

CustomBackward::~CustomBackward() = default;

namespace {

struct Custom {
  std::shared_ptr<CustomBackward> backward;

  static void vjp(const void* op, Vjp& v) {
    CustomBackward& custom = *static_cast<const Custom*>(op)->backward;
    std::vector<Tensor> gradients, saved;
    for (int i = 0; i < v.outputs(); ++i) gradients.push_back(v.grad(i));
    for (int k = 0; k < v.saved_count(); ++k) {
      saved.push_back(v.has_saved(k) ? v.saved(k) : Tensor());
    }
    std::vector<Tensor> results = custom.backward(gradients, saved);
    WG_CHECK(results.size() == static_cast<size_t>(v.inputs()), Error, custom.name(),
             ": backward returned ", results.size(), " gradients, but forward had ", v.inputs(),
             " inputs");
    for (int i = 0; i < v.inputs(); ++i) v.set(i, std::move(results[static_cast<size_t>(i)]));
  }
  static void copy(void* to, const void* from) {
    new (to) Custom(*static_cast<const Custom*>(from));
  }
  static void destroy(void* op) noexcept { static_cast<Custom*>(op)->~Custom(); }
};

constexpr OpClass custom_class = {"custom",         sizeof(Custom), nullptr,      0,
                                  Overwrites::none, false,          Custom::copy, Custom::destroy,
                                  nullptr,          nullptr,        Custom::vjp,  nullptr};

}  // namespace

CustomBackward* custom_backward(const Node& n) {
  return n.cls == &custom_class
             ? static_cast<const Custom*>(const_cast<Node&>(n).op())->backward.get()
             : nullptr;
}

const char* name_of(const Node& n) {
  const CustomBackward* custom = custom_backward(n);
  return custom ? custom->name() : n.cls->name;
}

void record_custom(std::shared_ptr<CustomBackward> backward, TensorList inputs, TensorList outputs,
                   const std::vector<bool>& differentiable, TensorList saved) {
  std::vector<TensorImpl*> in;
  for (const Tensor& t : inputs) in.push_back(t.impl());
  if (!recording() || !any_requires_grad(in.data(), static_cast<int>(in.size()))) return;
  WG_CHECK(saved.size() <= UINT16_MAX && outputs.size() <= UINT16_MAX, ValueError, backward->name(),
           ": too many tensors");
  for (const Tensor& t : outputs) {
    // An output that is an input was changed in place.
    if (!t.defined() || std::find(in.begin(), in.end(), t.impl()) == in.end()) continue;
    check_in_place(backward->name(), *t.impl());
    WG_CHECK(
        !t.impl()->has(kIsView) || (outputs.size() == 1 && in[0] == t.impl()), Error,
        backward->name(),
        ": a custom function that changes a view in place must take it as its first tensor and "
        "return nothing else; clone() it first");
  }
  const Custom op{std::move(backward)};
  Node* n = new_node(custom_class, &op, in.data(), static_cast<int>(in.size()),
                     static_cast<int>(outputs.size()), static_cast<int>(saved.size()));
  struct Release {
    Node* n;
    ~Release() { release_node(n); }
  } release{n};
  for (size_t k = 0; k < saved.size(); ++k) {
    if (!saved[k].defined()) continue;
    size_t as_output = outputs.size();
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].is_same(saved[k])) as_output = i;
    }
    save(n, static_cast<int>(k), saved[k].impl(), as_output < outputs.size());
    n->saved()[k].output_nr = static_cast<uint16_t>(as_output);
  }
  if (thread_mode.word & kPacking) [[unlikely]]
    pack_saved(*n);
  for (size_t i = 0; i < outputs.size(); ++i) {
    TensorImpl* t = outputs[i].impl();
    if (!t || !is_differentiable(t->dtype)) continue;
    if (i < differentiable.size() && !differentiable[i]) {
      // Changed in place, without a gradient: its history no longer tells how it came about.
      if (std::find(in.begin(), in.end(), t) != in.end()) detail::detach_(outputs[i]);
      continue;
    }
    retain_node(n);
    const bool changed_view = t->has(kIsView) && std::find(in.begin(), in.end(), t) != in.end();
    if (changed_view) {
      rebase(*t, rebased_history(*t, n));
    } else {
      set_history(*t, n, static_cast<uint32_t>(i));
    }
  }
  note_where_made(*n);
  if (thread_mode.word & kProfiler) [[unlikely]]
    note_custom(*n);
}

WENGERT_NAMESPACE_END
