// Optimizers whose options have names.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "wengert/c.h"
#include "wengert/optim.h"

struct wg_optimizer {
  virtual ~wg_optimizer() = default;
  virtual wengert::optim::Optimizer& get() = 0;
  // Sets the option if a value is given, and returns its value; ValueError if there is none.
  virtual double option(std::string_view name, std::optional<double> value) = 0;
};
