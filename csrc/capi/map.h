// Tensors and texts by name.
#pragma once

#include "wengert/c.h"
#include "wengert/io.h"

struct wg_map {
  wengert::io::TensorFile file;
};
