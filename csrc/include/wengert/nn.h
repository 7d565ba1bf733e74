// Layers of neural networks, with the names, the parameters' names and the initial values of the
// Python layers, so that a model trained in one language continues in the other. Options are given
// by name: nn::Conv2d(4, 6, 3, {.groups = 2}). What the layers compute is in nn::functional too.
//
//   struct Net : nn::Module {
//     nn::Linear hidden{784, 128}, out{128, 10};
//     Net() {
//       register_module("hidden", hidden);
//       register_module("out", out);
//     }
//     Tensor forward(const Tensor& x) override { return out(relu(hidden(x))); }
//   };
#pragma once

#include "wengert/nn/activation.h"
#include "wengert/nn/adaptive.h"
#include "wengert/nn/attention.h"
#include "wengert/nn/container.h"
#include "wengert/nn/convolution.h"
#include "wengert/nn/distance.h"
#include "wengert/nn/dropout.h"
#include "wengert/nn/embedding.h"
#include "wengert/nn/functional.h"
#include "wengert/nn/init.h"
#include "wengert/nn/lazy.h"
#include "wengert/nn/linear.h"
#include "wengert/nn/loss.h"
#include "wengert/nn/module.h"
#include "wengert/nn/normalization.h"
#include "wengert/nn/packed_sequence.h"
#include "wengert/nn/padding.h"
#include "wengert/nn/parametrize.h"
#include "wengert/nn/pooling.h"
#include "wengert/nn/prune.h"
#include "wengert/nn/recurrent.h"
#include "wengert/nn/slot.h"
#include "wengert/nn/spatial.h"
#include "wengert/nn/transformer.h"
#include "wengert/nn/utils.h"
