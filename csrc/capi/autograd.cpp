#include "wengert/autograd.h"

#include "capi/call.h"

namespace wg = wengert;
using wg::Tensor;
using wg::capi::Call;
using wg::capi::guard;
using wg::capi::handle;

wg_status wg_tensor_set_requires_grad(wg_tensor* t, bool on) {
  return guard(__func__, [&](const Call& c) { Tensor(c(t)).requires_grad_(on); });
}
wg_status wg_tensor_requires_grad(wg_tensor* t, bool* on) {
  return guard(__func__, [&](const Call& c) { c.give(on, c(t).requires_grad()); });
}
wg_status wg_tensor_is_leaf(wg_tensor* t, bool* leaf) {
  return guard(__func__, [&](const Call& c) { c.give(leaf, c(t).is_leaf()); });
}
wg_status wg_tensor_detach(wg_tensor* t, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) { c.give(out, c(t).detach()); });
}
wg_status wg_tensor_grad(wg_tensor* t, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) { c.give(out, c(t).grad()); });
}
wg_status wg_tensor_set_grad(wg_tensor* t, wg_tensor* grad) {
  return guard(__func__, [&](const Call& c) { Tensor(c(t)).set_grad(c.optional(grad)); });
}
wg_status wg_tensor_backward(wg_tensor* t) {
  return guard(__func__, [&](const Call& c) { c(t).backward(); });
}
wg_status wg_backward(wg_tensor* const* roots, wg_tensor* const* gradients, int64_t count,
                      bool retain_graph, bool create_graph) {
  return guard(__func__, [&](const Call& c) {
    wg::backward(c.list(roots, count, "roots"),
                 c.list(gradients, gradients ? count : 0, "gradients", true), retain_graph,
                 create_graph);
  });
}
wg_status wg_grad(wg_tensor* const* outputs, wg_tensor* const* grad_outputs, int64_t n_outputs,
                  wg_tensor* const* inputs, int64_t n_inputs, bool retain_graph, bool create_graph,
                  bool allow_unused, wg_tensor** out) {
  return guard(__func__, [&](const Call& c) {
    c.array(out, n_inputs, "results");
    std::vector<Tensor> results =
        wg::grad(c.list(outputs, n_outputs, "outputs"), c.list(inputs, n_inputs, "inputs"),
                 c.list(grad_outputs, grad_outputs ? n_outputs : 0, "gradients", true),
                 retain_graph, create_graph, allow_unused);
    for (Tensor& t : results) *out++ = handle(std::move(t));
  });
}
wg_status wg_set_grad_enabled(bool on, bool* before) {
  return guard(__func__, [&](const Call&) {
    if (before) *before = wg::is_grad_enabled();
    wg::set_grad_enabled(on);
  });
}

namespace {

// A callback and its context, which is destroyed once with the last owner.
class Callback : public wg::CustomBackward {
 public:
  Callback(const char* name, wg_backward_function function, size_t n_inputs)
      : name_(name), function_(function), n_inputs_(n_inputs) {}
  ~Callback() override {
    if (destroy_) destroy_(context_);
  }
  void own(void* context, void (*destroy)(void*)) {
    context_ = context;
    destroy_ = destroy;
  }
  const char* name() const override { return name_.c_str(); }
  std::vector<Tensor> backward(const std::vector<Tensor>& gradients,
                               const std::vector<Tensor>& saved) override {
    // Tensors are handles; what the callback gives away becomes theirs.
    std::vector<Tensor> results(n_inputs_);
    const wg_status status =
        function_(context_, handles(gradients), count(gradients), handles(saved), count(saved),
                  reinterpret_cast<wg_tensor**>(results.data()), static_cast<int64_t>(n_inputs_));
    if (status != WG_OK) wg::capi::throw_status(status, name());
    return results;
  }

 private:
  static wg_tensor* const* handles(const std::vector<Tensor>& v) {
    return reinterpret_cast<wg_tensor* const*>(v.data());
  }
  static int64_t count(const std::vector<Tensor>& v) { return static_cast<int64_t>(v.size()); }

  std::string name_;
  wg_backward_function function_;
  size_t n_inputs_;
  void* context_ = nullptr;
  void (*destroy_)(void*) = nullptr;
};

}  // namespace

wg_status wg_record_custom(const char* name, wg_backward_function backward, void* context,
                           void (*destroy)(void* context), wg_tensor* const* inputs,
                           int64_t n_inputs, wg_tensor* const* outputs, int64_t n_outputs,
                           wg_tensor* const* saved, int64_t n_saved) {
  return guard(__func__, [&](const Call& c) {
    c.pointer(name, "name");
    WG_CHECK(backward != nullptr, wg::ValueError, c.function, ": the callback is NULL");
    const wg::TensorList in = c.list(inputs, n_inputs, "inputs");
    const wg::TensorList out = c.list(outputs, n_outputs, "outputs");
    const wg::TensorList kept = c.list(saved, n_saved, "saved tensors");
    for (const Tensor& t : out) {
      WG_CHECK(!t.requires_grad(), wg::Error, c.function, ": an output of ", name,
               " was recorded when it was computed; switch that off with wg_set_grad_enabled");
    }
    auto callback = std::make_shared<Callback>(name, backward, in.size());
    // The context must be there when it is recorded, and stays the caller's if that fails.
    callback->own(context, nullptr);
    wg::record_custom(callback, in, out, {}, kept);
    callback->own(context, destroy);
  });
}
