// The functions behind the layers, with the names of Python's wengert.nn.functional. What exists as
// an operation of wengert/ops is that operation.
#pragma once

#include "wengert/nn/functional/activation.h"
#include "wengert/nn/functional/attention.h"
#include "wengert/nn/functional/convolution.h"
#include "wengert/nn/functional/distance.h"
#include "wengert/nn/functional/dropout.h"
#include "wengert/nn/functional/embedding.h"
#include "wengert/nn/functional/linear.h"
#include "wengert/nn/functional/loss.h"
#include "wengert/nn/functional/normalization.h"
#include "wengert/nn/functional/pooling.h"
#include "wengert/nn/functional/spatial.h"
