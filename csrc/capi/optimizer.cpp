#include "capi/optimizer.h"

#include <charconv>

#include "capi/call.h"
#include "capi/map.h"
#include "tensor/check.h"
#include "wengert/ops.h"

namespace wg = wengert;
using wg::capi::Call;
using wg::capi::guard;

namespace {

// The state of the parameters as "<number>.<name>"; what is a number there is a 0-d tensor here.
wg::TensorMap flat_state(const wg::optim::Optimizer& optimizer) {
  wg::TensorMap flat;
  const wg::io::Value all = optimizer.state_dict();
  for (const auto& [number, state] : all["state"].entries()) {
    for (const auto& [name, value] : state.entries()) {
      const std::string key = std::to_string(number.to_int()) + "." + name.text();
      flat[key] =
          value.is_tensor() ? value.tensor() : wg::scalar(value.to_double(), wg::DType::float64);
    }
  }
  return flat;
}

void load_flat_state(const Call& c, wg::optim::Optimizer& optimizer, const wg::TensorMap& flat) {
  std::map<int64_t, wg::io::Value> states;
  for (const auto& [key, value] : flat) {
    int64_t number = -1;
    const char* const end = key.data() + key.size();
    const char* const dot = std::from_chars(key.data(), end, number).ptr;
    WG_CHECK(number >= 0 && dot != end && *dot == '.', wg::ValueError, c.function,
             ": expected names such as '0.exp_avg', but got '", key, "'");
    wg::io::Value& state = states.emplace(number, wg::io::Value::dict()).first->second;
    state.set(std::string(dot + 1, end), value);
  }
  wg::io::Value all = wg::io::Value::dict();
  for (auto& [number, state] : states) all.set(number, std::move(state));
  wg::io::Value saved = optimizer.state_dict();
  saved.set("state", std::move(all));
  optimizer.load_state_dict(saved);
}

}  // namespace

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
    *out = new wg_map{{flat_state(c.pointer(optimizer, "optimizer").get()), {}}};
  });
}
wg_status wg_optimizer_load_state(wg_optimizer* optimizer, wg_map* state) {
  return guard(__func__, [&](const Call& c) {
    load_flat_state(c, c.pointer(optimizer, "optimizer").get(),
                    c.pointer(state, "state").file.tensors);
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
