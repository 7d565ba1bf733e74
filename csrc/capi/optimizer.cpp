#include "capi/optimizer.h"

#include "capi/call.h"
#include "capi/map.h"

namespace wg = wengert;
using wg::capi::Call;
using wg::capi::guard;

wg_status wg_optimizer_release(wg_optimizer* optimizer) {
  delete optimizer;
  return WG_OK;
}
wg_status wg_optimizer_set_option(wg_optimizer* optimizer, const char* name, double value) {
  return guard(__func__, [&](const Call& c) {
    c.pointer(optimizer, "optimizer").option(&c.pointer(name, "name"), value);
  });
}
wg_status wg_optimizer_option(wg_optimizer* optimizer, const char* name, double* value) {
  return guard(__func__, [&](const Call& c) {
    c.give(value, c.pointer(optimizer, "optimizer").option(&c.pointer(name, "name"), {}));
  });
}
wg_status wg_optimizer_step(wg_optimizer* optimizer) {
  return guard(__func__, [&](const Call& c) { c.pointer(optimizer, "optimizer").get().step(); });
}
wg_status wg_optimizer_zero_grad(wg_optimizer* optimizer) {
  return guard(__func__,
               [&](const Call& c) { c.pointer(optimizer, "optimizer").get().zero_grad(); });
}
wg_status wg_optimizer_state(wg_optimizer* optimizer, wg_map** out) {
  return guard(__func__, [&](const Call& c) {
    c.pointer(out, "output");
    *out = new wg_map{{c.pointer(optimizer, "optimizer").get().state_dict(), {}}};
  });
}
wg_status wg_optimizer_load_state(wg_optimizer* optimizer, wg_map* state) {
  return guard(__func__, [&](const Call& c) {
    c.pointer(optimizer, "optimizer").get().load_state_dict(c.pointer(state, "state").file.tensors);
  });
}
wg_status wg_clip_grad_norm(wg_tensor* const* parameters, int64_t count, double max_norm,
                            double* norm) {
  return guard(__func__, [&](const Call& c) {
    const wg::TensorList list = c.list(parameters, count, "parameters");
    const wg::Tensor before = wg::optim::clip_grad_norm_({list.begin(), list.end()}, max_norm);
    if (norm) *norm = before.item<double>();
  });
}
